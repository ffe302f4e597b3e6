"""Files as people have them, given as a voice: read right, or refused for what they are."""

from __future__ import annotations

import io
from typing import Any

import av
import numpy as np
import pytest
from comfyui_talkingshorts.core.errors import SourceError
from comfyui_talkingshorts.core.sound import Sound
from comfyui_talkingshorts.core.voice_source import Piece
from comfyui_talkingshorts.engines.voice_source.clip import cut_clip
from support.media import make_media
from support.recordings import RECORDINGS, SECONDS, make_stairs, tell_seconds, truncate


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


def test_sound_that_is_encrypted_is_told_from_what_can_be_converted() -> None:
    song = make_media("ipod", "aac")
    start = song.index(b"mdat") + 4
    size = int.from_bytes(song[start - 8 : start - 4], "big") - 8
    noise = np.random.default_rng(1).bytes(size)

    assert "protected against copies" in read_refusal(song[:start] + noise + song[start + size :])


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recording_of_any_make_gives_the_seconds_that_are_asked_for(name: str) -> None:
    data = RECORDINGS[name]()

    for start in (0, 3):
        voice = cut(data, start, 2)

        assert tell_seconds(voice.mono, voice.sample_rate_hz) == [start, start + 1]


@pytest.mark.parametrize("name", ["mp3 before a tag", "Opus of a messenger", "WebM of a browser", "WAV of 24 bits"])
def test_a_recording_that_breaks_off_gives_what_it_holds(name: str) -> None:
    for rest in truncate(RECORDINGS[name]()):
        voice = cut(rest, 0, SECONDS)

        assert tell_seconds(voice.mono, voice.sample_rate_hz) == list(range(int(voice.seconds)))


def test_recordings_that_were_appended_to_each_other_are_played_one_after_the_other() -> None:
    note = RECORDINGS["Opus of a messenger"]()

    for start in (4, 8):
        voice = cut(note + note, start, 3)

        assert tell_seconds(voice.mono, voice.sample_rate_hz) == [
            second % SECONDS for second in range(start, start + 3)
        ]


def test_the_first_of_two_sound_tracks_is_taken() -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="matroska") as film:
        tracks: list[Any] = [film.add_stream("pcm_s16le", rate=8000, layout="mono") for _ in range(2)]
        for track, samples in zip(tracks, (make_stairs(8000), make_stairs(8000)[::-1]), strict=True):
            frame = av.AudioFrame.from_ndarray((samples * 32767).astype(np.int16)[None], "s16", "mono")
            frame.sample_rate = 8000
            film.mux(track.encode(frame))

    assert tell_seconds(cut(file.getvalue(), 0, 6).mono, 8000) == [0, 1, 2, 3, 4, 5]
