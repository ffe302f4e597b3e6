"""Choose the excerpt of a recording that a voice is best cloned from, by what each frame of it holds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FRAME_SECONDS = 0.032
LONGEST_EXCERPT_SECONDS = 29.6

_SPEECH_STARTS, _SPEECH_GOES_ON = 0.5, 0.35
# Stops within words are silent for up to 0.15 s.
_SHORTEST_PAUSE_FRAMES = 7
_LONGEST_UTTERANCE_FRAMES = round(12 / FRAME_SECONDS)
_NOISE_SPAN_FRAMES = round(2 / FRAME_SECONDS)
_PAUSE_RIM_FRAMES = 2
_SECOND_FRAMES = round(1 / FRAME_SECONDS)
_WORD_FLOOR_DB = 25.0

# A clone gains much from 10 s of speech, and hardly from more than 20.
_ENOUGH_SPEECH_SECONDS = 8.0
_CLEAN_SNR_DB = 30.0
_TRUSTED_SNR_DB = 15.0
_UNTRUSTED_WEIGHT = 0.1
_RUINED_CLIPPED_SHARE = 0.05
_USUAL_SPEECH_SHARE = 0.6
_BROKEN_WORD_FACTOR = 0.9
_LOWEST_FACTOR = 0.02
_AS_GOOD_FACTOR = 0.999


@dataclass(frozen=True)
class VoiceTracks:
    """What each frame of 32 ms holds: every track is [frames].

    speech: its probability. level_db: RMS. clipped: the share of samples cut off at full scale.
    voice: the number of the voice that speaks, -1 where that is unknown.
    """

    speech: np.ndarray
    level_db: np.ndarray
    clipped: np.ndarray
    voice: np.ndarray


@dataclass(frozen=True)
class Excerpt:
    """An excerpt from the first frame of its first word to the one after its last, and what it sounds like.

    room_before, room_after: the frames without speech on both sides. snr_db: speech over what is in the pauses,
    some 30 at most. main_voice_share: how much of the speech is by whom talks most. clipped_share: over
    the speech. level_range_db: between the loudest and the softest second of speech.
    """

    start: int
    end: int
    room_before: int
    room_after: int
    speech_seconds: float
    snr_db: float
    main_voice_share: float
    clipped_share: float
    level_range_db: float


@dataclass(frozen=True)
class _Utterances:
    """Speech between pauses: first frames, and those after the last; whether a word may be broken off there."""

    starts: np.ndarray
    ends: np.ndarray
    breaks_start: np.ndarray
    breaks_end: np.ndarray


def find_speech(probability: np.ndarray) -> np.ndarray:
    """Return [frames] bool: speech starts at a probability of 0.5, and goes on while it is over 0.35."""
    is_speech = np.zeros(probability.size, bool)
    for start, end in _runs(probability > _SPEECH_GOES_ON):
        is_speech[start:end] = probability[start:end].max() > _SPEECH_STARTS
    return is_speech


def choose_excerpt(tracks: VoiceTracks) -> Excerpt:
    """Return the best excerpt of up to 30 s between two pauses; the earliest of equals.

    Much speech, by the main voice, with little else in its pauses, and unclipped. Where somebody talks for over
    12 s without a pause, the softest moment counts as one. Some frame must be speech.
    """
    is_speech = find_speech(tracks.speech)
    usual_db = np.median(tracks.level_db[is_speech])
    noise_db = np.maximum(_track_noise(is_speech, tracks.level_db), usual_db - _CLEAN_SNR_DB)
    utterances = _find_utterances(is_speech, tracks.level_db)
    first, last = _pair_up(utterances)
    starts, ends = utterances.starts[first], utterances.ends[last]

    def total(track: np.ndarray) -> np.ndarray:
        sums = np.concatenate([[0.0], np.cumsum(track, dtype=np.float64)])
        return sums[ends] - sums[starts]

    speech = total(is_speech)
    speech_power = total(np.where(is_speech, 10 ** (tracks.level_db / 10), 0.0)) / speech
    snr_db = 10 * np.log10(speech_power) - total(noise_db) / (ends - starts)
    known = total(tracks.voice >= 0)
    main_voice = _find_main_voice(tracks.voice, usual_db - noise_db > _TRUSTED_SNR_DB)
    main_share = np.where(known > 0, total(tracks.voice == main_voice) / np.maximum(known, 1), 1.0)
    clipped = total(tracks.clipped) / speech
    score = (
        (1 - np.exp(-speech * FRAME_SECONDS / _ENOUGH_SPEECH_SECONDS))
        * _factor(snr_db / _CLEAN_SNR_DB)
        * _factor(main_share) ** 2
        * _factor(1 - clipped / _RUINED_CLIPPED_SHARE)
        * _factor(speech / (ends - starts) / _USUAL_SPEECH_SHARE)
        * np.where(utterances.breaks_start[first], _BROKEN_WORD_FACTOR, 1.0)
        * np.where(utterances.breaks_end[last], _BROKEN_WORD_FACTOR, 1.0)
    )
    best = int(np.argmax(score >= _AS_GOOD_FACTOR * score.max()))
    start, end = int(starts[best]), int(ends[best])
    return Excerpt(
        start=start,
        end=end,
        room_before=start - int(np.flatnonzero(is_speech[:start]).max(initial=-1)) - 1,
        room_after=int(np.argmax(np.append(is_speech[end:], True))),
        speech_seconds=float(speech[best] * FRAME_SECONDS),
        snr_db=float(snr_db[best]),
        main_voice_share=float(main_share[best]),
        clipped_share=float(clipped[best]),
        level_range_db=_level_range(tracks.level_db[start:end][is_speech[start:end]]),
    )


def _pair_up(utterances: _Utterances) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices of the first and the last utterance of every excerpt that is not too long."""
    furthest = utterances.starts + LONGEST_EXCERPT_SECONDS / FRAME_SECONDS
    counts = np.searchsorted(utterances.ends, furthest, side="right") - np.arange(furthest.size)
    first = np.repeat(np.arange(counts.size), counts)
    return first, first + np.arange(first.size) - np.repeat(np.cumsum(counts) - counts, counts)


