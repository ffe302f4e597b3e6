"""Neck, shoulders and what the presenter wears."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ....core.presenter.look import Look
from .ink import (
    Color,
    Linear,
    Mask,
    Point,
    Sheet,
    curve,
    darker,
    ellipse,
    join,
    lighter,
    mirror,
    mix,
    rgb,
    shifted,
    stroke,
)
from .palette import Skin, cloth_of, skin_of


class Tailor:
    """Draws clothes on one sheet; `bottom` is the figure coordinate of the picture's lower edge."""

    def __init__(self, sheet: Sheet, look: Look, bottom: float) -> None:
        self.sheet = sheet
        self.look = look
        self.color = cloth_of(look)
        self.skin: Skin = skin_of(look)
        self.bottom = max(bottom, 3.4) + 0.3
        self.woman = look.presentation == "woman"
        self.width = 0.90 if self.woman else 1.0

    def torso(self, color: Color, neckline: Sequence[Point]) -> Mask:
        """Fill shoulders and chest below a neckline: its right half, from the shoulder to the middle."""
        w = self.width
        right: list[Point] = [
            (1.05 * w, 1.86),
            (1.55 * w, 1.99),
            (1.98 * w, 2.14),
            (2.26 * w, 2.46),
            (2.38 * w, 3.0),
            (2.46 * w, 4.0),
            (2.52 * w, self.bottom),
        ]
        shoulder = curve([neckline[0], *right])
        collar = curve(neckline)
        outline = join(shoulder, mirror(shoulder), _left_then_right(collar))
        mask = self.sheet.mask(outline)
        self.sheet.paint(mask, Linear((-1.6, 1.8), (1.7, 4.6), (lighter(color, 0.14), color, darker(color, 0.26))))
        self._fold(mask, color)
        return mask

    def _fold(self, mask: Mask, color: Color) -> None:
        w = self.width
        for side in (-1, 1):
            arm = [
                (1.60 * w * side, 3.02),
                (1.66 * w * side, 3.6),
                (1.60 * w * side, 4.4),
                (1.62 * w * side, self.bottom),
            ]
            self.shade(mask, stroke(curve(arm), 0.12, 0.4, 0.05), darker(color, 0.6), 0.55, 0.045)
            lit = [(x - 0.10, y) for x, y in arm]
            self.shade(mask, stroke(curve(lit), 0.10, 0.4, 0.05), lighter(color, 0.4), 0.22, 0.05)
            crease = [(1.62 * w * side, 2.95), (1.45 * w * side, 3.16), (1.18 * w * side, 3.26)]
            self.shade(mask, stroke(curve(crease), 0.07, 0.1, 0.8), darker(color, 0.6), 0.18, 0.05)
        self.shade(mask, ellipse((-1.45 * w, 2.26), 0.50, 0.14, -22), lighter(color, 0.5), 0.34, 0.10)
        self.shade(mask, ellipse((1.98 * w, 3.0), 0.35, 0.9), darker(color, 0.6), 0.32, 0.16)
        self.shade(mask, ellipse((0.15, 1.98), 0.85, 0.30), darker(color, 0.7), 0.30, 0.14)

    def shade(self, mask: Mask, outline: np.ndarray, color: Color, strength: float, blur: float) -> None:
        self.sheet.paint(self.sheet.mask(outline, blur=blur).inside(mask), color, strength)

    def band(self, path: Sequence[Point], width: float, color: Color) -> Mask:
        """Draw a trim along the right half of a path and its mirror image."""
        whole = _left_then_right(curve(path))
        mask = self.sheet.mask(stroke(whole, width, 0.01, 0.01))
        self.sheet.paint(mask, Linear((-0.7, 0), (0.7, 0), (lighter(color, 0.16), color, darker(color, 0.22))))
        return mask


def draw_body(sheet: Sheet, look: Look, bottom: float) -> None:
    """Draw the neck and the clothes down to the picture's lower edge."""
    tailor = Tailor(sheet, look, bottom)
    if look.outfit == "hoodie":
        _hood_behind(tailor)
    _draw_neck(tailor)
    OUTFITS[look.outfit](tailor)


