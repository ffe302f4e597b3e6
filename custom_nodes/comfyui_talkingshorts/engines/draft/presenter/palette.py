"""The colours behind the names that a Look uses."""

from __future__ import annotations

from dataclasses import dataclass

from ....core.presenter.look import Look
from .ink import Color, darker, lighter, mix, rgb


@dataclass(frozen=True)
class Skin:
    """One skin tone in light and shade, with the lips and the blush that go with it."""

    base: Color
    light: Color
    shade: Color
    deep: Color
    blush: Color
    lip: Color


_SKINS = {
    "porcelain": ("f9dcc9", "e2a88f", "e98f86", "cf7670"),
    "fair": ("f4cdb0", "d99a7b", "e58775", "c86c63"),
    "beige": ("ecbf9a", "cb8d68", "dd7d66", "bf665a"),
    "sand": ("dfae82", "b97d53", "cf7357", "b26052"),
    "tan": ("cf9768", "a66b41", "c0634a", "a45648"),
    "caramel": ("b87f52", "8b5631", "ab553e", "94493f"),
    "brown": ("a06a45", "713f26", "a04a35", "8a453d"),
    "deep": ("84533a", "56301f", "8d402f", "7c3f3d"),
    "ebony": ("6b4433", "40251b", "7c3a2d", "723a3b"),
}
_HAIRS = {
    "black": "26222a",
    "espresso": "3a2a26",
    "brown": "5b3d2e",
    "chestnut": "78492f",
    "auburn": "8a3f2a",
    "red": "b8552b",
    "honey": "a9763f",
    "blond": "d3a75f",
    "platinum": "e6d3a8",
    "grey": "9a9a9e",
    "white": "dedcd8",
    "pink": "e28aa8",
    "blue": "4d7fc0",
    "purple": "7d5bb0",
    "green": "5a9a74",
}
_EYES = {
    "umber": "3d2517",
    "brown": "6b4023",
    "hazel": "7d5f38",
    "green": "5b7d48",
    "blue": "4f83b4",
    "grey": "77868f",
}
_CLOTHES = {
    "navy": "2f4468",
    "teal": "2b7a78",
    "forest": "3d6650",
    "burgundy": "7c2f42",
    "mustard": "d39d34",
    "coral": "e0705a",
    "charcoal": "464b55",
    "cream": "ece1cc",
    "sky": "7fb0d6",
    "lavender": "9b8bc4",
    "black": "2b2c32",
    "white": "f1f1f0",
    "red": "bd3a3a",
    "pink": "e29aae",
    "orange": "e08a3c",
    "brown": "7a5640",
}
_BACKDROPS = {
    "blue": ("b9d5ee", "6f9cc9"),
    "teal": ("b2dcd8", "5d9f9f"),
    "sand": ("f0e2cc", "cfae86"),
    "peach": ("fcdcc6", "e6a585"),
    "sage": ("d7e2cb", "94ac88"),
    "lilac": ("dcd3ee", "9d8cc6"),
    "grey": ("dde1e6", "9aa4b0"),
    "pink": ("f8d7dd", "dc97a8"),
    "yellow": ("fbeab4", "e5bf62"),
    "white": ("fbfaf8", "dcdad6"),
    "dark": ("4a5262", "20242e"),
    "red": ("e89a8c", "a8433f"),
    "green": ("c1e2b4", "63a062"),
}


def skin_of(look: Look) -> Skin:
    base, shade, blush, lip = (rgb(code) for code in _SKINS[look.skin])
    lip = mix(lip, rgb("c2405a"), 0.25) if look.presentation == "woman" else mix(lip, base, 0.35)
    return Skin(base, lighter(base, 0.38), shade, darker(shade, 0.45), blush, lip)


def hair_of(look: Look) -> Color:
    return rgb(_HAIRS[look.hair_color])


def brow_of(look: Look) -> Color:
    hair = hair_of(look)
    if look.hair_color in ("pink", "blue", "purple", "green", "black"):
        return rgb("3a2a26")
    return darker(hair, 0.22 if look.hair_color in ("grey", "white") else 0.35)


def iris_of(look: Look) -> Color:
    return rgb(_EYES[look.eye_color])


def cloth_of(look: Look) -> Color:
    return rgb(_CLOTHES[look.outfit_color])


def backdrop_of(look: Look) -> tuple[Color, Color]:
    """Return the light and the deep tone of the backdrop."""
    light, deep = _BACKDROPS[look.backdrop_color]
    return rgb(light), rgb(deep)
