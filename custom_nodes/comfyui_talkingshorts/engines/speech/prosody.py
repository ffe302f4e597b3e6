"""What a clip tells about how its speaker talks: pitch and speaking rate, measured with Praat's algorithms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...core.sound import Sound

LOWEST_F0_HZ = 60.0
HIGHEST_F0_HZ = 500.0
LONGEST_ANALYSED_SECONDS = 30.0

_ANALYSIS_RATE_HZ = 16000
_LOWEST_RATE_HZ = 2000
_FRAME_SECONDS = 0.01
_SHORTEST_CLIP_SECONDS = 0.3
_SHORTEST_VOICED_SECONDS = 0.25
_LOWEST_VOICED_SHARE = 0.2
_FORMANT_BAND_HZ = (1000.0, 4000.0)
_LOWEST_FORMANT_SHARE = 10**-3.5
_NOTE_GLIDE_SEMITONES = 0.02
_NOTE_SPREAD_SEMITONES = 1.0
_LOUDNESS_RANGE_DB = 25.0
_SYLLABLE_DIP_DB = 2.0
_PAUSE_SECONDS = 0.5
_FEWEST_SYLLABLES = 8


@dataclass(frozen=True)
class Prosody:
    """The median F0 of a speaker's voiced frames, and syllables per second of talk; None where a clip doesn't tell."""

    f0_hz: float | None = None
    syllables_per_second: float | None = None


def measure_prosody(sound: Sound) -> Prosody:
    """Return the prosody of a clip (its first 30 s): Prosody() for silence, noise, tones, notes: what is no voice."""
    samples = sound.mono[: round(LONGEST_ANALYSED_SECONDS * sound.sample_rate_hz)]
    if samples.size < _SHORTEST_CLIP_SECONDS * sound.sample_rate_hz or sound.sample_rate_hz < _LOWEST_RATE_HZ:
        return Prosody()
    if sound.sample_rate_hz > _ANALYSIS_RATE_HZ:
        samples = resample(samples, round(samples.size * _ANALYSIS_RATE_HZ / sound.sample_rate_hz))
    sample_rate_hz = min(sound.sample_rate_hz, _ANALYSIS_RATE_HZ)
    f0_hz = _track_f0(samples, sample_rate_hz)
    loudness_db = _track_loudness(samples, sample_rate_hz, f0_hz.size)
    is_loud = loudness_db > max(np.quantile(loudness_db, 0.99) - _LOUDNESS_RANGE_DB, loudness_db.min())
    if not _is_voice(f0_hz, is_loud) or not _has_formants(samples, sample_rate_hz):
        return Prosody()
    return Prosody(float(np.median(f0_hz[f0_hz > 0])), _syllable_rate(loudness_db, is_loud, f0_hz > 0))


def measure_median_f0(samples: np.ndarray, sample_rate_hz: int) -> float | None:
    """Return the median F0 (60 to 500 Hz) of the voiced frames of [samples], or None when there are hardly any."""
    f0_hz = _track_f0(samples, sample_rate_hz)
    voiced = f0_hz[f0_hz > 0]
    return float(np.median(voiced)) if voiced.size * _FRAME_SECONDS >= _SHORTEST_VOICED_SECONDS else None


def scale_f0(samples: np.ndarray, sample_rate_hz: int, factor: float) -> np.ndarray:
    """Return [samples] with F0 times the factor, its length and formants kept (PSOLA: Moulines & Charpentier 1990)."""
    from parselmouth.praat import call

    sound = _praat_sound(samples, sample_rate_hz)
    manipulation = call(sound, "To Manipulation", _FRAME_SECONDS, LOWEST_F0_HZ, HIGHEST_F0_HZ)
    pitch_tier = call(manipulation, "Extract pitch tier")
    call(pitch_tier, "Multiply frequencies", sound.xmin, sound.xmax, factor)
    call([pitch_tier, manipulation], "Replace pitch tier")
    with repeatable_praat():
        return call(manipulation, "Get resynthesis (overlap-add)").values[0].astype(np.float32)


@contextmanager
def repeatable_praat() -> Iterator[None]:
    """Let Praat's overlap-add, which picks what it repeats of unvoiced sound at random, pick the same each time."""
    from parselmouth.praat import run

    run("random_initializeWithSeedUnsafelyButPredictably (1)")
    try:
        yield
    finally:
        run("random_initializeSafelyAndUnpredictably ()")


