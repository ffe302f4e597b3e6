"""Turn a script, or the user's own words, into a prompt for a portrait that can be made to talk."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .cleaning import drop_markup, drop_silent_characters
from .speaker import describe_speaker

WORDS_TOKENS = 400
"""How much of the user's words is kept, so that words and traits fit the 512 tokens that Wan was trained with."""

TOKENS_A_LETTER, TOKENS_A_SIGN = 0.3, 1.0
"""What UMT5 makes of a letter of ASCII and of any other sign, at most as a rule."""


@dataclass(frozen=True)
class Trait:
    """A trait that a talking portrait needs, and the words by which a prompt has settled it already.

    When `denial_settles`, "not facing the camera" settles it as well; else "no smile" leaves the mouth open to it.
    """

    words: str
    settled_by: str
    denial_settles: bool = False


TRAITS = (
    Trait(
        "facing the camera",
        r"facing|front[- ]?(view|facing)|frontal|looking (at|into|up|down|away|left|right|to|over|aside|past|out)\b"
        r"|side[- ]?(view|profile|on)|sideways|from (the side|behind|above|below)|in profile"
        r"|profile (view|shot|picture)|back view|three[- ]quarter|(turned|turning) (away|aside|left|right)|\bprofil\b"
        r"|seitenansicht|von der seite|de perfil|de lado|de profil|侧面|侧脸|背影|正面",
        denial_settles=True,
    ),
    Trait(
        "head and shoulders in frame",
        r"shoulders\b|head ?shot|\bbust\b|close[- ]?up|(upper|full|half|whole)[- ]?body|(full|half)[- ]length|torso"
        r"|(waist|chest|knees?)[- ]up|(wide|long|medium|cowboy) shot|ganzkörper|cuerpo entero|en pied|全身|半身|特写",
        denial_settles=True,
    ),
    Trait(
        "mouth visible and closed",
        r"mouth|\blips\b|smil|laugh|grin|teeth|shout|scream|singing|talking|speaking|yawn|(face|surgical) ?mask|veil"
        r"|lächel|lach(t|en)|\bmund\b|zähne|sonri|\bboca\b|souri|\bbouche|sorri|微笑|大笑|笑|嘴",
    ),
    Trait(
        "relaxed, natural expression",
        r"expression|smil|laugh|grin|frown|serious|stern|calm|relaxed|angry|furious|sad\b|happy|cheerful|friendly|kind"
        r"|worried|surprised|excited|shout|scream|cry|grumpy|confident|composed|focused|thoughtful|curious|expressive"
        r"|lächel|lach(t|en)|ernst|wütend|sonri|serio|souri|sérieu|表情|微笑|笑|严肃",
    ),
    Trait(
        "soft even light",
        r"lighting|\b(back|sun|moon|day|candle|lamp|stage)[- ]?li(gh)?t|\blit\b|\blights?\b(?=\s*([,.;]|$|(from|on"
        r"|and|in|at|behind|through)\b))|lamp|sunset|sunrise|golden hour|sunny|shadow|\bdusk|\bdawn|\bnight\b|neon"
        r"|candle|dramatic|licht|\bluz\b|lumière|光",
    ),
    Trait(
        "plain neutral background",
        r"background|backdrop|studio|in front of|office|kitchen|outdoor|indoor|bokeh|\bwall\b|street|\bcity\b|garden"
        r"|forest|\bpark\b|beach|mountain|library|book(shelf|shelves|case)|\broom|at home|class ?room|laboratory"
        r"|\blab\b|caf[eé]\b|restaurant|\bshop\b|workshop|\bgym\b|\bstage\b|green ?screen|landscape|hintergrund"
        r"|\bfondo\b|arrière-plan|sfondo|\bfundo\b|背景",
    ),
    Trait(
        "sharp focus, detailed skin, photograph",
        r"photo|\bfotos?\b|painting|painted|illustrat|drawing|drawn|anime|manga|cartoon|comic|render|sketch|\b3d\b"
        r"|\bcgi\b|water ?colou?r|\boils?\b|pixel|\bclay|sculpture|statue|puppet|cinematic|film still|zeichnung|gemälde"
        r"|dibujo|pintura|dessin|peinture|照片|油画|动漫|卡通|插画|水彩",
        denial_settles=True,
    ),
)
_DENIED = re.compile(
    r"(?:\b(?:no|not|without|never|ohne|keine?n?|sin|sans|senza|sem)\s+(?:[\w'-]+\s+){0,2}|没有|不|无)$", re.IGNORECASE
)
_CUT_WORD = re.compile(r"[!-~]+$")
_ENDS = " .,;:\u3002\uff0c\uff1b\u3001"


def write_portrait_prompt(script: str, prompt: str = "") -> str:
    """Return the user's words, or a presenter who suits the script, with every trait that they leave open.

    A portrait animates well when the face looks at the camera, the mouth is visible and closed, the shoulders are in
    the frame and the background is calm. The same script and prompt always give the same words.
    """
    subject = tidy_words(prompt) or f"Portrait of {describe_speaker(drop_markup(drop_silent_characters(script)))}"
    return ", ".join([subject, *(trait.words for trait in TRAITS if not _settles(subject, trait))])


def tidy_words(prompt: str) -> str:
    """Return the user's words in one line, without control characters, and no more than the text encoder takes."""
    words = " ".join("".join(char if char.isprintable() else " " for char in prompt).split())
    return _shorten(words).strip(_ENDS)


def _shorten(words: str) -> str:
    tokens = 0.0
    for place, char in enumerate(words):
        tokens += TOKENS_A_LETTER if char.isascii() else TOKENS_A_SIGN
        if tokens > WORDS_TOKENS:
            # A word that is cut in two is left out, unless it is all there is: Chinese has no spaces to cut at.
            return _CUT_WORD.sub("", words[:place]) or words[:place]
    return words


def _settles(subject: str, trait: Trait) -> bool:
    """Tell whether the subject's words settle the trait, one way or the other."""
    return any(
        trait.denial_settles or not _DENIED.search(subject[: match.start()])
        for match in re.finditer(trait.settled_by, subject, re.IGNORECASE)
    )
