from __future__ import annotations

from pathlib import Path

import pytest
from comfyui_talkingshorts.engines.files.whole import replacing


@pytest.mark.parametrize("shared", [False, True])
def test_a_file_has_its_name_only_when_it_is_whole(shared: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    with replacing(path, shared=shared) as partial:
        partial.write_text("new")
        assert path.read_text() == "old"

    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("shared", [False, True])
def test_who_reads_the_old_file_meanwhile_reads_all_of_it(shared: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old and long")

    with path.open() as reader:
        with replacing(path, shared=shared) as partial:
            partial.write_text("new")

        assert (reader.read(), path.read_text()) == ("old and long", "new")


@pytest.mark.parametrize("shared", [False, True])
def test_what_raises_leaves_the_old_file(shared: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write_half() -> None:
        with replacing(path, shared=shared) as partial:
            partial.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_temporary_file_keeps_the_ending_by_which_encoders_know_it(tmp_path: Path) -> None:
    with replacing(tmp_path / "a.mp4") as partial:
        assert partial.suffix == ".mp4"
        partial.touch()


def test_two_who_write_a_shared_file_at_once_do_not_meet(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"

    with replacing(path, shared=True) as one, replacing(path, shared=True) as other:
        one.write_text("one")
        other.write_text("other")

    assert path.read_text() == "one"
    assert list(tmp_path.iterdir()) == [path]
