"""The presenter's head without the parts that move on their own: skin, ears, nose, beard, age."""

from __future__ import annotations

import numpy as np

from ....core.presenter.look import Look
from .ink import (
    Color,
    Linear,
    Mask,
    Point,
    Radial,
    Sheet,
    curve,
    darker,
    ellipse,
    lighter,
    mirror,
    mix,
    points,
    shifted,
    stroke,
    symmetric,
)
from .palette import Skin, hair_of, skin_of

CHIN_Y = 1.34
MOUTH_Y = 0.84


def face_outline(look: Look) -> np.ndarray:
    """Return the outline of the face, skull to chin; the widest place is near x = 1, the eye line at y = 0."""
    woman = look.presentation == "woman"
    jaw, chin, cheek = (0.58, 0.23, 0.905) if woman else (0.68, 0.32, 0.93)
    drop = {"round": -0.05, "long": 0.08, "square": 0.0, "heart": 0.03}.get(look.face, 0.0)
    jaw += {"round": 0.05, "square": 0.07, "heart": -0.04, "long": -0.02}.get(look.face, 0.0)
    chin += {"round": 0.04, "square": 0.07, "heart": -0.02}.get(look.face, 0.0)
    cheek += {"round": 0.03, "heart": 0.01, "long": -0.03}.get(look.face, 0.0)
    bottom = CHIN_Y + drop + (0.02 if not woman else 0.0)
    half: list[Point] = [
        (0.0, -1.40),
        (0.50, -1.27),
        (0.87, -0.82),
        (0.99, -0.25),
        (cheek, 0.32),
        ((cheek + jaw) / 2 + 0.045, 0.70 + drop / 2),
        (jaw, 0.98 + drop / 2),
        (chin, bottom - 0.10),
        (0.0, bottom),
    ]
    return symmetric(half)


def draw_head(sheet: Sheet, look: Look, hair_shadow: Mask) -> Mask:
    """Draw skin, ears, nose and beard; return the face's mask."""
    skin = skin_of(look)
    _draw_ears(sheet, skin)
    outline = face_outline(look)
    face = sheet.fill(
        outline,
        Linear((-0.7, -1.0), (0.8, 1.3), (lighter(skin.base, 0.12), skin.base, mix(skin.base, skin.shade, 0.30))),
    )
    _shade_face(sheet, look, skin, outline, face)
    sheet.paint(hair_shadow.inside(face), skin.shade, 0.75)
    if look.freckles == "yes":
        _draw_freckles(sheet, skin)
    if look.age == "old":
        _draw_years(sheet, skin, face)
    if look.beard != "none":
        _draw_beard(sheet, look, skin, outline, face)
    _draw_nose(sheet, look, skin, face)
    return face


def _draw_ears(sheet: Sheet, skin: Skin) -> None:
    right = curve([(0.92, -0.16), (1.06, -0.20), (1.15, -0.06), (1.11, 0.20), (1.02, 0.42), (0.92, 0.44)], closed=True)
    inner = curve([(0.98, -0.06), (1.07, -0.10), (1.10, 0.0), (1.06, 0.14), (1.01, 0.24)])
    for side, tone in ((mirror, 0.15), (lambda path: path, 0.38)):
        ear = sheet.fill(side(right), mix(skin.base, skin.shade, tone))
        sheet.shade(stroke(side(inner), 0.07), skin.shade, 0.8, blur=0.015, within=ear)
        sheet.shade(side(ellipse((0.99, 0.10), 0.05, 0.13)), skin.deep, 0.35, blur=0.03, within=ear)
        sheet.shade(side(ellipse((1.05, 0.32), 0.07, 0.09)), skin.blush, 0.35, blur=0.04, within=ear)


