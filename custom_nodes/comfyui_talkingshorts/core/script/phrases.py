# ruff: noqa: RUF001 (the punctuation of other languages)
"""From the words a user typed to phrases that a speech synthesiser can say, each in its language."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

from ..errors import InputError
from .dialogue import Line, parse_dialogue

SENTENCE_PAUSE_SECONDS = 0.3
PARAGRAPH_PAUSE_SECONDS = 0.55
BREATH_PAUSE_SECONDS = 0.12
MAX_PHRASE_CHARACTERS = 300
MAX_SCRIPT_CHARACTERS = 50_000

# Letters and digits drawn in another style, as fonts generated for social media are, and those of full width.
_STYLED = re.compile(r"[\U0001d400-\U0001d7ff\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]+")
_TAG = re.compile(r"</?[A-Za-z!?][^<>]*>")
_BRACKETED_SPEAKER = re.compile(r"^[^\S\n]*\[(\d)\]\s*[:：]", re.MULTILINE)
_LABEL_AMID_LINE = re.compile(r"(?<=[.!?。！？\"”])[^\S\n]+(?=speaker[^\S\n]*\d{1,4}[^\S\n]*[:：])", re.IGNORECASE)
_SMILEY = re.compile(r"(?<!\S)[:;=]['-]?[()DPp](?!\S)")
_LIST_MARK = re.compile(r"^[^\S\n]*[*+•‣][^\S\n]+", re.MULTILINE)
_LINK = re.compile(r"!?\[([^\[\]\n]*)\]\([^()\s]*\)")
_MARKUP = re.compile(r"(?:[\[\]{}<>*_|\\`]|[~^](?!\d)|(?<!\b[A-G])#(?!\d))+|={2,}")
_SPOKEN_SYMBOLS = frozenset("°№^")
_SILENT_CATEGORIES = frozenset(("So", "Sk", "Me", "Cc", "Cf", "Cs", "Co", "Cn"))
_PARAGRAPH_BREAK = re.compile(r"\n[ \t]*\n\s*")
# A line that goes on in lower case is taken for a wrapped one.
_LINE_BREAK = re.compile(r"\n\s*(?![a-z\s])")
# Before lower case, an ellipsis is a hesitation, and the full stop of `a.m.` its own.
_SENTENCE_END = re.compile(
    r"(?<=[.!?…][\s\"'”’)])(?!(?:(?<=\.\.\s)|(?<=…\s)|(?<=\.\w\.\s))[a-z])\s*"
    r"|(?<=[。！？｡।॥؟])(?![”’」』）\"')])\s*|(?<=[。！？｡][”’」』）\"')])\s*"
)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:mr|mrs|ms|dr|prof|st|vs|e\.g|i\.e|etc|approx|ca|bzw|\w|(?-i:[A-Z]\.[A-Z]))\.\s$", re.IGNORECASE
)
_ABBREVIATION_BEFORE_NUMBER = re.compile(
    r"(?:^|[\s(])(?:no|nr|fig|vol|ch|ext|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|\d+ ?ft)\.\s$", re.IGNORECASE
)
_LONGEST_ABBREVIATION = 12  # characters, with the space on both sides
# The Han, Japanese, Thai and Burmese scripts put no spaces between words.
_UNSPACED = r"[\u0e00-\u0e7f\u1000-\u109f\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
_SPACED = rf"(?:(?!{_UNSPACED})[^\W_])"
_WORD = re.compile(rf"{_UNSPACED}|{_SPACED}+(?:['’.,-]{_SPACED}+)*")
_CLAUSE_END = re.compile(r"[,;:，、；：]\s*|\s[–—-]\s")

_LANGUAGE_OF_WRITING = {
    "CJK": "cmn",
    "HIRAGANA": "ja",
    "KATAKANA": "ja",
    "HANGUL": "ko",
    "CYRILLIC": "ru",
    "ARABIC": "ar",
    "DEVANAGARI": "hi",
    "BENGALI": "bn",
    "GURMUKHI": "pa",
    "GUJARATI": "gu",
    "TAMIL": "ta",
    "TELUGU": "te",
    "KANNADA": "kn",
    "MALAYALAM": "ml",
    "SINHALA": "si",
    "THAI": "th",
    "MYANMAR": "my",
    "HEBREW": "he",
    "GREEK": "el",
    "GEORGIAN": "ka",
    "ARMENIAN": "hy",
    "ETHIOPIC": "am",
}
_LETTERS_OF_ONE_LANGUAGE = {"uk": "іїєґ", "fa": "پچژگ"}
_FUNCTION_WORDS = {
    "en-us": "the and of to is are was in that it you this with for not have what how on be i my a",
    "es": "el la los las de que y en un una es por para con no se lo como más está mi pero",
    "fr": "le la les des de et un une est que dans pour pas je vous nous il elle avec sur ce qui mais",
    "de": "der die das und ist nicht ein eine ich du wir sie mit für auf den dem zu von es auch",
    "it": "il la gli di che è un una per non con sono mi questo della nel ma più come ho",
    "pt": "o os as de que e um uma é não para com em do da no na eu você isso mas mais",
    "nl": "de het een en van is dat niet ik je met voor op zijn maar ook wij wat hoe",
}
_FUNCTION_WORDS_OF = {language: frozenset(words.split()) for language, words in _FUNCTION_WORDS.items()}


@dataclass(frozen=True)
class Phrase:
    """Words said in one go in one language (an espeak voice name), and the pause after them at a natural pace."""

    text: str
    language: str
    pause_seconds: float


def clean_script(script: str) -> str:
    """Return the script without what can't be said: control characters, emoji, smileys, tags and Markdown.

    Letters and digits of another style (bold, script, full width) become plain ones.
    """
    text = unicodedata.normalize("NFC", script.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))
    text = _STYLED.sub(lambda letters: unicodedata.normalize("NFKC", letters[0]), text)
    text = "".join(character for character in text if _can_be_said(character))
    for pattern, replacement in ((_TAG, " "), (_SMILEY, ""), (_LINK, r"\1"), (_LIST_MARK, "- "), (_MARKUP, " ")):
        text = pattern.sub(replacement, text)
    return text.strip()


def read_script(script: str) -> list[Line]:
    """Return who says what, cleaned. Lines may be labelled `Speaker 1:` (see parse_dialogue) or `[1]:`.

    A label that follows the end of a sentence begins a line too: commands often hold a dialogue in one.

    Raises InputError for a script that holds nothing that can be said, one that takes about an hour and more to say,
    and one of more than four speakers.
    """
    if len(script) > MAX_SCRIPT_CHARACTERS:
        raise InputError(
            f"The script has {len(script)} characters. The most is {MAX_SCRIPT_CHARACTERS}, about an hour: split it."
        )
    labelled = _LABEL_AMID_LINE.sub("\n", _BRACKETED_SPEAKER.sub(r"Speaker \1:", script))
    lines = parse_dialogue(clean_script(labelled))
    lines = [line for line in lines if is_speakable(line.text)]
    if not lines:
        raise InputError(
            f"The script holds nothing that can be said: {_shortened(script)!r}. Write at least one word or number."
        )
    return lines


def plan_phrases(script: str) -> list[Phrase]:
    """Return the script's phrases in order, whoever says them.

    Sentences, lines and paragraphs end a phrase; a sentence of over MAX_PHRASE_CHARACTERS is cut at a comma or a space.
    Raises InputError as read_script does.
    """
    text = "\n\n".join(line.text for line in read_script(script))
    language = detect_language(text)
    phrases: list[Phrase] = []
    is_japanese = any(_writing_of(character) in ("HIRAGANA", "KATAKANA") for character in text)
    for paragraph in _PARAGRAPH_BREAK.split(text):
        for sentence in _split_paragraph(paragraph):
            pieces = [run for part in _split_long(sentence) for run in _split_kanji(part, language, is_japanese)]
            phrases += [Phrase(*piece) for piece in pieces if is_speakable(piece[0])]
            if phrases:
                phrases[-1] = _pausing(phrases[-1], SENTENCE_PAUSE_SECONDS)
        if phrases:
            phrases[-1] = _pausing(phrases[-1], PARAGRAPH_PAUSE_SECONDS)
    phrases[-1] = _pausing(phrases[-1], 0.0)
    return phrases


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a cleaned text; a line and a paragraph end one too, but for a line that was wrapped."""
    return [sentence for paragraph in _PARAGRAPH_BREAK.split(text) for sentence in _split_paragraph(paragraph)]


