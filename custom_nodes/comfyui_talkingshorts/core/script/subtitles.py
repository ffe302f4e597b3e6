"""Subtitles and transcripts as texts: their words without numbers, times and styles."""

from __future__ import annotations

import re

_CLOCK = r"(?:\d{1,3}:)?\d{1,2}:\d{2}(?:[.,]\d{1,3})?"
_SPAN_LINE = re.compile(rf"^[^\S\n]*{_CLOCK}[^\S\n]*(?:-+>|,)[^\S\n]*{_CLOCK}(?:[^\S\n].*)?$", re.MULTILINE)
_CLOCK_LINE = re.compile(r"^[^\S\n]*[\[(]?((?:\d{1,2}:)?\d{1,2}:\d{2})[\])]?[^\S\n]*$", re.MULTILINE)
_VTT_BLOCK = re.compile(r"\A[^\S\n]*WEBVTT\b.*$|^(?:NOTE|STYLE|REGION)\b.*(?:\n.+)*", re.MULTILINE)
_CLOCK_TAG = re.compile(rf"<{_CLOCK}>")
_OVERRIDE = re.compile(r"\{\\[^{}\n]*\}|\\[Nn]")
_VOICE_TAG = re.compile(r"<v(?:\.[\w.]+)?\s+([^<>\n]+)>", re.IGNORECASE)
_OWN_LINE = re.compile(r"\s*(?:[-–—]|[^\W\d_][\w .'’-]{0,30}[:：]|\[)")  # noqa: RUF001
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’)]*$")  # noqa: RUF001


def read_subtitles(text: str) -> str | None:
    """Return the words of a subtitle file (SRT, WebVTT, SBV) or of a transcript with times; None for any other text.

    It is one when it holds a line such as `00:00:01,000 --> 00:00:02,500`, or two or more lines that are nothing but a
    time, each later than the one before. A sentence goes on over lines and subtitles until its full stop; a line that
    begins with a dash or a label stays a line. What rolling captions show twice is said once.
    """
    if _SPAN_LINE.search(text):
        rolls = _CLOCK_TAG.search(text) is not None
        text = _OVERRIDE.sub(" ", _CLOCK_TAG.sub("", _VTT_BLOCK.sub("", text)))
        return _join_lines(_find_subtitle_lines(_VOICE_TAG.sub(lambda tag: f"{tag[1].upper()}: ", text)), rolls)
    times = [_count_seconds(clock[1]) for clock in _CLOCK_LINE.finditer(text)]
    if len(times) >= 2 and times == sorted(set(times)):
        return _join_lines(_CLOCK_LINE.sub("", text).split("\n"), rolls=False)
    return None


def _find_subtitle_lines(text: str) -> list[str]:
    """Return the lines of words: not the times, nor the number or name that stands right before them."""
    lines = text.split("\n")
    is_time = [_SPAN_LINE.match(line) is not None for line in lines]
    opens_a_block = [index == 0 or not lines[index - 1].strip() for index in range(len(lines))]
    is_name = [opens_a_block[index] and is_time[index + 1] for index in range(len(lines) - 1)] + [False]
    # A file without empty lines has its numbers right before the times, too.
    is_number = [line.strip().isdecimal() and is_time[index + 1] for index, line in enumerate(lines[:-1])] + [False]
    skipped = zip(is_time, is_name, is_number, strict=True)
    return [line for line, reasons in zip(lines, skipped, strict=True) if not any(reasons)]


def _join_lines(lines: list[str], rolls: bool) -> str:
    joined = ""
    previous = ""
    for line in filter(None, (line.strip() for line in lines)):
        if rolls and line == previous:
            continue
        is_new = _OWN_LINE.match(line) or _SENTENCE_END.search(previous)
        joined += ("\n" if is_new else " ") + line
        previous = line
    return joined.strip()


def _count_seconds(clock: str) -> int:
    seconds = 0
    for part in clock.split(":"):
        seconds = seconds * 60 + int(part)
    return seconds
