"""Hair styles: what hangs behind the neck, and what lies on and before the face."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ....core.presenter.look import Look
from .hair_brush import Brush
from .ink import (
    Linear,
    Mask,
    Point,
    Sheet,
    curve,
    darker,
    ellipse,
    join,
    lighter,
    points,
    stroke,
    symmetric,
)
from .palette import cloth_of, hair_of, skin_of


@dataclass(frozen=True)
class Style:
    """How to draw one style: `back` behind the neck, `cap` before the face."""

    back: Callable[[Brush], None] | None
    cap: Callable[[Brush], None] | None


def draw_back_hair(sheet: Sheet, look: Look) -> None:
    style = STYLES[look.hair_style]
    if style.back:
        style.back(_brush_for(sheet, look))


def draw_front_hair(sheet: Sheet, look: Look) -> None:
    style = STYLES[look.hair_style]
    if style.cap:
        style.cap(_brush_for(sheet, look))


def _brush_for(sheet: Sheet, look: Look) -> Brush:
    if look.hair_style == "hijab":
        return Brush(sheet, lighter(cloth_of(look), 0.30))
    if look.hair_style == "buzz":
        skin = skin_of(look)
        return Brush(sheet, tuple(0.72 * h + 0.28 * s for h, s in zip(hair_of(look), skin.shade, strict=True)))  # type: ignore[arg-type]
    return Brush(sheet, hair_of(look))


# ---- caps: hair that lies on the skull, before the face


def _centre_parted(brush: Brush, length: float, flare: float, wave: float = 0.0) -> None:
    """Two curtains from a centre parting, framing the face and falling before the shoulders."""
    for side in (1, -1):
        outer = [
            (0.0, -1.66),
            (0.42, -1.60),
            (0.88, -1.30),
            (1.14, -0.78),
            (1.20, -0.1),
            (1.20 + wave, 0.5),
            (1.22 + flare - wave, 1.1),
            (1.18 + flare + wave, length * 0.8 + 0.2),
            (1.10 + flare, length - 0.06),
            (0.96 + flare, length + 0.08),
        ]
        inner = [
            (0.96 + flare, length + 0.08),
            (0.84 + flare * 0.6, length - 0.10),
            (0.82 + wave + flare * 0.3, length * 0.6 + 0.3),
            (0.87 - wave, 0.75),
            (0.93, 0.25),
            (0.91, -0.22),
            (0.79, -0.60),
            (0.44, -0.94),
            (0.0, -1.10),
        ]
        shape = join(curve(outer), curve(inner)) * (side, 1)
        mass = brush.mass(shape if side == 1 else shape[::-1], dark=0.0 if side == -1 else 0.06)
        first = [
            (x * side, y)
            for x, y in [
                (0.02, -1.60),
                (0.5, -1.5),
                (0.98, -1.15),
                (1.13, -0.6),
                (1.17 + wave, 0.4),
                (1.18 + flare, 1.2),
                (1.02 + flare, length),
            ]
        ]
        last = [
            (x * side, y)
            for x, y in [
                (0.02, -1.2),
                (0.35, -1.1),
                (0.72, -0.78),
                (0.90, -0.3),
                (0.93 - wave, 0.5),
                (0.88 + flare * 0.3, 1.1),
                (0.82 + flare * 0.6, length),
            ]
        ]
        brush.comb(mass, first, last, 26)
        band = stroke(
            curve([(x * side, y) for x, y in [(0.22, -1.36), (0.58, -1.26), (0.90, -0.95), (1.04, -0.58)]]), 0.16
        )
        brush.shine(mass, band, 0.42 if side == -1 else 0.26)
        brush.dim(
            mass,
            stroke(curve([(x * side, y) for x, y in [(0.90, -0.2), (0.92, 0.4), (0.86, 1.0), (0.84, length)]]), 0.10),
            0.45,
            0.04,
        )
    part = brush.sheet.mask(stroke(curve([(0, -1.60), (0.01, -1.4), (0, -1.10)]), 0.025))
    brush.sheet.paint(part, darker(brush.color, 0.5), 0.6)


def _long_straight_cap(brush: Brush) -> None:
    _centre_parted(brush, 2.55, 0.02)


def _long_wavy_cap(brush: Brush) -> None:
    _side_swept_long(brush, 2.5, 0.085)


def _shoulder_cap(brush: Brush) -> None:
    _side_swept_long(brush, 1.72, 0.03)


def _side_swept_long(brush: Brush, length: float, wave: float) -> None:
    """Hair from a side parting, one side sweeping over the forehead, in waves down to the length."""
    w = wave

    def fall(sign: float) -> tuple[list[Point], list[Point]]:
        span = length - 0.2
        outer = [
            (1.22 + w, 0.15),
            (1.20 - w, 0.15 + span * 0.25),
            (1.30 + w, 0.15 + span * 0.5),
            (1.22 - w, 0.15 + span * 0.75),
            (1.10, length - 0.05),
            (0.96, length + 0.12),
        ]
        inner = [
            (0.96, length + 0.12),
            (0.86, length - 0.18),
            (0.80 - w * 0.6, 0.15 + span * 0.72),
            (0.92 + w * 0.4, 0.15 + span * 0.46),
            (0.86 - w * 0.5, 0.15 + span * 0.22),
            (0.95, 0.05),
        ]
        return [(x * sign, y) for x, y in outer], [(x * sign, y) for x, y in inner]

    part = (-0.38, -1.50)
    right_outer, right_inner = fall(1)
    right = join(
        curve([part, (0.15, -1.66), (0.68, -1.52), (1.04, -1.10), (1.18, -0.5), *right_outer]),
        curve([*right_inner, (0.93, -0.28), (0.76, -0.56), (0.44, -0.80), (-0.02, -1.02), (-0.40, -1.18)]),
    )
    left_outer, left_inner = fall(-1)
    left = join(
        curve([part, (-0.72, -1.42), (-1.04, -1.04), (-1.17, -0.5), *left_outer]),
        curve([*left_inner, (-0.95, -0.30), (-0.86, -0.62), (-0.66, -0.94), (-0.40, -1.18)]),
    )
    for shape, side in ((left, -1), (right, 1)):
        mass = brush.mass(shape, dark=0.0 if side < 0 else 0.05)
        outer, inner = fall(side)
        top = (
            [(-0.40, -1.45), (0.2, -1.55), (0.75, -1.35), (1.08, -0.8)]
            if side > 0
            else [(-0.42, -1.45), (-0.72, -1.32), (-1.0, -0.95), (-1.1, -0.6)]
        )
        low = (
            [(-0.38, -1.25), (0.05, -1.12), (0.45, -0.92), (0.80, -0.60)]
            if side > 0
            else [(-0.42, -1.25), (-0.6, -1.05), (-0.82, -0.75), (-0.93, -0.4)]
        )
        brush.comb(mass, [*top, *outer], [*low, *inner[::-1]], 26, 0.045)
        brush.shine(mass, stroke(curve([(x * 0.88, y + 0.14) for x, y in top[1:]]), 0.17), 0.40 if side < 0 else 0.30)
        glow = [(x * 0.9, y) for x, y in outer[1:4]]
        brush.shine(mass, stroke(curve(glow), 0.14), 0.16)
        brush.dim(mass, stroke(curve([(x, y) for x, y in inner]), 0.10), 0.45, 0.05)
    line = brush.sheet.mask(stroke(curve([(-0.38, -1.5), (-0.41, -1.36), (-0.40, -1.2)]), 0.022))
    brush.sheet.paint(line, darker(brush.color, 0.5), 0.55)


def _bob_cap(brush: Brush) -> None:
    """A chin-length bob with a soft fringe."""
    fringe = join(
        curve(
            points(
                "-1.00,-0.10 -1.10,-0.62 -0.92,-1.22 -0.45,-1.56 0.0,-1.62 0.45,-1.56 0.92,-1.22 1.10,-0.62 1.00,-0.10"
            )
        ),
        curve(
            points(
                "0.93,-0.12 0.86,-0.40 0.62,-0.50 0.30,-0.475 0.0,-0.46 -0.30,-0.475 -0.62,-0.50 "
                "-0.86,-0.40 -0.93,-0.12"
            )
        ),
    )
    for side in (-1, 1):
        shape = join(
            curve([(0.62, -1.46), (0.98, -1.14), (1.17, -0.62), (1.25, 0.0), (1.29, 0.5), (1.26, 0.98), (1.10, 1.26)]),
            curve([(1.10, 1.26), (0.86, 1.27), (0.70, 1.16)]),
            curve([(0.70, 1.16), (0.85, 0.80), (0.93, 0.40), (0.93, -0.1), (0.88, -0.5), (0.6, -1.0)]),
        ) * (side, 1)
        mass = brush.mass(shape, dark=0.10 if side > 0 else 0.03)
        brush.comb(
            mass,
            [(0.95 * side, -1.0), (1.18 * side, -0.2), (1.24 * side, 0.6), (1.06 * side, 1.25)],
            [(0.80 * side, -0.9), (0.93 * side, -0.1), (0.93 * side, 0.5), (0.74 * side, 1.16)],
            18,
        )
        brush.shine(mass, stroke(curve([(1.10 * side, 0.0), (1.15 * side, 0.35), (1.12 * side, 0.7)]), 0.14), 0.22)
        brush.dim(mass, stroke(curve([(0.93 * side, -0.2), (0.93 * side, 0.4), (0.80 * side, 0.95)]), 0.12), 0.4, 0.05)
    mass = brush.mass(fringe)
    brush.comb(
        mass,
        [(-0.1, -1.58), (-0.55, -1.42), (-0.92, -0.95), (-1.0, -0.2)],
        [(0.0, -1.58), (-0.02, -1.2), (-0.02, -0.8), (-0.02, -0.46)],
        22,
    )
    brush.comb(
        mass,
        [(0.0, -1.58), (0.02, -1.2), (0.02, -0.8), (0.02, -0.46)],
        [(0.1, -1.58), (0.55, -1.42), (0.92, -0.95), (1.0, -0.2)],
        22,
    )
    brush.shine(
        mass, stroke(curve([(-0.86, -0.82), (-0.5, -1.06), (0.0, -1.14), (0.5, -1.06), (0.86, -0.82)]), 0.20), 0.36
    )


def _swept_back_cap(brush: Brush) -> None:
    """Hair drawn back tightly from the forehead, as under a bun or a ponytail."""
    shape = join(
        curve(
            points(
                "-0.97,0.02 -1.07,-0.45 -0.98,-1.02 -0.58,-1.45 0.0,-1.56 0.58,-1.45 0.98,-1.02 1.07,-0.45 0.97,0.02"
            )
        ),
        curve(
            points(
                "0.93,-0.05 0.90,-0.40 0.74,-0.76 0.40,-0.98 -0.10,-1.06 -0.46,-0.96 -0.76,-0.74 "
                "-0.90,-0.40 -0.93,-0.05"
            )
        ),
    )
    mass = brush.mass(shape)
    brush.comb(
        mass,
        [(-0.95, -0.1), (-1.0, -0.7), (-0.6, -1.35), (0.0, -1.55)],
        [(-0.12, -1.04), (-0.1, -1.2), (-0.06, -1.4), (0.0, -1.55)],
        20,
        0.03,
    )
    brush.comb(
        mass,
        [(-0.10, -1.04), (-0.05, -1.2), (0.0, -1.4), (0.02, -1.55)],
        [(0.95, -0.1), (1.0, -0.7), (0.6, -1.35), (0.02, -1.55)],
        24,
        0.03,
    )
    brush.shine(mass, stroke(curve([(-0.80, -0.98), (-0.45, -1.26), (0.0, -1.34), (0.40, -1.28)]), 0.13), 0.40)
    for side in (1, -1):
        wisp = curve([(0.90 * side, -0.38), (0.97 * side, 0.02), (0.94 * side, 0.36), (0.88 * side, 0.60)])
        brush.sheet.fill(stroke(wisp, 0.055, 0.3, 0.8), darker(brush.color, 0.12))


def _pixie_cap(brush: Brush) -> None:
    shape = join(
        curve(
            points(
                "-0.95,0.22 -1.08,-0.20 -1.14,-0.72 -0.90,-1.30 -0.40,-1.62 0.20,-1.66 0.75,-1.48 "
                "1.10,-0.98 1.12,-0.35 0.97,0.20"
            )
        ),
        curve([(0.92, 0.12), (0.92, -0.22), (0.84, -0.50), (0.66, -0.72)]),
        curve([(0.66, -0.72), (0.30, -0.70), (-0.12, -0.60), (-0.48, -0.40), (-0.66, -0.34)]),
        curve([(-0.66, -0.34), (-0.80, -0.52), (-0.88, -0.30), (-0.92, -0.05), (-0.91, 0.15)]),
    )
    mass = brush.mass(shape)
    brush.comb(
        mass,
        [(0.55, -1.50), (0.0, -1.50), (-0.7, -1.2), (-1.0, -0.5), (-0.95, 0.1)],
        [(0.60, -0.78), (0.3, -0.78), (-0.1, -0.68), (-0.45, -0.5), (-0.64, -0.36)],
        30,
    )
    brush.comb(
        mass,
        [(0.55, -1.50), (0.9, -1.2), (1.08, -0.6), (0.96, 0.1)],
        [(0.60, -0.9), (0.78, -0.65), (0.90, -0.3), (0.92, 0.1)],
        14,
    )
    brush.shine(mass, stroke(curve([(-0.90, -0.80), (-0.55, -1.16), (0.0, -1.28), (0.45, -1.24)]), 0.17), 0.40)


def _short_cap(brush: Brush, top: float, fade: float, sweep: float) -> None:
    """Short sides that fade into the skin, and a fuller top swept sideways."""
    sides = join(
        curve(
            points(
                "-0.955,0.26 -1.02,-0.05 -1.05,-0.40 -1.04,-0.80 -0.80,-1.28 0.0,-1.46 0.80,-1.28 "
                "1.04,-0.80 1.05,-0.40 1.02,-0.05 0.955,0.26"
            )
        ),
        curve(
            points(
                "0.955,0.26 0.915,0.10 0.93,-0.22 0.84,-0.56 0.62,-0.86 0.0,-0.95 -0.62,-0.86 -0.84,-0.56 "
                "-0.93,-0.22 -0.915,0.10 -0.955,0.26"
            )
        ),
    )
    mass = brush.mass(sides, dark=0.10)
    for side in (1, -1):
        brush.comb(
            mass,
            [(0.95 * side, -1.0), (1.06 * side, -0.5), (0.98 * side, 0.15)],
            [(0.80 * side, -0.9), (0.92 * side, -0.4), (0.93 * side, 0.12)],
            14,
            0.02,
            fade,
        )
    crown = join(
        curve(
            [
                (-0.97, -0.60),
                (-1.06, -0.90),
                (-0.86, -1.30 - top * 0.3),
                (-0.42, -1.56 - top),
                (0.10, -1.66 - top),
                (0.62, -1.52 - top * 0.7),
                (0.98, -1.14),
                (1.05, -0.85),
                (0.96, -0.58),
            ]
        ),
        curve([(0.95, -0.60), (0.80, -0.72), (0.70, -0.88)]),
        curve(
            [(0.70, -0.88), (0.35, -0.90 - sweep * 0.5), (-0.10, -0.96 - sweep * 0.2), (-0.52, -0.90), (-0.74, -0.74)]
        ),
        curve([(-0.74, -0.74), (-0.86, -0.72), (-0.96, -0.62)]),
    )
    mass = brush.mass(crown)
    brush.comb(
        mass,
        [(-0.55, -1.02), (-0.86, -1.20), (-0.95, -0.95), (-0.94, -0.66)],
        [(-0.50, -0.95), (-0.66, -0.98), (-0.78, -0.9), (-0.84, -0.74)],
        10,
    )
    brush.comb(
        mass,
        [(-0.56, -0.98), (-0.52, -1.25), (0.05, -1.52 - top), (0.6, -1.44 - top * 0.6), (1.0, -1.0)],
        [(-0.50, -0.92), (-0.30, -0.98), (0.10, -1.02 - sweep * 0.3), (0.5, -0.98 - sweep * 0.3), (0.88, -0.75)],
        34,
    )
    brush.shine(
        mass,
        stroke(curve([(-0.55, -1.22 - top * 0.4), (-0.10, -1.36 - top * 0.6), (0.42, -1.32 - top * 0.5)]), 0.15),
        0.42,
    )


def _side_part_cap(brush: Brush) -> None:
    _short_cap(brush, 0.07, 0.5, 0.10)


def _short_crop_cap(brush: Brush) -> None:
    """A textured crop with a short, ragged fringe."""
    edge = points(
        "0.90,-0.62 0.74,-0.60 0.66,-0.76 0.50,-0.66 0.40,-0.80 0.22,-0.68 0.10,-0.82 -0.08,-0.69 "
        "-0.20,-0.82 -0.38,-0.68 -0.50,-0.79 -0.64,-0.63 -0.74,-0.74 -0.90,-0.60"
    )
    sides = join(
        curve(
            points(
                "-0.955,0.22 -1.02,-0.05 -1.04,-0.40 -1.03,-0.80 -0.80,-1.30 0.0,-1.50 0.80,-1.30 "
                "1.03,-0.80 1.04,-0.40 1.02,-0.05 0.955,0.22"
            )
        ),
        curve(
            points(
                "0.955,0.22 0.915,0.08 0.93,-0.22 0.86,-0.56 0.6,-0.9 -0.6,-0.9 -0.86,-0.56 -0.93,-0.22 "
                "-0.915,0.08 -0.955,0.22"
            )
        ),
    )
    brush.mass(sides, dark=0.12)
    crown = join(
        curve(
            points(
                "-0.92,-0.58 -1.05,-0.88 -0.90,-1.24 -0.52,-1.54 0.0,-1.65 0.52,-1.54 0.90,-1.24 1.05,-0.88 0.92,-0.60"
            )
        ),
        np.array(edge),
    )
    mass = brush.mass(crown)
    for index in range(0, len(edge) - 2, 1):
        x, y = edge[index + 1]
        brush.comb(
            mass,
            [(x * 0.75 - 0.06, -1.5), (x * 0.95, -1.15), (x, y)],
            [(x * 0.75 + 0.08, -1.5), (x * 0.95 + 0.08, -1.1), (x + 0.08, y - 0.04)],
            4,
            0.04,
        )
    brush.shine(mass, stroke(curve([(-0.70, -1.05), (-0.35, -1.26), (0.1, -1.32), (0.5, -1.22)]), 0.15), 0.34)


def _quiff_cap(brush: Brush) -> None:
    _short_cap(brush, 0.0, 0.5, 0.0)
    crown = curve(
        points(
            "-0.76,-0.82 -0.86,-1.22 -0.66,-1.62 -0.20,-1.82 0.32,-1.84 0.74,-1.62 0.92,-1.22 0.82,-0.86 "
            "0.60,-0.98 0.25,-1.06 -0.20,-1.04 -0.55,-0.92"
        ),
        closed=True,
    )
    mass = brush.mass(crown)
    brush.comb(
        mass,
        [(-0.66, -0.92), (-0.74, -1.25), (-0.5, -1.62), (0.05, -1.80)],
        [(0.66, -0.96), (0.78, -1.25), (0.72, -1.5), (0.45, -1.78)],
        36,
        0.05,
    )
    brush.shine(mass, stroke(curve([(-0.60, -1.30), (-0.30, -1.52), (0.15, -1.58), (0.50, -1.46)]), 0.17), 0.45)
    brush.dim(
        mass,
        curve([(-0.62, -0.90), (-0.2, -1.02), (0.3, -1.05), (0.7, -0.94), (0.5, -0.94), (-0.2, -0.92)], closed=True),
        0.5,
        0.06,
    )


def _buzz_cap(brush: Brush) -> None:
    outer = curve(
        points(
            "-0.955,0.16 -1.01,-0.20 -1.0,-0.55 -0.86,-0.98 -0.50,-1.34 0.0,-1.455 0.50,-1.34 0.86,-0.98 "
            "1.0,-0.55 1.01,-0.20 0.955,0.16"
        )
    )
    shape = join(
        outer * (1.15, 1.1),
        curve(
            points(
                "0.92,0.14 0.93,-0.22 0.84,-0.55 0.70,-0.80 0.35,-0.90 0.0,-0.92 -0.35,-0.90 -0.70,-0.80 "
                "-0.84,-0.55 -0.93,-0.22 -0.92,0.14"
            )
        ),
    )
    mask = brush.sheet.mask(shape, blur=0.025).inside(brush.sheet.mask(outer))
    brush.sheet.paint(
        mask,
        Linear((-0.8, -1.5), (0.9, 0.0), (lighter(brush.color, 0.14), brush.color, darker(brush.color, 0.3))),
        0.93,
    )
    grain = brush.chance.random(mask.cover.shape, np.float32)
    brush.sheet.paint(Mask(mask.cover * (grain > 0.82), mask.x, mask.y), lighter(brush.color, 0.25), 0.22)
    brush.shine(mask, stroke(curve([(-0.62, -1.02), (-0.25, -1.2), (0.2, -1.22)]), 0.18), 0.25)


def _curly_short_cap(brush: Brush) -> None:
    sides = join(
        curve([(-0.955, 0.28), (-1.04, -0.15), (-1.04, -0.80)]),
        curve([(1.04, -0.80), (1.04, -0.15), (0.955, 0.28)]),
        curve(points("0.955,0.28 0.915,0.10 0.93,-0.22 0.82,-0.62 -0.82,-0.62 -0.93,-0.22 -0.915,0.10 -0.955,0.28")),
    )
    brush.mass(sides, dark=0.15)
    crown = curve(
        points(
            "-0.86,-0.66 -1.06,-1.00 -0.88,-1.42 -0.40,-1.68 0.15,-1.72 0.70,-1.55 1.05,-1.12 0.92,-0.68 "
            "0.60,-0.86 0.20,-0.80 -0.25,-0.84 -0.60,-0.80"
        ),
        closed=True,
    )
    mass = brush.tufts(crown, 0.13, 0.15)
    brush.shine(mass, ellipse((-0.30, -1.38), 0.42, 0.16, -18), 0.28)


def _afro_cap(brush: Brush) -> None:
    crown = join(
        curve(
            points(
                "-0.98,0.10 -1.30,-0.25 -1.44,-0.80 -1.22,-1.40 -0.70,-1.84 0.0,-1.98 0.70,-1.84 "
                "1.22,-1.40 1.44,-0.80 1.30,-0.25 0.98,0.10"
            )
        ),
        curve(
            points(
                "0.94,-0.10 0.90,-0.42 0.74,-0.72 0.40,-0.88 0.0,-0.92 -0.40,-0.88 -0.74,-0.72 -0.90,-0.42 -0.94,-0.10"
            )
        ),
    )
    mass = brush.tufts(crown, 0.085, 0.10)
    brush.shine(mass, ellipse((-0.50, -1.50), 0.55, 0.26, -32), 0.26)


def _curly_long_cap(brush: Brush) -> None:
    for side in (1, -1):
        lock = join(
            curve(points("0.10,-1.60 0.70,-1.52 1.15,-1.10 1.34,-0.45 1.42,0.30 1.50,0.95 1.42,1.55 1.20,1.95")),
            curve(points("0.92,1.90 0.88,1.40 0.96,0.90 0.94,0.40 0.95,-0.05 0.88,-0.45 0.66,-0.82 0.15,-1.06")),
        ) * (side, 1)
        mass = brush.tufts(lock, 0.12, 0.14)
        brush.shine(mass, ellipse((side * 0.86, -1.02), 0.26, 0.40, -40 * side), 0.26 if side < 0 else 0.16)
    top = curve(
        points("-0.52,-1.02 -0.80,-1.25 -0.45,-1.60 0.0,-1.68 0.5,-1.60 0.80,-1.25 0.50,-1.02 0.15,-1.02 -0.15,-1.05"),
        closed=True,
    )
    mass = brush.tufts(top, 0.10, 0.13)
    brush.shine(mass, ellipse((-0.22, -1.42), 0.34, 0.12, -12), 0.28)


def _receding_cap(brush: Brush) -> None:
    for side in (1, -1):
        shape = join(
            curve([(0.955, 0.26), (1.03, -0.05), (1.07, -0.38), (1.03, -0.72), (0.90, -1.00), (0.70, -1.14)]),
            curve(points("0.70,-1.14 0.80,-0.92 0.84,-0.66 0.90,-0.35 0.93,-0.10 0.915,0.10 0.955,0.26")),
        ) * (side, 1)
        mass = brush.mass(shape, dark=0.05)
        brush.comb(
            mass,
            [(1.0 * side, -0.85), (1.05 * side, -0.3), (0.98 * side, 0.2)],
            [(0.84 * side, -0.75), (0.90 * side, -0.3), (0.92 * side, 0.15)],
            12,
            0.025,
        )


def _hijab_cap(brush: Brush) -> None:
    opening = symmetric(points("0.0,-0.86 0.48,-0.77 0.78,-0.40 0.85,0.10 0.76,0.62 0.52,0.98 0.24,1.20 0.0,1.25"))
    cloth = symmetric(
        points(
            "0.0,-1.56 0.58,-1.46 1.02,-1.05 1.18,-0.40 1.18,0.30 1.10,0.95 1.08,1.40 1.36,2.05 1.30,2.60 "
            "0.70,2.78 0.0,2.84"
        )
    )
    mask = brush.sheet.mask(cloth).outside(brush.sheet.mask(opening))
    color = brush.color
    brush.sheet.paint(mask, Linear((-1.0, -1.4), (1.0, 2.4), (lighter(color, 0.20), color, darker(color, 0.22))))
    brush.sheet.paint(brush.sheet.mask(opening * (1.05, 1.03), blur=0.05).inside(mask), darker(color, 0.5), 0.55)
    under = curve([(-0.60, 1.12), (0.0, 1.46), (0.60, 1.12), (0.75, 1.45), (0.0, 1.95), (-0.75, 1.45)], closed=True)
    brush.dim(mask, under, 0.35, 0.12)
    folds = [
        [(-1.0, 0.6), (-0.6, 1.35), (0.2, 1.75), (1.0, 1.85)],
        [(-1.05, 0.9), (-0.7, 1.65), (0.1, 2.1), (1.15, 2.2)],
        [(-0.55, -1.25), (-0.95, -0.7), (-1.06, 0.0), (-0.98, 0.7)],
        [(0.50, -1.2), (0.95, -0.7), (1.08, 0.0), (1.0, 0.8)],
        [(1.0, 0.9), (0.7, 1.4), (0.2, 1.62)],
        [(-1.0, 1.3), (-0.8, 1.9), (-0.2, 2.45)],
    ]
    for fold in folds:
        brush.sheet.paint(
            brush.sheet.mask(stroke(curve(fold), 0.07), blur=0.03).inside(mask), darker(color, 0.55), 0.42
        )
        lit = [(x - 0.05, y - 0.06) for x, y in fold]
        brush.sheet.paint(brush.sheet.mask(stroke(curve(lit), 0.06), blur=0.03).inside(mask), lighter(color, 0.5), 0.40)


# ---- backs: hair behind the neck


def _long_back(brush: Brush) -> None:
    shape = symmetric(
        [(0.0, -1.5), (0.85, -1.25), (1.14, -0.5), (1.16, 0.6), (1.20, 1.6), (1.08, 2.5), (0.5, 2.62), (0.0, 2.65)]
    )
    _dark_back(brush, shape, 2.6)


def _shoulder_back(brush: Brush) -> None:
    _dark_back(
        brush,
        symmetric([(0.0, -1.5), (0.85, -1.25), (1.14, -0.5), (1.16, 0.6), (1.12, 1.5), (0.6, 1.7), (0.0, 1.72)]),
        1.7,
    )


def _bob_back(brush: Brush) -> None:
    _dark_back(
        brush,
        symmetric([(0.0, -1.5), (0.85, -1.25), (1.14, -0.5), (1.18, 0.5), (1.05, 1.16), (0.5, 1.22), (0.0, 1.22)]),
        1.2,
    )


def _curly_back(brush: Brush) -> None:
    shape = symmetric([(0.0, -1.4), (0.9, -1.15), (1.24, -0.3), (1.30, 0.6), (1.30, 1.5), (0.9, 1.95), (0.0, 1.9)])
    mass = brush.tufts(shape, 0.13, 0.16)
    brush.dim(mass, ellipse((0, 0.9), 0.95, 1.1), 0.75, 0.12)


def _dark_back(brush: Brush, shape: np.ndarray, bottom: float) -> None:
    mass = brush.mass(shape, dark=0.38)
    brush.comb(
        mass, [(-1.1, 0.2), (-1.1, 1.0), (-1.0, bottom)], [(1.1, 0.2), (1.1, 1.0), (1.0, bottom)], 34, 0.05, 0.28
    )
    brush.dim(mass, ellipse((0.0, 1.1), 0.62, 0.9), 0.55, 0.14)


def _ponytail_back(brush: Brush) -> None:
    tail = curve(
        points(
            "0.30,-1.35 0.85,-1.52 1.32,-1.10 1.46,-0.35 1.40,0.50 1.46,1.15 1.26,1.60 1.14,1.10 "
            "1.10,0.45 1.10,-0.20 0.95,-0.75 0.55,-0.95"
        ),
        closed=True,
    )
    mass = brush.mass(tail, dark=0.10)
    brush.comb(
        mass,
        [(0.5, -1.3), (1.2, -1.1), (1.42, -0.2), (1.38, 0.7), (1.28, 1.55)],
        [(0.5, -1.05), (0.95, -0.8), (1.12, -0.1), (1.14, 0.6), (1.24, 1.55)],
        22,
    )
    brush.shine(mass, stroke(curve([(1.08, -1.05), (1.28, -0.55), (1.30, 0.0)]), 0.12), 0.32)


def _bun_back(brush: Brush) -> None:
    knot = ellipse((0.0, -1.66), 0.46, 0.38)
    mass = brush.mass(knot)
    brush.comb(
        mass,
        [(-0.42, -1.55), (-0.30, -1.95), (0.2, -2.0), (0.42, -1.65)],
        [(-0.30, -1.50), (-0.1, -1.65), (0.15, -1.62), (0.30, -1.45)],
        16,
        0.035,
    )
    brush.shine(mass, ellipse((-0.14, -1.82), 0.20, 0.08, -20), 0.42)
    brush.dim(mass, ellipse((0.0, -1.42), 0.5, 0.14), 0.7, 0.06)


def _nape_back(brush: Brush) -> None:
    """The little that shows of short hair beside the neck."""
    brush.mass(symmetric([(0.0, -1.0), (0.9, -0.8), (0.98, 0.0), (0.80, 0.60), (0.0, 0.7)]), dark=0.45)


STYLES: dict[str, Style] = {
    "long_straight": Style(_long_back, _long_straight_cap),
    "long_wavy": Style(_long_back, _long_wavy_cap),
    "shoulder": Style(_shoulder_back, _shoulder_cap),
    "bob": Style(_bob_back, _bob_cap),
    "ponytail": Style(_ponytail_back, _swept_back_cap),
    "bun": Style(_bun_back, _swept_back_cap),
    "pixie": Style(_nape_back, _pixie_cap),
    "curly_long": Style(_curly_back, _curly_long_cap),
    "afro": Style(None, _afro_cap),
    "short_crop": Style(_nape_back, _short_crop_cap),
    "side_part": Style(_nape_back, _side_part_cap),
    "quiff": Style(_nape_back, _quiff_cap),
    "buzz": Style(None, _buzz_cap),
    "curly_short": Style(_nape_back, _curly_short_cap),
    "receding": Style(None, _receding_cap),
    "bald": Style(None, None),
    "hijab": Style(None, _hijab_cap),
}
