"""Draw smooth, softly shaded shapes in floating point: curves, masks, gradients, and the sheets that they land on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

Color = tuple[float, float, float]
Point = tuple[float, float]
SUBPIXEL_BITS = 4


def rgb(code: str) -> Color:
    """Return the colour of a hex code such as "f2c9a0", 0..255 a channel."""
    return (float(int(code[0:2], 16)), float(int(code[2:4], 16)), float(int(code[4:6], 16)))


def mix(first: Color, second: Color, share: float) -> Color:
    """Return the colour `share` of the way from the first to the second."""
    r, g, b = (a + (b - a) * share for a, b in zip(first, second, strict=True))
    return (r, g, b)


def darker(color: Color, share: float) -> Color:
    """Return the colour in shade: towards a deep, slightly cool version of itself rather than black."""
    return mix(color, (color[0] * 0.28, color[1] * 0.22, color[2] * 0.34), share)


def lighter(color: Color, share: float) -> Color:
    """Return the colour in light: towards a warm white."""
    return mix(color, (255.0, 250.0, 240.0), share)


def points(text: str) -> list[Point]:
    """Return the points of a text such as "0.5,-1.2 0.8,0"."""
    pairs = (pair.split(",") for pair in text.split())
    return [(float(x), float(y)) for x, y in pairs]


def curve(knots: Sequence[Point], closed: bool = False, steps: int = 12) -> np.ndarray:
    """Return a centripetal Catmull-Rom spline through the knots: [n, 2] float64 (Barry and Goldman, 1988)."""
    path = np.asarray(knots, np.float64)
    if closed:
        padded = np.concatenate([path[-1:], path, path[:2]])
    else:
        padded = np.concatenate([2 * path[:1] - path[1:2], path, 2 * path[-1:] - path[-2:-1]])
    p0, p1, p2, p3 = (padded[i : len(padded) - 3 + i, None, :] for i in range(4))
    t01, t12, t23 = (
        np.maximum(np.linalg.norm(b - a, axis=-1, keepdims=True), 1e-6) ** 0.5
        for a, b in ((p0, p1), (p1, p2), (p2, p3))
    )
    m1 = t12 * ((p1 - p0) / t01 - (p2 - p0) / (t01 + t12)) + (p2 - p1)
    m2 = t12 * ((p3 - p2) / t23 - (p3 - p1) / (t12 + t23)) + (p2 - p1)
    t = (np.arange(steps) / steps)[None, :, None]
    spans = p1 + m1 * t + (3 * (p2 - p1) - 2 * m1 - m2) * t**2 + (2 * (p1 - p2) + m1 + m2) * t**3
    spline = spans.reshape(-1, 2)
    return spline if closed else np.concatenate([spline, path[-1:]])


def join(*paths: np.ndarray) -> np.ndarray:
    """Return the paths as one outline, with a corner where they meet."""
    return np.concatenate(paths)


def shifted(path: np.ndarray, right: float, down: float) -> np.ndarray:
    return path + np.array((right, down))


def mirror(path: np.ndarray) -> np.ndarray:
    """Return the path on the other side of the face, in the same direction of turning."""
    return (path * (-1, 1))[::-1]


def symmetric(right_half: Sequence[Point], steps: int = 12) -> np.ndarray:
    """Return a closed smooth outline from its right half, top to bottom; ends at x = 0 aren't doubled."""
    left_half = [(-x, y) for x, y in reversed(right_half) if x > 1e-6]
    return curve([*right_half, *left_half], closed=True, steps=steps)


def ellipse(center: Point, radius_x: float, radius_y: float, tilt_degrees: float = 0.0, steps: int = 48) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, steps, endpoint=False)
    x, y = radius_x * np.cos(angle), radius_y * np.sin(angle)
    turn = np.deg2rad(tilt_degrees)
    rotated = np.stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], axis=1)
    return rotated + center


def stroke(path: np.ndarray, width: float, taper_start: float = 0.5, taper_end: float = 0.5) -> np.ndarray:
    """Return the outline of a brush stroke along the path that thins out over the tapered shares of its length."""
    steps = np.diff(path, axis=0)
    lengths = np.maximum(np.linalg.norm(steps, axis=1), 1e-9)
    at = np.concatenate([[0], np.cumsum(lengths)])
    at /= at[-1]
    tangent = np.gradient(path, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1)
    rise = np.clip(at / max(taper_start, 1e-6), 0, 1)
    fall = np.clip((1 - at) / max(taper_end, 1e-6), 0, 1)
    half = (0.5 * width * np.sin(rise * np.pi / 2) * np.sin(fall * np.pi / 2))[:, None]
    return np.concatenate([path + normal * half, (path - normal * half)[::-1]])


