import io
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from comfyui_talkingshorts.core.errors import SourceError
from comfyui_talkingshorts.core.sound import Sound
from comfyui_talkingshorts.core.voice_source import Piece
from comfyui_talkingshorts.engines.voice_source.clip import cut_clip, cut_where_possible
from support.media import decode_whole, make_media

FORMATS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "wav": ("wav", "pcm_s16le", {}),
    "wav 8 bit": ("wav", "pcm_u8", {}),
    "wav 24 bit 96 kHz": ("wav", "pcm_s24le", {"rate_hz": 96000}),
    "wav float 5.1": ("wav", "pcm_f32le", {"channels": 6}),
    "flac": ("flac", "flac", {}),
    "mp3": ("mp3", "libmp3lame", {}),
    "mp3 mono 22 kHz": ("mp3", "libmp3lame", {"rate_hz": 22050, "channels": 1}),
    "mp3 without a header of its length": ("mp3", "libmp3lame", {"options": (("write_xing", "0"),)}),
    "m4a": ("ipod", "aac", {}),
    "fragmented mp4": ("mp4", "aac", {"options": (("movflags", "frag_keyframe+empty_moov"),)}),
    "mp4 with video": ("mp4", "aac", {"video": True}),
    "aac": ("adts", "aac", {}),
    "ogg opus": ("ogg", "libopus", {"rate_hz": 48000}),
    "ogg vorbis": ("ogg", "vorbis", {}),
    "webm opus": ("webm", "libopus", {"rate_hz": 48000}),
    "webm opus without index and length": ("webm", "libopus", {"rate_hz": 48000, "options": (("live", "1"),)}),
    "mkv aac with video": ("matroska", "aac", {"video": True}),
    "mpegts with video": ("mpegts", "aac", {"video": True, "rate_hz": 48000}),
}


def make_format(name: str) -> bytes:
    container, codec, settings = FORMATS[name]
    return make_media(container, codec, **settings)


def cut(data: bytes, start_seconds: float, duration_seconds: float) -> Sound:
    return cut_clip(io.BytesIO(data), Piece(start_seconds, duration_seconds), lambda done, total: None)


@pytest.mark.parametrize("name", FORMATS)
def test_a_clip_equals_that_slice_of_the_whole_file(name: str) -> None:
    data = make_format(name)
    whole, rate_hz = decode_whole(data)

    for start_seconds, duration_seconds in ((0, 1), (0.5, 1.5), (5.12345, 2), (9.9, 1)):
        clip = cut(data, start_seconds, duration_seconds)

        start = round(start_seconds * rate_hz)
        assert clip.sample_rate_hz == rate_hz
        assert clip.samples.dtype == np.float32
        assert clip.samples.shape == (whole.shape[0], round(duration_seconds * rate_hz))
        np.testing.assert_allclose(clip.samples, whole[:, start : start + clip.samples.shape[1]], atol=2e-6)


@pytest.mark.parametrize("name", FORMATS)
def test_a_clip_that_overruns_the_end_is_cut_there(name: str) -> None:
    data = make_format(name)
    whole, rate_hz = decode_whole(data)

    clip = cut(data, 11, 30)

    np.testing.assert_allclose(clip.samples, whole[:, 11 * rate_hz :], atol=2e-6)


@pytest.mark.parametrize("name", FORMATS)
def test_a_start_past_the_end_tells_the_real_length(name: str) -> None:
    with pytest.raises(SourceError, match=r"is 12\.\d\d s long.*starts at 40 s.*Set start_seconds"):
        cut(make_format(name), 40, 30)


def test_a_video_without_sound_is_refused() -> None:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25, width=64, height=64, pix_fmt="yuv420p")
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8))))
        container.mux(stream.encode(None))

    with pytest.raises(SourceError, match="holds no audio"):
        cut(buffer.getvalue(), 0, 1)


@pytest.mark.parametrize("data", [b"", b"hello", b"\x00" * 5000, b"\x89PNG\r\n\x1a\n" + bytes(500)])
def test_what_is_not_media_is_refused(data: bytes) -> None:
    with pytest.raises(SourceError, match="isn't sound or video"):
        cut(data, 0, 1)


def test_a_forged_header_claims_no_memory() -> None:
    data = bytearray(make_media("wav", "pcm_s16le"))
    data[24:28] = (2_000_000_000).to_bytes(4, "little")

    with pytest.raises(SourceError, match="2000000000 Hz"):
        cut(bytes(data), 0, 600)


def test_a_truncated_file_gives_what_it_holds() -> None:
    data = make_media("mp3", "libmp3lame")

    clip = cut(data[: len(data) // 2], 5, 30)

    assert 0.5 < clip.seconds < 1.5


def test_a_playlist_in_disguise_opens_no_other_file(tmp_path: Path) -> None:
    inner = tmp_path / "inner.ts"
    inner.write_bytes(make_media("mpegts", "aac"))
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:12\n#EXTINF:12,\n{inner}\n#EXT-X-ENDLIST\n"
    concat = f"ffconcat version 1.0\nfile {inner}\n"

    for disguise in (playlist, concat):
        with pytest.raises(SourceError, match="isn't sound or video"):
            cut(disguise.encode(), 0, 1)


def test_little_more_than_the_clip_is_read_from_a_long_file() -> None:
    class CountingFile(io.BytesIO):
        read_bytes = 0

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            self.read_bytes += len(data)
            return data

    media = CountingFile(make_media("wav", "pcm_s16le", seconds=120))

    cut_clip(media, Piece(100, 1), lambda done, total: None)

    assert media.read_bytes < 0.1 * len(media.getvalue())


def test_progress_counts_samples_and_can_stop_the_work() -> None:
    class StopError(Exception):
        pass

    reports: list[tuple[int, int]] = []

    def on_progress(done: int, total: int) -> None:
        reports.append((done, total))
        if done > 10_000:
            raise StopError

    with pytest.raises(StopError):
        cut_clip(io.BytesIO(make_media("wav", "pcm_s16le")), Piece(0, 5), on_progress)

    assert reports[-1][0] < 20_000
    assert {total for _, total in reports} == {5 * 44100}


@pytest.mark.parametrize(("duration_seconds", "start_seconds"), [(5, 7), (12, 0), (30, 0)])
def test_a_piece_that_may_move_is_the_last_one_of_a_short_source(duration_seconds: float, start_seconds: float) -> None:
    data = make_media("wav", "pcm_s16le")

    clip, piece = cut_where_possible(
        io.BytesIO(data), Piece(40, duration_seconds, may_move=True), lambda done, total: None
    )

    assert piece.start_seconds == start_seconds
    assert clip.seconds == min(duration_seconds, 12)
    np.testing.assert_array_equal(clip.samples, cut(data, start_seconds, duration_seconds).samples)


def test_a_piece_stays_where_somebody_put_it() -> None:
    data = make_media("wav", "pcm_s16le")

    assert (
        cut_where_possible(io.BytesIO(data), Piece(9, 30, may_move=True), lambda done, total: None)[1].start_seconds
        == 9
    )
    with pytest.raises(SourceError, match="starts at 40 s"):
        cut_where_possible(io.BytesIO(data), Piece(40, 30), lambda done, total: None)