def count_words(script: str) -> int:
    """Return the number of words; in a script written without spaces, each character counts as one."""
    return len(_WORD.findall(clean_script(script)))


def detect_language(text: str, surroundings: str = "en-us") -> str:
    """Return the espeak voice for the writing that most words of the text are in.

    A character counts as a word where none are spaced. Latin letters are those of the language whose function words
    are clearly in the lead. What that leaves open, a short sentence or a number, is in the language of its
    surroundings, or in American English where those are not in Latin letters.
    """
    writings = Counter(_writing_of(word[0]) for word in _WORD.findall(text) if word[0].isalpha())
    if not writings:
        return surroundings
    writing = writings.most_common(1)[0][0]
    if writing == "LATIN":
        return _detect_latin_language(text, surroundings if surroundings in _FUNCTION_WORDS_OF else "en-us")
    language = _LANGUAGE_OF_WRITING.get(writing, "en-us")
    for other, letters in _LETTERS_OF_ONE_LANGUAGE.items():
        if _LANGUAGE_OF_WRITING[_writing_of(letters[0])] == language and any(letter in text for letter in letters):
            return other
    return language


def _detect_latin_language(text: str, surroundings: str) -> str:
    words = re.findall(r"[^\W\d_]+", text.lower())
    hits = {language: sum(word in known for word in words) for language, known in _FUNCTION_WORDS_OF.items()}
    best = max(hits, key=lambda language: hits[language])
    runner_up = max(count for language, count in hits.items() if language != best)
    # English words stand in texts of every language.
    is_clear = hits[best] >= 3 and hits[best] > runner_up and (best == "en-us" or hits[best] >= 2 * hits["en-us"])
    return best if is_clear else surroundings


