"""Make a recording into the reference audio that VibeVoice clones: mono, 24 kHz, its best excerpt, at one loudness."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np
from scipy.signal import butter, resample_poly, sosfiltfilt

from ...core.errors import SourceError
from ...core.sound import CANCELLED_SHARE, Sound, require_audible
from ...core.vibevoice.loudness import normalize_loudness
from ...core.vibevoice.reference_excerpt import FRAME_SECONDS, Excerpt, VoiceTracks, choose_excerpt, find_speech
from .voice_activity import FRAME_SAMPLES as ACTIVITY_FRAME_SAMPLES
from .voice_activity import SAMPLE_RATE_HZ as ACTIVITY_RATE_HZ
from .voice_activity import detect_speech, tell_voices_apart

SAMPLE_RATE_HZ = 24000
# Three syllables or so: less holds no voice. From there up to ENOUGH_SECONDS a note warns, and the user may judge.
SHORTEST_SPEECH_SECONDS = 1.0
ENOUGH_SECONDS = 10.0
LOWEST_SOURCE_RATE_HZ = 8000

# Leaves 0.01 % of what lies beyond the band, where scipy's own choice of 5 leaves 0.1 %.
_RESAMPLING_WINDOW = ("kaiser", 12.0)
_RUMBLE_HZ = 60.0
_RUMBLE_ORDER = 4
_ANALYSED_DB = -20.0
_LOUD_DB = 25.0
_LEAST_RMS = 1e-6
_LEAD_SECONDS, _TAIL_SECONDS = 0.1, 0.25
_NEXT_WORD_SECONDS = 0.05

_RAIL_SHARE = 5e-4
_FLAT_SHARE = 5e-5
_RUINED_CLIPPED_SHARE = 0.05
_AUDIBLE_CLIPPED_SHARE = 0.002
_NOISY_SNR_DB = 12.0
_ONE_VOICE_SHARE = 0.85
_UNEVEN_DB = 18.0
_FULL_RATE_HZ = 16000
_UNTOLD_SECONDS = 2.0

_TOO_SHORT_REMEDY = (
    f"A voice takes at least {SHORTEST_SPEECH_SECONDS:g} s of speech to clone, and 10 to 30 s to clone well. Choose a"
    " longer part."
)


@dataclass(frozen=True)
class Reference:
    """A voice as VibeVoice wants it: [samples] float32, mono, 24 kHz, at -25 dBFS, and what the user should know."""

    samples: np.ndarray
    note: str | None


@dataclass(frozen=True)
class _Analysis:
    """What each frame of the reference audio holds, and whether that is any voice."""

    tracks: VoiceTracks
    is_voice: bool


def prepare_reference(sound: Sound, samples_per_frame: int) -> Reference:
    """Return the excerpt of a clip that a voice is best cloned from: up to 30 s, a multiple of samples_per_frame.

    It starts and ends in pauses, and is chosen for much speech of the main voice, with little else in the
    pauses. A clean clip of up to 30 s is kept whole, apart from silence and broken-off words at its edges. Loudness is
    set after the cut. The same clip gives the same samples.
    Raises SourceError for a clip that is silent, whose channels cancel each other out, that is clipped all over, holds
    under a second of speech, or has a sample rate under 8 kHz.
    """
    _require_recording(sound)
    samples = _without_rumble(mix_to_mono_24khz(sound))
    require_audible(sound, "reference audio", samples)
    analysis = _analyse(samples, sound)
    excerpt = choose_excerpt(analysis.tracks)
    _require_usable(excerpt, sound)
    cut = _cut(samples, excerpt, samples_per_frame)
    return Reference(normalize_loudness(cut), _explain(excerpt, analysis, sound))


def mix_to_mono_24khz(sound: Sound) -> np.ndarray:
    """Return [samples] float32 at 24 kHz: the mean of the channels, then one band-limited resampling.

    The mean comes first since it costs less, and equals the mean of resampled channels. scipy's polyphase filter takes
    any pair of rates in little memory (torchaudio's kernel for 44,101 Hz is 4 GB), and errs by 0.01 % here.
    """
    divisor = gcd(SAMPLE_RATE_HZ, sound.sample_rate_hz)
    up, down = SAMPLE_RATE_HZ // divisor, sound.sample_rate_hz // divisor
    return resample_poly(sound.mono, up, down, window=_RESAMPLING_WINDOW, padtype="mean")


def drop_tail(samples: np.ndarray, samples_per_frame: int) -> np.ndarray:
    """Return [samples] without what is left over after the last whole frame, which the codec would pad."""
    return samples[: samples.size // samples_per_frame * samples_per_frame]


def _without_rumble(samples: np.ndarray) -> np.ndarray:
    """Return [samples] without a constant offset, rumble and most of a mains hum; filtered both ways: no delay."""
    high_pass = butter(_RUMBLE_ORDER, _RUMBLE_HZ, "highpass", fs=SAMPLE_RATE_HZ, output="sos")
    padding = min(SAMPLE_RATE_HZ // 4, samples.size - 1)
    return sosfiltfilt(high_pass, samples, padlen=padding).astype(np.float32)


def _require_recording(sound: Sound) -> None:
    if sound.sample_rate_hz < LOWEST_SOURCE_RATE_HZ:
        raise SourceError(
            f"The reference audio has a sample rate of {sound.sample_rate_hz} Hz, too low for a voice. Give one of at"
            f" least {LOWEST_SOURCE_RATE_HZ} Hz; {SAMPLE_RATE_HZ} Hz or more is best."
        )
    if sound.seconds < SHORTEST_SPEECH_SECONDS:
        raise SourceError(f"The reference audio is {sound.seconds:.2g} s long. {_TOO_SHORT_REMEDY}")


def _analyse(samples: np.ndarray, sound: Sound) -> _Analysis:
    """Return what each frame of 32 ms holds. Where no voice is found, what is loud stands for it."""
    samples = resample_poly(samples, ACTIVITY_RATE_HZ // 8000, SAMPLE_RATE_HZ // 8000, window=_RESAMPLING_WINDOW)
    level_db = _measure_level(samples)
    loudest_db = _loudest_second(level_db)
    samples = np.clip(samples * np.float32(10 ** ((_ANALYSED_DB - loudest_db) / 20)), -1.0, 1.0)
    speech = detect_speech(samples)
    is_speech = find_speech(speech)
    is_voice = is_speech.sum() * FRAME_SECONDS >= SHORTEST_SPEECH_SECONDS
    if not is_voice:
        is_speech = level_db > loudest_db - _LOUD_DB
        speech = is_speech.astype(np.float32)
    voice = tell_voices_apart(samples, is_speech)
    return _Analysis(VoiceTracks(speech, level_db, _measure_clipping(sound, level_db.size), voice), bool(is_voice))


def _measure_level(samples: np.ndarray) -> np.ndarray:
    """Return the RMS of each whole frame in dBFS: [frames]."""
    frames = samples[: samples.size // ACTIVITY_FRAME_SAMPLES * ACTIVITY_FRAME_SAMPLES].reshape(
        -1, ACTIVITY_FRAME_SAMPLES
    )
    return 10 * np.log10(np.mean(np.square(frames, dtype=np.float64), axis=1) + _LEAST_RMS**2)


def _loudest_second(level_db: np.ndarray) -> float:
    """Return its RMS in dBFS: a level that neither long silence nor a click changes much."""
    second = np.full(round(1 / FRAME_SECONDS), FRAME_SECONDS)
    return float(10 * np.log10(np.convolve(10 ** (level_db / 10), second, "same").max()))


def _measure_clipping(sound: Sound, frames: int) -> np.ndarray:
    """Return the share of samples in each frame of 32 ms that are cut off flat at the largest or smallest value.

    Seen in what was clipped by a recorder or editor; a lossy codec after that rounds the flat tops off. A channel far
    below the loudest, such as the empty half of a stereo recording, doesn't count.
    """
    clipped = np.zeros(frames)
    frame_samples = sound.sample_rate_hz * FRAME_SECONDS
    levels = sound.samples.std(axis=1, dtype=np.float64)
    for channel in sound.samples[levels > CANCELLED_SHARE * levels.max()]:
        low, high = channel.min(), channel.max()
        at_rail = (channel >= high - _RAIL_SHARE * (high - low)) | (channel <= low + _RAIL_SHARE * (high - low))
        positions = np.flatnonzero(
            at_rail[1:] & at_rail[:-1] & (np.abs(np.diff(channel)) <= _FLAT_SHARE * (high - low))
        )
        indices = np.minimum(positions / frame_samples, frames - 1).astype(int)
        clipped = np.maximum(clipped, np.bincount(indices, minlength=frames) / frame_samples)
    return clipped


def _require_usable(excerpt: Excerpt, sound: Sound) -> None:
    if excerpt.speech_seconds < SHORTEST_SPEECH_SECONDS:
        raise SourceError(
            f"The reference audio holds {excerpt.speech_seconds:.1f} s of speech in {sound.seconds:.1f} s."
            f" {_TOO_SHORT_REMEDY}"
        )
    if excerpt.clipped_share > _RUINED_CLIPPED_SHARE:
        raise SourceError(
            f"The reference audio is clipped: {excerpt.clipped_share:.0%} of the speech is cut off at full scale, and a"
            " clone would sound as harsh. Give a recording made at a lower level; turning this one down does not help."
        )


def _cut(samples: np.ndarray, excerpt: Excerpt, samples_per_frame: int) -> np.ndarray:
    """Return the excerpt with a little of the pauses around it: whole frames by more of the first, or less of the last.

    Only where the clip has no room left before the excerpt may the dropped tail be speech.
    """
    lead_seconds = min(_LEAD_SECONDS, excerpt.room_before * FRAME_SECONDS / 2)
    tail_seconds = min(_TAIL_SECONDS, max(excerpt.room_after * FRAME_SECONDS - _NEXT_WORD_SECONDS, 0.0))
    earliest = round((excerpt.start - excerpt.room_before) * FRAME_SECONDS * SAMPLE_RATE_HZ)
    start = round((excerpt.start * FRAME_SECONDS - lead_seconds) * SAMPLE_RATE_HZ)
    end = round((excerpt.end * FRAME_SECONDS + tail_seconds) * SAMPLE_RATE_HZ)
    missing = (start - end) % samples_per_frame
    if start - missing >= earliest:
        start -= missing
    return drop_tail(samples[start:end], samples_per_frame)


def _explain(excerpt: Excerpt, analysis: _Analysis, sound: Sound) -> str | None:
    """Return what was noticed, the gravest first, or None when there is nothing to tell."""
    used_seconds = (excerpt.end - excerpt.start) * FRAME_SECONDS
    remarks = [
        (
            not analysis.is_voice,
            "No voice was heard in the reference: the clone may sound like nobody. Choose a part where a person talks.",
        ),
        (
            analysis.is_voice and used_seconds < ENOUGH_SECONDS,
            f"Only {used_seconds:.1f} s of the reference is clean speech by one voice: 10 to 30 s clone better.",
        ),
        (
            analysis.is_voice and excerpt.snr_db < _NOISY_SNR_DB,
            "Music, noise or echo is heard under the voice, and may be cloned with it.",
        ),
        (
            analysis.is_voice and excerpt.main_voice_share < _ONE_VOICE_SHARE,
            "A second voice seems to be heard in the reference: the clone may be a mixture.",
        ),
        (
            excerpt.clipped_share > _AUDIBLE_CLIPPED_SHARE,
            f"{excerpt.clipped_share:.1%} of the speech is clipped, which a clone makes audible.",
        ),
        (
            excerpt.level_range_db > _UNEVEN_DB,
            f"The voice's level varies by {excerpt.level_range_db:.0f} dB: an even one clones better.",
        ),
        (
            sound.sample_rate_hz < _FULL_RATE_HZ,
            f"At {sound.sample_rate_hz} Hz the reference sounds dull, as on a telephone, and so will the clone.",
        ),
        (
            sound.seconds - used_seconds > _UNTOLD_SECONDS,
            f"Of the reference, {excerpt.start * FRAME_SECONDS:.1f} to {excerpt.end * FRAME_SECONDS:.1f} s is used.",
        ),
    ]
    return " ".join(remark for applies, remark in remarks if applies) or None
