"""Speech as a file: nothing of it is lost, and it says what it is."""

import hashlib
import json
from pathlib import Path

import av
import numpy as np
import pytest
from comfyui_talkingshorts.core.errors import SoundError
from comfyui_talkingshorts.core.sound import Sound
from comfyui_talkingshorts.engines.output.speech import save_speech


def make_noise(channels: int = 1, samples: int = 12_000, sample_rate_hz: int = 24_000) -> Sound:
    noise = np.random.default_rng(1).uniform(-1, 1, (channels, samples))
    return Sound(noise.astype(np.float32), sample_rate_hz)


def read(path: Path) -> np.ndarray:
    """Return the samples of a FLAC: [channels, samples] float64."""
    with av.open(str(path)) as container:
        packed = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
        return packed.reshape(-1, container.streams.audio[0].channels).T / 2**31


@pytest.mark.parametrize("channels", [1, 2])
def test_every_sample_comes_back_to_24_bits(channels: int, tmp_path: Path) -> None:
    sound = make_noise(channels, samples=300_000)

    save_speech(sound, tmp_path / "a.flac", {})

    assert np.abs(read(tmp_path / "a.flac") - sound.samples).max() <= 2.0**-24


def test_the_ends_of_the_range_are_kept_and_what_lies_beyond_is_clipped(tmp_path: Path) -> None:
    levels = np.array([[-1.5, -1.0, 0.0, 1.0, 1.5]], np.float32)

    save_speech(Sound(levels, 24_000), tmp_path / "a.flac", {})

    assert read(tmp_path / "a.flac")[0] == pytest.approx([-1, -1, 0, 1, 1], abs=2.0**-22)


def test_more_than_two_channels_become_their_mean(tmp_path: Path) -> None:
    sound = make_noise(channels=6)

    report = save_speech(sound, tmp_path / "a.flac", {})

    assert report.channels == 1
    assert np.abs(read(tmp_path / "a.flac")[0] - sound.mono).max() <= 2.0**-24


def test_the_report_tells_what_the_file_holds(tmp_path: Path) -> None:
    report = save_speech(make_noise(channels=2, samples=33_075, sample_rate_hz=22_050), tmp_path / "a.flac", {})

    content = (tmp_path / "a.flac").read_bytes()
    assert (report.file, report.seconds, report.sample_rate_hz, report.channels) == ("a.flac", 1.5, 22_050, 2)
    assert (report.bytes, report.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_the_file_holds_its_graph_and_says_that_it_is_generated(tmp_path: Path) -> None:
    graph = {"1": {"class_type": "Ümlaut", "inputs": {"script": "你好 🙂"}}}

    save_speech(make_noise(), tmp_path / "a.flac", {"prompt": graph})

    with av.open(str(tmp_path / "a.flac")) as container:
        tags = container.metadata
    assert json.loads(tags["prompt"]) == graph
    assert tags["ai_generated"] == "true"
    assert tags["comment"] == "AI-generated with TalkingShorts: the voice is synthetic."
    assert "iptc.org" in tags["digital_source_type"]


def test_the_same_speech_gives_the_same_bytes(tmp_path: Path) -> None:
    reports = [save_speech(make_noise(), tmp_path / name, {}) for name in ("a.flac", "b.flac")]

    assert reports[0].sha256 == reports[1].sha256


def test_a_rate_that_flac_does_not_know_is_an_error_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(SoundError, match="2000000 Hz"):
        save_speech(make_noise(sample_rate_hz=2_000_000), tmp_path / "a.flac", {})

    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SoundError, match="No such file"):
        save_speech(make_noise(), tmp_path / "gone" / "a.flac", {})


@pytest.mark.parametrize("seconds", [1, 60], ids=["at the end", "midway"])
def test_speech_that_does_not_fit_is_an_error_and_keeps_the_file_that_stood_there(
    seconds: int, full_disk: Path
) -> None:
    (full_disk / "a.flac").write_text("before")
    noise = np.random.default_rng(1).uniform(-1, 1, (1, 8000 * seconds)).astype(np.float32)

    with pytest.raises(SoundError, match="Check the free space"):
        save_speech(Sound(noise, 8000), full_disk / "a.flac", {})

    assert [path.name for path in full_disk.iterdir()] == ["a.flac"]
    assert (full_disk / "a.flac").read_text() == "before"
