from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from comfyui_talkingshorts.core.errors import VideoError
from comfyui_talkingshorts.core.sound import Sound, count_video_frames
from comfyui_talkingshorts.engines.output.mp4 import Mp4Writer

GREY = np.full((64, 48, 3), 128, np.uint8)


def tone(seconds: float, sample_rate_hz: int = 24000) -> Sound:
    time = np.arange(round(seconds * sample_rate_hz)) / sample_rate_hz
    return Sound((0.5 * np.sin(2 * np.pi * 220 * time)).astype(np.float32)[None], sample_rate_hz)


def write_video(path: Path, sound: Sound) -> None:
    with Mp4Writer(path, 48, 64, sound) as writer:
        for _ in range(count_video_frames(sound)):
            writer.write(GREY)


def test_frames_and_sound_come_back_in_full(tmp_path: Path) -> None:
    sound = tone(1.5)
    write_video(tmp_path / "a.mp4", sound)

    with av.open(tmp_path / "a.mp4") as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    with av.open(tmp_path / "a.mp4") as container:
        heard = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)

    assert len(frames) == 38
    assert np.abs(frames[20].astype(int) - 128).max() <= 2
    assert 0 <= heard.shape[1] - sound.samples.shape[1] < 1024
    both = heard[:, 4000:30000], np.repeat(sound.samples, 2, 0)[:, 4000:30000]
    assert np.corrcoef(both[0].ravel(), both[1].ravel())[0, 1] > 0.999


@pytest.mark.parametrize("gains", [(1,), (0, 1), (1, 0.001), (0, 0, 1, 0, 0, 0)])
def test_a_voice_in_one_channel_is_heard_on_both_sides_and_as_loud(gains: tuple[float, ...], tmp_path: Path) -> None:
    voice = tone(1)
    write_video(tmp_path / "a.mp4", Sound(np.outer(np.array(gains, np.float32), voice.samples[0]), 24000))

    with av.open(tmp_path / "a.mp4") as container:
        heard = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)

    np.testing.assert_allclose(heard[:, 4000:20000].std(axis=1), voice.samples.std(), rtol=0.02)


def test_the_file_plays_everywhere(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", tone(1))

    with av.open(tmp_path / "a.mp4") as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec.name, video.pix_fmt, video.average_rate) == ("h264", "yuv420p", Fraction(25))
        assert (audio.codec.name, audio.sample_rate) == ("aac", 24000)
    content = (tmp_path / "a.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


def test_the_file_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    sound = tone(1)

    def write_half() -> None:
        with Mp4Writer(tmp_path / "a.mp4", 48, 64, sound) as writer:
            writer.write(GREY)
            assert not (tmp_path / "a.mp4").exists()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()

    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_missing_is_an_error_with_the_path(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=r"nowhere.a\.mp4"):
        write_video(tmp_path / "nowhere" / "a.mp4", tone(1))


@pytest.mark.parametrize("sample_rate_hz", [8000, 10000, 22050, 44100, 192000])
def test_every_sample_rate_keeps_its_length(sample_rate_hz: int, tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", tone(1, sample_rate_hz))

    with av.open(tmp_path / "a.mp4") as container:
        rate = container.streams.audio[0].sample_rate
        heard = sum(frame.samples for frame in container.decode(audio=0))
    assert abs(heard / rate - 1) < 1100 / rate


@pytest.mark.parametrize(
    ("samples", "sample_rate_hz", "frames"),
    [(1, 48000, 1), (48000, 48000, 25), (48001, 48000, 26), (176400, 22050, 200)],
)
def test_the_sound_decides_the_number_of_frames(samples: int, sample_rate_hz: int, frames: int) -> None:
    assert count_video_frames(Sound(np.zeros((1, samples), np.float32), sample_rate_hz)) == frames


def test_a_video_that_does_not_fit_is_an_error_and_leaves_no_file(full_disk: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (96, 64, 3), np.uint8)

    def write_noise() -> None:
        with Mp4Writer(full_disk / "a.mp4", 64, 96, Sound(np.zeros((1, 8000), np.float32), 8000)) as writer:
            for _ in range(25):
                writer.write(noise)

    with pytest.raises(VideoError, match="Free some space"):
        write_noise()

    assert list(full_disk.iterdir()) == []
