"""The brush that draws bodies of hair: masses, strands, shine and curls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .ink import (
    Color,
    Linear,
    Mask,
    Point,
    Sheet,
    curve,
    darker,
    ellipse,
    lighter,
    stroke,
)


class Brush:
    """Draws hair masses with strands of light and shade on one sheet."""

    def __init__(self, sheet: Sheet, color: Color, seed: int = 5) -> None:
        self.sheet = sheet
        self.color = color
        self.chance = np.random.default_rng(seed)

    def mass(self, outline: np.ndarray, dark: float = 0.0) -> Mask:
        """Fill a body of hair, lit from the upper left."""
        color = darker(self.color, dark)
        fill = Linear((-0.9, -1.6), (1.0, 1.4), (lighter(color, 0.15), color, darker(color, 0.20), darker(color, 0.42)))
        return self.sheet.fill(outline, fill)

    def comb(
        self,
        mass: Mask,
        first: Sequence[Point],
        last: Sequence[Point],
        count: int,
        width: float = 0.04,
        strength: float = 0.5,
    ) -> None:
        """Draw strands that turn gradually from the first guide to the last, inside the mass."""
        start, end = curve(first, steps=8), curve(last, steps=8)
        for index in range(count):
            share = (index + self.chance.uniform(0.1, 0.9)) / count
            path = start + (end - start) * share
            cut = sorted(self.chance.uniform(0, 1, 2))
            low, high = int(cut[0] * 0.45 * len(path)), int((0.55 + 0.45 * cut[1]) * len(path))
            path = path[low : max(high, low + 6)]
            tone = (
                lighter(self.color, self.chance.uniform(0.10, 0.30))
                if index % 2
                else darker(self.color, self.chance.uniform(0.25, 0.5))
            )
            line = self.sheet.mask(stroke(path, width * self.chance.uniform(0.5, 1.3), 0.5, 0.5), blur=0.006)
            self.sheet.paint(line.inside(mass), tone, strength * self.chance.uniform(0.5, 1.0))

    def shine(self, mass: Mask, outline: np.ndarray, strength: float = 0.35) -> None:
        """Lay a soft band of light on the mass."""
        band = self.sheet.mask(outline, blur=0.055).inside(mass)
        self.sheet.paint(band, lighter(self.color, 0.45), strength)

    def dim(self, mass: Mask, outline: np.ndarray, strength: float = 0.5, blur: float = 0.08) -> None:
        """Lay a soft shadow on the mass."""
        self.sheet.paint(self.sheet.mask(outline, blur=blur).inside(mass), darker(self.color, 0.62), strength)

    def curls(self, path: np.ndarray, radius: float, step: float, spread: float = 0.3) -> list[np.ndarray]:
        """Return round tufts along a path, of varied size and place."""
        lengths = np.linalg.norm(np.diff(path, axis=0), axis=1)
        at = np.concatenate([[0], np.cumsum(lengths)])
        places = np.arange(0, at[-1], step)
        centers = np.stack([np.interp(places, at, path[:, axis]) for axis in (0, 1)], axis=1)
        centers += self.chance.normal(0, radius * spread, centers.shape)
        return [ellipse((x, y), *(radius * self.chance.uniform(0.8, 1.2, 2)), steps=24) for x, y in centers]

    def tufts(self, outline: np.ndarray, radius: float, step: float) -> Mask:
        """Fill an outline whose edge is made of curls, with ringlets of light and shade inside."""
        edge = self.curls(np.concatenate([outline, outline[:1]]), radius, step)
        mask = self.sheet.mask(outline, *edge)
        fill = Linear((-0.9, -1.7), (1.0, 1.2), (lighter(self.color, 0.14), self.color, darker(self.color, 0.40)))
        self.sheet.paint(mask, fill)
        low, high = outline.min(axis=0), outline.max(axis=0)
        count = int(np.prod(high - low) / (radius * radius) * 1.5)
        for index in range(count):
            x, y = self.chance.uniform(low, high)
            turn = self.chance.uniform(0, 2 * np.pi)
            size = radius * self.chance.uniform(0.35, 0.8)
            angle = np.linspace(turn, turn + self.chance.uniform(2.2, 4.2), 14)
            ring = np.stack([x + size * np.cos(angle), y + size * np.sin(angle)], axis=1)
            tone = lighter(self.color, 0.26) if index % 2 else darker(self.color, 0.45)
            line = self.sheet.mask(stroke(ring, radius * 0.22), blur=0.004)
            self.sheet.paint(line.inside(mask), tone, 0.42)
        return mask
