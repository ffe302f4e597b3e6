"""The presenter as layers that bend with the pose: drawn once, then moved, with eyes and mouth drawn anew."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ....core.presenter.look import Look
from ....core.presenter.motion import Pose
from ....core.presenter.mouth import MouthShape
from .accessories import draw_earrings, draw_glasses
from .backdrop import draw_backdrop
from .clothes import draw_body
from .face import draw_head
from .features import EYES_BOX, MOUTH_BOX, Gaze, draw_eyes, draw_mouth
from .hair import draw_back_hair, draw_front_hair
from .ink import Mask, Sheet

HEAD_BOX = (-1.75, -2.25, 1.75, 3.0)
NECK_Y = 1.5
_ROLL_RADIANS = 0.050
TURN = 0.105
NOD = 0.085
SHIFT = 0.045
JAW_DROP = 0.125
BREATH = 0.014


class Presenter:
    """Draws one look at one size in any pose."""

    def __init__(self, look: Look, width: int, height: int) -> None:
        self.look = look
        self.width, self.height = width, height
        self._reduce = _reduction(width, height)
        frame = Framing.around(width * self._reduce, height * self._reduce)
        scale = frame.unit * (2.0 if frame.unit < 150 else 1.25)
        self._frame = frame
        self._backdrop = _draw_backdrop(look, frame)
        self._drawn_gaze: Gaze | None = None
        self._drawn_mouth: MouthShape | None = None
        self._layers = [Layer(sheet, frame, bend) for sheet, bend in self._draw_sheets(scale)]

    def draw(self, pose: Pose) -> np.ndarray:
        """Return the picture, uint8 RGB [height, width, 3]."""
        import cv2

        self._draw_features(pose)
        picture = self._backdrop.copy()
        for layer in self._layers:
            layer.lay_on(picture, pose)
        if self._reduce > 1:
            picture = cv2.resize(picture, (self.width, self.height), interpolation=cv2.INTER_AREA)
        return picture

    def _draw_sheets(self, scale: float) -> list[tuple[Sheet, Bend]]:
        """Draw what doesn't change, back to front, and keep what eyes and mouth are drawn on and under."""
        frame = self._frame
        back = Sheet.blank(*HEAD_BOX, scale)
        draw_back_hair(back, self.look)
        body = Sheet.blank(frame.left - 0.2, 0.4, frame.right + 0.2, max(frame.bottom + 0.1, 3.0), scale)
        draw_body(body, self.look, frame.bottom)
        hair = Sheet.blank(*HEAD_BOX, scale)
        draw_front_hair(hair, self.look)
        self._front = Sheet.blank(*HEAD_BOX, scale)
        draw_glasses(self._front, self.look)
        self._front.pixels = _lay(hair.pixels, self._front.pixels)
        self._head = Sheet.blank(*HEAD_BOX, scale)
        draw_head(self._head, self.look, _shadow_of(hair))
        draw_earrings(self._head, self.look)
        self._whole_head = _to_bytes(_lay(self._front.pixels, self._head.pixels))
        head = Sheet(self._whole_head, scale, self._head.origin_x, self._head.origin_y)
        return [(back, Bend.back_hair()), (body, Bend.body()), (head, Bend.head())]

    def _draw_features(self, pose: Pose) -> None:
        """Draw eyes and mouth onto the head, unless they look just as in the frame before."""
        gaze = Gaze.of(pose)
        if gaze != self._drawn_gaze:
            self._draw_part(EYES_BOX, lambda part: draw_eyes(part, self.look, gaze))
            self._drawn_gaze = gaze
        if pose.mouth != self._drawn_mouth:
            self._draw_part(MOUTH_BOX, lambda part: draw_mouth(part, self.look, pose.mouth))
            self._drawn_mouth = pose.mouth

    def _draw_part(self, box: tuple[float, float, float, float], draw: Callable[[Sheet], None]) -> None:
        part, rows, columns = self._head.cut(*box)
        draw(part)
        self._whole_head[rows, columns] = _to_bytes(_lay(self._front.pixels[rows, columns], part.pixels))


