"""How long words take to say, and how speech that can only be stretched a little meets an exact length."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from .pace import LEAD_SECONDS, TAIL_SECONDS, Timing, plan_timing, script_too_long

MAX_STRETCH = 0.08

# Characters a second of fluent reading, its pauses counted in (English: 150 words a minute).
_CHARACTERS_PER_SECOND = 15.0
_IDEOGRAPHS_PER_SECOND = 4.3
_KANA_PER_SECOND = 7.5
_HANGUL_PER_SECOND = 6.0
_IDEOGRAPH = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_KANA = re.compile(r"[\u3040-\u30ff]")
_HANGUL = re.compile(r"[\uac00-\ud7af]")

_FASTEST_READING = 1.7
_SLOWEST_READING = 3.0
_LONGEST_SILENCE_SECONDS = 3.0
_SHORTEST_SPEECH_SECONDS = 0.01


def estimate_seconds(text: str) -> float:
    """Return how long words, numbers written out, take to say: the pauses between sentences are counted in."""
    text = " ".join(text.split())
    ideographs, kana, hangul = (len(pattern.findall(text)) for pattern in (_IDEOGRAPH, _KANA, _HANGUL))
    others = len(text) - ideographs - kana - hangul
    return (
        others / _CHARACTERS_PER_SECOND
        + ideographs / _IDEOGRAPHS_PER_SECOND
        + kana / _KANA_PER_SECOND
        + hangul / _HANGUL_PER_SECOND
    )


def estimate_frames(seconds: float, frames_per_second: float = 7.5) -> int:
    """Return how many frames of speech words that take so long are likely to need, at least one."""
    return max(1, math.ceil(seconds * frames_per_second))


def limit_frames(seconds: float, frames_per_second: float = 7.5) -> int:
    """Return the number of frames after which a model that still speaks has lost the text: no reader is so slow.

    `seconds` is how long the text should take to say.
    """
    return math.ceil((_SLOWEST_READING * seconds + _LONGEST_SILENCE_SECONDS) * frames_per_second)


def require_script_fits(seconds: float, words: int, target_seconds: float, silence_seconds: float = 0.0) -> None:
    """Raise InputError when not even a hasty reader could say a script in the target (0: any length will do).

    `seconds` is how long the script should take to say, `words` how many it has, `silence_seconds` how long the pauses
    are that it asks for beside. It spares the user a long wait for speech that plan_fit would refuse; what might just
    fit passes.
    """
    if 0 < target_seconds < silence_seconds + seconds / _FASTEST_READING:
        all_seconds = silence_seconds + seconds
        raise script_too_long(words, all_seconds, f"about {all_seconds:.0f} s", target_seconds, silence_seconds)


def choose_take(lengths_seconds: Sequence[float], target_seconds: float) -> int:
    """Return the index of the take, its edges trimmed, that needs the least stretching to fill the target.

    A take too long for the target even when squeezed is chosen only when all are; then it is the shortest. Without a
    target (0) the first is as good as any.
    """
    if target_seconds == 0:
        return 0
    longest_seconds = target_seconds * (1 + MAX_STRETCH)
    ideal_seconds = max(target_seconds - LEAD_SECONDS - TAIL_SECONDS, _SHORTEST_SPEECH_SECONDS)

    def misfit(index: int) -> tuple[bool, float]:
        seconds = max(lengths_seconds[index], _SHORTEST_SPEECH_SECONDS)
        is_too_long = seconds > longest_seconds
        return is_too_long, seconds if is_too_long else abs(math.log(seconds / ideal_seconds))

    return min(range(len(lengths_seconds)), key=misfit)


def plan_fit(
    speech_samples: int, target_seconds: float, sample_rate_hz: int, word_count: int, silence_samples: int = 0
) -> Timing:
    """Return how many samples trimmed speech becomes when stretched, and the silence around it.

    They add up to round(target_seconds * sample_rate_hz). The speech is stretched by at most 8 % to fill the target up
    to its natural edges (0.1 s, 0.2 s); silence does the rest, most of it after. Without a target (0) only the edges
    are added. silence_samples beside the speech, which the script asks for, keep their length; the timing's speech
    holds them. Raises InputError when all is too long for the target, saying how many words would fit.
    """
    slowest_pace, fastest_pace = 1 / (1 + MAX_STRETCH), 1 + MAX_STRETCH
    return plan_timing(
        speech_samples, sample_rate_hz, 1.0, target_seconds, word_count, slowest_pace, fastest_pace, silence_samples
    )
