"""The draft's voice: a script spoken by espeak-ng at the pitch and pace of reference audio, in an exact time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

import numpy as np

from ...core.errors import InputError
from ...core.limits import require_seed
from ...core.presenter.look import choose_look
from ...core.progress import OnProgress, ignore_progress
from ...core.script.pace import Timing, clamp_pace, plan_timing, require_target
from ...core.script.prepared import PreparedLine
from ...core.sound import Phoneme, Sound
from ..speech.prosody import Prosody, measure_median_f0, measure_prosody, resample, scale_f0
from . import espeak
from .script import prepare_for_draft

NATURAL_WORDS_PER_MINUTE = 170
NO_VOICE_NOTE = "No voice was heard in the reference: the draft speaks at a pitch and pace of its own."

# What measure_prosody reports for this voice at its natural pace; the faster the talk, the more syllables melt
# together, so the rate it reports moves less than the pace does.
_NATURAL_SYLLABLES_PER_SECOND = 4.33
_PACE_EXPONENT = 1.4

# A voice an octave higher comes from a vocal tract about a sixth shorter, whose formants lie as much higher.
_FORMANT_F0_HZ = 110.0
_FORMANT_EXPONENT = 0.27
_LOWEST_FORMANT_SCALE, _HIGHEST_FORMANT_SCALE = 0.92, 1.3

_NEUTRAL_PITCH, _NEUTRAL_RANGE, _NEUTRAL_F0_HZ = 50, 50, 108.0
_PITCH_STEPS_PER_OCTAVE = 65
_REHEARSALS = 4
_REHEARSED_CHARACTERS = 400
_INAUDIBLE_F0_RATIO = 1.03
_TRIES = 4
_INAUDIBLE_LENGTH_RATIO = 1.006

_SPEECH_RMS = 10 ** (-20 / 20)
_HIGHEST_PEAK = 10 ** (-1 / 20)
_SPEECH_FLOOR = 10 ** (-40 / 20)
_FADE_IN_SECONDS, _FADE_OUT_SECONDS = 0.005, 0.03
_SHORTEST_PAUSE_SECONDS = 0.08


@dataclass(frozen=True)
class _Speaker:
    """An espeak variant and its own F0. All are without flutter, whose phase carries over into the next utterance."""

    variant: str
    f0_hz: float


_HIGH_VOICE_F0_HZ = 150.0
_SPEAKERS = (_Speaker("miguel", 196.0), _Speaker("Henrique", 108.0), _Speaker("Diogo", 178.0), _Speaker("Hugo", 126.0))


@dataclass(frozen=True)
class _Delivery:
    """How espeak is set, and how much its sound is then squeezed (which scales formants and F0), and its F0 scaled."""

    variant: str
    pitch: int
    pitch_range: int
    formant_scale: float
    f0_scale: float = 1.0


@dataclass(frozen=True)
class _TimedPhrase:
    """A phrase, and the number of samples that it and the pause after it last at a natural pace.

    The silence after these, which the script asks for, lasts silence_length at any pace.
    """

    line: PreparedLine
    length: int
    pause_length: int
    silence_length: int


def speak_draft(
    script: str,
    seed: int,
    reference: Sound | None = None,
    target_seconds: float = 0.0,
    presenter: str = "",
    on_progress: OnProgress = ignore_progress,
) -> tuple[Sound, str | None]:
    """Return the script spoken: [1, samples] at 22,050 Hz, with phonemes, at -20 dBFS RMS and below -1 dBFS peak.

    Beside it stands a note when there is something to tell the user: what of the script is not said, a reference
    without a voice. The seed picks the speaker, among those who suit the presenter drawn from that prompt and seed. A
    reference that holds a voice sets the median F0 and the pace (0.8 to 1.25 of natural).
    With target_seconds > 0 the sound has round(target_seconds * 22050) samples: pace first, then silence at the edges.
    The same arguments give the same samples. on_progress(done, total) is called between phrases and may raise to stop.
    Raises InputError for a script that can't be said or doesn't fit the target, and for an impossible target or seed.
    """
    require_seed(seed)
    require_target(target_seconds)
    prepared = prepare_for_draft(script)
    phrases = prepared.lines
    prosody = measure_prosody(reference) if reference is not None else Prosody()
    speaker = _choose_speaker(seed, presenter)
    delivery = _rehearse(phrases, speaker.variant, prosody.f0_hz or speaker.f0_hz)

    timed: list[_TimedPhrase] = []
    for done, phrase in enumerate(phrases):
        on_progress(done, 2 * len(phrases))
        timed += _measure(phrase, delivery)
    if not timed:
        raise InputError(f"No voice can say the script: {script[:40]!r}. Write it in the letters of a living language.")
    lead_length = _count(prepared.lead_seconds)
    timing = plan_timing(
        sum(phrase.length + phrase.pause_length for phrase in timed),
        espeak.SAMPLE_RATE_HZ,
        _pace_of(prosody),
        target_seconds,
        prepared.words,
        silence_samples=lead_length + sum(phrase.silence_length for phrase in timed),
    )
    spoken = _record(
        timed, lead_length, delivery, timing, lambda done: on_progress(len(phrases) + done, 2 * len(phrases))
    )
    on_progress(2 * len(phrases), 2 * len(phrases))
    has_no_voice = reference is not None and prosody.f0_hz is None
    notes = [*prepared.notes, NO_VOICE_NOTE if has_no_voice else ""]
    return spoken, " ".join(filter(None, notes)) or None


def _choose_speaker(seed: int, presenter: str) -> _Speaker:
    """Return a high voice for a woman and a low one for a man; any of them when no presenter is named."""
    if not presenter.strip():
        return _SPEAKERS[seed % len(_SPEAKERS)]
    is_woman = choose_look(presenter, seed).presentation == "woman"
    suitable = [speaker for speaker in _SPEAKERS if (speaker.f0_hz > _HIGH_VOICE_F0_HZ) == is_woman]
    return suitable[seed % len(suitable)]


def _record(
    timed: list[_TimedPhrase], lead_length: int, delivery: _Delivery, timing: Timing, on_phrase: Callable[[int], None]
) -> Sound:
    """Return the phrases and their pauses, all stretched alike to fill the timing, at an even level.

    The silences that the script asks for, lead_length of it before the first phrase, are not stretched.
    """
    samples = np.zeros(timing.total_samples, np.float32)
    phonemes = [Phoneme("", 0.0)]
    silence_length = lead_length + sum(phrase.silence_length for phrase in timed)
    natural_length = sum(phrase.length + phrase.pause_length for phrase in timed)
    scale = (timing.speech_samples - silence_length) / natural_length
    position = 0
    silent = timing.lead_samples + lead_length
    for done, phrase in enumerate(timed):
        on_phrase(done)
        start = silent + round(position * scale)
        end = silent + round((position + phrase.length) * scale)
        spoken = _speak(phrase.line, delivery, end - start)
        samples[start:end] = spoken.mono
        phonemes += _delayed(spoken.phonemes or (), start / espeak.SAMPLE_RATE_HZ)
        phonemes.append(Phoneme("", end / espeak.SAMPLE_RATE_HZ))
        position += phrase.length + phrase.pause_length
        silent += phrase.silence_length
    return Sound(_level(samples)[None], espeak.SAMPLE_RATE_HZ, _without_false_pauses(phonemes))


def _pace_of(prosody: Prosody) -> float:
    if prosody.syllables_per_second is None:
        return 1.0
    return clamp_pace((prosody.syllables_per_second / _NATURAL_SYLLABLES_PER_SECOND) ** _PACE_EXPONENT)


def _rehearse(phrases: Sequence[PreparedLine], variant: str, f0_hz: float) -> _Delivery:
    """Return the delivery whose median F0 is f0_hz, found by speaking the opening of the script.

    espeak's own pitch goes as far as it can; what lies beyond its range is done on the waveform.
    """
    formant_scale = (f0_hz / _FORMANT_F0_HZ) ** _FORMANT_EXPONENT
    formant_scale = min(max(formant_scale, _LOWEST_FORMANT_SCALE), _HIGHEST_FORMANT_SCALE)
    espeak_f0_hz = f0_hz / formant_scale
    octaves = math.log2(espeak_f0_hz / _NEUTRAL_F0_HZ)
    delivery = _Delivery(
        variant,
        pitch=_clamp_pitch(_NEUTRAL_PITCH + _PITCH_STEPS_PER_OCTAVE * octaves),
        pitch_range=_clamp_pitch(_NEUTRAL_RANGE * 2**octaves),
        formant_scale=formant_scale,
    )
    opening = _opening_of(phrases)
    ratio = 1.0
    for _ in range(_REHEARSALS):
        rehearsed = np.concatenate([_utter(phrase, delivery, NATURAL_WORDS_PER_MINUTE).mono for phrase in opening])
        rehearsed_f0_hz = measure_median_f0(rehearsed, espeak.SAMPLE_RATE_HZ)
        if rehearsed_f0_hz is None:
            return delivery
        ratio = espeak_f0_hz / rehearsed_f0_hz
        pitch = _clamp_pitch(delivery.pitch + _PITCH_STEPS_PER_OCTAVE * math.log2(ratio))
        if pitch == delivery.pitch:
            break
        delivery = replace(delivery, pitch=pitch)
    if 1 / _INAUDIBLE_F0_RATIO < ratio < _INAUDIBLE_F0_RATIO:
        return replace(delivery, formant_scale=formant_scale * ratio)
    return replace(delivery, f0_scale=ratio)


def _opening_of(phrases: Sequence[PreparedLine]) -> Sequence[PreparedLine]:
    characters = np.cumsum([len(phrase.text) for phrase in phrases])
    return phrases[: 1 + int(np.searchsorted(characters, _REHEARSED_CHARACTERS))]


def _clamp_pitch(pitch: float) -> int:
    return min(max(round(pitch), 0), espeak.HIGHEST_PITCH)


def _measure(phrase: PreparedLine, delivery: _Delivery) -> list[_TimedPhrase]:
    """Return the timed phrase, or none where espeak has no sound for it."""
    spoken = _utter(phrase, delivery, NATURAL_WORDS_PER_MINUTE / delivery.formant_scale)
    length = round(spoken.samples.shape[-1] / delivery.formant_scale)
    timed = _TimedPhrase(phrase, length, _count(phrase.pause_seconds), _count(phrase.silence_seconds))
    return [timed] if length else []


def _speak(phrase: PreparedLine, delivery: _Delivery, length: int) -> Sound:
    """Return the phrase in exactly `length` samples: espeak's rate gets close, resampling does the rest."""
    wanted = length * delivery.formant_scale
    words_per_minute = NATURAL_WORDS_PER_MINUTE / delivery.formant_scale
    spoken = _utter(phrase, delivery, words_per_minute)
    for _ in range(_TRIES):
        ratio = spoken.samples.shape[-1] / wanted
        if 1 / _INAUDIBLE_LENGTH_RATIO < ratio < _INAUDIBLE_LENGTH_RATIO:
            break
        words_per_minute *= ratio
        spoken = _utter(phrase, delivery, words_per_minute)
    samples = spoken.mono
    if delivery.f0_scale != 1.0:
        samples = scale_f0(samples, espeak.SAMPLE_RATE_HZ, delivery.f0_scale)
    stretch = length / samples.size
    phonemes = tuple(Phoneme(p.symbol, p.start_seconds * stretch) for p in spoken.phonemes or ())
    return Sound(_fade_edges(resample(samples, length))[None], espeak.SAMPLE_RATE_HZ, phonemes)