def resample(samples: np.ndarray, count: int) -> np.ndarray:
    """Return [samples] stretched or squeezed into `count` samples, band-limited, by way of its Fourier transform."""
    if count == samples.size:
        return samples
    spectrum = np.fft.rfft(samples)[: count // 2 + 1]
    return (np.fft.irfft(spectrum, count) * (count / samples.size)).astype(np.float32)


def _praat_sound(samples: np.ndarray, sample_rate_hz: int) -> Any:
    import parselmouth

    return parselmouth.Sound(samples.astype(np.float64), sample_rate_hz)


def _track_f0(samples: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    """F0 in Hz every 10 ms, 0 where unvoiced (Boersma 1993)."""
    if samples.size < _SHORTEST_CLIP_SECONDS * sample_rate_hz:
        return np.zeros(0)
    pitch = _praat_sound(samples, sample_rate_hz).to_pitch_ac(
        time_step=_FRAME_SECONDS, pitch_floor=LOWEST_F0_HZ, pitch_ceiling=HIGHEST_F0_HZ
    )
    return pitch.selected_array["frequency"]


def _track_loudness(samples: np.ndarray, sample_rate_hz: int, frames: int) -> np.ndarray:
    """Intensity in dB at the times of an F0 track of as many frames: both are centred on the clip."""
    intensity = _praat_sound(samples, sample_rate_hz).to_intensity(minimum_pitch=50, time_step=_FRAME_SECONDS)
    middle = samples.size / sample_rate_hz / 2
    times = middle + (np.arange(frames) - (frames - 1) / 2) * _FRAME_SECONDS
    return np.interp(times, intensity.xs(), intensity.values[0])


def _is_voice(f0_hz: np.ndarray, is_loud: np.ndarray) -> bool:
    """Tell a voice from noise (hardly ever voiced) and from a melody (steady notes, far apart)."""
    voiced = f0_hz > 0
    if voiced.sum() * _FRAME_SECONDS < _SHORTEST_VOICED_SECONDS or voiced.sum() < _LOWEST_VOICED_SHARE * is_loud.sum():
        return False
    semitones = 12 * np.log2(np.where(voiced, f0_hz, 1.0))
    glides = np.abs(np.diff(semitones))[voiced[1:] & voiced[:-1]]
    low, high = np.quantile(semitones[voiced], (0.25, 0.75))
    return not (np.quantile(glides, 0.25) < _NOTE_GLIDE_SEMITONES and high - low > _NOTE_SPREAD_SEMITONES)


def _has_formants(samples: np.ndarray, sample_rate_hz: int) -> bool:
    """Tell a voice from hums and whistles, which have next to nothing between 1 and 4 kHz."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    low, high = (round(hz * samples.size / sample_rate_hz) for hz in _FORMANT_BAND_HZ)
    return bool(power[low:high].sum() > _LOWEST_FORMANT_SHARE * power.sum())


def _syllable_rate(loudness_db: np.ndarray, is_loud: np.ndarray, voiced: np.ndarray) -> float | None:
    """Syllable nuclei per second of talk: voiced peaks of loudness with dips of 2 dB between (De Jong & Wempe 2009).

    Pauses of over 0.5 s don't count as talk. None when there are too few syllables to tell.
    """
    syllables = sum(is_loud[peak] and voiced[peak] for peak in _find_peaks(loudness_db))
    if syllables < _FEWEST_SYLLABLES:
        return None
    gaps = np.diff(np.flatnonzero(is_loud)) * _FRAME_SECONDS
    return float(syllables / gaps[gaps <= _PAUSE_SECONDS].sum())


def _find_peaks(loudness_db: np.ndarray) -> list[int]:
    """Return the frames of the peaks that rise at least 2 dB above the dips on both sides."""
    peaks: list[int] = []
    peak = dip = 0
    is_rising = True
    for frame, level in enumerate(loudness_db):
        if is_rising:
            if level > loudness_db[peak]:
                peak = frame
            elif level < loudness_db[peak] - _SYLLABLE_DIP_DB:
                peaks.append(peak)
                is_rising, dip = False, frame
        elif level < loudness_db[dip]:
            dip = frame
        elif level > loudness_db[dip] + _SYLLABLE_DIP_DB:
            is_rising, peak = True, frame
    return peaks