def _draw_neck(tailor: Tailor) -> None:
    skin, sheet, w = tailor.skin, tailor.sheet, tailor.width
    half = 0.46 if tailor.woman else 0.565
    right = curve(
        [
            (half + 0.02, 0.5),
            (half, 1.1),
            (half * 0.99, 1.46),
            (half + 0.12, 1.72),
            (1.0 * w, 1.92),
            (1.55 * w, 2.12),
            (1.7 * w, 3.2),
        ]
    )
    neck = sheet.mask(join(right, mirror(right)))
    sheet.paint(
        neck,
        Linear((-0.6, 1.0), (0.7, 2.2), (mix(skin.base, skin.light, 0.2), skin.base, mix(skin.base, skin.shade, 0.45))),
    )
    shade = curve(
        [
            (-half - 0.1, 0.6),
            (-half - 0.05, 1.22),
            (-0.22, 1.60),
            (0.10, 1.66),
            (0.42, 1.56),
            (half + 0.1, 1.35),
            (half + 0.2, 0.6),
        ],
        closed=True,
    )
    sheet.paint(sheet.mask(shade, blur=0.06).inside(neck), mix(skin.shade, skin.deep, 0.22), 0.88)
    sheet.paint(
        sheet.mask(
            curve([(half - 0.16, 1.0), (half - 0.10, 1.6), (half + 0.2, 1.9), (half + 0.3, 1.0)], closed=True),
            blur=0.08,
        ).inside(neck),
        skin.shade,
        0.55,
    )
    for side in (-1, 1):
        bone = curve([(0.12 * side, 2.08), (0.42 * side, 2.00), (0.85 * side, 1.97)])
        tailor.shade(neck, stroke(bone, 0.06), skin.shade, 0.65, 0.025)
        tailor.shade(neck, stroke(shifted(bone, 0, -0.05), 0.06), skin.light, 0.45, 0.025)
        muscle = curve([(0.44 * side, 1.45), (0.30 * side, 1.75), (0.10 * side, 2.04)])
        tailor.shade(neck, stroke(muscle, 0.05), skin.shade, 0.45, 0.03)


def _crew(depth: float) -> list[Point]:
    return [(0.72, 1.78), (0.58, 1.92 + depth * 0.4), (0.32, 2.03 + depth), (0.0, 2.07 + depth)]


def _tshirt(tailor: Tailor) -> None:
    line = _crew(0.06)
    mask = tailor.torso(tailor.color, line)
    tailor.band([(x, y + 0.035) for x, y in line[::-1]][::-1], 0.10, darker(tailor.color, 0.10))
    edge = [(x, y + 0.10) for x, y in line]
    tailor.shade(mask, stroke(_left_then_right(curve(edge)), 0.022, 0.02, 0.02), darker(tailor.color, 0.5), 0.5, 0.006)


def _sweater(tailor: Tailor) -> None:
    line = _crew(-0.03)
    mask = tailor.torso(tailor.color, line)
    rib = tailor.band([(x, y + 0.05) for x, y in line], 0.17, tailor.color)
    center = np.array((0.0, 1.0))
    for angle in np.linspace(-62, 62, 44):
        direction = np.array((np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))))
        tick = np.stack([center + direction * 0.7, center + direction * 1.5])
        tailor.shade(
            rib, stroke(np.linspace(tick[0], tick[1], 8), 0.016, 0.01, 0.01), darker(tailor.color, 0.5), 0.34, 0.004
        )
    edge = [(x * 1.03, y + 0.14) for x, y in line]
    tailor.shade(mask, stroke(_left_then_right(curve(edge)), 0.05, 0.02, 0.02), darker(tailor.color, 0.6), 0.4, 0.02)


