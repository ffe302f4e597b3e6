"""Choose how the drawn presenter looks: words of the prompt first, chance for all that they leave open."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

from ..script.portrait_prompt import TRAITS
from ..script.speaker import ANYONE, TOPICS
from .foreign_prompt import Clause, read_clauses

Weights = dict[str, float]

OPTIONS: dict[str, tuple[str, ...]] = {
    "presentation": ("woman", "man"),
    "age": ("young", "adult", "old"),
    "skin": ("porcelain", "fair", "beige", "sand", "tan", "caramel", "brown", "deep", "ebony"),
    "hair_style": (
        "long_straight",
        "long_wavy",
        "bob",
        "ponytail",
        "bun",
        "pixie",
        "curly_long",
        "afro",
        "short_crop",
        "side_part",
        "quiff",
        "buzz",
        "curly_short",
        "receding",
        "bald",
        "hijab",
        "shoulder",
    ),
    "hair_color": (
        "black",
        "espresso",
        "brown",
        "chestnut",
        "auburn",
        "red",
        "honey",
        "blond",
        "platinum",
        "grey",
        "white",
        "pink",
        "blue",
        "purple",
        "green",
    ),
    "eye_color": ("umber", "brown", "hazel", "green", "blue", "grey"),
    "brows": ("soft", "straight", "arched", "thick"),
    "beard": ("none", "stubble", "moustache", "goatee", "full"),
    "glasses": ("none", "round", "square", "thin"),
    "outfit": ("tshirt", "hoodie", "suit", "blazer", "shirt", "turtleneck", "sweater", "blouse"),
    "outfit_color": (
        "navy",
        "teal",
        "forest",
        "burgundy",
        "mustard",
        "coral",
        "charcoal",
        "cream",
        "sky",
        "lavender",
        "black",
        "white",
        "red",
        "pink",
        "orange",
        "brown",
    ),
    "backdrop": ("studio", "office", "home", "nature", "night"),
    "backdrop_color": (
        "blue",
        "teal",
        "sand",
        "peach",
        "sage",
        "lilac",
        "grey",
        "pink",
        "yellow",
        "white",
        "dark",
        "red",
        "green",
    ),
    "earrings": ("none", "stud", "hoop"),
    "freckles": ("no", "yes"),
    "face": ("oval", "round", "square", "heart", "long"),
    "eyes": ("almond", "round", "narrow"),
    "nose": ("small", "straight", "broad"),
    "lips": ("thin", "medium", "full"),
}


@dataclass(frozen=True)
class Look:
    """Everything that tells one presenter from another; each field is one of OPTIONS[field]."""

    presentation: str
    age: str
    skin: str
    hair_style: str
    hair_color: str
    eye_color: str
    brows: str
    beard: str
    glasses: str
    outfit: str
    outfit_color: str
    backdrop: str
    backdrop_color: str
    earrings: str
    freckles: str
    face: str
    eyes: str
    nose: str
    lips: str


def choose_look(prompt: str, seed: int) -> Look:
    """Return the look for a prompt and a seed: always the same one for the same two.

    A field that the prompt speaks of follows the prompt. Each other field has its own stream of chance, so that a word
    changes what it names and leaves the rest of the person as it was.
    """
    wishes = read_prompt(prompt)
    chosen: dict[str, str] = {}
    for field in OPTIONS:
        weights = _chances(field, chosen)
        wish = wishes.get(field)
        if wish:
            weights = {option: weights.get(option, 0.0) or 1e-3 for option in wish}
        chosen[field] = random.Random(f"{field}:{seed}").choices(list(weights), list(weights.values()))[0]
    return Look(**chosen)


def read_prompt(prompt: str) -> dict[str, tuple[str, ...]]:
    """Return, per field of Look that the prompt speaks of, the options that fit its words.

    The prompt may be in any language of FOREIGN_WORDS, each clause in its own.
    """
    wishes: dict[str, tuple[str, ...]] = {}
    denied: set[str] = set()
    for clause in read_clauses(prompt, KNOWN_WORDS):
        said = [_word_wishes(word) | _trait_of_noun(clause, place) for place, word in enumerate(clause.words)]
        denied_places = _find_denied(clause, said)
        for place, fields in enumerate(said):
            if place in denied_places and clause.words[place] == "hair":
                wishes["hair_style"] = ("bald",)
            for field, options in fields.items():
                if place in denied_places:
                    denied.add(field)
                else:
                    earlier = wishes.get(field, options)
                    wishes[field] = tuple(option for option in earlier if option in options) or earlier
    without = {field: ("none",) for field in denied if "none" in OPTIONS[field]}
    without |= {"freckles": ("no",)} if "freckles" in denied else {}
    return without | wishes


def explain_unknown_words(prompt: str) -> str | None:
    """Return what to tell the user of words that the drawing shows nothing of; None when it knows all."""
    unknown = [word for clause in read_clauses(prompt, KNOWN_WORDS) for word in clause.unknown]
    if not unknown:
        return None
    shown = list(dict.fromkeys(unknown))
    more = f" and {len(shown) - MOST_SHOWN_WORDS} more" if len(shown) > MOST_SHOWN_WORDS else ""
    return (
        f"The drawing doesn't know these words: {', '.join(shown[:MOST_SHOWN_WORDS])}{more}. "
        "The seed decides what they leave open."
    )


def _find_denied(clause: Clause, said: Sequence[Mapping[str, object]]) -> set[int]:
    """Return the places of the words that are denied: "no" stands up to two words before, with no "with" in between.

    It denies no further than the first thing it meets, but both in "no beard or glasses". In languages that deny behind
    a word it is the nearest one before.
    """
    denied: set[int] = set()
    for place, word in enumerate(clause.words):
        if clause.denials_follow:
            if word in DENIALS:
                before = [earlier for earlier in range(place) if said[earlier]]
                following = [later for later in range(place + 1, len(said)) if said[later]]
                denied.update(before[-1:] or following[:1])
        elif _is_denied(clause.words[max(0, place - 2) : place]) or (
            place >= 2 and clause.words[place - 1] in ("and", "or") and place - 2 in denied and said[place]
        ):
            denied.add(place)
    return denied


def _is_denied(before: Sequence[str]) -> bool:
    """Tell whether the words before another one deny it: "no", with no joining word and no other thing in between."""
    nearest = next((word for word in reversed(before) if word in BREAKS or word in DENIALS or _word_wishes(word)), None)
    return nearest in DENIALS


def _word_wishes(word: str) -> dict[str, tuple[str, ...]]:
    singular = word[:-1] if word.endswith("s") else word
    return WORDS.get(word) or WORDS.get(singular) or {}


def _trait_of_noun(clause: Clause, place: int) -> dict[str, tuple[str, ...]]:
    """Return what the adjective at `place` says of its noun: the first one within the next four words.

    Where adjectives follow, it is the nearest noun before that it can describe, and one behind only when there is none.
    """
    words = clause.words
    following = _until_break(words[place + 1 : place + 5])
    if not clause.adjectives_follow:
        noun = next((word for word in following if _fields_of(word)), "")
        return _describe(noun, words[place])
    preceding = _until_break(reversed(words[max(0, place - 4) : place]))
    return next(filter(None, (_describe(noun, words[place]) for noun in (*preceding, *following))), {})


def _until_break(words: Iterable[str]) -> list[str]:
    return list(takewhile(lambda word: word not in BREAKS, words))


def _fields_of(noun: str) -> tuple[str, ...]:
    return NOUNS.get(noun) or NOUNS.get(noun.removesuffix("s")) or ()


def _describe(noun: str, adjective: str) -> dict[str, tuple[str, ...]]:
    said = {field: ADJECTIVES[field].get(adjective) for field in _fields_of(noun)}
    return {field: options for field, options in said.items() if options}


def _chances(field: str, chosen: dict[str, str]) -> Weights:
    """Return each option's weight for a field, given what is chosen already."""
    weights = dict.fromkeys(OPTIONS[field], 1.0)
    if field in ("presentation", "freckles", "beard", "glasses", "earrings", "age"):
        weights = dict(BASE_CHANCES[field])
    woman, old, young = chosen.get("presentation") == "woman", chosen.get("age") == "old", chosen.get("age") == "young"
    if field == "hair_style":
        weights = dict(WOMEN_HAIR if woman else MEN_HAIR)
        if old and not woman:
            weights |= {"receding": 4.0, "bald": 2.0, "quiff": 0.5}
        if young and not woman:
            weights["receding"] = 0.0
    if field == "hair_color":
        weights = {"grey": 2.0, "white": 1.5} if old else dict(HAIR_BY_SKIN[_skin_group(chosen["skin"])])
    if field == "eye_color":
        weights = dict(EYES_BY_SKIN[_skin_group(chosen["skin"])])
    if field == "beard":
        weights = {"none": 1.0} if woman else weights
        if young:
            weights |= {"full": weights.get("full", 0.0) * 0.4}
    if field == "earrings" and (not woman or chosen["hair_style"] == "hijab"):
        weights = {"none": 1.0}
    if field == "freckles" and chosen["skin"] not in ("porcelain", "fair", "beige"):
        weights = {"no": 1.0}
    if field == "outfit":
        weights = dict(WOMEN_OUTFITS if woman else MEN_OUTFITS)
    if field == "outfit_color":
        weights |= {"white": 0.4, "red": 0.4, "orange": 0.3, "pink": 0.3, "brown": 0.4, "black": 0.5}
    if field == "outfit_color" and chosen["outfit"] == "suit":
        weights = dict(SUIT_COLORS)
    if field == "backdrop":
        weights = {"studio": 5.0, "office": 2.0, "home": 2.0, "nature": 1.0, "night": 1.0}
    if field == "backdrop_color":
        weights |= {"red": 0.0, "green": 0.2, "dark": 0.5, "white": 0.4, "yellow": 0.5}
    if field == "brows":
        weights |= {"thick": 0.2, "arched": 1.5} if woman else {"arched": 0.0, "thick": 1.4}
    if field == "lips":
        weights |= {"thin": 0.3} if woman else {"full": 0.3}
    if field == "face":
        weights |= {"square": 0.1} if woman else {"heart": 0.2, "square": 1.5}
    return weights


