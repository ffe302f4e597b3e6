# ruff: noqa: RUF001 (the punctuation of other languages)
"""What a script tells its speaker, and doesn't want said: stage directions, and pauses with their lengths."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import InputError
from .cue_words import CUE_WORDS, CueWords
from .words import split_words

PAUSE_SIGN = "\ufdd0"
"""Stands before and after the seconds of a pause in a text: no character that a script can hold."""

PAUSE_SECONDS = 1.0
SHORT_PAUSE_SECONDS, LONG_PAUSE_SECONDS = 0.5, 2.0
MAX_PAUSES_SECONDS = 600.0
LEAST_BARE_MILLISECONDS = 100

_BREAK_SECONDS = {"none": 0.0, "x-weak": 0.15, "weak": 0.3, "medium": 0.6, "strong": 1.0, "x-strong": 1.5}
_BREAK_TAG = re.compile(r"<break\b([^<>]*)>(?:\s*</break\s*>)?", re.IGNORECASE)
_BREAK_TIME = re.compile(r"\btime\s*=\s*[\"'“”]?\s*(\d+(?:\.\d+)?|\.\d+)\s*(m?s)", re.IGNORECASE)
_BREAK_STRENGTH = re.compile(r"\bstrength\s*=\s*[\"'“”]?([\w-]+)", re.IGNORECASE)

_SECOND = (
    r"s|secs?|seconds?|sek\.?|sekunden?|seg\.?|segundos?|secondes?|second[oi]|seconden?|с|сек\.?|секунд[аыу]?|秒钟?|초"
    r"|ثانية|ثوان|सेकंड"
)
_MILLISECOND = r"ms|msecs?|milliseconds?|millisekunden?|milisegundos?|millisecondes?|millisecondi|мс|毫秒|ミリ秒|밀리초"
_DURATION = re.compile(rf"(?<![\d.,])(\d+(?:[.,]\d+)?)\s*(?:({_MILLISECOND})|({_SECOND}))?(?![^\W\d_])(?!\s*%)")
_SHORT_WORDS = frozenset(
    ("short", "brief", "little", "quick", "beat", "kurze", "corta", "breve", "courte", "короткая", "短")
)
_LONG_WORDS = frozenset(("long", "big", "dramatic", "lange", "larga", "longue", "lunga", "longa", "длинная", "长"))

_BRACKETED = re.compile(
    r"\[(?P<square>[^\[\]\n]{1,200})\](?!\()|【(?P<lens>[^【】\n]{1,200})】|［(?P<wide>[^［］\n]{1,200})］"
    r"|\{(?P<brace>[^{}\n]{1,200})\}"
    r"|\((?P<round>[^()\n]{1,120})\)|（(?P<full>[^（）\n]{1,120})）"
)
_EMPHASIZED = re.compile(
    r"(?<![*\w])\*(?P<star>[^*\s](?:[^*\n]{0,80}[^*\s])?)\*(?![*\w])"
    r"|(?<![_\w])_(?P<line>[^_\s](?:[^_\n]{0,80}[^_\s])?)_(?![_\w])"
)
_SQUARE = frozenset(("square", "lens", "wide", "brace"))
_EMPHASIS = frozenset(("star", "line"))
_CLOCK = re.compile(r"\s*\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d+)?(?:\s*[-–—]+>?\s*\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d+)?)?\s*")
_REFERENCE = re.compile(r"\s*\d{1,3}(?:\s*[,–-]\s*\d{1,3})*\s*")
_LAST_WORD = re.compile(r"[^\W\d_]+$")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_PUNCTUATION = '.!?…。！？,，;；:：—–-"”»'
_PAUSE_MARK = re.compile(rf"{PAUSE_SIGN}([\d.]+){PAUSE_SIGN}")


@dataclass(frozen=True)
class Passage:
    """Words that are said in one go, and the silence that the script asks for after them."""

    text: str
    silence_seconds: float


def mark_cues(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the text without stage directions, its pauses as marks for split_at_pauses, and the directions as typed.

    The text is one of drop_silent_characters. What stands in brackets of any kind, or between single stars or
    underscores, is a direction by its words, which CUE_WORDS lists:

    - in parentheses when there is nothing but those words: `(laughs softly)`; `(and this matters)` is said;
    - in square brackets and braces when there is one of them, when they have a line of their own, or hold a time or the
      number of a reference: `[cut to the kitchen]`, `[0:15]`, `[12]`;
    - between stars or underscores as in parentheses, but amid a sentence only what a person does, and not after the
      word for who does it: `well *sighs* then`; `she *smiles*`, `I love *music*` are said.

    A pause is `[pause]`, `(2 second pause)`, `[pause:800ms]`, `*beat*`, `<break time="1.5s"/>`; a number without a unit
    is of seconds, from 100 on of milliseconds. Raises InputError for pauses of over ten minutes in all.
    """
    left_out: list[str] = []
    text = _BREAK_TAG.sub(lambda tag: _mark(_read_break(tag[1])), text)
    for pattern in (_BRACKETED, _EMPHASIZED):
        text = _replace(pattern, text, lambda match: _read_bracketed(match, left_out))
    total_seconds = sum(float(mark[1]) for mark in _PAUSE_MARK.finditer(text))
    if total_seconds > MAX_PAUSES_SECONDS:
        raise InputError(
            f"The script asks for {total_seconds:g} s of pauses. The most is {MAX_PAUSES_SECONDS:g} s in all: shorten "
            "them. A pause of half a second is written [pause 500ms]."
        )
    return text, tuple(left_out)


