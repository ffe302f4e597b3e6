"""The parts of the face that move on their own, drawn anew for every pose: eyes, brows and mouth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....core.presenter.look import Look
from ....core.presenter.motion import Pose
from ....core.presenter.mouth import MouthShape
from .face import MOUTH_Y
from .ink import Color, Linear, Mask, Radial, Sheet, curve, darker, ellipse, join, lighter, mix, rgb, shifted, stroke
from .palette import Skin, brow_of, iris_of, skin_of

EYE_X = 0.44
EYES_BOX = (-0.86, -0.62, 0.86, 0.27)
MOUTH_BOX = (-0.62, 0.50, 0.62, 1.38)


@dataclass(frozen=True)
class Gaze:
    """Lids, brows and eyes of a pose, in steps too small to see, so that equal ones needn't be drawn again."""

    blink: float
    brow: float
    x: float
    y: float

    @classmethod
    def of(cls, pose: Pose) -> Gaze:
        return cls(*(round(value * 20) / 20 for value in (pose.blink, pose.brow, pose.gaze_x, pose.gaze_y)))


def draw_eyes(sheet: Sheet, look: Look, gaze: Gaze) -> None:
    """Draw both eyes and brows."""
    skin = skin_of(look)
    for side in (-1.0, 1.0):
        _draw_eye(sheet, look, skin, side, gaze)
        _draw_brow(sheet, look, side, gaze.brow)


def _draw_eye(sheet: Sheet, look: Look, skin: Skin, side: float, gaze: Gaze) -> None:
    """Draw one eye: lids over eyeball; a point's x grows outwards from the nose."""
    tall = {"almond": 1.0, "round": 1.14, "narrow": 0.84}[look.eyes]
    tilt = {"almond": -0.025, "round": 0.0, "narrow": -0.02}[look.eyes]
    woman = look.presentation == "woman"
    blink = gaze.blink
    center = np.array((side * EYE_X, 0.0))

    def place(path: np.ndarray) -> np.ndarray:
        return path * (side, 1) + center

    xs = np.array([-0.235, -0.13, 0.01, 0.145, 0.245])
    up = np.array([0.040, -0.100 * tall, -0.142 * tall, -0.108 * tall, tilt])
    low = np.array([0.040, 0.094 * tall, 0.117 * tall, 0.078 * tall, tilt])
    shut = np.array([0.040, 0.080, 0.102, 0.070, tilt + 0.012])
    wide = gaze.brow * 0.012
    lid_y = up - wide * np.array([0, 1, 1, 1, 0]) + (shut - up) * blink
    floor_y = low + (shut - low) * blink
    lid, floor, rest_lid = (curve(list(zip(xs, y, strict=True))) for y in (lid_y, floor_y, up))

    if blink > 0.02:
        cover = join(rest_lid, lid[::-1])
        sheet.fill(
            place(cover),
            Linear((0, -0.15), (0, 0.10), (mix(skin.base, skin.shade, 0.45), mix(skin.base, skin.blush, 0.25))),
        )
    if blink < 0.93:
        opening = sheet.mask(place(join(lid, floor[::-1])))
        _draw_eyeball(sheet, opening, look, shifted(center, gaze.x * 0.055, -0.012 + gaze.y * 0.03), float(lid_y[2]))
    crease_lift = 0.062 * (1 - 0.5 * blink)
    crease = curve(
        list(
            zip(xs * 1.0, np.minimum(lid_y, up + 0.06) - crease_lift * np.array([0.35, 0.9, 1, 0.95, 0.6]), strict=True)
        )
    )
    sheet.shade(place(stroke(crease, 0.020, 0.6, 0.6)), skin.deep, 0.62 - 0.35 * blink, blur=0.005)
    lashes = rgb("241a1c")
    lower = curve(
        [(-0.17, floor_y[1] - 0.006), (0.01, floor_y[2] + 0.004), (0.15, floor_y[3] + 0.002), (0.235, tilt + 0.01)]
    )
    sheet.shade(place(stroke(lower, 0.018, 0.7, 0.3)), mix(skin.deep, lashes, 0.4), 0.55)
    wing = 0.045 if woman else 0.008
    tip = (0.245 + wing, tilt - wing * 0.9 + 0.06 * blink * (1 if woman else 0))
    lash_line = curve([*zip(xs, lid_y - 0.006, strict=True), tip])
    sheet.fill(place(stroke(lash_line, 0.050 if woman else 0.036, 0.65, 0.28)), lashes, 0.95)
    if woman:
        for x, reach in ((0.14, 0.05), (0.195, 0.06)):
            y = float(np.interp(x, xs, lid_y))
            lash = curve(
                [(x, y), (x + reach * 0.6, y - reach * 0.45), (x + reach, y - reach * (0.95 - 1.3 * blink))], steps=4
            )
            sheet.fill(place(stroke(lash, 0.022, 0.05, 0.9)), lashes, 0.9)


