"""What was joined out of several recordings is played in order, and any piece of it is the right one."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import av
import numpy as np
import pytest
from comfyui_talkingshorts.core.errors import SourceError
from comfyui_talkingshorts.core.progress import ignore_progress
from comfyui_talkingshorts.core.sound import Sound
from comfyui_talkingshorts.core.voice_source import Piece
from comfyui_talkingshorts.engines.voice_source.clip import cut_clip, read_recording
from support.tones import list_seconds, make_tones

NO_LENGTH = (("write_xing", "0"),)
LIVE = (("live", "1"),)
FRAGMENTED = (("movflags", "frag_keyframe+empty_moov+default_base_moof"), ("frag_duration", "1000000"))


def join(container: str, codec: str, *formats: dict[str, Any], **settings: Any) -> bytes:
    """Return three recordings of 5 s each, one after the other, each with a clock that starts anew."""
    return b"".join(
        make_tones(container, codec, 5 * number, 5, **settings, **each)
        for number, each in enumerate(formats or ({}, {}, {}))
    )


def join_fragments(*, with_header: bool) -> bytes:
    parts = [make_tones("mp4", "aac", 5 * number, 5, options=FRAGMENTED) for number in range(3)]
    first, *others = parts
    return first + b"".join(part if with_header else part[part.index(b"moof") - 4 :] for part in others)


SPOKEN, MUSIC = {"rate_hz": 24000}, {"rate_hz": 44100}
MONO, STEREO = {"channels": 1}, {"channels": 2}

JOINED: dict[str, Callable[[], bytes]] = {
    "MPEG-TS, as HLS with a discontinuity": lambda: join("mpegts", "aac"),
    "MPEG-TS of two formats": lambda: join("mpegts", "aac", SPOKEN | MONO, MUSIC, MUSIC),
    "MPEG-TS whose clock jumps ahead by half an hour": lambda: join(
        "mpegts", "aac", {}, {"options": (("output_ts_offset", "1805"),)}, {"options": (("output_ts_offset", "1810"),)}
    ),
    "chained Ogg Vorbis": lambda: join("ogg", "vorbis"),
    "chained Ogg Opus": lambda: join("ogg", "libopus"),
    "chained Ogg of other channels": lambda: join("ogg", "libopus", MONO, STEREO, STEREO),
    "chained Ogg of other rates": lambda: join("ogg", "vorbis", SPOKEN, MUSIC, {}),
    "MP3": lambda: join("mp3", "libmp3lame"),
    "MP3 of two formats": lambda: join("mp3", "libmp3lame", SPOKEN, MUSIC | MONO, MUSIC | MONO),
    "MP3 of two formats, none with a length": lambda: join(
        "mp3", "libmp3lame", SPOKEN, MUSIC | MONO, MUSIC | MONO, options=NO_LENGTH
    ),
    "AAC": lambda: join("adts", "aac"),
    "AAC of two formats": lambda: join("adts", "aac", SPOKEN | MONO, {}, {}),
    "FLAC": lambda: join("flac", "flac"),
    "FLAC of three formats": lambda: join("flac", "flac", SPOKEN | MONO, MUSIC, {}),
    "WebM": lambda: join("webm", "libopus"),
    "WebM as browsers record it": lambda: join("webm", "libopus", options=LIVE),
    "fragments of MP4": lambda: join_fragments(with_header=False),
    "fragmented MP4": lambda: join_fragments(with_header=True),
}

joined = pytest.mark.parametrize("name", JOINED)


@lru_cache
def make(name: str) -> bytes:
    return JOINED[name]()


def cut(data: bytes, start_seconds: float, duration_seconds: float) -> Sound:
    return cut_clip(io.BytesIO(data), Piece(start_seconds, duration_seconds), ignore_progress)


@joined
def test_all_is_heard_in_order(name: str) -> None:
    recording = read_recording(io.BytesIO(make(name)), ignore_progress)

    assert list_seconds(recording.sound) == [*range(15)]
    assert recording.sound.seconds == pytest.approx(15, abs=0.2)  # codecs fill up their first and last frames


@joined
@pytest.mark.parametrize("start_seconds", [0, 3, 7, 12])
def test_any_piece_is_the_right_one(name: str, start_seconds: int) -> None:
    clip = cut(make(name), start_seconds, 3)

    assert clip.seconds == pytest.approx(3, abs=1e-3)
    assert list_seconds(clip, start_seconds) == [start_seconds, start_seconds + 1, start_seconds + 2]


@pytest.mark.parametrize("name", [name for name in JOINED if "format" not in name and "other" not in name])
def test_a_piece_is_exact_to_the_sample(name: str) -> None:
    whole = read_recording(io.BytesIO(make(name)), ignore_progress).sound

    clip = cut(make(name), 7.1234, 2)

    start = round(7.1234 * whole.sample_rate_hz)
    np.testing.assert_allclose(clip.samples, whole.samples[:, start : start + clip.samples.shape[1]], atol=2e-6)


def test_two_flac_files_of_one_length_are_not_taken_for_each_other() -> None:
    data = b"".join(make_tones("flac", "flac", 5 * number, 5) for number in range(2))
    assert list_seconds(cut(data, 4, 3)) == [4, 5, 6]
    assert list_seconds(cut(data, 7, 3)) == [7, 8, 9]


@joined
def test_the_length_is_that_of_all_parts(name: str) -> None:
    with pytest.raises(SourceError, match=r"The source is 1[45]\.\d\d s long"):
        cut(make(name), 40, 30)


@pytest.mark.parametrize(
    ("name", "rate_hz", "channels"),
    [("MP3 of two formats", 44100, 2), ("AAC of two formats", 48000, 2), ("chained Ogg of other rates", 44100, 2)],
)
def test_a_piece_over_a_change_of_format_has_the_best_of_both(name: str, rate_hz: int, channels: int) -> None:
    clip = cut(make(name), 3, 4)

    assert (clip.sample_rate_hz, clip.samples.shape[0]) == (rate_hz, channels)
    assert list_seconds(clip, 3) == [3, 4, 5, 6]


def test_a_piece_on_one_side_of_a_change_keeps_its_own_format() -> None:
    before, behind = cut(make("MP3 of two formats"), 1, 2), cut(make("MP3 of two formats"), 7, 2)

    assert (before.sample_rate_hz, before.samples.shape[0]) == (24000, 2)
    assert (behind.sample_rate_hz, behind.samples.shape[0]) == (44100, 1)


def test_a_change_of_format_leaves_neither_a_gap_nor_a_click() -> None:
    clip = cut(make("chained Ogg of other rates"), 4.5, 1)

    assert np.abs(np.diff(clip.mono)).max() < 0.1
    loudest_of_10_ms = np.abs(clip.mono[: 100 * 441]).reshape(100, 441).max(axis=1)
    assert loudest_of_10_ms.min() > 0.1


@pytest.mark.parametrize("container", ["matroska", "mp4"])
def test_a_hole_in_a_file_is_silence_as_players_have_it(container: str) -> None:
    data = make_tones(container, "aac", 0, 10, hole=(5, 7))

    clip = cut(data, 3, 12)

    assert list_seconds(clip, 3) == [3, 4, *[None] * 7, 5, 6, 7]
    with pytest.raises(SourceError, match="From 7 to 9 s the source is a gap without sound"):
        cut(data, 7, 2)


def test_a_hole_in_a_broadcast_is_silence_only_while_somebody_would_wait() -> None:
    assert list_seconds(cut(make_tones("mpegts", "aac", 0, 10, hole=(5, 4)), 0, 30)) == [
        *range(5),
        *[None] * 4,
        *range(5, 10),
    ]
    assert list_seconds(cut(make_tones("mpegts", "aac", 0, 10, hole=(5, 1800)), 0, 30)) == [*range(10)]


def test_a_hole_behind_a_join_is_silence_too() -> None:
    data = make_tones("mpegts", "aac", 0, 5) + make_tones("mpegts", "aac", 5, 5, hole=(2, 2))

    assert list_seconds(cut(data, 0, 30)) == [*range(7), None, None, *range(7, 10)]


def test_a_clock_that_starts_anew_inside_a_file_takes_nothing_back() -> None:
    buffer = io.BytesIO()
    with (
        av.open(io.BytesIO(make_tones("mp4", "aac", 0, 12)), "r") as source,
        av.open(buffer, "w", format="matroska", options={"avoid_negative_ts": "disabled"}) as target,
    ):
        sound = source.streams.audio[0]
        copy = target.add_stream_from_template(sound)
        for packet in source.demux(sound):
            if packet.pts is not None and packet.dts is not None:
                packet.pts -= 3 * 48000  # Matroska knows no times before 0: it loses them where the next cluster begins
                packet.dts -= 3 * 48000
                packet.stream = copy
                target.mux(packet)

    assert list_seconds(cut(buffer.getvalue(), 0, 30)) == [*range(12)]
    assert list_seconds(cut(buffer.getvalue(), 5, 3)) == [5, 6, 7]


def test_a_clock_may_start_anywhere() -> None:
    data = make_tones("matroska", "aac", 0, 10, clock_seconds=5)

    assert list_seconds(cut(data, 6, 2), 6) == [6, 7]


SEEKABLE: dict[str, tuple[str, str, dict[str, Any]]] = {
    "wav": ("wav", "pcm_s16le", {}),
    "flac": ("flac", "flac", {}),
    "mp3": ("mp3", "libmp3lame", {}),
    "m4a": ("ipod", "aac", {}),
    "fragmented mp4": ("mp4", "aac", {"options": FRAGMENTED}),
    "ogg": ("ogg", "vorbis", {}),
    "opus": ("ogg", "libopus", {}),
    "webm": ("webm", "libopus", {}),
    "mkv": ("matroska", "aac", {}),
}


@pytest.mark.parametrize("name", SEEKABLE)
def test_little_more_than_the_piece_is_decoded_of_a_file_that_is_one(name: str) -> None:
    container, codec, settings = SEEKABLE[name]
    frames: list[int] = []

    clip = cut_clip(
        io.BytesIO(make_tones(container, codec, 0, 60, **settings)),
        Piece(50, 1),
        lambda done, total: frames.append(done),
    )

    assert list_seconds(clip, 50) == [50]
    assert len(frames) < 60 * 48000 / 960 / 5  # WebM goes to every fifth second
