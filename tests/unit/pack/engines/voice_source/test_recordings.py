"""Files as people have them, given as a voice: read right, or refused for what they are."""

from __future__ import annotations

import io

import pytest
from comfyui_talkingshorts.core.errors import SourceError
from comfyui_talkingshorts.core.sound import Sound
from comfyui_talkingshorts.core.voice_source import Piece
from comfyui_talkingshorts.engines.voice_source.clip import cut_clip
from support.media import make_media


def cut(data: bytes, start_seconds: float = 0.0, duration_seconds: float = 2.0) -> Sound:
    return cut_clip(io.BytesIO(data), Piece(start_seconds, duration_seconds), lambda done, total: None)


def read_refusal(data: bytes) -> str:
    with pytest.raises(SourceError) as refusal:
        cut(data)
    return str(refusal.value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "isn't sound or video but an empty file. Give mp3"),
        (bytes(5000), "but zeros alone, as of an unfinished download."),
        (b"<!DOCTYPE html><html><title>Sign in</title></html>", "but a web page. Give mp3"),
        (
            b"[InternetShortcut]\r\nURL=https://youtu.be/jNQXAC9IVRw\r\n",
            "give the address https://youtu.be/jNQXAC9IVRw",
        ),
        (b"#EXTM3U\n/music/talk.mp3\n", "but a playlist: give one of its entries."),
        (b"\x89PNG\r\n\x1a\n" + bytes(500), "but a PNG picture."),
        (b"\x07" * 5000, "isn't sound or video that can be read. Give mp3"),
    ],
)
def test_what_is_no_sound_is_refused_for_what_it_is(data: bytes, words: str) -> None:
    assert words in read_refusal(data)


def test_a_recording_that_was_never_finished_is_told_from_what_is_no_sound() -> None:
    whole = make_media("ipod", "aac")  # its index comes last

    assert read_refusal(whole[: len(whole) // 2]) == (
        "The source is a sound file (M4A) that is damaged, or breaks off. Copy, download or export it once more."
    )