def _skin_group(skin: str) -> str:
    if skin in ("porcelain", "fair", "beige"):
        return "light"
    return "medium" if skin in ("sand", "tan", "caramel") else "dark"


BASE_CHANCES: dict[str, Weights] = {
    "presentation": {"woman": 1.0, "man": 1.0},
    "age": {"young": 1.0, "adult": 2.5, "old": 0.5},
    "freckles": {"no": 6.0, "yes": 1.0},
    "beard": {"none": 4.0, "stubble": 2.0, "moustache": 0.3, "goatee": 0.5, "full": 2.0},
    "glasses": {"none": 5.0, "round": 0.8, "square": 0.8, "thin": 0.6},
    "earrings": {"none": 1.5, "stud": 1.0, "hoop": 0.6},
}
WOMEN_HAIR: Weights = {
    "long_straight": 1.5,
    "long_wavy": 2.0,
    "bob": 1.5,
    "ponytail": 1.2,
    "bun": 1.2,
    "pixie": 0.8,
    "curly_long": 1.2,
    "afro": 0.5,
    "hijab": 0.4,
    "shoulder": 1.2,
}
MEN_HAIR: Weights = {
    "short_crop": 1.5,
    "side_part": 2.0,
    "quiff": 1.5,
    "buzz": 0.8,
    "curly_short": 1.5,
    "receding": 0.4,
    "bald": 0.5,
    "afro": 0.3,
    "shoulder": 0.2,
}
WOMEN_OUTFITS: Weights = {
    "tshirt": 1,
    "blazer": 2,
    "shirt": 1,
    "turtleneck": 1,
    "sweater": 1.5,
    "blouse": 2,
    "hoodie": 0.5,
}
MEN_OUTFITS: Weights = {
    "tshirt": 1.2,
    "hoodie": 1,
    "suit": 1.2,
    "blazer": 1.5,
    "shirt": 1.5,
    "turtleneck": 0.7,
    "sweater": 1.5,
}
SUIT_COLORS: Weights = {"navy": 3, "charcoal": 3, "black": 1, "burgundy": 0.7, "forest": 0.7, "teal": 0.5, "brown": 0.5}
HAIR_BY_SKIN: dict[str, Weights] = {
    "light": {
        "black": 0.6,
        "espresso": 1.2,
        "brown": 1.5,
        "chestnut": 1.2,
        "auburn": 0.8,
        "red": 0.6,
        "honey": 1.0,
        "blond": 1.2,
        "platinum": 0.3,
    },
    "medium": {"black": 2.0, "espresso": 2.0, "brown": 1.0, "chestnut": 0.7, "auburn": 0.2, "honey": 0.2},
    "dark": {"black": 3.0, "espresso": 2.0, "brown": 0.4, "auburn": 0.2},
}
EYES_BY_SKIN: dict[str, Weights] = {
    "light": {"brown": 1, "hazel": 1, "green": 1, "blue": 1.4, "grey": 0.7},
    "medium": {"umber": 2, "brown": 2, "hazel": 0.7, "green": 0.3},
    "dark": {"umber": 3, "brown": 1.2, "hazel": 0.2},
}

