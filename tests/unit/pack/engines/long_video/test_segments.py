"""Windows are encoded each for itself, and joined into one mp4 with the speech."""

from __future__ import annotations

import tracemalloc
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from comfyui_talkingshorts.core.errors import VideoError
from comfyui_talkingshorts.core.sound import Sound, count_video_frames
from comfyui_talkingshorts.engines.long_video.segments import join_segments, quantize, write_segment

HEIGHT, WIDTH = 32, 48


def draw_frames(first: int, count: int) -> np.ndarray:
    """Return uint8 frames with a bright column that moves on by one pixel a frame, over a little noise."""
    frames = np.random.default_rng(first).integers(30, 60, (count, HEIGHT, WIDTH, 3), np.uint8)
    for index in range(count):
        frames[index, :, (first + index) % WIDTH] = 230
    return frames


def write_segments(folder: Path, *lengths: int, crf: int = 16) -> list[Path]:
    paths = [folder / f"{index}.mp4" for index in range(len(lengths))]
    for index, (path, length) in enumerate(zip(paths, lengths, strict=True)):
        write_segment(path, draw_frames(sum(lengths[:index]), length), crf)
    return paths


def read_frames(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray() for frame in container.decode(video=0)])


def read_times(path: Path) -> list[Fraction]:
    with av.open(str(path)) as container:
        return [Fraction(frame.pts or 0) * (frame.time_base or 1) for frame in container.decode(video=0)]


def click_at_the_end(frames: int, sample_rate_hz: int, channels: int) -> Sound:
    """Return silence for this many frames, whose last frame is a tone."""
    samples = np.zeros((channels, frames * sample_rate_hz // 25), np.float32)
    length = sample_rate_hz // 25
    samples[:, -length:] = 0.8 * np.sin(np.arange(length) * 2 * np.pi * 1000 / sample_rate_hz)
    return Sound(samples, sample_rate_hz)


def test_a_pixel_is_255_times_its_value_rounded_down() -> None:
    values = np.array([0, 1 / 255, 1.999 / 255, 0.5, 0.999, 1, 1.01, -0.01], np.float32)

    pixels = quantize(values.reshape(1, 1, 8, 1).repeat(3, axis=3))

    assert pixels.dtype == np.uint8
    assert pixels[0, 0, :, 0].tolist() == [0, 1, 1, 127, 254, 255, 255, 0]


def test_tensors_and_arrays_give_the_same_pixels() -> None:
    frames = np.random.default_rng(1).random((3, HEIGHT, WIDTH, 3), np.float32)

    np.testing.assert_array_equal(quantize(torch.from_numpy(frames)), np.floor(frames * 255).astype(np.uint8))
    np.testing.assert_array_equal(quantize(torch.from_numpy(frames)), quantize(frames))


def test_the_same_frames_give_the_same_file(tmp_path: Path) -> None:
    ramp = 2 * np.add.outer(np.arange(HEIGHT), np.arange(WIDTH))
    grain = np.random.default_rng(0).integers(0, 20, (12, HEIGHT, WIDTH, 3))
    frames = np.stack([np.roll(ramp, 3 * index, axis=1)[..., None] + grain[index] for index in range(12)])

    contents = set()
    for _ in range(40):  # x264 left to itself differs in one run of twenty or so
        write_segment(tmp_path / "a.mp4", frames.astype(np.uint8), 16)
        contents.add((tmp_path / "a.mp4").read_bytes())

    assert len(contents) == 1


def test_crf_0_keeps_the_luma_exactly(tmp_path: Path) -> None:
    frames = draw_frames(0, 5)

    write_segment(tmp_path / "a.mp4", frames, 0)

    rows = [av.VideoFrame.from_ndarray(frame, "rgb24").reformat(format="yuv420p").to_ndarray() for frame in frames]
    np.testing.assert_array_equal(read_frames(tmp_path / "a.mp4")[:, :HEIGHT], np.stack(rows)[:, :HEIGHT])


@pytest.mark.parametrize("lengths", [(81,), (5, 4, 1), (1,), (1, 1), (2, 3, 2, 9)], ids=str)
@pytest.mark.parametrize("crf", [0, 16, 51])
def test_joined_segments_hold_each_frame_as_it_was_and_at_its_time(
    lengths: tuple[int, ...], crf: int, tmp_path: Path
) -> None:
    segments = write_segments(tmp_path, *lengths, crf=crf)
    speech = Sound(np.zeros((1, sum(lengths) * 320), np.float32), 8000)

    join_segments(segments, speech, tmp_path / "all.mp4")

    expected = np.concatenate([read_frames(path) for path in segments])
    np.testing.assert_array_equal(read_frames(tmp_path / "all.mp4"), expected)
    assert read_times(tmp_path / "all.mp4") == [Fraction(index, 25) for index in range(sum(lengths))]


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("sample_rate_hz", [44100, 48000])
def test_the_sound_keeps_its_rate_and_ends_with_the_pictures(
    sample_rate_hz: int, channels: int, tmp_path: Path
) -> None:
    speech = click_at_the_end(57, sample_rate_hz, channels)

    join_segments(write_segments(tmp_path, 33, 24), speech, tmp_path / "all.mp4")

    with av.open(str(tmp_path / "all.mp4")) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.frames, video.average_rate, audio.codec.name) == (57, 25, "aac")
        assert (audio.sample_rate, audio.channels) == (sample_rate_hz, 2)
        assert float((video.duration or 0) * (video.time_base or 0)) == pytest.approx(57 / 25)
        heard = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)[0]
    loud = np.flatnonzero(np.abs(heard) > 0.3)
    assert loud[0] / sample_rate_hz == pytest.approx(56 / 25, abs=0.01)
    assert loud[-1] / sample_rate_hz == pytest.approx(57 / 25, abs=0.01)