def is_speakable(text: str) -> bool:
    """Return whether the text holds a letter or a digit."""
    return any(character.isalnum() for character in text)


def _can_be_said(character: str) -> bool:
    if character == "\n" or character in _SPOKEN_SYMBOLS:
        return True
    is_variation_selector = "\ufe00" <= character <= "\ufe0f"
    return unicodedata.category(character) not in _SILENT_CATEGORIES and not is_variation_selector


def _writing_of(character: str) -> str:
    return unicodedata.name(character, "").split(" ")[0]


def _pausing(phrase: Phrase, pause_seconds: float) -> Phrase:
    return Phrase(phrase.text, phrase.language, pause_seconds)


def _split_paragraph(paragraph: str) -> list[str]:
    sentences: list[str] = []
    for line in _LINE_BREAK.split(paragraph):
        open_sentence = ""
        parts = _SENTENCE_END.split(line.replace("\n", " "))
        for part, following in zip(parts, [*parts[1:], ""], strict=True):
            open_sentence += part
            if not _ends_in_abbreviation(open_sentence, following):
                sentences.append(open_sentence.strip())
                open_sentence = ""
        sentences.append(open_sentence.strip())
    return [sentence for sentence in sentences if sentence]


def _ends_in_abbreviation(text: str, following: str) -> bool:
    ending = text[-_LONGEST_ABBREVIATION:]
    is_before_number = following[:1].isdigit() and _ABBREVIATION_BEFORE_NUMBER.search(ending)
    return bool(is_before_number or _ABBREVIATION.search(ending))


def _split_long(sentence: str) -> list[str]:
    parts: list[str] = []
    while len(sentence) > MAX_PHRASE_CHARACTERS:
        head = sentence[:MAX_PHRASE_CHARACTERS]
        clause_ends = [match.end() for match in _CLAUSE_END.finditer(head)]
        cut = clause_ends[-1] if clause_ends else head.rfind(" ") + 1 or MAX_PHRASE_CHARACTERS
        parts.append(sentence[:cut].strip())
        sentence = sentence[cut:]
    return [*parts, sentence.strip()]


def _split_kanji(part: str, surroundings: str, is_japanese: bool) -> list[tuple[str, str, float]]:
    """Return (text, language, pause) pieces. espeak's Japanese spells kanji out, so its Chinese voice reads those."""
    language = detect_language(part, surroundings)
    if not is_japanese or language not in ("ja", "cmn"):
        return [(part, language, BREATH_PAUSE_SECONDS)]
    runs = re.findall(r"[\u3400-\u9fff]+|[^\u3400-\u9fff]+", part)
    pieces = [(run, "cmn" if "\u3400" <= run[0] <= "\u9fff" else "ja", 0.0) for run in runs]
    return [*pieces[:-1], (*pieces[-1][:2], BREATH_PAUSE_SECONDS)]


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."
