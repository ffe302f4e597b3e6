"""Mouth shapes per video frame, from phoneme times where they are known, else from loudness and spectrum."""

# ruff: noqa: RUF001 - the IPA has letters that look like others
from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import astuple, dataclass

import numpy as np

from ..sound import VIDEO_FPS, Phoneme, Sound, count_video_frames

STEPS_PER_FRAME = 4
_LEAD_SECONDS = 0.03
REACH_SECONDS = 0.075
SILENCE_DB = -66.0
SPEECH_RANGE_DB = 28.0
HISS_RANGE_DB = 12.0
BLOCK_FRAMES = 256
PAUSE = ""


@dataclass(frozen=True)
class MouthShape:
    """One mouth, each part 0..1: how open, how wide, how rounded, how much of teeth and tongue shows, how far the lower
    lip is under the upper teeth (bite), and how hard the lips are pressed together (press)."""

    open: float = 0.0
    wide: float = 0.0
    round: float = 0.0
    teeth: float = 0.0
    tongue: float = 0.0
    bite: float = 0.0
    press: float = 0.0


CLOSED = MouthShape()


@dataclass(frozen=True)
class Viseme:
    """The mouth that a sound asks for, and how firmly it insists on it against its neighbours."""

    shape: MouthShape
    firmness: float = 1.0


def _visemes() -> dict[str, Viseme]:
    table: dict[str, Viseme] = {PAUSE: Viseme(CLOSED)}

    def add(symbols: str, firmness: float = 1.0, **shape: float) -> None:
        table.update(dict.fromkeys(symbols.split(), Viseme(MouthShape(**shape), firmness)))

    add("p b m", 4.0, press=0.7)
    add("f v ɱ ʋ ɸ β", 3.0, open=0.13, teeth=1.0, bite=1.0)
    add("θ ð", 1.2, open=0.24, wide=0.2, teeth=0.7, tongue=0.9)
    add("s z ts dz", 1.0, open=0.17, wide=0.45, teeth=1.0)
    add("ʃ ʒ ɕ ʑ ʂ ʐ", 1.2, open=0.22, round=0.55, teeth=0.95)
    add("t d n ɾ ɳ ʈ ɖ ɲ", 0.5, open=0.22, wide=0.25, teeth=0.65, tongue=0.4)
    add("l ɫ ɭ ʎ", 0.6, open=0.30, wide=0.15, teeth=0.4, tongue=1.0)
    add("k g ɡ ŋ q ɢ x ɣ χ ʁ h ɦ ç ħ ʕ ʔ", 0.3, open=0.28, teeth=0.3)
    add("r ɹ ɻ ʀ ɽ", 0.8, open=0.24, round=0.45, teeth=0.3)
    add("w ʍ ɥ", 2.0, open=0.16, round=1.0)
    add("j ʝ", 0.8, open=0.22, wide=0.75, teeth=0.5)
    add("i", 1.1, open=0.30, wide=1.0, teeth=0.7)
    add("ɪ ɨ ᵻ", 1.0, open=0.36, wide=0.65, teeth=0.6)
    add("e", 1.1, open=0.50, wide=0.75, teeth=0.55)
    add("ɛ", 1.1, open=0.62, wide=0.55, teeth=0.5)
    add("æ", 1.2, open=0.85, wide=0.60, teeth=0.5)
    add("a ɶ", 1.2, open=1.00, wide=0.25, teeth=0.45)
    add("ɑ ɐ ʌ", 1.2, open=0.88, teeth=0.4)
    add("ə ɜ ɚ ɝ ɘ ɵ ɞ", 0.7, open=0.48, teeth=0.4)
    add("ɔ ɒ", 1.2, open=0.72, round=0.55, teeth=0.25)
    add("o ɤ", 1.2, open=0.52, round=0.80)
    add("u ɯ", 1.2, open=0.28, round=1.0)
    add("ʊ", 1.0, open=0.36, round=0.70)
    add("y ø œ ʏ ʉ", 1.2, open=0.34, round=0.90)
    return table


