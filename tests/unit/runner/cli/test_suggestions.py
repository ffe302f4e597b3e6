from pathlib import Path

import pytest
from talkingshorts.cli.suggestions import suggest_values


@pytest.mark.parametrize(
    ("kind", "prefix", "suggested"),
    [
        ("FILE", "me", ["me.jpg", "media/"]),
        ("FILE", "media/", ["media/a.wav"]),
        ("WORKFLOW", "m", ["me.jpg", "media/"]),
        ("WORKFLOW", "talking_short", ["talking_short", "talking_short_fast"]),
        ("GPU", "30", ["3060", "3090"]),
        ("GPU", "h2", ["H200"]),
        ("NAME", "m", []),
        ("NAME", "talking_v", ["talking_video"]),
        ("PRESET|NAME", "fa", ["fast"]),
        ("ADDRESS=FILE", "portrait=me.", ["portrait=me.jpg"]),
        ("ADDRESS=FILE", "por", []),
        ("TEXT|@FILE|-", "@me.", ["@me.jpg"]),
        ("TEXT|@FILE|-", "me", []),
        ("N", "", []),
    ],
)
def test_an_argument_is_completed_as_what_it_is(
    kind: str, prefix: str, suggested: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "a.wav").write_bytes(b"")
    (tmp_path / "me.jpg").write_bytes(b"")

    assert suggest_values(prefix, kind) == suggested
