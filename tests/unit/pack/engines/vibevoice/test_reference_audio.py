"""The clips are the draft's synthetic voices: the speech finder, made for people, takes them for people too."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest
import torch
from comfyui_talkingshorts.core.errors import SourceError
from comfyui_talkingshorts.core.sound import Sound
from comfyui_talkingshorts.engines.draft.voice import speak_draft
from comfyui_talkingshorts.engines.vibevoice.reference_audio import (
    Reference,
    drop_tail,
    mix_to_mono_24khz,
    prepare_reference,
)
from comfyui_talkingshorts.engines.vibevoice.voice_activity import detect_speech
from scipy.signal import resample_poly

RATE = 24000
FRAME = 3200
HIGH_VOICE, LOW_VOICE = 0, 1
TEXT = (
    "The quick brown fox jumps over the lazy dog. She sells sea shells by the sea shore, doesn't she?\n"
    "We all know that reading aloud takes time. Nobody ever minds the small mistakes that a voice makes.\n"
)


@cache
def voice(speaker: int = HIGH_VOICE, seconds: float = 12.0) -> np.ndarray:
    """[samples] at 24 kHz of somebody who talks, with pauses of 0.3 s at the start, 0.6 s at the end."""
    spoken = resample_poly(speak_draft(TEXT, speaker)[0].mono, 160, 147)
    silence = np.zeros(round(0.3 * RATE), np.float32)
    sentences = np.concatenate([spoken, silence, silence])
    repeated = np.resize(sentences, round(seconds * RATE) // sentences.size * sentences.size or sentences.size)
    return np.concatenate([silence, repeated]).astype(np.float32)


def chords(seconds: float, level: float = 0.1) -> np.ndarray:
    """A new chord every half second, each dying away."""
    time = np.arange(round(seconds * RATE)) / RATE
    step = 2 ** (np.floor(2 * time) % 5 / 6)
    tones = sum(np.sin(2 * np.pi * hz * step * time) / hz for hz in (220, 277, 330, 440, 660))
    notes = tones * np.exp(-2 * (time % 0.5))
    return (level * notes / np.sqrt(np.mean(notes**2))).astype(np.float32)


def prepare(samples: np.ndarray, rate: int = RATE, samples_per_frame: int = FRAME) -> Reference:
    return prepare_reference(Sound(np.atleast_2d(samples).astype(np.float32), rate), samples_per_frame)


def place_of(part: np.ndarray, whole: np.ndarray) -> float:
    """Return the second of the whole at which the part, whose level may differ, fits best."""
    size = 1 << int(np.ceil(np.log2(whole.size + part.size)))
    fit = np.fft.irfft(np.fft.rfft(whole, size) * np.conj(np.fft.rfft(part, size)), size)[: whole.size]
    return int(np.argmax(fit)) / RATE


def seconds_of(reference: Reference) -> float:
    return reference.samples.size / RATE


class TestTheReference:
    def test_is_a_whole_number_of_codec_frames_of_mono_float32(self) -> None:
        for samples_per_frame in (3200, 1920, 7):
            samples = prepare(voice(), samples_per_frame=samples_per_frame).samples
            assert samples.dtype == np.float32
            assert samples.ndim == 1
            assert samples.size % samples_per_frame == 0

    def test_is_levelled_after_the_cut(self) -> None:
        loud_elsewhere = np.concatenate([0.02 * voice(), 0.5 * chords(20)])
        samples = prepare(loud_elsewhere).samples
        assert 20 * np.log10(np.sqrt(np.mean(samples**2))) == pytest.approx(-25, abs=0.1)

    def test_is_a_clean_clip_without_the_silence_at_its_edges(self) -> None:
        silence = np.zeros(2 * RATE)
        clip = np.concatenate([silence, voice(), silence])
        reference = prepare(clip)
        assert seconds_of(reference) == pytest.approx(voice().size / RATE - 0.6, abs=0.3)
        assert place_of(reference.samples, clip) == pytest.approx(2.15, abs=0.15)

    def test_begins_and_ends_in_pauses(self) -> None:
        samples = prepare(voice(seconds=80)).samples
        edge = round(0.03 * RATE)
        assert seconds_of(prepare(voice(seconds=80))) <= 30
        for rim in (samples[:edge], samples[-edge:]):
            assert np.abs(rim).max() < 0.01 * np.abs(samples).max()

    def test_is_the_same_every_time_and_touches_no_shared_state(self) -> None:
        torch.manual_seed(1)
        state, threads = torch.get_rng_state(), torch.get_num_threads()
        first, second = prepare(voice()), prepare(voice())
        assert np.array_equal(first.samples, second.samples)
        assert torch.equal(torch.get_rng_state(), state)
        assert torch.get_num_threads() == threads

    def test_has_no_note_when_there_is_nothing_to_tell(self) -> None:
        assert prepare(voice()).note is None


class TestFromALongRecording:
    def test_the_talk_without_music_is_chosen(self) -> None:
        alone = voice(seconds=26)
        over_music = voice(seconds=39) + chords(voice(seconds=39).size / RATE, 0.03)
        recording = np.concatenate([over_music, alone, over_music])
        reference = prepare(recording)
        used = re.fullmatch(r"Of the reference, ([\d.]+) to ([\d.]+) s is used\.", reference.note or "")
        assert used is not None
        assert float(used[1]) >= over_music.size / RATE
        assert float(used[2]) <= (over_music.size + alone.size) / RATE
        assert seconds_of(reference) > 20

    def test_a_musical_opening_is_left_out(self) -> None:
        recording = np.concatenate([chords(10), voice()])
        assert place_of(prepare(recording).samples, recording) == pytest.approx(10.15, abs=0.25)

    def test_the_main_voice_is_chosen(self) -> None:
        host, guest = voice(HIGH_VOICE, 13), voice(LOW_VOICE, 26)
        recording = np.concatenate([host, guest])
        reference = prepare(recording)
        assert place_of(reference.samples, recording) >= host.size / RATE
        assert "second voice" not in (reference.note or "")


class TestTheNoteTells:
    def test_of_a_second_voice_that_can_not_be_avoided(self) -> None:
        host, guest = (np.split(voice(speaker)[: 12 * RATE], 3) for speaker in (LOW_VOICE, HIGH_VOICE))
        turns = np.concatenate([turn for pair in zip(host, guest, strict=True) for turn in pair])
        assert "second voice" in (prepare(turns).note or "")

    def test_of_music_that_can_not_be_avoided(self) -> None:
        assert "Music" in (prepare(voice() + chords(voice().size / RATE, 0.06)).note or "")

    def test_of_too_little_talk(self) -> None:
        assert "Only" in (prepare(voice()[: 5 * RATE]).note or "")

    def test_that_nobody_talks(self) -> None:
        assert "No voice was heard" in (prepare(chords(12)).note or "")

    def test_of_a_telephone(self) -> None:
        assert "telephone" in (prepare(resample_poly(voice(), 1, 3), 8000).note or "")

    def test_of_a_little_clipping(self) -> None:
        loud = np.clip(voice() / np.abs(voice()).max() * 2, -1, 1)
        assert "clipped" in (prepare(loud).note or "")

    def test_of_an_uneven_level(self) -> None:
        whole = voice()
        fading = whole * np.where(np.arange(whole.size) < whole.size / 2, 1.0, 0.05)
        assert "varies by" in (prepare(fading).note or "")


class TestRefused:
    @pytest.mark.parametrize(
        ("samples", "rate", "message"),
        [
            (voice()[RATE : RATE + RATE // 5], RATE, "0.2 s long"),
            (
                np.concatenate([np.zeros(3 * RATE), voice()[RATE : RATE + RATE // 2], np.zeros(3 * RATE)]),
                RATE,
                "s of speech",
            ),
            (np.ones(1), RATE, "s long"),
            (np.zeros((2, 5 * RATE)), RATE, "silent"),
            (1e-5 * chords(5), RATE, "silent"),
            (np.full(5 * RATE, 0.3), 44100, "silent"),
            (np.stack([voice(), -voice()]), RATE, "opposite phase"),
            (np.clip(20 * voice(), -1, 1), RATE, "clipped"),
            (np.sign(chords(5)), RATE, "clipped"),
            (voice(), 4000, "4000 Hz"),
        ],
        ids=[
            "0.2 s",
            "one word",
            "one sample",
            "silence",
            "-100 dB",
            "constant",
            "opposite",
            "clipped",
            "square",
            "4 kHz",
        ],
    )
    def test_with_the_reason_and_the_remedy(self, samples: np.ndarray, rate: int, message: str) -> None:
        with pytest.raises(SourceError, match=message) as refusal:
            prepare(samples, rate)
        assert any(remedy in str(refusal.value) for remedy in ("Choose", "Give"))


class TestAccepted:
    def test_a_faint_clean_voice(self) -> None:
        faint = 10 ** (-50 / 20) * voice() / np.abs(voice()).max()
        assert np.allclose(prepare(faint).samples, prepare(voice()).samples, atol=1e-3)

    @pytest.mark.parametrize("level", [0.0, 1 / 32768])
    def test_a_voice_on_one_channel_alone(self, level: float) -> None:
        empty = level * np.random.default_rng(0).integers(-1, 2, voice().size)
        reference = prepare(np.stack([voice(), empty]))
        assert "clipped" not in (reference.note or "")
        assert np.allclose(reference.samples, prepare(voice()).samples, atol=1e-3)

    @pytest.mark.parametrize("full_scale", [32768, 2**31])
    def test_samples_in_the_range_of_integers(self, full_scale: float) -> None:
        assert np.allclose(prepare(full_scale * voice()).samples, prepare(voice()).samples, atol=1e-3)

    def test_a_voice_on_a_constant_offset_which_goes(self) -> None:
        reference = prepare(voice() + 0.4)
        assert reference.samples.mean() == pytest.approx(0, abs=1e-4)
        assert np.allclose(reference.samples, prepare(voice()).samples, atol=2e-3)

    def test_a_voice_over_the_hum_of_a_fan_which_goes(self) -> None:
        rumble = 0.1 * np.sin(2 * np.pi * 20 * np.arange(voice().size) / RATE)
        assert np.allclose(prepare(voice() + rumble).samples, prepare(voice()).samples, atol=5e-3)

    @pytest.mark.parametrize("rate", [8000, 22050, 44100, 44101, 192000])
    def test_any_sample_rate_of_a_voice(self, rate: int) -> None:
        seconds = voice().size / RATE
        assert seconds_of(
            prepare(np.interp(np.arange(0, seconds, 1 / rate), np.arange(voice().size) / RATE, voice()), rate)
        ) == (pytest.approx(seconds - 0.8, abs=0.3))

    def test_a_whistle_and_noise_though_no_voice_is_heard(self) -> None:
        time = np.arange(5 * RATE) / RATE
        for clip in (0.5 * np.sin(2 * np.pi * 440 * time), 0.1 * np.random.default_rng(0).normal(size=time.size)):
            assert seconds_of(prepare(clip)) > 4


class TestTheMix:
    def test_is_the_mean_of_the_channels_resampled(self) -> None:
        time = np.arange(44100) / 44100
        low, high = np.sin(2 * np.pi * 300 * time), np.sin(2 * np.pi * 3000 * time)
        mixed = mix_to_mono_24khz(Sound(np.stack([low, high]).astype(np.float32), 44100))
        resampled = np.arange(RATE) / RATE
        expected = (np.sin(2 * np.pi * 300 * resampled) + np.sin(2 * np.pi * 3000 * resampled)) / 2
        assert mixed.size == RATE
        assert mixed.dtype == np.float32
        assert np.allclose(mixed[200:-200], expected[200:-200], atol=1e-3)

    def test_folds_nothing_back_from_beyond_12_khz(self) -> None:
        whistle = np.sin(2 * np.pi * 16000 * np.arange(44100) / 44100)[None].astype(np.float32)
        assert np.abs(mix_to_mono_24khz(Sound(whistle, 44100))[200:-200]).max() < 1e-3

    def test_leaves_24_khz_mono_as_it_is(self) -> None:
        assert np.array_equal(mix_to_mono_24khz(Sound(voice()[None], RATE)), voice())


def test_the_tail_that_fills_no_frame_is_dropped() -> None:
    assert drop_tail(np.arange(10), 4).tolist() == list(range(8))
    assert drop_tail(np.arange(8), 4).tolist() == list(range(8))


def test_speech_is_detected_alike_wherever_it_is_in_a_long_recording() -> None:
    """The recording is analysed in chunks of 41 s side by side."""
    speech = resample_poly(voice(), 2, 3)
    period = 512 * -(-speech.size // 512)
    speech = detect_speech(np.tile(np.pad(speech, (0, period - speech.size)), 8)).reshape(8, -1)
    assert np.mean((speech > 0.5) != (speech[1] > 0.5)) < 0.02