def _shade_face(sheet: Sheet, look: Look, skin: Skin, outline: np.ndarray, face: Mask) -> None:
    """Light it from the upper left: a shaded edge on the right and below, warm cheeks, lit forehead and chin."""
    lit_part = sheet.mask(shifted(outline * (0.90, 0.955), -0.09, -0.055), blur=0.085)
    sheet.paint(face.outside(lit_part), skin.shade, 0.72)
    chin = sheet.mask(shifted(outline, 0, -0.05), blur=0.035)
    sheet.paint(face.outside(chin), skin.shade, 0.55)
    for x in (-0.56, 0.56):
        sheet.shade(ellipse((x, 0.43), 0.27, 0.19), skin.blush, 0.36, blur=0.11, within=face)
    for x in (-0.44, 0.44):
        sheet.shade(ellipse((x, -0.09), 0.31, 0.17), skin.shade, 0.34, blur=0.07, within=face)
    sheet.shade(ellipse((-0.16, -0.62), 0.46, 0.22), skin.light, 0.55, blur=0.15, within=face)
    sheet.shade(ellipse((-0.60, 0.27), 0.17, 0.10), skin.light, 0.50, blur=0.07, within=face)
    sheet.shade(ellipse((0.50, 0.26), 0.14, 0.08), skin.light, 0.28, blur=0.07, within=face)
    sheet.shade(ellipse((-0.03, CHIN_Y - 0.15), 0.14, 0.08), skin.light, 0.40, blur=0.06, within=face)
    if look.presentation == "man":
        for side in (1, -1):
            hollow = curve(
                [(0.84 * side, 0.42), (0.70 * side, 0.66), (0.50 * side, 0.80), (0.72 * side, 0.86)], closed=True
            )
            sheet.shade(hollow, skin.shade, 0.30, blur=0.08, within=face)


def _draw_nose(sheet: Sheet, look: Look, skin: Skin, face: Mask) -> None:
    half = {"small": 0.145, "straight": 0.165, "broad": 0.205}[look.nose] + (
        0.015 if look.presentation == "man" else 0.0
    )
    tip_y = 0.47 if look.nose == "small" else 0.50
    side = curve(
        [
            (0.06, -0.16),
            (0.075, 0.10),
            (half * 0.72, tip_y - 0.14),
            (half * 1.05, tip_y - 0.02),
            (half * 0.9, tip_y + 0.07),
            (0.03, tip_y + 0.06),
            (0.03, 0.10),
        ],
        closed=True,
    )
    sheet.shade(side, skin.shade, 0.62, blur=0.035, within=face)
    under = curve(
        [
            (-half, tip_y + 0.03),
            (-half * 0.5, tip_y + 0.075),
            (0, tip_y + 0.105),
            (half * 0.5, tip_y + 0.075),
            (half, tip_y + 0.03),
            (half * 0.5, tip_y + 0.15),
            (0, tip_y + 0.19),
            (-half * 0.5, tip_y + 0.15),
        ],
        closed=True,
    )
    sheet.shade(under, skin.shade, 0.75, blur=0.03, within=face)
    sheet.shade(ellipse((-0.035, 0.14), 0.035, 0.24), skin.light, 0.42, blur=0.025, within=face)
    sheet.shade(ellipse((-0.035, tip_y - 0.05), 0.07, 0.055), skin.light, 0.62, blur=0.028, within=face)
    for sign in (-1, 1):
        wing = curve(
            [(sign * half * 1.02, tip_y - 0.08), (sign * half * 1.18, tip_y + 0.0), (sign * half * 0.95, tip_y + 0.055)]
        )
        sheet.shade(stroke(wing, 0.026), skin.deep, 0.55, blur=0.006, within=face)
        nostril = curve(
            [
                (sign * half * 0.78, tip_y + 0.062),
                (sign * half * 0.5, tip_y + 0.040),
                (sign * half * 0.22, tip_y + 0.072),
            ]
        )
        sheet.shade(stroke(nostril, 0.042), skin.deep, 0.9, blur=0.006, within=face)


def _draw_freckles(sheet: Sheet, skin: Skin) -> None:
    chance = np.random.default_rng(7)
    for _ in range(46):
        x, y = chance.normal(0, 0.38), 0.30 + chance.normal(0, 0.10) + 0.0
        sheet.shade(ellipse((x, y), *chance.uniform(0.008, 0.016, 2), steps=12), skin.deep, chance.uniform(0.18, 0.42))


