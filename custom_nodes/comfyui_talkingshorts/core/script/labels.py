# ruff: noqa: RUF001 (the punctuation of other languages)
"""The names of speakers, and of the parts of a script, that stand before what is said: `ANNA: Hello.`, `Hook: ...`"""

from __future__ import annotations

import re

from ..errors import InputError

MAX_SPEAKERS = 4

_SPACE = r"[^\S\n]*"
_NAME = r"[^\W\d_](?:[\w.'’ -]{0,30}?[\w.])?"
_LABEL = re.compile(
    rf"(?P<start>^(?:[^\S\n]|[>*_#-])*+|(?<=[.!?…。！？\"”\])])[^\S\n]++)[*_]*+(?P<box>\[)?(?P<name>{_NAME})"
    rf"(?:{_SPACE}[(（][^()（）\n]*[)）])?(?(box)\])[*_]*{_SPACE}[:：](?![/\d])[*_]*(?={_SPACE}(?P<words>\S[^\n]*)?)",
    re.MULTILINE,
)
_CHANGE_OF_SPEAKER = re.compile(r"(?<![^\S\n>])[^\S\n]*+>>++[^\S\n]*+(?=[^\W\d_])")
_NUMBERED = re.compile(
    r"(?:^|[.!?…。！？\"”\])])(?:[^\S\n]|[>*_#-])*+speaker\s*\d+\s*(?:[(\[][^()\[\]\n]*[)\]])?[*_]*[:：]",
    re.IGNORECASE | re.MULTILINE,
)
_PARTS = frozenset(("hook", "intro", "outro", "body", "cta", "call to action", "script", "opening", "closing"))
# Words in capitals before a colon that are said: they announce what follows.
_ANNOUNCEMENTS = """
    POV NOTE NB PS TIP TIPS WARNING CAUTION DANGER ATTENTION BREAKING UPDATE UPDATED NEWS ALERT PSA FYI TLDR TL DIY
    FAQ QUESTION ANSWER FACT FACTS MYTH MYTHS TRUE FALSE TRUTH LIE PRO PROS CON CONS STEP PART DAY WEEK MONTH YEAR
    CHAPTER EPISODE RULE REASON LESSON EXAMPLE RESULT RESULTS CONCLUSION SUMMARY TITLE TODAY TOMORROW NOW NEXT THEN
    FIRST SECOND THIRD LAST LIVE NEW HOT SALE FREE OFFER DEAL WIN BONUS SPOILER DISCLAIMER IMPORTANT REMINDER REMEMBER
    QUOTE SECRET HACK STORY STORYTIME TIME DATE PLACE LOCATION PRICE COST COSTS INGREDIENTS METHOD RECIPE WHAT WHO
    WHEN WHERE WHY HOW IMHO IMO ASMR USA UK EU UN NASA AI VS OR AND BEFORE AFTER PROBLEM SOLUTION EDIT TOPIC SUBJECT
    RE GOAL IDEA KEY POINT ONE TWO THREE FOUR FIVE YES NO OK THANKS WELCOME ACHTUNG WICHTIG HINWEIS TIPP FRAGE ANTWORT
    NEU HEUTE MORGEN EILMELDUNG MYTHOS FAKT SCHRITT TAG FAZIT BEISPIEL REGEL ZIEL NOTA AVISO IMPORTANTE ATENCIÓN
    PREGUNTA RESPUESTA MITO HECHO HOY CONSEJO PASO REGLA EJEMPLO OJO RÉPONSE MYTHE FAIT ASTUCE CONSEIL ÉTAPE RÈGLE
    EXEMPLE RAPPEL AVIS DOMANDA RISPOSTA OGGI CONSIGLIO REGOLA ESEMPIO ATTENZIONE NOVITÀ PERGUNTA RESPOSTA FATO HOJE
    DICA ATENÇÃO PASSO REGRA ВАЖНО ВНИМАНИЕ ВОПРОС ОТВЕТ МИФ ФАКТ СЕГОДНЯ СОВЕТ ШАГ ПРАВИЛО ПРИМЕР
"""
_SAID = frozenset(_ANNOUNCEMENTS.split())


def number_labels(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the text with names before a colon as `Speaker 1:`, in the order in which they come in, and the names.

    A name in capitals is a label (`ANNA:`), also after the end of a sentence when the text opens with one; words that
    announce what follows (`POV:`, `TIP:`) are said. Other names are labels in a dialogue: each line begins with one,
    and one comes back. The heading of a script's part (`Hook:`) goes. A text with labels `Speaker 1:` has no others.
    The `>>` of captions begins a line.
    Raises InputError for more than four names.
    """
    text = _CHANGE_OF_SPEAKER.sub("\n", text).lstrip("\n")
    if _NUMBERED.search(text):
        return text, ()
    lines = [line for line in text.split("\n") if line.strip()]
    openings = [_LABEL.match(line) for line in lines]
    names_that_open = [match["name"].strip() for match in openings if match]
    distinct = set(names_that_open)
    is_dialogue = len(names_that_open) == len(lines) and 1 < len(distinct) < len(lines)
    opens_with_name = bool(openings and openings[0] and _is_name_in_capitals(openings[0]))
    names: list[str] = []

    def number(match: re.Match[str]) -> str:
        name = match["name"].strip()
        is_amid_line = match["start"].isspace() and not _begins_line(match)
        if not is_amid_line and name.lower() in _PARTS:
            return ""
        is_name = _is_name_in_capitals(match) and (opens_with_name or not is_amid_line)
        if not is_name and (is_amid_line or not (is_dialogue and _may_name(name))):
            return match[0]
        if name not in names:
            names.append(name)
        label = f"Speaker {names.index(name) + 1}:"
        return f"\n{label}" if is_amid_line else label

    text = _LABEL.sub(number, text)
    if len(names) > MAX_SPEAKERS:
        raise InputError(
            f"The script has lines for {len(names)} speakers ({', '.join(names)}), but a dialogue has at most "
            f"{MAX_SPEAKERS}. Give some of the lines to another one."
        )
    return text, tuple(names)


def _begins_line(match: re.Match[str]) -> bool:
    return match.start() == 0 or match.string[match.start() - 1] == "\n"


def _is_name_in_capitals(match: re.Match[str]) -> bool:
    name, words = match["name"].strip(), match["words"] or ""
    is_title = words.isupper() and len(words) > 1
    return (
        name.isupper()
        and sum(map(str.isalpha, name)) > 1
        and len(name.split()) <= 3
        and not is_title
        and _may_name(name)
    )


def _may_name(name: str) -> bool:
    return len(name) > 1 and name.upper().replace(".", "").split()[0] not in _SAID