def _turtleneck(tailor: Tailor) -> None:
    half = 0.52 if tailor.woman else 0.62
    mask = tailor.torso(tailor.color, [(half + 0.06, 1.62), (half * 0.7, 1.66), (0.2, 1.70), (0.0, 1.70)])
    roll = curve(
        [
            (-half, 1.30),
            (-half * 0.5, 1.42),
            (0, 1.46),
            (half * 0.5, 1.42),
            (half, 1.30),
            (half + 0.05, 1.55),
            (half + 0.10, 1.84),
            (half * 0.5, 1.97),
            (0, 2.00),
            (-half * 0.5, 1.97),
            (-half - 0.10, 1.84),
            (-half - 0.05, 1.55),
        ],
        closed=True,
    )
    color = tailor.color
    collar = tailor.sheet.mask(roll)
    tailor.shade(mask, shifted(roll, 0.03, 0.08), darker(color, 0.7), 0.5, 0.06)
    tailor.sheet.paint(collar, Linear((-0.6, 1.3), (0.6, 1.9), (lighter(color, 0.18), color, darker(color, 0.30))))
    for x in np.linspace(-half * 0.95, half * 0.95, 17):
        rib = curve([(x, 1.28), (x * 1.03, 1.6), (x * 1.12, 2.02)])
        tailor.shade(collar, stroke(rib, 0.02, 0.02, 0.02), darker(color, 0.5), 0.30, 0.005)
    tailor.shade(collar, ellipse((0.06, 1.36), 0.55, 0.12), darker(color, 0.7), 0.5, 0.06)


def _hood_behind(tailor: Tailor) -> None:
    hood = curve(
        [(-1.15, 1.95), (-1.10, 1.48), (-0.78, 1.16), (0, 1.02), (0.78, 1.16), (1.10, 1.48), (1.15, 1.95), (0, 2.4)],
        closed=True,
    )
    color = darker(tailor.color, 0.30)
    tailor.sheet.fill(hood, Linear((-1, 1.1), (1, 2.0), (tailor.color, color, darker(color, 0.3))))
    inner = curve(
        [(-0.86, 1.95), (-0.84, 1.55), (-0.6, 1.28), (0, 1.18), (0.6, 1.28), (0.84, 1.55), (0.86, 1.95), (0, 2.3)],
        closed=True,
    )
    tailor.sheet.fill(inner, darker(tailor.color, 0.55), blur=0.02)


def _hoodie(tailor: Tailor) -> None:
    color = tailor.color
    line: list[Point] = [(0.86, 1.70), (0.62, 2.00), (0.26, 2.26), (0.0, 2.34)]
    mask = tailor.torso(color, line)
    for side in (-1, 1):
        flap = curve(
            [
                (0.62 * side, 1.62),
                (0.92 * side, 1.60),
                (1.18 * side, 1.86),
                (0.86 * side, 2.30),
                (0.30 * side, 2.56),
                (0.02 * side, 2.46),
                (0.30 * side, 2.18),
                (0.56 * side, 1.94),
            ],
            closed=True,
        )
        tailor.shade(mask, shifted(flap, 0.03, 0.07), darker(color, 0.7), 0.5, 0.05)
        shape = tailor.sheet.mask(flap)
        tailor.sheet.paint(shape, Linear((-0.9, 1.6), (0.9, 2.5), (lighter(color, 0.20), color, darker(color, 0.22))))
        fold = curve([(0.80 * side, 1.72), (0.78 * side, 2.05), (0.34 * side, 2.36)])
        tailor.shade(shape, stroke(fold, 0.08), darker(color, 0.6), 0.4, 0.03)
        cord = curve([(0.26 * side, 2.42), (0.29 * side, 2.8), (0.25 * side, 3.22)])
        tailor.sheet.fill(stroke(shifted(cord, 0.02, 0.02), 0.05, 0.02, 0.02), darker(color, 0.6), 0.4, blur=0.02)
        tailor.sheet.fill(stroke(cord, 0.042, 0.02, 0.02), lighter(color, 0.62))
        tailor.sheet.fill(ellipse((0.25 * side, 3.24), 0.030, 0.055), lighter(color, 0.40))


def _shirt_collar(tailor: Tailor, color: Color, open_to: float) -> None:
    for side in (-1, 1):
        points = [
            (0.60, 1.44),
            (0.78, 1.62),
            (0.70, 2.06),
            (0.44, 2.36),
            (0.30, 2.22),
            (0.07, open_to),
            (0.30, 1.86),
            (0.50, 1.66),
        ]
        outline = join(
            curve([(x * side, y) for x, y in points[:3]]),
            np.array([(points[3][0] * side, points[3][1])]),
            curve([(x * side, y) for x, y in points[5:]]),
        )
        tailor.sheet.fill(shifted(outline, 0.02, 0.05), darker(color, 0.75), 0.32, blur=0.04)
        leaf = tailor.sheet.fill(
            outline, Linear((-0.7, 1.5), (0.7, 2.3), (lighter(color, 0.25), color, darker(color, 0.14)))
        )
        hem = curve(
            [
                (points[2][0] * side * 0.97, points[2][1]),
                (points[3][0] * side * 0.96, points[3][1] - 0.05),
                (0.12 * side, open_to + 0.02),
            ]
        )
        tailor.shade(leaf, stroke(hem, 0.014, 0.02, 0.02), darker(color, 0.5), 0.45, 0.004)