def test_a_sound_that_ends_within_a_frame_is_kept_whole(tmp_path: Path) -> None:
    speech = Sound(np.zeros((2, 44100 + 7), np.float32), 44100)

    join_segments(write_segments(tmp_path, 26), speech, tmp_path / "all.mp4")

    assert count_video_frames(speech) == len(read_frames(tmp_path / "all.mp4")) == 26
    with av.open(str(tmp_path / "all.mp4")) as container:
        assert 44107 <= sum(frame.samples for frame in container.decode(audio=0)) < 44107 + 1024


def test_the_joined_file_plays_while_it_loads_and_names_its_colours(tmp_path: Path) -> None:
    join_segments(write_segments(tmp_path, 5), click_at_the_end(5, 48000, 2), tmp_path / "all.mp4")

    content = (tmp_path / "all.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")
    with av.open(str(tmp_path / "all.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.pix_fmt, context.colorspace, context.color_range) == ("yuv420p", 6, 1)


def test_a_file_that_can_not_be_written_is_an_error_that_names_it(tmp_path: Path) -> None:
    segments = write_segments(tmp_path, 5)

    with pytest.raises(VideoError, match=r"nowhere.all\.mp4"):
        join_segments(segments, click_at_the_end(5, 8000, 1), tmp_path / "nowhere" / "all.mp4")


def test_an_interrupt_while_joining_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    segments = write_segments(tmp_path, 5)
    monkeypatch.setattr(
        "comfyui_talkingshorts.engines.output.mp4.Soundtrack.finish",
        lambda self: (_ for _ in ()).throw(KeyboardInterrupt),
    )

    with pytest.raises(KeyboardInterrupt):
        join_segments(segments, click_at_the_end(5, 8000, 1), tmp_path / "all.mp4")

    assert list(tmp_path.iterdir()) == segments


def test_joining_takes_no_more_memory_for_more_segments(tmp_path: Path) -> None:
    [segment] = write_segments(tmp_path, 3)

    def measure_peak_bytes(count: int) -> int:
        speech = Sound(np.zeros((1, count * 960), np.float32), 8000)
        tracemalloc.start()
        join_segments([segment] * count, speech, tmp_path / "all.mp4")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    measure_peak_bytes(2)
    assert measure_peak_bytes(80) < 1.1 * measure_peak_bytes(8) + 10_000


@pytest.mark.parametrize("segments", [1, 40], ids=["at the end", "midway"])
def test_windows_that_do_not_fit_into_one_video_are_an_error_and_stay(segments: int, full_disk: Path) -> None:
    segment = full_disk / "0.mp4"
    write_segment(segment, np.random.default_rng(1).integers(0, 256, (1, 32, 32, 3), np.uint8), 16)
    noise = np.random.default_rng(1).uniform(-1, 1, (2, 48000)).astype(np.float32)

    with pytest.raises(VideoError, match="Free some space"):
        join_segments([segment] * segments, Sound(noise, 48000), full_disk / "a.mp4")

    assert list(full_disk.iterdir()) == [segment]
