"""Make a user's picture speak: open the mouth and blink by bending the picture, and sway a little."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from ...core.presenter.motion import Pose
from ...core.presenter.mouth import MouthShape
from ..pictures.face_finder import FaceMarks
from .presenter.ink import Linear, Radial, Sheet, ellipse, join, rgb, stroke

GAP_UNITS = 0.30
JAW_SHARE = 0.42
SHIFT_UNITS = 0.030
TURN_UNITS = 0.045
_ROLL_RADIANS = 0.022
EYE_HALF_WIDTH = 0.25
LID_REST, LID_SHUT, LID_ROOT = -0.140, 0.085, -0.265


class PicturePuppet:
    """A picture with a face that was found in it."""

    def __init__(self, picture: np.ndarray, marks: FaceMarks) -> None:
        """`picture` is uint8 RGB [height, width, 3]; `marks` are in its pixels."""
        self.height, self.width = picture.shape[:2]
        self._picture = picture
        self._marks = marks
        self._rows, self._columns = self._region(3.4, 3.6)
        region = picture[self._rows, self._columns]
        self._region_pixels = np.ascontiguousarray(region)
        self._fields = _Fields(region.shape[0], region.shape[1], self._rows.start, self._columns.start, marks)
        self._skin = self._sample_skin()
        self._is_grey = int(np.ptp(region, axis=2).max()) < 8

    def draw(self, pose: Pose) -> np.ndarray:
        """Return the picture in the pose, uint8 RGB [height, width, 3]."""
        import cv2

        face = self._region_pixels
        if self._marks.eyes and pose.blink > 0.02:
            face = self._blink(face, pose.blink)
        fields = self._fields
        shift_u, shift_v = fields.mouth_shift(pose.mouth)
        unit = np.float32(self._marks.unit)
        map_x, map_y = fields.locate(*fields.jaw_box, shift_u * unit, shift_v * unit)
        spoken = face.copy()
        spoken[fields.jaw_box] = cv2.remap(face, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        self._paint_inside(spoken, pose.mouth)
        sway_x, sway_y = fields.head_shift(pose)
        moved = cv2.remap(
            spoken, fields.x + sway_x, fields.y + sway_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        if self._is_grey:
            moved = cv2.cvtColor(cv2.cvtColor(moved, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        result = self._picture.copy()
        result[self._rows, self._columns] = moved
        return result

    def _region(self, reach_x: float, reach_y: float) -> tuple[slice, slice]:
        """Return the rows and columns that move with the head."""
        (x, y), unit = self._marks.center, self._marks.unit
        rows = slice(max(0, int(y - reach_y * unit)), min(self.height, int(y + reach_y * unit) + 1))
        columns = slice(max(0, int(x - reach_x * unit)), min(self.width, int(x + reach_x * unit) + 1))
        return rows, columns

    def _sample_skin(self) -> tuple[float, float, float]:
        """Return the colour of the cheeks, by which the inside of the mouth is lit."""
        x, y = (int(value) for value in self._marks.center)
        reach = max(1, int(0.25 * self._marks.unit))
        patch = self._picture[max(0, y - reach) : y + reach, max(0, x - reach) : x + reach].reshape(-1, 3)
        r, g, b = (float(value) for value in np.median(patch, axis=0)) if len(patch) else (200.0, 160.0, 140.0)
        return r, g, b

    def _blink(self, face: np.ndarray, blink: float) -> np.ndarray:
        """Pull the skin between brow and lid down over the eyes, and draw the line where the lids meet."""
        import cv2

        result = face.copy()
        unit = self._marks.unit
        for rows, columns, u, v in self._fields.eyes:
            bulge = np.clip(1 - (u / EYE_HALF_WIDTH) ** 2, 0, 1)
            rest, shut = LID_REST * bulge, LID_SHUT * bulge
            lid = rest + blink * (shut - rest)
            stretch = np.clip((v - LID_ROOT) / np.maximum(lid - LID_ROOT, 1e-3), 0, 1)
            source_v = LID_ROOT + stretch * (rest - LID_ROOT)
            under = np.clip((lid - v) * unit / 1.2 + 0.5, 0, 1) * (bulge > 0) * (v > LID_ROOT)
            map_x, map_y = self._fields.locate(rows, columns, 0.0, ((source_v - v) * unit).astype(np.float32))
            pulled = cv2.remap(face, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            skin = pulled.astype(np.float32)
            skin *= (1 - 0.10 * blink * np.clip(stretch, 0, 1) * bulge)[..., None]
            line = np.exp(-(((v - lid) / 0.022) ** 2)) * np.clip(bulge * 3, 0, 1) * min(1.0, blink * 1.4)
            skin = skin * (1 - 0.72 * line[..., None]) + 0.72 * line[..., None] * np.array([38, 26, 24], np.float32)
            share = np.maximum(under, line)[..., None]
            here = result[rows, columns].astype(np.float32)
            result[rows, columns] = (here + share * (skin - here) + 0.5).astype(np.uint8)
        return result

    def _paint_inside(self, face: np.ndarray, mouth: MouthShape) -> None:
        """Paint what shows between the parted lips onto the bent face."""
        marks = self._marks
        gap = mouth.open * GAP_UNITS
        if gap * marks.unit < 0.8:
            return
        half = marks.mouth_half_width * (1 - 0.30 * mouth.round + 0.04 * mouth.wide) * 0.88
        top_u = np.linspace(-1, 1, 33)
        line = -marks.mouth_curve * (top_u * half / marks.mouth_half_width) ** 2
        opening = gap * np.sqrt(np.clip(1 - top_u**2, 0, 1)) ** 1.2
        upper = np.stack([top_u * half, line - 0.12 * opening], axis=1)
        lower = np.stack([top_u * half, line + 0.88 * opening], axis=1)
        rows, columns = self._fields.mouth_box
        sheet = Sheet(
            np.zeros((rows.stop - rows.start, columns.stop - columns.start, 4), np.float32),
            marks.unit,
            marks.mouth[0] - self._columns.start - columns.start,
            marks.mouth[1] - self._rows.start - rows.start,
        )
        soft = 0.018
        lit = min(1.15, sum(self._skin) / 510)
        inside = sheet.mask(self._tilt(join(upper, lower[::-1])), blur=soft)
        sheet.paint(inside, Linear((0, -0.05), (0, gap), (rgb("1f0a0e"), rgb("3a141a"), rgb("5c2227"))))
        tongue = self._tilt(ellipse((0, gap * 0.95), half * 0.62, gap * (0.38 + 0.3 * mouth.tongue)))
        sheet.paint(
            sheet.mask(tongue, blur=0.03).inside(inside),
            Radial(
                (0, gap * 0.6),
                half,
                gap + 0.05,
                (_scaled((196.0, 106.0, 104.0), lit), _scaled((130.0, 60.0, 62.0), lit)),
            ),
            0.85,
        )
        if not marks.shows_teeth:
            depth = min(0.10, gap * 0.5) * min(1.0, 0.4 + mouth.teeth)
            edge = np.stack([top_u * half, line - 0.12 * opening + depth * (1 - top_u**2) ** 0.5], axis=1)
            teeth = sheet.mask(self._tilt(join(upper, edge[::-1])), blur=0.014).inside(inside)
            sheet.paint(
                teeth,
                Radial((0, 0), half, 0.5, (_scaled((232.0, 224.0, 214.0), lit), _scaled((150.0, 132.0, 126.0), lit))),
                0.92,
            )
        shadow = sheet.mask(self._tilt(stroke(upper, 0.07, 0.2, 0.2)), blur=0.03).inside(inside)
        sheet.paint(shadow, rgb("14060a"), 0.55)
        sheet.lay_on(face[rows, columns])

    def _tilt(self, path: np.ndarray) -> np.ndarray:
        c, s = math.cos(self._marks.tilt_radians), math.sin(self._marks.tilt_radians)
        return path @ np.array([(c, s), (-s, c)])


class StillPicture:
    """A picture without a face: it drifts slowly, and small bars show the sound."""

    BARS = 5

    def __init__(self, picture: np.ndarray) -> None:
        self.height, self.width = picture.shape[:2]
        self._picture = picture
        self._recent: deque[float] = deque([0.0] * self.BARS, maxlen=self.BARS)

    def draw(self, pose: Pose) -> np.ndarray:
        """Return the picture in the pose, uint8 RGB [height, width, 3]."""
        import cv2

        zoom = 1.03 + 0.004 * pose.breath
        turn = cv2.getRotationMatrix2D((self.width / 2, self.height / 2), 0.25 * pose.roll, zoom)
        turn[:, 2] += (0.006 * pose.yaw * self.width, 0.004 * pose.pitch * self.height)
        frame = cv2.warpAffine(
            self._picture, turn, (self.width, self.height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
        )
        self._recent.append(pose.loudness)
        self._show_level(frame)
        return frame

    def _show_level(self, frame: np.ndarray) -> None:
        """Draw rounded bars in a pill: the newest loudness in the middle, older ones outwards."""
        unit = min(self.width, self.height) / 100
        if unit < 0.6:
            return
        wide, tall = 20 * unit, 9 * unit
        x0, y0 = int(self.width / 2 - wide / 2), int(self.height - tall - 6 * unit)
        part = frame[y0 : y0 + math.ceil(tall), x0 : x0 + math.ceil(wide)]
        sheet = Sheet(np.zeros((*part.shape[:2], 4), np.float32), unit, part.shape[1] / 2, part.shape[0] / 2)
        sheet.fill(_pill(0, 0, 9.6, 4.2), rgb("12141a"), 0.55)
        newest = list(self._recent)[::-1]
        for place in range(self.BARS):
            level = newest[2 * abs(place - self.BARS // 2)]
            x = (place - self.BARS // 2) * 3.0
            sheet.fill(_pill(x, 0, 0.75, 0.75 + 2.3 * level), rgb("ffffff"), 0.95)
        sheet.lay_on(part)


class _Fields:
    """Where each pixel of the moving region lies from mouth, head and eyes, and how much it follows them."""

    def __init__(self, height: int, width: int, top: int, left: int, marks: FaceMarks) -> None:
        self._marks = marks
        self.x, self.y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        self._left, self._top = left, top
        self.jaw_box = self._box(marks.mouth, 1.6, 1.6, height, width)
        u, v = (place[self.jaw_box] for place in self._from(marks.mouth))
        self._u = u
        self._line = -marks.mouth_curve * np.minimum((u / marks.mouth_half_width) ** 2, 2.0)
        self._below = v - self._line
        self._lips_wide = np.exp(-((u / (marks.mouth_half_width * 1.5)) ** 4)) * np.exp(-((v / 0.34) ** 2))
        self._jaw_wide = np.exp(-((u / 0.95) ** 4)) * (1 - _ramp(v, 0.85, 1.45))
        self._head(marks)
        self.mouth_box = self._box(marks.mouth, 0.7, 0.7, height, width)
        self.eyes = [self._eye(eye, height, width) for eye in marks.eyes or ()]

    def mouth_shift(self, mouth: MouthShape) -> tuple[np.ndarray, np.ndarray]:
        """Return how far each pixel reaches back along the face (units), so that lips part and the jaw drops."""
        gap = np.float32(mouth.open * GAP_UNITS)
        narrow = np.float32(0.22 * mouth.round - 0.07 * mouth.wide)
        shift_u = self._u * (narrow / (1 - abs(narrow))) * self._lips_wide if narrow else np.zeros_like(self._u)
        half = self._marks.mouth_half_width * (1 - 0.30 * mouth.round + 0.04 * mouth.wide)
        opening = gap * np.clip(1 - (self._u / half) ** 2, 0, 1) ** 0.6
        lip = np.minimum(opening * 0.88, np.maximum(self._below, 0)) * (
            1 - _ramp(self._below, 0.30, 0.75) * (1 - JAW_SHARE)
        )
        jaw = gap * JAW_SHARE * self._jaw_wide * _ramp(self._below, 0.0, 0.5)
        raised = 0.12 * opening * (1 - _ramp(-self._below, 0.0, 0.30)) * (self._below < 0)
        pressed = (
            np.float32(0.035 * mouth.press)
            * np.sign(self._below)
            * self._lips_wide
            * _ramp(np.abs(self._below), 0, 0.08)
        )
        return shift_u, raised - np.maximum(lip, jaw) + pressed

    def head_shift(self, pose: Pose) -> tuple[np.ndarray, np.ndarray]:
        """Return how far each pixel reaches back (pixels), so that the head sways before a steady background."""
        unit = self._marks.unit
        angle = np.float32(pose.roll * _ROLL_RADIANS)
        move_x, move_y = (
            np.float32(pose.yaw * SHIFT_UNITS * unit),
            np.float32((pose.pitch - pose.breath * 0.3) * SHIFT_UNITS * unit),
        )
        turn_x, turn_y = np.float32(pose.yaw * TURN_UNITS * unit), np.float32(pose.pitch * TURN_UNITS * unit)
        shift_x = (angle * self._from_neck_y - move_x) * self._follow - turn_x * self._depth
        shift_y = (-angle * self._from_neck_x - move_y) * self._follow - turn_y * self._depth
        return shift_x, shift_y

    def locate(
        self, rows: slice, columns: slice, along: np.ndarray | float, down: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the pixel maps of a box for a shift along and down the face (pixels)."""
        c, s = np.float32(math.cos(self._marks.tilt_radians)), np.float32(math.sin(self._marks.tilt_radians))
        return self.x[rows, columns] + along * c - down * s, self.y[rows, columns] + along * s + down * c

    def _from(self, origin: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
        """Return the pixels' places along and down the face from the origin, in units."""
        marks = self._marks
        dx, dy = self.x + (self._left - origin[0]), self.y + (self._top - origin[1])
        c, s = math.cos(marks.tilt_radians) / marks.unit, math.sin(marks.tilt_radians) / marks.unit
        return (dx * c + dy * s).astype(np.float32), (dy * c - dx * s).astype(np.float32)

    def _head(self, marks: FaceMarks) -> None:
        u, v = self._from(marks.center)
        near = np.sqrt((u / 3.1) ** 2 + (np.where(v > 0, v / 3.3, v / 3.2)) ** 2)
        self._follow = (1 - _ramp(near, 0.38, 1.0)).astype(np.float32)
        self._depth = (np.clip(1 - (u / 1.25) ** 2 - ((v - 0.05) / 1.7) ** 2, 0, 1) ** 0.9).astype(np.float32)
        self._from_neck_x, self._from_neck_y = u * np.float32(marks.unit), (v - 1.9) * np.float32(marks.unit)

    def _box(
        self, origin: tuple[float, float], reach_u: float, reach_v: float, height: int, width: int
    ) -> tuple[slice, slice]:
        x, y, unit = origin[0] - self._left, origin[1] - self._top, self._marks.unit
        rows = slice(max(0, int(y - reach_v * unit)), max(1, min(height, int(y + reach_v * unit) + 1)))
        columns = slice(max(0, int(x - reach_u * unit)), max(1, min(width, int(x + reach_u * unit) + 1)))
        return rows, columns

    def _eye(self, eye: tuple[float, float], height: int, width: int) -> tuple[slice, slice, np.ndarray, np.ndarray]:
        rows, columns = self._box(eye, 0.34, 0.40, height, width)
        u, v = self._from(eye)
        return rows, columns, u[rows, columns], v[rows, columns]


def _ramp(values: np.ndarray, low: float, high: float) -> np.ndarray:
    share = np.clip((values - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)


def _scaled(color: tuple[float, float, float], share: float) -> tuple[float, float, float]:
    r, g, b = (min(255.0, channel * share) for channel in color)
    return r, g, b


def _pill(x: float, y: float, half_width: float, half_height: float) -> np.ndarray:
    """Return a rounded box whose corners are as round as its shorter side allows."""
    radius = min(half_width, half_height)
    corners = [(1, 1, 0), (-1, 1, 90), (-1, -1, 180), (1, -1, 270)]
    arcs = []
    for sx, sy, start in corners:
        angle = np.deg2rad(np.linspace(start, start + 90, 12))
        centre = (x + sx * (half_width - radius), y + sy * (half_height - radius))
        arcs.append(np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius + centre)
    return np.concatenate(arcs)