def split_at_pauses(text: str) -> list[Passage]:
    """Return the passages of a text of mark_cues; pauses in a row add up, and the text of the first may be empty."""
    texts_and_pauses = _PAUSE_MARK.split(text)
    passages = [
        Passage(_without_opening_marks(words) if index else words.strip(), float(seconds))
        for index, (words, seconds) in enumerate(
            zip(texts_and_pauses[::2], [*texts_and_pauses[1::2], "0"], strict=True)
        )
    ]
    joined = passages[:1]
    for passage in passages[1:]:
        if passage.text:
            joined.append(passage)
        else:
            joined[-1] = Passage(joined[-1].text, joined[-1].silence_seconds + passage.silence_seconds)
    return joined


def _without_opening_marks(words: str) -> str:
    """The full stop after a pause belonged to the words before it."""
    return re.sub(r"^(?:[\s,;:!?…，。！？]|\.(?!\d))+", "", words).rstrip()


def _replace(pattern: re.Pattern[str], text: str, replacement_of: Callable[[re.Match[str]], str | None]) -> str:
    """Return the text with each match replaced but for those of None; what vanishes takes its line or space with it."""
    pieces: list[str] = []
    end = 0
    for match in pattern.finditer(text):
        replacement = replacement_of(match)
        if replacement is None:
            continue
        before, after = text[end : match.start()], text[match.end() :]
        skipped = 0
        if not replacement:
            begins_line = not before.rsplit("\n", 1)[-1].strip() and (not pieces or "\n" in before)
            blank = re.match(r"[^\S\n]*(\n)?", after)
            if begins_line and blank:
                before, skipped = before.rstrip(" "), blank.end()
            elif not after or after[0] in ".,;:!?…\n":
                before = before.rstrip(" ")
            elif after[0] == " " and before.endswith(" "):
                skipped = 1
        pieces += [before, replacement]
        end = match.end() + skipped
    return "".join([*pieces, text[end:]])


def _read_bracketed(match: re.Match[str], left_out: list[str]) -> str | None:
    """Return the mark of a pause, nothing for a direction, which is added to left_out, and None for what is said."""
    kind = match.lastgroup or ""
    words = _find_words(match[kind])
    if kind in _EMPHASIS and (not words or _is_emphasis(match, words)):
        return None
    pause_seconds = _read_pause(match[kind], words)
    if pause_seconds is not None:
        return _mark(pause_seconds)
    if _is_direction(match, kind, words):
        left_out.append(match[0])
        return ""
    return None


