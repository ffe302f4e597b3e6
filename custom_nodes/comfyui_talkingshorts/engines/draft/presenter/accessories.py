"""Glasses and earrings."""

from __future__ import annotations

import numpy as np

from ....core.presenter.look import Look
from .features import EYE_X
from .ink import Color, Sheet, curve, ellipse, mirror, points, rgb, stroke


def draw_glasses(sheet: Sheet, look: Look) -> None:
    """Draw frames with a faint reflection; the lenses are clear."""
    if look.glasses == "none":
        return
    frame, width = (rgb("8d7a55"), 0.030) if look.glasses == "thin" else (rgb("2a2528"), 0.052)
    lens = _lens(look.glasses)
    for side in (-1, 1):
        center = np.array((side * EYE_X, 0.02))
        shape = lens * (side, 1) + center
        inside = sheet.mask(shape)
        sheet.paint(inside, rgb("ffffff"), 0.03)
        glint = np.array([(-0.24, 0.24), (-0.06, -0.34), (0.04, -0.34), (-0.14, 0.24)]) + center
        sheet.paint(sheet.mask(glint, blur=0.01).inside(inside), rgb("ffffff"), 0.09)
        _ring(sheet, shape, center, width, frame)
        temple = curve([(side * (EYE_X + 0.33), -0.06), (side * 0.90, -0.09), (side * 1.02, -0.07)])
        sheet.fill(stroke(temple, width * 1.1, 0.02, 0.02), frame)
    bridge = curve([(-0.125, -0.02), (-0.06, -0.06), (0.06, -0.06), (0.125, -0.02)])
    sheet.fill(stroke(bridge, width, 0.02, 0.02), frame)


def _lens(kind: str) -> np.ndarray:
    if kind == "square":
        return curve(
            points("-0.30,-0.19 0.0,-0.225 0.31,-0.20 0.335,-0.10 0.29,0.17 0.17,0.225 -0.15,0.225 -0.27,0.16"),
            closed=True,
        )
    return ellipse((0.0, 0.0), 0.315, 0.275 if kind == "thin" else 0.295)


def _ring(sheet: Sheet, shape: np.ndarray, center: np.ndarray, width: float, color: Color) -> None:
    out, hole = (center + (shape - center) * (1 + grow / 0.30) for grow in (width / 2, -width / 2))
    sheet.paint(sheet.mask(out).outside(sheet.mask(hole)), color)
    shine = curve(
        [(center[0] - 0.26, center[1] - 0.14), (center[0] - 0.1, center[1] - 0.26), (center[0] + 0.1, center[1] - 0.28)]
    )
    ring = sheet.mask(out).outside(sheet.mask(hole))
    sheet.paint(sheet.mask(stroke(shine, 0.10), blur=0.03).inside(ring), rgb("ffffff"), 0.35)


def draw_earrings(sheet: Sheet, look: Look) -> None:
    if look.earrings == "none":
        return
    gold = rgb("e2b84f")
    for side in (lambda path: path, mirror):
        if look.earrings == "stud":
            sheet.fill(side(ellipse((1.06, 0.42), 0.038, 0.038)), gold)
            sheet.fill(side(ellipse((1.05, 0.41), 0.014, 0.014)), rgb("fff6d8"))
        else:
            hoop = sheet.mask(side(ellipse((1.07, 0.60), 0.115, 0.16))).outside(
                sheet.mask(side(ellipse((1.07, 0.59), 0.085, 0.125)))
            )
            sheet.paint(hoop, gold)