@dataclass(frozen=True)
class Framing:
    """Where the figure stands in a picture of `width` x `height` pixels: pixels per unit, and the face's centre."""

    width: int
    height: int
    unit: float
    center_x: float
    eye_y: float

    @classmethod
    def around(cls, width: int, height: int) -> Framing:
        """Return a frame in which head and hair fit, whatever the aspect ratio."""
        unit = min(width * 0.232, height * 0.165)
        return cls(
            width, height, unit, width / 2, max(height * 0.415, unit * 2.45) if height < width * 3 else height * 0.40
        )

    @property
    def left(self) -> float:
        return -self.center_x / self.unit

    @property
    def right(self) -> float:
        return (self.width - self.center_x) / self.unit

    @property
    def top(self) -> float:
        return -self.eye_y / self.unit

    @property
    def bottom(self) -> float:
        return (self.height - self.eye_y) / self.unit


@dataclass(frozen=True)
class Bend:
    """How a layer follows the head: as a whole (fading from `steady_from` to `steady_to`), and by its depth."""

    follow: float
    steady_from: float
    steady_to: float
    depth: float
    jaw: float
    breath: float

    @classmethod
    def head(cls) -> Bend:
        return cls(1.0, 1.35, 2.8, 1.0, 1.0, 1.0)

    @classmethod
    def back_hair(cls) -> Bend:
        return cls(1.0, 1.2, 2.7, -0.35, 0.0, 1.0)

    @classmethod
    def body(cls) -> Bend:
        return cls(0.7, 1.2, 2.1, 0.0, 0.0, 1.0)


class Layer:
    """A sheet in bytes with the fields that say how each of its places moves with the pose."""

    def __init__(self, sheet: Sheet, frame: Framing, bend: Bend) -> None:
        self._pixels = sheet.pixels if sheet.pixels.dtype == np.uint8 else _to_bytes(sheet.pixels)
        self._scale = np.float32(sheet.scale)
        self._bend = bend
        left, top, right, bottom = _painted_box(sheet)
        self._columns = _pixel_range(left - 0.2, right + 0.2, frame.unit, frame.center_x, frame.width)
        self._rows = _pixel_range(top - 0.2, bottom + 0.3, frame.unit, frame.eye_y, frame.height)
        xs = ((np.arange(self._columns.start, self._columns.stop) + 0.5 - frame.center_x) / frame.unit).astype(
            np.float32
        )
        ys = ((np.arange(self._rows.start, self._rows.stop) + 0.5 - frame.eye_y) / frame.unit).astype(np.float32)
        self._fields = Fields.over(xs, ys, bend)
        self._map_x = xs * sheet.scale + np.float32(sheet.origin_x - 0.5)
        self._map_y = ys * sheet.scale + np.float32(sheet.origin_y - 0.5)

    def lay_on(self, picture: np.ndarray, pose: Pose) -> None:
        """Bend the layer to the pose and blend it over its part of the picture."""
        import cv2

        if self._columns.start >= self._columns.stop or self._rows.start >= self._rows.stop:
            return
        shift_x, shift_y = self._fields.source_shift(pose, self._bend)
        map_x = shift_x * self._scale + self._map_x[None, :]
        map_y = shift_y * self._scale + self._map_y[:, None]
        bent = cv2.remap(
            self._pixels, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=(0, 0, 0, 0)
        )
        region = picture[self._rows, self._columns]
        clear = cv2.bitwise_not(bent[..., 3])
        under = cv2.multiply(region, cv2.merge([clear, clear, clear]), scale=1 / 255)
        picture[self._rows, self._columns] = cv2.add(under, cv2.cvtColor(bent, cv2.COLOR_RGBA2RGB))


