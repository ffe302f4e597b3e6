from pathlib import Path

import pytest
from talkingshorts.results.former import find_former, keeping


@pytest.fixture(autouse=True)
def video(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a video in the working folder, with its report beside it."""
    monkeypatch.chdir(tmp_path)
    Path("short.json").write_text("report")
    Path("short.mp4").write_text("former")
    return Path("short.mp4")


def replace(video: Path) -> None:
    new = video.with_name("new")
    new.write_text("new")
    new.replace(video)


def contents() -> dict[str, str]:
    return {path.name: path.read_text() for path in Path.cwd().iterdir()}


@pytest.mark.parametrize("output", ["short.mp4", "short"])
def test_what_stands_at_the_output_is_found(output: str, video: Path) -> None:
    assert find_former(output) == video


@pytest.mark.parametrize("output", ["other.mp4", "{name}.mp4", "s3://bucket/short.mp4", ".", "folder/"])
def test_nothing_stands_where_nothing_is_or_the_place_isnt_known(output: str) -> None:
    assert find_former(output) is None


def test_a_video_and_its_report_are_kept_under_a_free_name(video: Path) -> None:
    with keeping(video) as kept:
        assert video.read_text() == "former"
        replace(video)

    assert kept == Path("short-1.mp4")
    assert contents() == {"short.mp4": "new", "short-1.mp4": "former", "short.json": "report", "short-1.json": "report"}


def test_no_file_is_in_the_way_of_what_is_kept(video: Path) -> None:
    Path("short-1.mp4").write_text("mine")
    Path("short-2.srt").write_text("mine, too")

    with keeping(video) as kept:
        replace(video)

    assert kept == Path("short-3.mp4")
    assert contents()["short-1.mp4"] == "mine"


def test_nothing_is_kept_when_nothing_takes_the_place(video: Path) -> None:
    with pytest.raises(KeyboardInterrupt), keeping(video):
        raise KeyboardInterrupt

    assert contents() == {"short.mp4": "former", "short.json": "report"}


def test_what_lost_its_place_is_kept_though_the_end_failed(video: Path) -> None:
    def fail_late() -> None:
        with keeping(video):
            replace(video)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_late()

    assert contents()["short-1.mp4"] == "former"


def test_where_files_cant_be_linked_they_are_copied(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError

    monkeypatch.setattr("os.link", refuse)
    with keeping(video):
        replace(video)

    assert contents()["short-1.mp4"] == "former"