def _utter(phrase: PreparedLine, delivery: _Delivery, words_per_minute: float) -> Sound:
    """Return espeak's sound of the phrase, without the pause at its end."""
    spoken = espeak.speak(
        phrase.text,
        voice=f"{phrase.language}+{delivery.variant}",
        words_per_minute=round(words_per_minute),
        pitch=delivery.pitch,
        pitch_range=delivery.pitch_range,
    )
    phonemes = list(spoken.phonemes or ())
    end_seconds = spoken.seconds
    while phonemes and not phonemes[-1].symbol:
        end_seconds = phonemes.pop().start_seconds
    samples = spoken.samples[:, : round(end_seconds * espeak.SAMPLE_RATE_HZ)]
    audible = tuple(phoneme for phoneme in phonemes if phoneme.start_seconds < end_seconds)
    return Sound(samples, espeak.SAMPLE_RATE_HZ, audible)


def _count(seconds: float) -> int:
    return round(seconds * espeak.SAMPLE_RATE_HZ)


def _fade_edges(samples: np.ndarray) -> np.ndarray:
    """espeak breaks a last vowel off at full strength; a voice dies away."""
    fade_in, fade_out = (
        np.sin(np.linspace(0.0, np.pi / 2, min(round(seconds * espeak.SAMPLE_RATE_HZ), samples.size // 2))) ** 2
        for seconds in (_FADE_IN_SECONDS, _FADE_OUT_SECONDS)
    )
    samples[: fade_in.size] *= fade_in.astype(np.float32)
    samples[samples.size - fade_out.size :] *= fade_out[::-1].astype(np.float32)
    return samples


def _level(samples: np.ndarray) -> np.ndarray:
    """Return [samples] with the speech, pauses left out, at -20 dBFS RMS, or less where the peak would pass -1 dBFS."""
    loudness = np.abs(samples)
    peak = loudness.max()
    speech = loudness[loudness > peak * _SPEECH_FLOOR]
    rms = np.sqrt(np.mean(speech**2, dtype=np.float64))
    return samples * np.float32(min(_SPEECH_RMS / rms, _HIGHEST_PEAK / peak))


def _delayed(phonemes: tuple[Phoneme, ...], seconds: float) -> list[Phoneme]:
    return [Phoneme(phoneme.symbol, phoneme.start_seconds + seconds) for phoneme in phonemes]


def _without_false_pauses(phonemes: list[Phoneme]) -> tuple[Phoneme, ...]:
    """Return the phonemes without pauses after a pause, and without the short ones that espeak glides over, voiced."""
    kept: list[Phoneme] = []
    for phoneme, following in zip_longest(phonemes, phonemes[1:]):
        is_short = following is not None and following.start_seconds - phoneme.start_seconds < _SHORTEST_PAUSE_SECONDS
        is_repeated = bool(kept) and not kept[-1].symbol
        if phoneme.symbol or not (is_short or is_repeated):
            kept.append(phoneme)
    return tuple(kept)