def _draw_eyeball(sheet: Sheet, opening: Mask, look: Look, iris_at: np.ndarray, lid_y: float) -> None:
    iris = iris_of(look)
    x, y = float(iris_at[0]), float(iris_at[1])
    sheet.paint(opening, Linear((0, lid_y), (0, 0.11), (rgb("c9bfc2"), rgb("ece6e4"), rgb("f3eeeb"))))
    disc = sheet.mask(ellipse((x, y), 0.138, 0.138)).inside(opening)
    sheet.paint(
        disc, Radial((x, y + 0.045), 0.145, 0.145, (lighter(iris, 0.30), iris, darker(iris, 0.25), darker(iris, 0.62)))
    )
    sheet.paint(sheet.mask(ellipse((x, y), 0.062, 0.062)).inside(disc), rgb("120c0e"))
    sheet.paint(sheet.mask(ellipse((x, lid_y + 0.0), 0.26, 0.055), blur=0.018).inside(opening), rgb("2a1a20"), 0.42)
    sheet.paint(sheet.mask(ellipse((x - 0.042, y - 0.046), 0.030, 0.030)).inside(opening), rgb("ffffff"), 0.95)
    sheet.paint(sheet.mask(ellipse((x + 0.045, y + 0.052), 0.016, 0.014)).inside(opening), rgb("ffffff"), 0.5)


def _draw_brow(sheet: Sheet, look: Look, side: float, lift: float) -> None:
    woman = look.presentation == "woman"
    thickness = {"soft": 0.070, "straight": 0.076, "arched": 0.066, "thick": 0.105}[look.brows] * (
        0.92 if woman else 1.25
    )
    arch = {"soft": 0.055, "straight": 0.025, "arched": 0.085, "thick": 0.050}[look.brows]
    y = -0.285 - lift * 0.055 - (0.02 if woman else 0.0)
    spine = curve(
        [(0.185, y + 0.015), (0.34, y - arch * 0.75), (0.52, y - arch), (0.66, y - arch * 0.35), (0.745, y + 0.045)]
    )
    brow = stroke(spine * (side, 1), thickness, 0.22, 0.85)
    color = brow_of(look)
    shape = sheet.fill(brow, color, 0.90, blur=0.007)
    for share in np.linspace(0.08, 0.70, 6):
        at = spine[int(share * (len(spine) - 1))]
        hair = shifted(curve([(-0.02, 0.03), (0.02, -0.005), (0.055, -0.03)], steps=3), *at)
        sheet.paint(sheet.mask(stroke(hair * (side, 1), 0.014)).inside(shape), lighter(color, 0.14), 0.4)