VISEMES = _visemes()
UNKNOWN_SOUND = Viseme(MouthShape(open=0.35, teeth=0.3), 0.4)
_LENGTHENERS = "ːˑ"
_LETTERS = ("Ll", "Lu", "Lo")


@dataclass(frozen=True)
class SpeechTrack:
    """What the sound asks of the face, per video frame: loudness [frames] 0..1 and the mouths [frames, 7]."""

    loudness: np.ndarray
    mouths: np.ndarray

    def __len__(self) -> int:
        return len(self.loudness)

    def mouth_at(self, frame: int) -> MouthShape:
        return MouthShape(*self.mouths[frame].tolist())


def follow_speech(sound: Sound) -> SpeechTrack:
    """Return loudness and mouth of every video frame of the sound; silence is a closed mouth."""
    level_db, front_db, hiss_db = _measure(sound)
    loudness = _relative_loudness(level_db)
    if sound.phonemes:
        mouths = _from_phonemes(sound.phonemes, sound.seconds, len(loudness))
        mouths[:, 0] = np.minimum(1.0, mouths[:, 0] * (0.10 + 1.30 * loudness))
        mouths[:, 6] *= loudness > 0
    else:
        mouths = _from_spectrum(loudness, front_db, hiss_db)
    audible = np.minimum(1.0, loudness / 0.12)[:, None]
    mouths[:, :6] *= audible
    return SpeechTrack(loudness, mouths.astype(np.float32))


def split_symbol(symbol: str) -> list[str]:
    """Return the single sounds of an IPA symbol: both halves of a diphthong or an affricate, long ones doubled."""
    sounds: list[str] = []
    for letter in symbol:
        if letter in VISEMES:
            sounds.append(letter)
        elif letter in _LENGTHENERS and sounds:
            sounds.append(sounds[-1])
        elif unicodedata.category(letter) in _LETTERS and not sounds:
            sounds.append(letter)
    return sounds or [PAUSE]


def _from_phonemes(phonemes: tuple[Phoneme, ...], seconds: float, frames: int) -> np.ndarray:
    """Blend the visemes over time, each as strong as it is firm and near (dominance; Cohen and Massaro, 1993)."""
    rate = VIDEO_FPS * STEPS_PER_FRAME
    steps = frames * STEPS_PER_FRAME
    firmness = np.full(steps, VISEMES[PAUSE].firmness, np.float32)
    shapes = np.zeros((steps, 7), np.float32)
    ends = [*(phoneme.start_seconds for phoneme in phonemes[1:]), seconds]
    for phoneme, end_seconds in zip(phonemes, ends, strict=True):
        sounds = split_symbol(phoneme.symbol)
        edges = np.linspace(phoneme.start_seconds, max(end_seconds, phoneme.start_seconds), len(sounds) + 1)
        for sound, start, end in zip(sounds, edges[:-1], edges[1:], strict=True):
            viseme = VISEMES.get(sound, UNKNOWN_SOUND)
            first, last = (round((edge - _LEAD_SECONDS) * rate) for edge in (start, end))
            span = slice(max(0, first), max(0, last))
            firmness[span] = viseme.firmness
            shapes[span] = astuple(viseme.shape)
    reach = round(REACH_SECONDS * rate)
    window = np.hanning(2 * reach + 1)[1:-1]
    middle = slice(reach - 1 + STEPS_PER_FRAME // 2, reach - 1 + steps, STEPS_PER_FRAME)
    weight = np.convolve(firmness, window)[middle]
    return np.stack([np.convolve(shapes[:, part] * firmness, window)[middle] / weight for part in range(7)], axis=1)


def _from_spectrum(loudness: np.ndarray, front_db: np.ndarray, hiss_db: np.ndarray) -> np.ndarray:
    """Open with the loudness, widen with energy around a front vowel's second formant, round without it."""
    mouths = np.zeros((len(loudness), 7), np.float32)
    spoken = loudness > 0.15
    front = _rank(front_db, spoken)
    voiced = np.minimum(1, loudness / 0.15)
    hissing = np.clip(hiss_db / HISS_RANGE_DB + 0.5, 0, 1) * voiced
    mouths[:, 0] = loudness**1.3 * (1 - 0.55 * hissing)
    mouths[:, 1] = np.clip((front - 0.55) / 0.45, 0, 1) * 0.9 * voiced
    mouths[:, 2] = np.clip((0.35 - front) / 0.35, 0, 1) * 0.75 * voiced
    mouths[:, 3] = np.minimum(1, 0.35 + 0.3 * mouths[:, 1] + 0.5 * hissing)
    return np.stack([_smooth(mouths[:, part]) for part in range(7)], axis=1)


def _rank(values: np.ndarray, spoken: np.ndarray) -> np.ndarray:
    """Return where each value lies between the clip's own quiet and strong ones, 0..1."""
    if not spoken.any():
        return np.full(len(values), 0.5)
    low, high = np.percentile(values[spoken], (5, 95))
    return np.clip((values - low) / max(high - low, 3.0), 0, 1)


def _smooth(values: np.ndarray) -> np.ndarray:
    padded = np.pad(values, 1, "edge")
    return 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]