def _shirt(tailor: Tailor) -> None:
    color = tailor.color
    mask = tailor.torso(color, [(0.66, 1.66), (0.42, 1.88), (0.16, 2.20), (0.0, 2.36)])
    placket = np.array([(-0.13, 2.3), (0.13, 2.3), (0.13, tailor.bottom), (-0.13, tailor.bottom)])
    tailor.shade(mask, shifted(placket, 0.05, 0), darker(color, 0.7), 0.30, 0.03)
    tailor.shade(mask, placket, lighter(color, 0.16), 0.8, 0.0)
    for x in (-0.105, 0.105):
        seam = np.linspace((x, 2.3), (x, tailor.bottom), 30)
        tailor.shade(mask, stroke(seam, 0.012, 0.01, 0.01), darker(color, 0.5), 0.4, 0.003)
    for y in np.arange(2.72, tailor.bottom, 0.62):
        tailor.sheet.fill(ellipse((0.012, y + 0.016), 0.045, 0.045), darker(color, 0.6), 0.5, blur=0.01)
        tailor.sheet.fill(ellipse((0, y), 0.042, 0.042), mix(lighter(color, 0.6), rgb("ffffff"), 0.3))
        tailor.sheet.fill(ellipse((0, y), 0.012, 0.012), darker(color, 0.4))
    _shirt_collar(tailor, lighter(color, 0.06), 2.33)


def _blouse(tailor: Tailor) -> None:
    color = tailor.color
    line: list[Point] = [(0.80, 1.78), (0.60, 2.02), (0.30, 2.42), (0.0, 2.78)]
    mask = tailor.torso(color, line)
    tailor.band([(x + 0.02, y + 0.03) for x, y in line], 0.075, lighter(color, 0.10))
    for side in (-1, 1):
        for start, end in (((0.62, 2.25), (0.30, 3.6)), ((0.98, 2.12), (0.78, 3.5)), ((0.28, 2.72), (0.14, 3.9))):
            fold = curve(
                [
                    (start[0] * side, start[1]),
                    ((start[0] * 0.55 + end[0] * 0.45 - 0.03) * side, (start[1] + end[1]) / 2),
                    (end[0] * side, end[1]),
                ]
            )
            tailor.shade(mask, stroke(fold, 0.08, 0.2, 0.7), darker(color, 0.6), 0.28, 0.03)
            tailor.shade(mask, stroke(shifted(fold, -0.06, 0), 0.06, 0.2, 0.7), lighter(color, 0.5), 0.26, 0.03)