def _draw_years(sheet: Sheet, skin: Skin, face: Mask) -> None:
    for side in (1, -1):
        fold = curve([(side * 0.25, 0.50), (side * 0.39, 0.66), (side * 0.44, 0.86)])
        sheet.shade(stroke(fold, 0.035), skin.deep, 0.42, blur=0.014, within=face)
        bag = curve([(side * 0.26, 0.17), (side * 0.44, 0.235), (side * 0.62, 0.16)])
        sheet.shade(stroke(bag, 0.028), skin.deep, 0.38, blur=0.012, within=face)
        for rise in (-0.03, 0.03, 0.09):
            crow = curve([(side * 0.70, rise), (side * 0.77, rise * 1.5 + 0.01), (side * 0.83, rise * 2.2)])
            sheet.shade(stroke(crow, 0.014), skin.deep, 0.30, blur=0.006, within=face)
    for y, reach in ((-0.70, 0.34), (-0.58, 0.40)):
        line = curve([(-reach, y + 0.02), (-reach / 2, y - 0.015), (0, y), (reach / 2, y - 0.015), (reach, y + 0.02)])
        sheet.shade(stroke(line, 0.018), skin.deep, 0.28, blur=0.008, within=face)


def _draw_beard(sheet: Sheet, look: Look, skin: Skin, outline: np.ndarray, face: Mask) -> None:
    color = darker(hair_of(look), 0.12)
    grown = outline * (1.035, 1.045)
    if look.beard in ("full", "stubble"):
        half: list[Point] = points("1.08,-0.05 0.93,0.02 0.87,0.30 0.74,0.55 0.54,0.68 0.40,0.64 0.20,0.60 0.0,0.655")
        left = [(-x, y) for x, y in reversed(half[:-1])]
        top = curve([*half, *left])
        region = np.concatenate([top, [(-1.3, 0.0), (-1.3, 2.0), (1.3, 2.0), (1.3, 0.0)]])
        if look.beard == "stubble":
            _draw_stubble(sheet, sheet.mask(region, blur=0.06).inside(face), mix(skin.shade, color, 0.6))
            return
        shape = sheet.mask(grown).inside(sheet.mask(region, blur=0.018))
        _fill_hairs(sheet, shape, color, _beard_flow(0.52, 1.0))
    if look.beard == "goatee":
        chin = curve(
            points(
                "-0.36,0.66 -0.40,0.92 -0.34,1.20 -0.16,1.37 0,1.40 0.16,1.37 0.34,1.20 0.40,0.92 "
                "0.36,0.66 0.18,0.60 0,0.65 -0.18,0.60"
            ),
            closed=True,
        )
        _fill_hairs(sheet, sheet.mask(chin, blur=0.018), color, _beard_flow(0.1, 0.42))
    if look.beard == "moustache":
        whiskers = curve(
            points(
                "0,0.635 0.18,0.60 0.36,0.70 0.45,0.84 0.36,0.83 0.18,0.755 0,0.745 -0.18,0.755 "
                "-0.36,0.83 -0.45,0.84 -0.36,0.70 -0.18,0.60"
            ),
            closed=True,
        )
        _fill_hairs(sheet, sheet.mask(whiskers, blur=0.012), color, _beard_flow(0.0, 0.45))


def _draw_stubble(sheet: Sheet, region: Mask, color: Color) -> None:
    sheet.paint(region, color, 0.30, only_on_paint=True)
    grain = np.random.default_rng(3).random(region.cover.shape, np.float32)
    sheet.paint(Mask(region.cover * (grain > 0.8), region.x, region.y), darker(color, 0.3), 0.20, only_on_paint=True)


def _beard_flow(inner: float, outer: float) -> list[np.ndarray]:
    """Return strokes that fan down from the lip and the cheeks."""
    chance = np.random.default_rng(11)
    paths = []
    for _ in range(150):
        x = chance.uniform(-outer, outer)
        y = chance.uniform(0.6 if abs(x) < max(inner, 0.4) else 0.15, 1.35)
        length = chance.uniform(0.10, 0.20)
        paths.append(curve([(x, y), (x * 1.02 + 0.02 * np.sign(x), y + length / 2), (x * 0.98, y + length)], steps=4))
    return paths


def _fill_hairs(sheet: Sheet, shape: Mask, color: Color, flow: list[np.ndarray]) -> None:
    sheet.paint(shape, Radial((-0.2, 0.8), 1.2, 0.9, (lighter(color, 0.10), color, darker(color, 0.25))))
    for index, path in enumerate(flow):
        tone = lighter(color, 0.12) if index % 2 else darker(color, 0.25)
        sheet.paint(sheet.mask(stroke(path, 0.016)).inside(shape), tone, 0.4)
