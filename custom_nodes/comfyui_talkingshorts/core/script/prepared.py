"""A script that is ready to be said, with the facts that a voice needs about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

from .dialogue import Line
from .speech_length import estimate_seconds
from .words import count_words


@dataclass(frozen=True)
class PreparedLine(Line):
    """A line in words alone, its language (an espeak voice name), and the pause after it at a natural pace.

    Silence that the script asks for comes after that pause, and lasts as long at any pace.
    """

    language: str
    pause_seconds: float = 0.0

    @cached_property
    def seconds(self) -> float:
        """About how long the line takes to say."""
        return estimate_seconds(self.text)


@dataclass(frozen=True)
class PreparedScript:
    """Lines in the order in which they are said, the language of most of them, and about how long all take to say.

    The silences that the script asks for, `lead_seconds` of it before the first line, come on top. `notes` tell the
    user what is not said.
    """

    lines: tuple[PreparedLine, ...]
    language: str
    seconds: float
    lead_seconds: float = 0.0
    notes: tuple[str, ...] = ()

    @classmethod
    def from_lines(
        cls, lines: Iterable[PreparedLine], language: str, lead_seconds: float = 0.0, notes: tuple[str, ...] = ()
    ) -> Self:
        """Return the script of these lines."""
        lines = tuple(lines)
        return cls(lines, language, estimate_seconds(_join_text(lines)), lead_seconds, notes)

    @property
    def text(self) -> str:
        """All that is said, whoever says it."""
        return _join_text(self.lines)

    @cached_property
    def silence_seconds(self) -> float:
        """How long the silences that the script asks for last in all."""
        return self.lead_seconds + sum(line.silence_seconds for line in self.lines)

    @cached_property
    def words(self) -> int:
        """How many words are said, numbers spelled out."""
        return count_words(self.text)

    def renumber_speakers(self) -> Self:
        """Return the script with its speakers numbered from 0 without gaps."""
        speakers = sorted({line.speaker for line in self.lines})
        return replace(self, lines=tuple(replace(line, speaker=speakers.index(line.speaker)) for line in self.lines))


def _join_text(lines: Iterable[Line]) -> str:
    return " ".join(line.text for line in lines)