DENIALS = frozenset({"no", "not", "without", "never", "nor"})
MOST_SHOWN_WORDS = 8
BREAKS = frozenset({",", ".", ";", ":", "!", "?", "and", "with", "in", "on", "wearing"})
LIGHT_SKIN, MEDIUM_SKIN, DARK_SKIN = (
    ("porcelain", "fair", "beige"),
    ("sand", "tan", "caramel"),
    ("brown", "deep", "ebony"),
)
LONG_HAIR = ("long_straight", "long_wavy", "curly_long", "ponytail")
SHORT_HAIR = ("short_crop", "side_part", "pixie", "buzz", "curly_short", "bob")
CURLY_HAIR = ("curly_long", "curly_short", "afro")
_WOMAN, _MAN = {"presentation": ("woman",)}, {"presentation": ("man",)}
_YOUNG, _OLD = {"age": ("young",)}, {"age": ("old",)}
_GIRL, _BOY = {**_WOMAN, **_YOUNG}, {**_MAN, **_YOUNG, "beard": ("none",)}
_GLASSES = {"glasses": ("round", "square", "thin")}

WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(
        ["woman", "women", "female", "lady", "she", "her", "mother", "grandmother", "actress", "queen"], _WOMAN
    ),
    **dict.fromkeys(["businesswoman", "hostess", "anchorwoman", "wife", "sister", "mom", "grandma"], _WOMAN),
    **dict.fromkeys(["man", "men", "male", "gentleman", "he", "his", "him", "guy", "father", "grandfather"], _MAN),
    **dict.fromkeys(["businessman", "anchorman", "husband", "brother", "dad", "grandpa", "king"], _MAN),
    **dict.fromkeys(["girl", "schoolgirl"], _GIRL),
    **dict.fromkeys(["boy", "schoolboy"], _BOY),
    **dict.fromkeys(["young", "youthful", "teen", "teenage", "teenager", "student", "child", "kid"], _YOUNG),
    **dict.fromkeys(["old", "older", "elderly", "aged", "senior", "retired", "grandmother", "grandfather"], _OLD),
    "grandmother": {**_WOMAN, "age": ("old",)},
    "grandma": {**_WOMAN, "age": ("old",)},
    "grandfather": {**_MAN, "age": ("old",)},
    "grandpa": {**_MAN, "age": ("old",)},
    "adult": {"age": ("adult",)},
    "middle-aged": {"age": ("adult",)},
    "beard": {**_MAN, "beard": ("full",)},
    "bearded": {**_MAN, "beard": ("full",)},
    "stubble": {**_MAN, "beard": ("stubble",)},
    "unshaven": {**_MAN, "beard": ("stubble",)},
    "moustache": {**_MAN, "beard": ("moustache",)},
    "mustache": {**_MAN, "beard": ("moustache",)},
    "goatee": {**_MAN, "beard": ("goatee",)},
    "shaven": {"beard": ("none",)},
    "clean-shaven": {"beard": ("none",)},
    "beardless": {"beard": ("none",)},
    "glasses": _GLASSES,
    "sunglasses": _GLASSES,
    "spectacles": _GLASSES,
    "eyeglasses": _GLASSES,
    "bespectacled": _GLASSES,
    "bald": {"hair_style": ("bald",)},
    "balding": {"hair_style": ("receding",)},
    "buzzcut": {"hair_style": ("buzz",)},
    "buzz": {"hair_style": ("buzz",)},
    "crop": {"hair_style": ("short_crop",)},
    "quiff": {"hair_style": ("quiff",)},
    "pompadour": {"hair_style": ("quiff",)},
    "bob": {"hair_style": ("bob",)},
    "pixie": {"hair_style": ("pixie",)},
    "ponytail": {"hair_style": ("ponytail",)},
    "bun": {"hair_style": ("bun",)},
    "afro": {"hair_style": ("afro",)},
    "hijab": {**_WOMAN, "hair_style": ("hijab",)},
    "headscarf": {**_WOMAN, "hair_style": ("hijab",)},
    "curly": {"hair_style": CURLY_HAIR},
    "curl": {"hair_style": CURLY_HAIR},
    "wavy": {"hair_style": ("long_wavy", "shoulder", "quiff")},
    "long-haired": {"hair_style": LONG_HAIR},
    "short-haired": {"hair_style": SHORT_HAIR},
    "shoulder-length": {"hair_style": ("shoulder",)},
    "blonde": {"hair_color": ("blond", "honey")},
    "blond": {"hair_color": ("blond", "honey")},
    "brunette": {"hair_color": ("brown", "chestnut", "espresso")},
    "redhead": {"hair_color": ("red",)},
    "red-haired": {"hair_color": ("red",)},
    "ginger": {"hair_color": ("red",)},
    "auburn": {"hair_color": ("auburn",)},
    "dark-haired": {"hair_color": ("black", "espresso")},
    "grey-haired": {"hair_color": ("grey",)},
    "gray-haired": {"hair_color": ("grey",)},
    "white-haired": {"hair_color": ("white",)},
    "freckle": {"freckles": ("yes",)},
    "freckled": {"freckles": ("yes",)},
    "earring": {"earrings": ("stud", "hoop")},
    "hoops": {"earrings": ("hoop",)},
    "suit": {"outfit": ("suit",)},
    "tie": {"outfit": ("suit",)},
    "formal": {"outfit": ("suit", "blazer")},
    "business": {"outfit": ("suit", "blazer")},
    "businessman": {**_MAN, "outfit": ("suit",)},
    "businesswoman": {**_WOMAN, "outfit": ("blazer",)},
    "newsreader": {"outfit": ("suit", "blazer")},
    "anchor": {"outfit": ("suit", "blazer")},
    "blazer": {"outfit": ("blazer",)},
    "jacket": {"outfit": ("blazer",)},
    "hoodie": {"outfit": ("hoodie",)},
    "sweatshirt": {"outfit": ("hoodie", "sweater")},
    "shirt": {"outfit": ("shirt",)},
    "t-shirt": {"outfit": ("tshirt",)},
    "tshirt": {"outfit": ("tshirt",)},
    "tee": {"outfit": ("tshirt",)},
    "casual": {"outfit": ("tshirt", "hoodie", "sweater")},
    "turtleneck": {"outfit": ("turtleneck",)},
    "sweater": {"outfit": ("sweater",)},
    "pullover": {"outfit": ("sweater",)},
    "jumper": {"outfit": ("sweater",)},
    "blouse": {"outfit": ("blouse",)},
    "dress": {**_WOMAN, "outfit": ("blouse",)},
    "office": {"backdrop": ("office",)},
    "bookshelf": {"backdrop": ("office",)},
    "library": {"backdrop": ("office",)},
    "home": {"backdrop": ("home",)},
    "kitchen": {"backdrop": ("home",)},
    "room": {"backdrop": ("home",)},
    "living-room": {"backdrop": ("home",)},
    "nature": {"backdrop": ("nature",)},
    "outdoor": {"backdrop": ("nature",)},
    "park": {"backdrop": ("nature",)},
    "forest": {"backdrop": ("nature",)},
    "garden": {"backdrop": ("nature",)},
    "beach": {"backdrop": ("nature",)},
    "night": {"backdrop": ("night",)},
    "city": {"backdrop": ("night",)},
    "neon": {"backdrop": ("night",)},
    "evening": {"backdrop": ("night",)},
    "studio": {"backdrop": ("studio",)},
    "neutral": {"backdrop": ("studio",)},
    "african": {"skin": DARK_SKIN, "hair_color": ("black", "espresso")},
    "asian": {"skin": ("fair", "beige", "sand"), "hair_color": ("black", "espresso"), "eye_color": ("umber", "brown")},
    "indian": {"skin": ("tan", "caramel", "brown"), "hair_color": ("black", "espresso")},
    "latina": {**_WOMAN, "skin": MEDIUM_SKIN},
    "latino": {**_MAN, "skin": MEDIUM_SKIN},
    "scandinavian": {"skin": ("porcelain", "fair"), "hair_color": ("blond", "platinum", "honey")},
    "dark-skinned": {"skin": DARK_SKIN},
    "light-skinned": {"skin": LIGHT_SKIN},
    "pale": {"skin": ("porcelain",)},
    "tanned": {"skin": ("tan",)},
}