def _factor(quality: np.ndarray) -> np.ndarray:
    """However bad all of a recording is, one part of it is the best."""
    return np.clip(quality, _LOWEST_FACTOR, 1.0)


def _level_range(speech_level_db: np.ndarray) -> float:
    """Return the dB between the loudest and the softest second; 0 where there is no more than a second."""
    if speech_level_db.size <= _SECOND_FRAMES:
        return 0.0
    power = np.convolve(10 ** (speech_level_db / 10), np.ones(_SECOND_FRAMES), "valid")
    return float(10 * np.log10(power.max() / power.min()))


def _find_main_voice(voice: np.ndarray, is_trusted: np.ndarray) -> int:
    """Return the main voice. Talk over music counts little: it seems another voice than the same one alone."""
    weights = np.where(is_trusted, 1.0, _UNTRUSTED_WEIGHT)
    return int(np.bincount(voice[voice >= 0], weights[voice >= 0], minlength=1).argmax())


def _runs(is_on: np.ndarray) -> list[tuple[int, int]]:
    """Return the first frame of each run, and the one after its last."""
    edges = np.flatnonzero(np.diff(is_on.astype(np.int8), prepend=0, append=0))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _track_noise(is_speech: np.ndarray, level_db: np.ndarray) -> np.ndarray:
    """Return [frames] dB of what is in the pauses around; of the softest frames when there are no pauses.

    The rims of a pause are left out, where words die away.
    """
    rim = np.ones(2 * _PAUSE_RIM_FRAMES + 1)
    is_pause = np.convolve(is_speech, rim, "same") == 0
    if not is_pause.any():
        return np.full(level_db.size, np.quantile(level_db, 0.05))
    span = np.ones(_NOISE_SPAN_FRAMES)
    power = _convolve(np.where(is_pause, 10 ** (level_db / 10), 0.0), span)
    quiet = np.flatnonzero(is_pause)
    return np.interp(np.arange(level_db.size), quiet, 10 * np.log10(power[quiet] / _convolve(is_pause, span)[quiet]))


def _convolve(track: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Return [frames], also where the kernel is the longer of the two."""
    offset = (kernel.size - 1) // 2
    return np.convolve(track, kernel)[offset : offset + track.size]


def _find_utterances(is_speech: np.ndarray, level_db: np.ndarray) -> _Utterances:
    is_talk = is_speech.copy()
    for start, end in _runs(~is_speech):
        is_talk[start:end] = end - start < _SHORTEST_PAUSE_FRAMES and start > 0 and end < is_speech.size
    is_loud = level_db > np.median(level_db[is_speech]) - _WORD_FLOOR_DB
    starts, ends, breaks_start, breaks_end = [], [], [], []
    for start, end in _runs(is_talk):
        cuts = [start, *_soft_moments(level_db, start, end), end]
        starts += cuts[:-1]
        ends += cuts[1:]
        breaks_start += [start == 0 and is_loud[0], *[True] * (len(cuts) - 2)]
        breaks_end += [*[True] * (len(cuts) - 2), end == is_speech.size and is_loud[-1]]
    return _Utterances(np.array(starts), np.array(ends), np.array(breaks_start), np.array(breaks_end))


def _soft_moments(level_db: np.ndarray, start: int, end: int) -> list[int]:
    """Return frames that cut an utterance into parts of 6 to 12 s, each the softest moment there."""
    cuts: list[int] = []
    while end - start > _LONGEST_UTTERANCE_FRAMES:
        earliest = start + _LONGEST_UTTERANCE_FRAMES // 2
        start = earliest + int(np.argmin(level_db[earliest : start + _LONGEST_UTTERANCE_FRAMES]))
        cuts.append(start)
    return cuts
