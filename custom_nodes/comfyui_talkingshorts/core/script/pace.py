"""How fast to speak, and how much silence to leave around the speech, so that it lasts exactly as long as wanted."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..errors import InputError

SLOWEST_PACE = 0.8
FASTEST_PACE = 1.25
LEAD_SECONDS = 0.1
TAIL_SECONDS = 0.2
MAX_LEAD_SECONDS = 0.5
SHORTEST_TARGET_SECONDS = 0.5
LONGEST_TARGET_SECONDS = 3600.0


@dataclass(frozen=True)
class Timing:
    """Lengths in samples: silence before, speech, silence after."""

    lead_samples: int
    speech_samples: int
    tail_samples: int

    @property
    def total_samples(self) -> int:
        return self.lead_samples + self.speech_samples + self.tail_samples


def clamp_pace(pace: float) -> float:
    return min(max(pace, SLOWEST_PACE), FASTEST_PACE)


def require_target(target_seconds: float) -> None:
    """Raise InputError unless the target is 0 (natural length) or a length that speech can have."""
    is_length = SHORTEST_TARGET_SECONDS <= target_seconds <= LONGEST_TARGET_SECONDS
    if target_seconds != 0 and not is_length:
        raise InputError(
            f"target_seconds is {target_seconds:g}. Set 0 for the natural length, or between "
            f"{SHORTEST_TARGET_SECONDS:g} and {LONGEST_TARGET_SECONDS:g} seconds."
        )


def plan_timing(
    natural_samples: int,
    sample_rate_hz: int,
    preferred_pace: float,
    target_seconds: float,
    word_count: int,
    slowest_pace: float = SLOWEST_PACE,
    fastest_pace: float = FASTEST_PACE,
    silence_samples: int = 0,
) -> Timing:
    """Return the timing of speech that lasts natural_samples at pace 1, in round(target_seconds * rate) samples in all.

    silence_samples amid the speech, which the script asks for, last as long at any pace; the speech holds them.

    A target overrides the preferred pace: the speech fills it as far as the slowest and fastest pace allow, and silence
    does the rest, a third of it (at most half a second) before the speech. Without a target (0) the preferred pace
    holds. Raises InputError when even the fastest pace is too slow; the message says how long the speech is and what
    would fit.
    """
    edges_samples = round((LEAD_SECONDS + TAIL_SECONDS) * sample_rate_hz)
    if target_seconds == 0:
        speech_samples = silence_samples + round(natural_samples / clamp_pace(preferred_pace))
        total_samples = speech_samples + edges_samples
    else:
        total_samples = round(target_seconds * sample_rate_hz)
        shortest_samples = silence_samples + math.ceil(natural_samples / fastest_pace)
        if shortest_samples > total_samples:
            shortest_seconds, silence_seconds = shortest_samples / sample_rate_hz, silence_samples / sample_rate_hz
            taken = f"{shortest_seconds:.1f} s at the fastest pace ({fastest_pace:g} times natural)"
            raise script_too_long(word_count, shortest_seconds, taken, target_seconds, silence_seconds)
        longest_samples = silence_samples + math.floor(natural_samples / slowest_pace)
        speech_samples = min(max(total_samples - edges_samples, shortest_samples), longest_samples)
    edge_samples = total_samples - speech_samples
    lead_samples = min(edge_samples // 3, round(MAX_LEAD_SECONDS * sample_rate_hz))
    return Timing(lead_samples, speech_samples, edge_samples - lead_samples)


def script_too_long(
    word_count: int, speech_seconds: float, taken: str, target_seconds: float, silence_seconds: float = 0.0
) -> InputError:
    """Return the error for words that last speech_seconds, told as `taken`, and how many of them the target holds.

    silence_seconds of these are pauses that the script asks for.
    """
    room_seconds, spoken_seconds = target_seconds - silence_seconds, speech_seconds - silence_seconds
    fitting_words = max(math.floor(word_count * room_seconds / spoken_seconds), 0)
    pauses = f" and {silence_seconds:.1f} s of pauses" if silence_seconds else ""
    verb = "takes" if word_count == 1 and not pauses else "take"
    shorten = f"Shorten it to about {_format_words(fitting_words)}, raise" if fitting_words else "Raise"
    shorten = "Shorten its pauses, raise" if pauses and not fitting_words else shorten
    return InputError(
        f"The script is too long: its {_format_words(word_count)}{pauses} {verb} {taken}, but target_seconds is "
        f"{target_seconds:g}. {shorten} target_seconds, or set it to 0 for the natural length."
    )


def _format_words(count: int) -> str:
    return f"{count} word" + ("" if count == 1 else "s")