@dataclass(frozen=True)
class Fields:
    """Per place of a layer: how much it follows the head, how far it is from the neck, its depth and jaw share."""

    follow: np.ndarray
    from_neck_x: np.ndarray
    from_neck_y: np.ndarray
    depth: np.ndarray
    jaw: np.ndarray
    breath: np.ndarray

    @classmethod
    def over(cls, xs: np.ndarray, ys: np.ndarray, bend: Bend) -> Fields:
        x, y = xs[None, :], ys[:, None]
        follow = bend.follow * (1 - _smooth_step(bend.steady_from, bend.steady_to, y))
        radius = np.clip((x / 1.18) ** 2 + ((y - 0.05) / 1.62) ** 2, 0, 1)
        depth = (1 - radius) ** 0.8 + 0.22 * np.exp(-(((x / 0.22) ** 2) + ((y - 0.42) / 0.26) ** 2))
        jaw = _smooth_step(0.74, 1.28, y) * (1 - _smooth_step(1.45, 2.1, y)) * (1 - _smooth_step(0.80, 1.12, np.abs(x)))
        breath = 1 - _smooth_step(1.9, 4.6, y)
        return cls(follow, follow * x, follow * (y - NECK_Y), bend.depth * depth, bend.jaw * jaw, bend.breath * breath)

    def source_shift(self, pose: Pose, bend: Bend) -> tuple[np.ndarray, np.ndarray]:
        """Return where each place takes its paint from, as a distance in figure units."""
        angle = pose.roll * _ROLL_RADIANS
        cosine, sine = np.float32(math.cos(angle) - 1), np.float32(math.sin(angle))
        move_x, move_y = np.float32(pose.yaw * SHIFT), np.float32(pose.pitch * SHIFT * 0.7)
        shift_x = cosine * self.from_neck_x + sine * self.from_neck_y - move_x * self.follow
        shift_y = cosine * self.from_neck_y - sine * self.from_neck_x - move_y * self.follow
        shift_y = shift_y + np.float32(pose.breath * BREATH) * self.breath
        if bend.depth:
            shift_x = shift_x - np.float32(pose.yaw * TURN) * self.depth
            shift_y = shift_y - np.float32(pose.pitch * NOD) * self.depth
        if bend.jaw:
            shift_y = shift_y - np.float32(pose.mouth.open * JAW_DROP) * self.jaw
        return shift_x, shift_y


def _reduction(width: int, height: int) -> int:
    """Return how many times larger to draw, so that a tiny picture still gets smooth edges."""
    wanted = math.ceil(40 / Framing.around(width, height).unit)
    affordable = math.isqrt(max(1, 1_000_000 // (width * height)))
    return max(1, min(wanted, affordable))


def _draw_backdrop(look: Look, frame: Framing) -> np.ndarray:
    sheet = Sheet.blank(frame.left, frame.top, frame.right, frame.bottom, frame.unit)
    draw_backdrop(sheet, look, frame.left, frame.top, frame.right, frame.bottom)
    return _to_bytes(sheet.pixels)[: frame.height, : frame.width, :3].copy()


def _shadow_of(hair: Sheet) -> Mask:
    """Return the soft shadow that the hair throws on the face."""
    import cv2

    offset = round(0.075 * hair.scale)
    alpha = np.roll(hair.pixels[..., 3], (offset, offset // 3), axis=(0, 1)) / 255
    return Mask(cv2.GaussianBlur(alpha, (0, 0), 0.045 * hair.scale), 0, 0)


def _lay(over: np.ndarray, under: np.ndarray) -> np.ndarray:
    return over + under * (1 - over[..., 3:] / 255)


def _to_bytes(pixels: np.ndarray) -> np.ndarray:
    return np.clip(pixels + 0.5, 0, 255).astype(np.uint8)


def _painted_box(sheet: Sheet) -> tuple[float, float, float, float]:
    """Return the box, in figure units, outside which the sheet is clear."""
    alpha = sheet.pixels[..., 3] > 0
    columns, rows = np.flatnonzero(alpha.any(axis=0)), np.flatnonzero(alpha.any(axis=1))
    if len(columns) == 0:
        return (0.0, 0.0, 0.0, 0.0)
    left, right = (columns[0] - sheet.origin_x) / sheet.scale, (columns[-1] + 1 - sheet.origin_x) / sheet.scale
    top, bottom = (rows[0] - sheet.origin_y) / sheet.scale, (rows[-1] + 1 - sheet.origin_y) / sheet.scale
    return (float(left), float(top), float(right), float(bottom))


def _pixel_range(low: float, high: float, unit: float, origin: float, size: int) -> slice:
    start, stop = math.floor(low * unit + origin), math.ceil(high * unit + origin)
    return slice(max(0, min(start, size)), max(0, min(stop, size)))


def _smooth_step(low: float, high: float, values: np.ndarray) -> np.ndarray:
    share = np.clip((values - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)