def _is_emphasis(match: re.Match[str], words: list[str]) -> bool:
    """Tell words amid a sentence from a direction: not what a person does, or after the word for who does it."""
    before, after = match.string[: match.start()].rstrip(" "), match.string[match.end() :].lstrip(" ")
    begins = not before or before[-1] in _PUNCTUATION + "\n)]*" + PAUSE_SIGN
    ends = not after or after[0] in "\n*[(<" + PAUSE_SIGN
    if begins or ends:
        return False
    last_word = _LAST_WORD.search(before[-40:])
    has_subject = last_word is not None and any(last_word[0].lower() in known.subjects for known in CUE_WORDS.values())
    return has_subject or not any(words[0] in known.actions for known in CUE_WORDS.values())


def _is_direction(match: re.Match[str], kind: str, words: list[str]) -> bool:
    if kind in _SQUARE:
        content = match[kind]
        return bool(
            _CLOCK.fullmatch(content)
            or _REFERENCE.fullmatch(content)
            or any(
                word in known.actions | known.sounds | known.pauses for known in CUE_WORDS.values() for word in words
            )
            or (words and _has_line_of_its_own(match))
        )
    return any(_is_of_cue_words(words, known) for known in CUE_WORDS.values())


def _is_of_cue_words(words: list[str], known: CueWords) -> bool:
    tells = known.actions | known.sounds | known.pauses
    return any(word in tells for word in words) and all(word in tells | known.with_them for word in words)


def _has_line_of_its_own(match: re.Match[str]) -> bool:
    line_start = match.string.rfind("\n", 0, match.start()) + 1
    line_end = match.string.find("\n", match.end())
    before, after = match.string[line_start : match.start()], match.string[match.end() :]
    after = after if line_end < 0 else match.string[match.end() : line_end]
    return not before.strip(" \t*_#>-") and not after.strip(" \t*_.")


def _find_words(content: str) -> list[str]:
    """Return the words in lower case, those of Chinese and Japanese cut at the longest ones that are known."""
    words: list[str] = []
    for word in split_words(content.lower().replace("’", "'")):
        words += _cut_unspaced(word) if _UNSPACED.search(word) else [word]
    return words


def _cut_unspaced(text: str) -> list[str]:
    words: list[str] = []
    while text:
        word = next((text[:length] for length in range(len(text), 0, -1) if text[:length] in _UNSPACED_WORDS), text)
        words.append(word)
        text = text[len(word) :]
    return words


def _read_pause(content: str, words: list[str]) -> float | None:
    """Return how long a pause lasts that the content of a bracket asks for; None when it asks for none."""
    duration = _DURATION.search(content.lower())
    if duration:
        words = _find_words(content[: duration.start()] + " " + content[duration.end() :])
    if not any(_asks_for_pause(words, known) for known in CUE_WORDS.values()):
        return None
    if duration:
        count = float(duration[1].replace(",", "."))
        is_milliseconds = duration[2] or (not duration[3] and count >= LEAST_BARE_MILLISECONDS)
        return count / 1000 if is_milliseconds else count
    if _SHORT_WORDS.intersection(words):
        return SHORT_PAUSE_SECONDS
    return LONG_PAUSE_SECONDS if _LONG_WORDS.intersection(words) else PAUSE_SECONDS


def _asks_for_pause(words: list[str], known: CueWords) -> bool:
    return any(word in known.pauses for word in words) and all(
        word in known.pauses | known.with_them | _SHORT_WORDS | _LONG_WORDS for word in words
    )


def _read_break(attributes: str) -> float:
    if time := _BREAK_TIME.search(attributes):
        seconds = float(time[1])
        return seconds / 1000 if time[2].lower() == "ms" else seconds
    strength = _BREAK_STRENGTH.search(attributes)
    return _BREAK_SECONDS.get(strength[1].lower(), PAUSE_SECONDS) if strength else PAUSE_SECONDS


def _mark(seconds: float) -> str:
    return f"{PAUSE_SIGN}{seconds:.3f}{PAUSE_SIGN}"


_UNSPACED_WORDS = frozenset().union(
    *(known.actions | known.sounds | known.with_them | known.pauses for known in (CUE_WORDS["zh"], CUE_WORDS["ja"]))
)