def _relative_loudness(level_db: np.ndarray) -> np.ndarray:
    """Return 0..1 between the clip's own silence and its loud syllables."""
    loud_db = max(float(np.percentile(level_db, 95)), SILENCE_DB + 12.0)
    quiet_db = max(loud_db - SPEECH_RANGE_DB, SILENCE_DB)
    return np.clip((level_db - quiet_db) / (loud_db - quiet_db), 0, 1)


def _measure(sound: Sound) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return per video frame the level in dB, and by how much the front-vowel band and the hiss exceed the lows."""
    measured = [_measure_block(*block, sound.sample_rate_hz) for block in _blocks(sound)]
    level, front, hiss = np.concatenate(measured, axis=1)
    return level, front, hiss


def _blocks(sound: Sound) -> Iterator[tuple[np.ndarray, int]]:
    """Yield windows of mono sound, [frames, samples], each centred on its video frame, with the samples of a window."""
    frames, rate = count_video_frames(sound), sound.sample_rate_hz
    size = max(8, rate // 20)
    for first in range(0, frames, BLOCK_FRAMES):
        middles = (2 * np.arange(first, min(first + BLOCK_FRAMES, frames)) + 1) * rate // (2 * VIDEO_FPS)
        starts = middles - size // 2
        low, high = int(starts[0]), int(starts[-1]) + size
        part = sound.samples[:, max(low, 0) : max(high, 0)].mean(axis=0)
        part = np.pad(part, (max(-low, 0), 0))
        part = np.pad(part, (0, high - low - len(part)))
        yield np.lib.stride_tricks.sliding_window_view(part, size)[starts - low], size


def _measure_block(windows: np.ndarray, size: int, sample_rate_hz: int) -> np.ndarray:
    power = np.abs(np.fft.rfft(windows * np.hanning(size).astype(np.float32), axis=1)) ** 2
    hertz = np.fft.rfftfreq(size, 1 / sample_rate_hz)
    floor = 1e-6 * power.sum(axis=1) / size**2 + 1e-14

    def band_db(low: float, high: float) -> np.ndarray:
        band = power[:, (hertz >= low) & (hertz < high)].sum(axis=1)
        return 10 * np.log10(band / size**2 + floor)

    level_db = 10 * np.log10(np.mean(windows.astype(np.float64) ** 2, axis=1) + 1e-10)
    low_db = band_db(200, 1100)
    return np.stack([level_db, band_db(1500, 3200) - low_db, band_db(3800, 9000) - low_db])
