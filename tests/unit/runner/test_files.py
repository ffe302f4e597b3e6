"""A file is replaced whole or not at all, and held by one process at a time."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from support.checkout import RUNNER
from talkingshorts.files import is_alive, locking, remove, replacing, replacing_folder, try_lock, write_privately


def run_python(program: str, path: Path) -> subprocess.CompletedProcess[str]:
    """Run a program of another process, which is given `path`."""
    return subprocess.run(
        [sys.executable, "-c", program, str(path)], cwd=RUNNER, text=True, capture_output=True, check=False
    )


class TestReplacing:
    def test_makes_the_folders_on_the_way_and_leaves_one_file(self, tmp_path: Path) -> None:
        path = tmp_path / "new" / "a.txt"

        with replacing(path) as partial:
            partial.write_text("whole")
            assert not path.exists()

        assert path.read_text() == "whole"
        assert list(path.parent.iterdir()) == [path]

    def test_lets_who_reads_the_file_meanwhile_read_all_of_the_old_one(self, tmp_path: Path) -> None:
        path = tmp_path / "a.txt"
        path.write_text("old and long")

        with path.open() as reader:
            with replacing(path) as partial:
                partial.write_text("new")

            assert (reader.read(), path.read_text()) == ("old and long", "new")

    def test_keeps_what_stood_there_when_the_block_fails(self, tmp_path: Path) -> None:
        path = tmp_path / "a.txt"
        path.write_text("old")

        def fail() -> None:
            with replacing(path) as partial:
                partial.write_text("half")
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fail()

        assert path.read_text() == "old"
        assert list(tmp_path.iterdir()) == [path]

    def test_takes_a_name_as_long_as_can_be(self, tmp_path: Path) -> None:
        path = tmp_path / ("n" * 255)

        with replacing(path) as partial:
            partial.write_text("whole")

        assert path.read_text() == "whole"

    def test_removes_what_a_killed_process_left_of_this_file_alone(self, tmp_path: Path) -> None:
        program = (
            "import os, sys; from pathlib import Path; from talkingshorts.files import replacing\n"
            "with replacing(Path(sys.argv[1])) as partial: partial.write_text('half'); os.kill(os.getpid(), 9)"
        )
        for name in ("a.txt", "b.txt"):
            run_python(program, tmp_path / name)
        left = set(tmp_path.iterdir())
        assert len(left) == 2

        with replacing(tmp_path / "a.txt") as partial:
            partial.write_text("whole")

        assert len(set(tmp_path.iterdir()) & left) == 1

    def test_leaves_what_another_process_is_writing(self, tmp_path: Path) -> None:
        with replacing(tmp_path / "a.txt") as first:
            first.write_text("first")
            with replacing(tmp_path / "a.txt") as second:
                second.write_text("second")
            assert first.exists()

        assert (tmp_path / "a.txt").read_text() == "first"


class TestReplacingAFolder:
    def test_puts_the_new_one_in_the_old_ones_place(self, tmp_path: Path) -> None:
        folder = tmp_path / "tool"
        folder.mkdir()
        (folder / "old").touch()
        (tmp_path / "tool.partial" / "half").mkdir(parents=True)

        with replacing_folder(folder) as partial:
            assert not partial.exists(), "what an earlier process left is gone"
            partial.mkdir()
            (partial / "new").touch()
            assert [path.name for path in folder.iterdir()] == ["old"]

        assert [path.name for path in folder.iterdir()] == ["new"]
        assert list(tmp_path.iterdir()) == [folder]

    def test_keeps_the_old_one_when_the_block_fails(self, tmp_path: Path) -> None:
        folder = tmp_path / "tool"
        folder.mkdir()

        def fail() -> None:
            with replacing_folder(folder) as partial:
                partial.mkdir()
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            fail()
        assert list(tmp_path.iterdir()) == [folder]


def test_removing_takes_files_links_and_folders_and_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "kept")
    (tmp_path / "folder" / "deep").mkdir(parents=True)

    remove(*(tmp_path / name for name in ("file", "link", "folder", "none")))

    assert list(tmp_path.iterdir()) == [tmp_path / "kept"]


def test_what_is_written_privately_is_read_by_this_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "a.json"

    write_privately(path, "Grüße")
    write_privately(path, "Grüße 2")

    assert path.read_text("utf-8") == "Grüße 2"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_what_is_written_privately_survives_a_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(Path(f"/proc/self/fd/{descriptor}").readlink()))

    write_privately(tmp_path / "jobs" / "a.json", "{}")

    assert synced[0] == tmp_path, "the new folder's name"
    assert synced[1].suffix == ".partial", "the content, before it takes the file's place"
    assert synced[2:] == [tmp_path / "jobs"], "the file's name"


def test_a_file_is_locked_by_one_until_it_is_closed(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as first, (tmp_path / "lock").open("w") as second:
        assert try_lock(first)
        assert not try_lock(second)
        first.close()
        assert try_lock(second)


def test_a_child_that_inherits_the_descriptor_holds_the_lock_on(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as first:
        assert try_lock(first)
        child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[first.fileno()])
    with (tmp_path / "lock").open("w") as second:
        assert not try_lock(second)
        child.communicate()
        assert try_lock(second)


def test_a_lock_that_another_has_is_told_once_and_waited_for(tmp_path: Path) -> None:
    path, told = tmp_path / "lock", list[str]()
    with locking(path, lambda: told.append("waiting")) as first:
        assert told == []

        def let_go() -> None:
            told.append("waiting")
            first.close()

        with locking(path, let_go):
            assert told == ["waiting"]


def test_a_process_is_alive_until_it_was_waited_for() -> None:
    child = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    assert is_alive(child.pid)
    child.communicate()

    assert not is_alive(child.pid)
    assert is_alive(os.getpid())
    assert is_alive(1), "of another user, and there all the same"


def test_set_up_can_import_it_on_bare_python(tmp_path: Path) -> None:
    program = "import sys; import talkingshorts.files; print(*sorted(name.split('.')[0] for name in sys.modules))"

    loaded = set(run_python(program, tmp_path).stdout.split())

    assert "talkingshorts" in loaded
    assert not loaded & {"requests", "urllib3", "fsspec", "rich", "mutagen"}