def _jacket(tailor: Tailor, color: Color, opening: float) -> None:
    """Lay an open jacket with notched lapels over what is drawn already."""
    w = tailor.width
    shoulder: list[Point] = [
        (0.66, 1.60),
        (1.08 * w, 1.82),
        (1.62 * w, 1.94),
        (2.06 * w, 2.09),
        (2.34 * w, 2.42),
        (2.46 * w, 3.0),
        (2.53 * w, 4.0),
        (2.58 * w, tailor.bottom),
    ]
    for side in (-1, 1):
        panel = join(
            curve([(x * side, y) for x, y in shoulder]),
            np.array([(-0.06 * side, tailor.bottom), (-0.06 * side, opening)]),
            curve([(-0.02 * side, opening), (0.34 * side, 2.9), (0.58 * side, 2.2), (0.66 * side, 1.6)]),
        )
        mask = tailor.sheet.mask(panel)
        tailor.sheet.paint(mask, Linear((-1.6, 1.8), (1.7, 4.6), (lighter(color, 0.13), color, darker(color, 0.30))))
        tailor._fold(mask, color)
        lapel = join(
            curve([(0.60 * side, 1.52), (0.78 * side, 1.62), (0.98 * side, 1.86)]),
            np.array([(1.02 * side, 2.10), (0.84 * side, 2.20), (1.10 * side, 2.36)]),
            curve([(1.10 * side, 2.36), (0.74 * side, 3.0), (0.0, opening + 0.06)]),
            curve([(0.0, opening), (0.36 * side, 2.86), (0.56 * side, 2.2), (0.60 * side, 1.52)]),
        )
        tailor.shade(mask, shifted(lapel, 0.035 * side, 0.06), darker(color, 0.75), 0.55, 0.04)
        leaf = tailor.sheet.fill(
            lapel, Linear((-0.9, 1.6), (0.9, 3.2), (lighter(color, 0.20), lighter(color, 0.05), darker(color, 0.14)))
        )
        notch = np.linspace((0.60 * side, 2.02), (0.88 * side, 2.19), 10)
        tailor.shade(leaf, stroke(notch, 0.022, 0.2, 0.02), darker(color, 0.7), 0.6, 0.004)
        tailor.shade(
            leaf,
            stroke(curve([(0.60 * side, 1.60), (0.57 * side, 2.2), (0.36 * side, 2.86), (0, opening)]), 0.05, 0.1, 0.1),
            darker(color, 0.6),
            0.35,
            0.02,
        )
    if opening + 0.25 < tailor.bottom:
        tailor.sheet.fill(ellipse((0.0, opening + 0.22), 0.06, 0.06), darker(color, 0.5))
        tailor.sheet.fill(ellipse((-0.01, opening + 0.205), 0.045, 0.045), lighter(color, 0.22))


def _suit(tailor: Tailor) -> None:
    shirt = rgb("f4f4f6")
    tailor.torso(shirt, [(0.66, 1.62), (0.42, 1.80), (0.16, 2.02), (0.0, 2.10)])
    tie = {"navy": "8c2f3f", "burgundy": "2f4468", "charcoal": "3f6d8e", "black": "7c2f42"}.get(
        tailor.look.outfit_color, "33415c"
    )
    color = rgb(tie)
    knot = np.array([(-0.155, 2.03), (0.155, 2.03), (0.10, 2.29), (-0.10, 2.29)])
    blade = join(
        np.array([(-0.095, 2.28), (0.095, 2.28)]),
        curve([(0.095, 2.28), (0.17, 3.0), (0.22, 3.9)]),
        curve([(-0.22, 3.9), (-0.17, 3.0), (-0.095, 2.28)]),
    )
    tailor.sheet.fill(shifted(blade, 0.04, 0.04), rgb("30303a"), 0.30, blur=0.04)
    mask = tailor.sheet.fill(blade, Linear((-0.2, 2.3), (0.22, 2.5), (lighter(color, 0.14), color, darker(color, 0.3))))
    tailor.shade(mask, ellipse((0, 2.31), 0.12, 0.06), darker(color, 0.7), 0.7, 0.02)
    tailor.sheet.fill(knot, Linear((-0.15, 2.0), (0.15, 2.3), (lighter(color, 0.22), color, darker(color, 0.25))))
    _shirt_collar(tailor, shirt, 2.05)
    _jacket(tailor, tailor.color, 3.55)


def _blazer(tailor: Tailor) -> None:
    dark = sum(tailor.color) < 380
    inner = rgb("f3f1ee") if dark else rgb("2d3038")
    depth = 0.22 if tailor.woman else 0.06
    tailor.torso(inner, _crew(depth))
    tailor.band([(x, y + 0.03) for x, y in _crew(depth)], 0.07, darker(inner, 0.06))
    _jacket(tailor, tailor.color, 3.75)


OUTFITS: dict[str, Callable[[Tailor], None]] = {
    "tshirt": _tshirt,
    "hoodie": _hoodie,
    "suit": _suit,
    "blazer": _blazer,
    "shirt": _shirt,
    "turtleneck": _turtleneck,
    "sweater": _sweater,
    "blouse": _blouse,
}


def _left_then_right(right_half: np.ndarray) -> np.ndarray:
    """Return the path from its mirrored start through the middle to its own start."""
    return np.concatenate([right_half * (-1, 1), right_half[-2::-1]])
