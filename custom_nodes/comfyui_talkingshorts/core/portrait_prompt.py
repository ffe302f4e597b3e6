"""Turn a script, or the user's own words, into a prompt for a portrait that can be made to talk."""

from __future__ import annotations

import re

DEFAULT_SUBJECT = "a friendly presenter in a plain dark sweater"

# The first row whose words occur most often in the script decides who presents it.
SUBJECTS_BY_TOPIC: tuple[tuple[str, str], ...] = (
    ("cook cooking recipe kitchen bake oven flavour flavor dish sauce chef food", "a cheerful chef in a white jacket"),
    ("workout fitness muscle gym training exercise run running stretch", "a fit trainer in a sports shirt"),
    ("doctor health medical patient sleep vitamin symptom medicine", "a calm doctor in a white coat"),
    ("code software python programming developer computer app gpu model ai", "a software developer in a hoodie"),
    ("market stock invest money price bank business sales startup customer", "a business person in a navy suit"),
    ("news today report breaking minister election government", "a news anchor in a grey suit"),
    ("science physics planet star space experiment energy atom", "a science presenter in a plain shirt"),
    ("history century king queen empire war ancient museum", "a historian in a tweed jacket"),
    ("school learn lesson student teacher homework exam", "a teacher in a light shirt"),
    ("travel trip flight beach island hotel city mountain hiking", "a traveller in a light jacket"),
    ("garden plant flower soil seed tree nature animal", "a gardener in a linen shirt"),
    ("music song guitar band album concert singer", "a musician in a black T-shirt"),
)

# Each trait a talking portrait needs, and the words by which a prompt may have settled it already.
TRAITS: tuple[tuple[str, str], ...] = (
    ("facing the camera", r"facing|front[- ]?(view|facing)|looking (at|into) (the )?(camera|lens|viewer)|frontal"),
    ("head and shoulders in frame", r"shoulders|head ?shot|bust|close[- ]?up|upper body|half[- ]length"),
    ("mouth visible and closed", r"mouth|lips|smil"),
    ("relaxed, natural expression", r"expression|smil|serious|laugh|calm|relaxed"),
    ("soft even light", r"\blight|\blit\b|lamp|sunset|sunny|shadow"),
    ("plain neutral background", r"background|backdrop|studio|in front of|office|kitchen|outdoors|bokeh"),
    ("sharp focus, detailed skin, photograph", r"photo|painting|illustration|drawing|anime|cartoon|render|sketch"),
)


def write_portrait_prompt(script: str, prompt: str = "") -> str:
    """Return the user's words, or a presenter who suits the script, with every trait that they leave open.

    A portrait animates well when the face looks at the camera, the mouth is visible and closed, the shoulders are in
    the frame and the background is calm. The same script and prompt always give the same words.
    """
    subject = " ".join(prompt.split()).rstrip(" .,;") or f"Portrait of {pick_subject(script)}"
    missing = [trait for trait, settled in TRAITS if not re.search(settled, subject, re.IGNORECASE)]
    return ", ".join([subject, *missing])


def pick_subject(script: str) -> str:
    """Return the presenter whose topic words occur most often in the script."""
    words = re.findall(r"[a-z]+", script.lower())
    counts = [sum(words.count(word) for word in topic.split()) for topic, _ in SUBJECTS_BY_TOPIC]
    best = max(counts)
    return SUBJECTS_BY_TOPIC[counts.index(best)][1] if best else DEFAULT_SUBJECT
