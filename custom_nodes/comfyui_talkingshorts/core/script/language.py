# ruff: noqa: RUF001 (the letters of other languages)
"""Which language a text is in."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from .words import find_words

ENGLISH = "en-us"

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
# Japanese is full of Chinese characters; Chinese holds a の for ornament.
_LEAST_KANA_SHARE = 0.1
_FUNCTION_WORDS = {
    "en-us": "the and of to is are was in that it you this with for not have what how on be i my a",
    "es": "el la los las de que y en un una es por para con no se lo como más está mi pero",
    "fr": "le la les des de et un une est que dans pour pas je vous nous il elle avec sur ce qui mais",
    "de": "der die das und ist nicht ein eine ich du wir sie mit für auf den dem zu von es auch",
    "it": "il la gli di che è un una per non con sono mi questo della nel ma più come ho",
    "pt": "o os as de que e um uma é não para com em do da no na eu você isso mas mais",
    "nl": "de het een en van is dat niet ik je met voor op zijn maar ook wij wat hoe",
    "pl": "w na z że się nie jest jak po dla od ale są przez czy który tym jego mnie co już tylko",
    "cs": "je se že na není jsem jako ale který pro aby od jsou byl jsme tak už jen nebo co mi",
    "hu": "az és hogy nem egy is van ez mint csak meg már lesz volt de én ha ki vagy nagyon",
    "ro": "și este nu cu pe din să care mai o un în la că sunt fost pentru ca fi acest ce",
    "tr": "ve bir bu için ile çok mi ben sen var yok değil gibi daha ama olarak nasıl ne olan şey",
    "sv": "och att det är en på som inte jag av för med den till har ett vi du om kan hur",
    "nb": "og det er en på som ikke jeg av for med den til har et vi du om kan hvordan hva så",
    "fi": "ja on ei se että hän mutta kun niin minä sinä tämä olen ovat kuin myös mitä vain jos oli",
    "vi": "và của là có không được cho tôi bạn này một những với trong người các như đã rất",
    "id": "yang dan di ini itu dengan untuk tidak dari dalam akan pada saya kamu ada ke bisa apa juga kita",
}
_LETTERS = {
    "es": "ñáéíóúü¿¡",
    "fr": "àâçéèêëîïôùûœ",
    "de": "äöüß",
    "it": "àèéìòù",
    "pt": "ãõáâçéêíóôú",
    "pl": "ąćęłńóśźż",
    "cs": "áčďéěíňóřšťúůýž",
    "hu": "áéíóöőúüű",
    "ro": "ăâîșțşţ",
    "tr": "çğıöşüâ",
    "sv": "åäö",
    "nb": "æøå",
    "fi": "äö",
    "vi": "ăâđêôơưàáãảạằắẵẳặầấẫẩậèéẽẻẹềếễểệìíĩỉịòóõỏọồốỗổộờớỡởợùúũủụừứữửựỳýỹỷỵ",
}
_FUNCTION_WORDS_OF = {language: frozenset(words.split()) for language, words in _FUNCTION_WORDS.items()}
_LETTERS_OF = {language: frozenset(_LETTERS.get(language, "")) for language in _FUNCTION_WORDS}
_ENGLISH = re.compile(r"\b(?:the|and|you|this|that|with|are|have|your|to|my|of|for|is|we|it|what|how|was|not|in|a|i)\b")
_FOREIGN = re.compile(
    r"\b(?:der|das|und|ist|nicht|ich|wir|ein|eine|mit|für|auf|dem|sie|zu|im|von|wie|el|los|las|que|en|una|por|para|muy|como"
    r"|les|des|et|dans|vous|nous|je|un|une|est|ce|della|che|sono|il|di|nel|een|het|niet|ik|voor|zijn|van|um|uma|não|com|os"
    r"|mais|du|la|le|de|y)\b"
)


def detect_language(text: str, surroundings: str = ENGLISH) -> str:
    """Return the espeak voice for the writing that most words of the text are in.

    A character counts as a word where none are spaced. Latin letters are those of the language whose function words
    and accented letters are clearly in the lead. What that leaves open, a short sentence or a number, is in the
    language of its surroundings, or in American English where those are not in Latin letters.
    """
    writings = Counter(find_writing(word[0]) for word in find_words(text) if word[0].isalpha())
    if not writings:
        return surroundings
    writing = writings.most_common(1)[0][0]
    if writing == "CJK" and writings["HIRAGANA"] + writings["KATAKANA"] > _LEAST_KANA_SHARE * writings["CJK"]:
        return "ja"
    if writing == "LATIN":
        return _detect_latin_language(text, surroundings if surroundings in _FUNCTION_WORDS_OF else ENGLISH)
    language = _LANGUAGE_OF_WRITING.get(writing, ENGLISH)
    for other, letters in _LETTERS_OF_ONE_LANGUAGE.items():
        if _LANGUAGE_OF_WRITING[find_writing(letters[0])] == language and any(letter in text for letter in letters):
            return other
    return language


def _detect_latin_language(text: str, surroundings: str) -> str:
    words = re.findall(r"[^\W\d_]+|[¿¡]", text.lower())
    known_words = {language: sum(word in known for word in words) for language, known in _FUNCTION_WORDS_OF.items()}
    hits = {language: known_words[language] + _count_accented(words, language) for language in known_words}
    best = max(hits, key=lambda language: hits[language])
    runner_up = max(count for language, count in hits.items() if language != best)
    # English words stand in texts of every language, and names of every language in English ones.
    is_no_english = hits[best] >= 2 * hits[ENGLISH] and (known_words[best] > 0 or hits[ENGLISH] == 0)
    is_clear = hits[best] >= 3 and hits[best] > runner_up and (best == ENGLISH or is_no_english)
    return best if is_clear else surroundings


def _count_accented(words: list[str], language: str) -> int:
    """Return how many of the words hold a letter that English lacks and the language has, and none that it lacks."""
    letters = _LETTERS_OF[language]
    accents = [{letter for letter in word if not letter.isascii()} for word in words]
    return sum(bool(accented) and accented <= letters for accented in accents)


def find_writing(character: str) -> str:
    """Return the name of the writing that a letter is of, as Unicode has it: LATIN, CJK, HIRAGANA."""
    return unicodedata.name(character, "").split(" ")[0]


def has_more_foreign_words(text: str) -> bool:
    """Return whether more function words of other languages than of English stand in a lower-case text.

    Unlike detect_language it decides by a single word: it tells how far English words in the text can be trusted.
    """
    return len(set(_FOREIGN.findall(text))) > len(set(_ENGLISH.findall(text)))