def draw_mouth(sheet: Sheet, look: Look, mouth: MouthShape, smile: float = 0.72) -> None:
    """Draw the lips, and behind them teeth and tongue as far as the mouth is open."""
    skin = skin_of(look)
    full = {"thin": 0.82, "medium": 1.0, "full": 1.26}[look.lips] * (1.10 if look.presentation == "woman" else 0.86)
    gap = 0.245 * mouth.open * (1 - 0.22 * mouth.round)
    pucker = mouth.round
    press = mouth.press
    half = 0.355 + 0.055 * mouth.wide - 0.135 * pucker - 0.02 * mouth.open
    upper = 0.066 * full * (1 + 0.35 * pucker) * (1 - 0.45 * press)
    lower = 0.100 * full * (1 + 0.25 * pucker) * (1 - 0.35 * press) * (1 - 0.5 * mouth.bite)
    up, down = -0.32 * gap, 0.68 * gap - 0.02 * mouth.bite
    corner = -0.060 * smile * (1 - pucker) + 0.25 * gap
    bow = 0.82 + 0.12 * pucker

    def place(points: list[tuple[float, float]]) -> np.ndarray:
        right = [(x * half, y + MOUTH_Y) for x, y in points]
        left = [(-x, y) for x, y in reversed(right[1:])]
        return curve([*left, *right], steps=8)

    round_out = 0.62 + 0.16 * pucker
    lip_top = place(
        [
            (0, up - upper * bow),
            (0.20, up - upper),
            (round_out, (up - upper * 0.60) * (0.86 + 0.1 * pucker) + corner * 0.3),
            (1.0, corner),
        ]
    )
    lip_bottom = place(
        [
            (0, down + lower),
            (0.34, down + lower * 0.93),
            (0.74, (down + lower * 0.50) * 0.86 + corner * 0.14),
            (1.0, corner),
        ]
    )
    rim = 0.94 if gap > 0.01 else 0.97
    inner_top = place([(0, up + 0.008), (0.30, up), (0.70, up * 0.62 + corner * 0.35 + 0.004), (rim, corner)])
    inner_bottom = place(
        [(0, down + 0.008), (0.36, down * 0.96 + 0.004), (0.74, down * 0.66 + corner * 0.3 + 0.004), (rim, corner)]
    )

    if look.beard not in ("full", "goatee"):
        sheet.shade(ellipse((0.02, MOUTH_Y + down + lower + 0.05), half * 0.72, 0.045), skin.shade, 0.60, blur=0.032)
    lips = sheet.fill(
        join(lip_top, lip_bottom[::-1]),
        Linear(
            (0, MOUTH_Y + up - upper),
            (0, MOUTH_Y + down + lower),
            (skin.lip, darker(skin.lip, 0.10), skin.lip, lighter(skin.lip, 0.12)),
        ),
        0.94,
        blur=0.004,
    )
    sheet.paint(
        sheet.mask(ellipse((-0.07, MOUTH_Y + down + lower * 0.52), half * 0.30, lower * 0.20), blur=0.016).inside(lips),
        lighter(skin.lip, 0.65),
        0.42,
    )
    if gap > 0.012:
        opening = sheet.mask(join(inner_top, inner_bottom[::-1]))
        _draw_mouth_inside(sheet, opening, mouth, half, MOUTH_Y + up, MOUTH_Y + down)
    seam = darker(mix(skin.lip, skin.deep, 0.5), 0.35)
    sheet.fill(stroke(inner_top, 0.026 - 0.008 * min(1.0, gap * 8), 0.35, 0.35), seam, 0.85)
    for side in (-1, 1):
        sheet.shade(ellipse((side * (half + 0.012), MOUTH_Y + corner), 0.030, 0.024), skin.deep, 0.45, blur=0.014)


def _draw_mouth_inside(sheet: Sheet, opening: Mask, mouth: MouthShape, half: float, top: float, bottom: float) -> None:
    gap = bottom - top
    sheet.paint(opening, Linear((0, top), (0, bottom), (rgb("2c0a12"), rgb("4d1520"), rgb("7a2b34"))))
    reach = gap * (0.30 + 0.35 * mouth.tongue)
    tongue = ellipse((0, bottom + 0.02), half * 0.62, reach + 0.02)
    tongue_mask = sheet.mask(tongue, blur=0.010).inside(opening)
    sheet.paint(
        tongue_mask, Radial((-0.03, bottom - reach * 0.4), half * 0.6, reach + 0.03, (rgb("dd7f80"), rgb("b4545a")))
    )
    enamel: Color = (248.0, 245.0, 240.0)
    teeth = min(1.0, mouth.teeth)
    if teeth > 0.05:
        depth = min(0.085, gap * (0.45 + 0.35 * mouth.teeth)) * teeth
        row = curve(
            [
                (-half, top - 0.05),
                (-half * 0.80, top + depth * 0.62),
                (-half * 0.40, top + depth),
                (0, top + depth * 1.04),
                (half * 0.40, top + depth),
                (half * 0.80, top + depth * 0.62),
                (half, top - 0.05),
            ]
        )
        teeth_mask = sheet.mask(row, blur=0.004).inside(opening)
        sheet.paint(
            teeth_mask,
            Radial((-0.05, top), half, 0.3, (enamel, (240.0, 234.0, 228.0), (176.0, 160.0, 158.0))),
            min(1.0, teeth * 2),
        )
        if mouth.teeth > 0.6 and gap < 0.14:
            low_row = ellipse((0, bottom + 0.03), half * 0.66, 0.03 + gap * 0.34)
            sheet.paint(
                sheet.mask(low_row, blur=0.004).inside(opening), (226.0, 219.0, 214.0), (mouth.teeth - 0.6) * 2.2
            )
    lip_shadow = ellipse((0, top - 0.012), half, 0.035)
    sheet.paint(sheet.mask(lip_shadow, blur=0.015).inside(opening), rgb("1c060c"), 0.5)
