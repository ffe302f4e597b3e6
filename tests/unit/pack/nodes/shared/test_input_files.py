"""Files in ComfyUI's input folder are found by the names that people give them."""

from __future__ import annotations

import mimetypes
import os
import unicodedata
from pathlib import Path

import folder_paths
import pytest
from comfyui_talkingshorts.nodes.shared.input_files import (
    check_input_file,
    explain_missing_file,
    find_input_file,
    fingerprint_file,
    list_input_files,
)

AS_MACOS_WRITES = unicodedata.normalize("NFD", "Müller é.wav")
AS_PEOPLE_TYPE = unicodedata.normalize("NFC", AS_MACOS_WRITES)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the input folder; the output folder lies beside it."""
    for name in ("input", "output"):
        (tmp_path / name).mkdir()
        monkeypatch.setattr(folder_paths, f"get_{name}_directory", lambda name=name: str(tmp_path / name))
    return tmp_path / "input"


@pytest.mark.parametrize(
    "name",
    [
        "me.wav",
        "two words.wav",
        'it\'s "mine".wav',
        "100%#&?;$(id).wav",
        "-o.wav",
        "C:\\Users\\me.wav",
        "{seed}.wav",
        "@at.wav",
        "~.wav",
        ".hidden",
        "trailing.",
        "new\nline.wav",
        "中文.wav",
        "👩🏽‍🚀.wav",
        "\u202egnp.wav",
        "x" * 251 + ".wav",
        AS_MACOS_WRITES,
        AS_PEOPLE_TYPE,
    ],
)
def test_a_file_is_found_by_its_name(name: str, folder: Path) -> None:
    (folder / name).touch()

    assert find_input_file(name) == folder / name


@pytest.mark.parametrize(("stored", "given"), [(AS_MACOS_WRITES, AS_PEOPLE_TYPE), (AS_PEOPLE_TYPE, AS_MACOS_WRITES)])
def test_the_same_letters_in_other_code_points_name_the_same_file(stored: str, given: str, folder: Path) -> None:
    (folder / "talks").mkdir()
    (folder / "talks" / stored).touch()

    assert find_input_file(f"talks/{given}") == folder / "talks" / stored


def test_the_file_that_is_written_as_given_comes_first(folder: Path) -> None:
    for name in (AS_MACOS_WRITES, AS_PEOPLE_TYPE):
        (folder / name).touch()

    assert find_input_file(AS_PEOPLE_TYPE) == folder / AS_PEOPLE_TYPE


def test_a_name_may_note_the_folder_or_only_look_as_if(folder: Path) -> None:
    (folder / "take [output]").touch()
    assert find_input_file("take [output]") == folder / "take [output]"

    (folder.parent / "output" / "take").touch()
    assert find_input_file("take [output]") == folder.parent / "output" / "take"


@pytest.mark.parametrize(
    "name", ["../secret.wav", "/etc/passwd", "link.wav", "a\0b", "x" * 100_000, "\ud800", "🙂" * 50]
)
def test_nothing_outside_the_folder_and_no_impossible_name_is_found(name: str, folder: Path) -> None:
    (folder.parent / "secret.wav").touch()
    (folder / "link.wav").symlink_to(folder.parent / "secret.wav")

    assert find_input_file(name) is None
    assert "There is no file" in explain_missing_file(name)


def test_what_is_no_file_is_named_for_what_it_is(folder: Path) -> None:
    (folder / "talks.wav").mkdir()
    os.mkfifo(folder / "pipe.wav")

    for name in ("talks.wav", "pipe.wav"):
        assert find_input_file(name) is None
        assert explain_missing_file(name) == (
            f"{name!r} in ComfyUI's input folder isn't a file but a folder or a device. Give a file."
        )


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("my tlak.wav", "Did you mean My Talk.WAV?"),
        ("my talk.wav", "Did you mean My Talk.WAV?"),
        ("gnp.wav", "Did you mean '\\u202egnp.wav'?"),
        ("nothing like it", "Upload it first, or check the name."),
    ],
)
def test_a_missing_file_is_told_with_the_names_near_it(given: str, hint: str, folder: Path) -> None:
    for name in ("My Talk.WAV", "\u202egnp.wav"):
        (folder / name).touch()

    assert explain_missing_file(given) == f"There is no file {given!r} in ComfyUI's input folder. {hint}"


def test_a_file_that_changes_has_another_fingerprint(folder: Path) -> None:
    path = folder / "me.wav"
    path.write_bytes(b"one")
    first = fingerprint_file("me.wav")

    path.write_bytes(b"another")

    assert first
    assert fingerprint_file(" me.wav\n") not in ("", first)
    assert fingerprint_file(None) == fingerprint_file("nobody.wav") == ""


def test_what_a_graph_names_is_checked_before_it_runs(folder: Path) -> None:
    (folder / "me.wav").touch()

    assert check_input_file("me.wav") is True
    assert check_input_file(None) is True  # another node will give it
    assert "Did you mean me.wav?" in str(check_input_file("mee.wav"))
    assert "No file is named" in str(check_input_file(" "))


def test_the_canvas_offers_the_files_of_a_kind(folder: Path) -> None:
    for name in ("b.mp3", "a.mp4", "face.png", "notes.txt"):
        (folder / name).touch()

    assert list_input_files(("audio", "video")) == ["a.mp4", "b.mp3"]


def test_the_pictures_of_phones_are_among_the_pictures_where_python_does_not_know_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        mimetypes, "guess_type", lambda name, strict=True: {"notes.txt": ("text/plain", None)}.get(name, (None, None))
    )
    monkeypatch.setattr(folder_paths, "extension_mimetypes_cache", {"jpg": "image", "wav": "audio"})
    for name in ("IMG_1.HEIC", "b.heif", "c.avif", "d.jpg", "speech.wav", "notes.txt"):
        (folder / name).touch()

    assert list_input_files(("image",)) == ["IMG_1.HEIC", "b.heif", "c.avif", "d.jpg"]
    assert list_input_files(("audio", "video")) == ["speech.wav"]