@dataclass(frozen=True)
class Linear:
    """A gradient along a line, through evenly spaced colours."""

    start: Point
    end: Point
    colors: tuple[Color, ...]

    def colors_at(self, xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
        dx, dy = self.end[0] - self.start[0], self.end[1] - self.start[1]
        squared = dx * dx + dy * dy
        share = ((xs - self.start[0]) * (dx / squared))[None, :] + ((ys - self.start[1]) * (dy / squared))[:, None]
        return _look_up(self.colors, share)


@dataclass(frozen=True)
class Radial:
    """A gradient from a centre outwards, elliptic if the two radii differ."""

    center: Point
    radius_x: float
    radius_y: float
    colors: tuple[Color, ...]

    def colors_at(self, xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
        x, y = (xs - self.center[0]) / self.radius_x, (ys - self.center[1]) / self.radius_y
        return _look_up(self.colors, np.sqrt((x * x)[None, :] + (y * y)[:, None]))


Fill = Color | Linear | Radial


def _look_up(colors: tuple[Color, ...], share: np.ndarray) -> np.ndarray:
    stops = np.asarray(colors, np.float32)
    at = np.linspace(0, 1, len(stops))
    table = np.stack([np.interp(np.linspace(0, 1, 1024), at, stops[:, c]) for c in range(3)], axis=1)
    return table.astype(np.float32)[np.clip(share * 1023, 0, 1023).astype(np.int16)]


@dataclass(frozen=True)
class Mask:
    """How much of each pixel a shape covers: [h, w] float32 0..1, with its place on the sheet."""

    cover: np.ndarray
    x: int
    y: int

    def inside(self, other: Mask) -> Mask:
        """Return this mask where the other one is, too."""
        return Mask(self.cover * other._over(self), self.x, self.y)

    def outside(self, other: Mask) -> Mask:
        """Return this mask where the other one is not."""
        return Mask(self.cover * (1 - other._over(self)), self.x, self.y)

    def _over(self, frame: Mask) -> np.ndarray:
        """Return this mask's cover on the frame's pixels."""
        result = np.zeros_like(frame.cover)
        x0, y0 = max(self.x, frame.x), max(self.y, frame.y)
        x1 = min(self.x + self.cover.shape[1], frame.x + frame.cover.shape[1])
        y1 = min(self.y + self.cover.shape[0], frame.y + frame.cover.shape[0])
        if x1 > x0 and y1 > y0:
            result[y0 - frame.y : y1 - frame.y, x0 - frame.x : x1 - frame.x] = self.cover[
                y0 - self.y : y1 - self.y, x0 - self.x : x1 - self.x
            ]
        return result


@dataclass
class Sheet:
    """A transparent picture drawn on in units of the figure.

    `pixels` is [h, w, 4] float32, red, green, blue, alpha, premultiplied, 0..255. A point (x, y) lies at pixel
    (x * scale + origin_x, y * scale + origin_y).
    """

    pixels: np.ndarray
    scale: float
    origin_x: float
    origin_y: float

    @classmethod
    def blank(cls, left: float, top: float, right: float, bottom: float, scale: float) -> Self:
        """Return an empty sheet for the box, in figure units."""
        width, height = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
        return cls(np.zeros((height, width, 4), np.float32), scale, -left * scale, -top * scale)

    def cut(self, left: float, top: float, right: float, bottom: float) -> tuple[Self, slice, slice]:
        """Return a copy of the part in the box, with the rows and columns that it came from."""
        height, width = self.pixels.shape[:2]
        x0, x1 = (int(np.clip(round(x * self.scale + self.origin_x), 0, width)) for x in (left, right))
        y0, y1 = (int(np.clip(round(y * self.scale + self.origin_y), 0, height)) for y in (top, bottom))
        part = type(self)(self.pixels[y0:y1, x0:x1].copy(), self.scale, self.origin_x - x0, self.origin_y - y0)
        return part, slice(y0, y1), slice(x0, x1)

    def mask(self, *outlines: np.ndarray, blur: float = 0.0) -> Mask:
        """Return what the outlines cover together, softened by a Gaussian of `blur` figure units."""
        import cv2

        height, width = self.pixels.shape[:2]
        origin = (self.origin_x, self.origin_y)
        paths = [outline * self.scale + origin for outline in outlines]
        sigma = blur * self.scale
        margin = int(sigma * 3) + 3
        low = np.min([path.min(axis=0) for path in paths], axis=0).astype(int) - margin
        high = np.max([path.max(axis=0) for path in paths], axis=0).astype(int) + margin + 1
        x0, y0 = np.clip(low, (-margin, -margin), (width, height))
        x1, y1 = np.clip(high, (0, 0), (width + margin, height + margin))
        if x1 <= x0 or y1 <= y0:
            return Mask(np.zeros((0, 0), np.float32), 0, 0)
        cover = np.zeros((y1 - y0, x1 - x0), np.uint8)
        for path in paths:
            fixed = np.round((path - (x0, y0)) * (1 << SUBPIXEL_BITS)).astype(np.int32)
            cv2.fillPoly(cover, [fixed], 255, cv2.LINE_AA, shift=SUBPIXEL_BITS)
        soft = cover.astype(np.float32) / 255 if sigma < 0.3 else _blur(cover, sigma)
        cx0, cy0 = max(0, -x0), max(0, -y0)
        soft = soft[cy0 : cy0 + min(y1, height) - max(y0, 0), cx0 : cx0 + min(x1, width) - max(x0, 0)]
        return Mask(soft, max(int(x0), 0), max(int(y0), 0))

    def paint(self, mask: Mask, fill: Fill, opacity: float = 1.0, only_on_paint: bool = False) -> None:
        """Lay the fill over the sheet where the mask is; `only_on_paint` keeps to what is painted already."""
        cover, x, y = mask.cover, mask.x, mask.y
        height, width = cover.shape
        if height == 0 or width == 0:
            return
        region = self.pixels[y : y + height, x : x + width]
        share = (cover * opacity)[..., None]
        if isinstance(fill, tuple):
            color: np.ndarray = np.asarray(fill, np.float32)
        else:
            xs = (np.arange(x, x + width, dtype=np.float32) + 0.5 - self.origin_x) / self.scale
            ys = (np.arange(y, y + height, dtype=np.float32) + 0.5 - self.origin_y) / self.scale
            color = fill.colors_at(xs, ys)
        if only_on_paint:
            alpha = region[..., 3:] / 255
            region[..., :3] += share * (color * alpha - region[..., :3])
        else:
            region[..., :3] += share * (color - region[..., :3])
            region[..., 3:] += share * (255 - region[..., 3:])

    def lay_on(self, picture: np.ndarray) -> None:
        """Blend the sheet into a picture of its size, uint8 RGB [h, w, 3], in place."""
        blended = self.pixels[..., :3] + picture * (1 - self.pixels[..., 3:] / 255)
        picture[:] = np.clip(blended + 0.5, 0, 255).astype(np.uint8)

    def fill(self, outline: np.ndarray, fill: Fill, opacity: float = 1.0, blur: float = 0.0) -> Mask:
        """Paint the outline and return its mask."""
        mask = self.mask(outline, blur=blur)
        self.paint(mask, fill, opacity)
        return mask

    def shade(
        self, outline: np.ndarray, fill: Fill, opacity: float, blur: float = 0.0, within: Mask | None = None
    ) -> None:
        """Tint what is painted already under the outline, and inside `within` if given."""
        mask = self.mask(outline, blur=blur)
        self.paint(mask.inside(within) if within else mask, fill, opacity, only_on_paint=True)


def _blur(cover: np.ndarray, sigma: float) -> np.ndarray:
    """Return the cover, float32 0..1, blurred; a wide blur runs on a smaller copy, where it looks the same."""
    import cv2

    height, width = cover.shape
    shrink = max(1, int(sigma / 4))
    if shrink == 1 or min(height, width) < 4 * shrink:
        return cv2.GaussianBlur(cover.astype(np.float32) / 255, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    small = cv2.resize(cover, (-(-width // shrink), -(-height // shrink)), interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small.astype(np.float32) / 255, (0, 0), sigma / shrink, borderType=cv2.BORDER_REPLICATE)
    return np.clip(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1)