NOUNS: dict[str, tuple[str, ...]] = {
    "hair": ("hair_color", "hair_style"),
    "haired": ("hair_color", "hair_style"),
    "curl": ("hair_color", "hair_style"),
    "bob": ("hair_color",),
    "ponytail": ("hair_color",),
    "bun": ("hair_color",),
    "beard": ("hair_color",),
    "afro": ("hair_color",),
    "eye": ("eye_color",),
    "eyed": ("eye_color",),
    "skin": ("skin",),
    "skinned": ("skin",),
    "complexion": ("skin",),
    "woman": ("skin",),
    "man": ("skin",),
    "girl": ("skin",),
    "boy": ("skin",),
    "person": ("skin",),
    "background": ("backdrop_color",),
    "backdrop": ("backdrop_color",),
    "wall": ("backdrop_color",),
    "studio": ("backdrop_color",),
    **dict.fromkeys(
        ["shirt", "t-shirt", "tshirt", "tee", "suit", "blazer", "jacket", "hoodie", "sweater", "pullover", "jumper"],
        ("outfit_color",),
    ),
    **dict.fromkeys(["turtleneck", "blouse", "dress", "hijab", "headscarf", "top", "sweatshirt"], ("outfit_color",)),
}

ADJECTIVES: dict[str, dict[str, tuple[str, ...]]] = {
    "hair_style": {"short": SHORT_HAIR, "long": LONG_HAIR, "straight": ("long_straight", "bob", "side_part")},
    "hair_color": {
        "black": ("black",),
        "dark": ("black", "espresso"),
        "brown": ("brown", "chestnut"),
        "brunette": ("brown",),
        "chestnut": ("chestnut",),
        "auburn": ("auburn",),
        "red": ("red",),
        "ginger": ("red",),
        "orange": ("red",),
        "blond": ("blond", "honey"),
        "blonde": ("blond", "honey"),
        "golden": ("honey",),
        "light": ("blond",),
        "platinum": ("platinum",),
        "silver": ("grey",),
        "grey": ("grey",),
        "gray": ("grey",),
        "white": ("white",),
        "pink": ("pink",),
        "blue": ("blue",),
        "purple": ("purple",),
        "green": ("green",),
    },
    "eye_color": {
        "brown": ("brown",),
        "dark": ("umber",),
        "black": ("umber",),
        "hazel": ("hazel",),
        "green": ("green",),
        "blue": ("blue",),
        "grey": ("grey",),
        "gray": ("grey",),
    },
    "skin": {
        "dark": DARK_SKIN,
        "black": DARK_SKIN,
        "brown": ("caramel", "brown"),
        "light": LIGHT_SKIN,
        "fair": LIGHT_SKIN,
        "pale": ("porcelain",),
        "white": LIGHT_SKIN,
        "tan": ("tan",),
        "olive": ("sand", "tan"),
    },
    "backdrop_color": {
        "blue": ("blue",),
        "teal": ("teal",),
        "turquoise": ("teal",),
        "beige": ("sand",),
        "sand": ("sand",),
        "brown": ("sand",),
        "orange": ("peach",),
        "peach": ("peach",),
        "green": ("green",),
        "sage": ("sage",),
        "purple": ("lilac",),
        "violet": ("lilac",),
        "lilac": ("lilac",),
        "grey": ("grey",),
        "gray": ("grey",),
        "pink": ("pink",),
        "yellow": ("yellow",),
        "white": ("white",),
        "light": ("white",),
        "bright": ("white",),
        "black": ("dark",),
        "dark": ("dark",),
        "red": ("red",),
    },
    "outfit_color": {
        "navy": ("navy",),
        "blue": ("navy", "sky"),
        "teal": ("teal",),
        "turquoise": ("teal",),
        "green": ("forest",),
        "burgundy": ("burgundy",),
        "yellow": ("mustard",),
        "mustard": ("mustard",),
        "coral": ("coral",),
        "grey": ("charcoal",),
        "gray": ("charcoal",),
        "charcoal": ("charcoal",),
        "dark": ("charcoal", "black", "navy"),
        "cream": ("cream",),
        "beige": ("cream",),
        "purple": ("lavender",),
        "lavender": ("lavender",),
        "violet": ("lavender",),
        "black": ("black",),
        "white": ("white",),
        "red": ("red",),
        "pink": ("pink",),
        "orange": ("orange",),
        "brown": ("brown",),
    },
}

# What says nothing of a look, or only what every drawing shows.
_PASSED_OVER = """
    a adult aged an and any are as at be being both but by calm camera character draw drawing eye eyes face facing
    for friendly from front hair has have having he head her him his human i image in is it its kind like look
    looking looks me middle nice of old on one or people person photo photograph picture please portrait presenter
    quite rather real really she show shows skin slightly some speaker that the their them they this to two very
    want was wearing wears which who whose with year years young-looking
"""
KNOWN_WORDS = frozenset(
    word
    for words in (
        WORDS,
        NOUNS,
        *ADJECTIVES.values(),
        BREAKS,
        DENIALS,
        _PASSED_OVER.split(),
        *(trait.words.replace(",", "").split() for trait in TRAITS),
        *(f"{topic.presenter} {topic.roles}".replace(",", " ").lower().split() for topic in (ANYONE, *TOPICS)),
    )
    for word in words
)
