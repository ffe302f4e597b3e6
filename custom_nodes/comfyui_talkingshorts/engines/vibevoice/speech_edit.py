"""Cuts and joints in speech: its silent edges, the joints of a long script, the padding of a short one, its peaks.

Samples are [samples] float32, mono. What is silence is told by comparison with the speech around it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import combinations, pairwise, repeat

import numpy as np

from ...core.script.speech_length import plan_fit
from ...core.vibevoice.short_script import PaddedScript
from .time_stretch import stretch

_KEPT_LEAD_SECONDS = 0.06
_KEPT_TAIL_SECONDS = 0.12
_FADE_SECONDS = 0.008

_FRAME_SECONDS = 0.01
_SMOOTHED_FRAMES = 5
_SILENCE_POWER = 10 ** (-55 / 10)
_BACKGROUND_MARGIN = 10 ** (6 / 10)
_SOFTEST_SPEECH = 10 ** (-48 / 10)
_SOFTEST_SPEECH_IN_NOISE = 10 ** (-28 / 10)

_CROSSFADE_SECONDS = 0.03
_LARGEST_GAIN = 10 ** (6 / 20)
_PEAK_CEILING = 10 ** (-0.3 / 20)
_LIMITER_SECONDS = 0.005

_SHORTEST_PAUSE_SECONDS = 0.12
_PAUSE_MISFIT = 0.3
_LARGEST_MISFIT = 0.5


def trim_edges(samples: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    """Return the speech with 60 ms of what is before it and 120 ms of what is after, faded at both ends.

    Nothing is left of silence. Noise less than 28 dB below the speech can't be told from it and stays.
    """
    lead_samples, tail_samples = _count(_KEPT_LEAD_SECONDS, sample_rate_hz), _count(_KEPT_TAIL_SECONDS, sample_rate_hz)
    start, end = find_speech(samples, sample_rate_hz)
    return _faded(samples[max(start - lead_samples, 0) : end + tail_samples if end else 0], sample_rate_hz)


def find_speech(samples: np.ndarray, sample_rate_hz: int) -> tuple[int, int]:
    """Return where the first sound of the speech starts and the last one ends, in samples; (0, 0) for silence."""
    spoken = np.flatnonzero(_is_speech(_frame_powers(samples, sample_rate_hz)))
    if not spoken.size:
        return 0, 0
    frame_samples = _count(_FRAME_SECONDS, sample_rate_hz)
    return int(spoken[0]) * frame_samples, min((int(spoken[-1]) + 1) * frame_samples, samples.size)


def add_edges(samples: np.ndarray, lead_samples: int, tail_samples: int) -> np.ndarray:
    """Return the samples with silence before and after."""
    return np.pad(samples, (lead_samples, tail_samples))


def fit_speech(
    passages: Sequence[np.ndarray],
    sample_rate_hz: int,
    target_seconds: float,
    word_count: int,
    silences_seconds: Sequence[float] = (0.0, 0.0),
) -> np.ndarray:
    """Return trimmed passages joined, stretched and padded to round(target_seconds * sample_rate_hz) samples.

    silences_seconds are before the first passage, between each two and after the last; they are not stretched.
    plan_fit says how the rest is. Raises InputError when all is too long for the target.
    """
    lead_samples, *between_samples, tail_samples = (_count(seconds, sample_rate_hz) for seconds in silences_seconds)
    between_seconds = silences_seconds[1:-1]
    silence_samples = lead_samples + sum(between_samples) + tail_samples
    joined = _join_passages(passages, sample_rate_hz, between_seconds)
    spoken_samples = joined.size - sum(between_samples)
    timing = plan_fit(spoken_samples, target_seconds, sample_rate_hz, word_count, silence_samples)
    stretch_ratio = (timing.speech_samples - silence_samples) / spoken_samples if spoken_samples else 1.0
    if between_samples and stretch_ratio != 1.0:
        # Stretched with the rest they are as long as they should be.
        joined = _join_passages(passages, sample_rate_hz, [seconds / stretch_ratio for seconds in between_seconds])
    stretched = stretch(joined, sample_rate_hz, timing.speech_samples - lead_samples - tail_samples)
    return add_edges(
        limit_peak(stretched, sample_rate_hz), timing.lead_samples + lead_samples, tail_samples + timing.tail_samples
    )


def limit_peak(samples: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    """Return the samples within -0.3 dBFS: a louder peak is turned down, together with the 10 ms around it.

    A look-ahead limiter: the gain is the least that any peak near by asks for, smoothed over the same window.
    """
    from scipy.ndimage import minimum_filter1d, uniform_filter1d

    loudness = np.abs(samples)
    if loudness.max(initial=0.0) <= _PEAK_CEILING:
        return samples
    window = _count(_LIMITER_SECONDS, sample_rate_hz) * 2 + 1
    gain = _PEAK_CEILING / np.maximum(loudness, _PEAK_CEILING)
    gain = uniform_filter1d(minimum_filter1d(gain, window), window)
    return (samples * gain).clip(-_PEAK_CEILING, _PEAK_CEILING).astype(np.float32)


def join_speech(pieces: Iterable[np.ndarray], sample_rate_hz: int, pause_seconds: float) -> np.ndarray:
    """Return the speech of all pieces as one, with pause_seconds from speech to speech and half of that at both ends.

    Every piece is as loud as the first, within 6 dB, and crossfades into the next (30 ms, at equal power) amid the
    pause, which the pieces' own background fills as far as they have any. Pieces without speech are left out. Only one
    piece is held at a time beside the result, which grows in place.
    """
    return _join(zip(pieces, pairwise(repeat(pause_seconds)), strict=False), sample_rate_hz)


def _join_passages(
    passages: Sequence[np.ndarray], sample_rate_hz: int, silences_seconds: Sequence[float]
) -> np.ndarray:
    """Return the passages joined as join_speech does, each two with its own silence from speech to speech, trimmed."""
    if len(passages) == 1:
        return passages[0]
    pauses_seconds = pairwise([_KEPT_LEAD_SECONDS * 2, *silences_seconds, _KEPT_TAIL_SECONDS * 2])
    return trim_edges(_join(zip(passages, pauses_seconds, strict=True), sample_rate_hz), sample_rate_hz)


def _join(pieces: Iterable[tuple[np.ndarray, tuple[float, float]]], sample_rate_hz: int) -> np.ndarray:
    """Return the pieces joined, each with half of the pauses, in seconds, that are before and after it."""
    overlap_samples = _count(_CROSSFADE_SECONDS, sample_rate_hz)
    fade_in = np.sin(np.linspace(0.0, np.pi / 2, overlap_samples)).astype(np.float32)
    joined = np.zeros(0, np.float32)
    wanted_power = 0.0
    for piece, pauses_seconds in pieces:
        power = _speech_power(piece, sample_rate_hz)
        if power == 0.0:
            continue
        wanted_power = wanted_power or power
        gain = np.clip(math.sqrt(wanted_power / power), 1 / _LARGEST_GAIN, _LARGEST_GAIN)
        lead_samples, tail_samples = (
            _count(seconds / 2, sample_rate_hz) + overlap_samples // 2 for seconds in pauses_seconds
        )
        edged = _with_edges(piece, sample_rate_hz, lead_samples, tail_samples) * np.float32(gain)
        edged = limit_peak(edged, sample_rate_hz)
        start = max(joined.size - overlap_samples, 0)
        if joined.size:
            joined[start:] *= fade_in[::-1]
            edged[:overlap_samples] *= fade_in
        joined.resize(start + edged.size, refcheck=False)
        joined[start:] += edged
    return joined


def cut_padding(samples: np.ndarray, sample_rate_hz: int, padded: PaddedScript) -> np.ndarray | None:
    """Return the words of a padded script, cut at the pauses before and after and trimmed; None when that isn't clear.

    Of all pairs of pauses the one is taken that parts the speech most like the text: how long each of the three parts
    takes is known in proportion, whatever the pace, and how many pauses there may be amid the words.
    """
    is_speech = _is_speech(_frame_powers(samples, sample_rate_hz))
    pauses = _find_pauses(is_speech, sample_rate_hz)
    best = _choose_pauses(pauses, is_speech, padded)
    if best is None:
        return None
    frame_samples = _count(_FRAME_SECONDS, sample_rate_hz)
    start, end = ((pauses[index].start + pauses[index].stop) * frame_samples // 2 for index in best)
    return trim_edges(samples[start:end], sample_rate_hz)


def _choose_pauses(pauses: list[slice], is_speech: np.ndarray, padded: PaddedScript) -> tuple[int, int] | None:
    """Return the indices of the pauses before and after the words of a padded script; None when no two are likely."""
    if len(pauses) < 2:
        return None
    spoken_frames = np.cumsum(is_speech)
    before_seconds, words_seconds, after_seconds = (line.seconds for line in padded.script.lines)
    frames_per_second = spoken_frames[-1] / (before_seconds + words_seconds + after_seconds)

    def misfit(pair: tuple[int, int]) -> float:
        before, until_after = (spoken_frames[pauses[index].start] for index in pair)
        after = spoken_frames[-1] - until_after
        pauses_amid_words = pair[1] - pair[0] - 1
        return (
            abs(math.log(before / (before_seconds * frames_per_second)))
            + abs(math.log(after / (after_seconds * frames_per_second)))
            + _PAUSE_MISFIT * abs(pauses_amid_words - padded.pauses_amid_words)
        )

    best = min(combinations(range(len(pauses)), 2), key=misfit)
    return best if misfit(best) <= _LARGEST_MISFIT else None


def _find_pauses(is_speech: np.ndarray, sample_rate_hz: int) -> list[slice]:
    """Return the frames of each pause, of 0.12 s or longer, between one sound of speech and the next."""
    spoken = np.flatnonzero(is_speech)
    shortest_frames = _count(_SHORTEST_PAUSE_SECONDS, sample_rate_hz) // _count(_FRAME_SECONDS, sample_rate_hz)
    return [slice(end + 1, start) for end, start in pairwise(spoken) if start - end - 1 >= shortest_frames]


def _frame_powers(samples: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    """Return the mean square of each 10 ms, the last one filled up with silence."""
    frame_samples = _count(_FRAME_SECONDS, sample_rate_hz)
    padded = np.pad(samples, (0, -samples.size % frame_samples))
    return np.mean(np.square(padded.reshape(-1, frame_samples), dtype=np.float64), axis=1)


def _is_speech(powers: np.ndarray) -> np.ndarray:
    """Tell speech from the background frame by frame: it is within 48 dB of the loudest and above the softest 50 ms."""
    from scipy.ndimage import uniform_filter1d

    smoothed = uniform_filter1d(powers, _SMOOTHED_FRAMES)
    loudest, softest = smoothed.max(initial=0.0), smoothed.min(initial=math.inf)
    threshold = np.clip(softest * _BACKGROUND_MARGIN, loudest * _SOFTEST_SPEECH, loudest * _SOFTEST_SPEECH_IN_NOISE)
    return powers > threshold if loudest > _SILENCE_POWER else np.zeros(powers.size, bool)


def _speech_power(samples: np.ndarray, sample_rate_hz: int) -> float:
    """Return the mean square of the speech, pauses left out; 0 for silence."""
    powers = _frame_powers(samples, sample_rate_hz)
    spoken = powers[_is_speech(powers)]
    return float(spoken.mean()) if spoken.size else 0.0


def _with_edges(samples: np.ndarray, sample_rate_hz: int, lead_samples: int, tail_samples: int) -> np.ndarray:
    """Return the speech with exactly so many samples before and after: its background there, then silence."""
    start, end = find_speech(samples, sample_rate_hz)
    kept = _faded(samples[max(start - lead_samples, 0) : end + tail_samples], sample_rate_hz)
    silent_lead_samples = max(lead_samples - start, 0)
    silent_tail_samples = end - start + lead_samples + tail_samples - silent_lead_samples - kept.size
    return add_edges(kept, silent_lead_samples, silent_tail_samples)


def _faded(samples: np.ndarray, sample_rate_hz: int) -> np.ndarray:
    """Return a copy that rises from and falls to silence in 8 ms, or half its length."""
    fade = np.sin(np.linspace(0.0, np.pi / 2, min(_count(_FADE_SECONDS, sample_rate_hz), samples.size // 2))) ** 2
    faded = samples.astype(np.float32)
    faded[: fade.size] *= fade
    faded[faded.size - fade.size :] *= fade[::-1]
    return faded


def _count(seconds: float, sample_rate_hz: int) -> int:
    return round(seconds * sample_rate_hz)
