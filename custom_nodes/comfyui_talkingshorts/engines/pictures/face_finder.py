"""Find the face in a picture, and in it the eyes and the line along which the mouth opens; or just the head."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import cv2

SEARCH_SIDE = 640
TILTS_DEGREES = (0.0, -18.0, 18.0, -34.0, 34.0)
MIN_FACE_SHARE = 0.10
SMALLEST_FACE_PIXELS = 24
# Of the cascade's face box, as measured on frontal photographs.
EYE_LINE_SHARE, EYE_GAP_SHARE = 0.395, 0.40
MOUTH_BELOW_EYES = 1.06
MOUTH_HALF_WIDTH = 0.40
LIP_SEARCH_ACROSS, LIP_SEARCH_DOWN = 0.42, 0.30
# For a head it is enough to know where it is, so that small ones count, too, and those turned to the side.
HEAD_SEARCH_SIDE = 1280
MIN_HEAD_SHARE, MIN_PROFILE_SHARE = 0.03, 0.08
# Below it the profile cascade sees faces in foliage.
MIN_PROFILE_SURENESS = 1.5
# From the middle of the face to the ends of hair and chin, in widths of a cascade's face box.
HEAD_RADIUS_SHARE = 0.8


@dataclass(frozen=True)
class FaceMarks:
    """A face in pixels of its picture. `unit` is the distance of the eyes, `tilt_radians` the slope of the line between
    them (clockwise positive); the mouth opens along a parabola through `mouth` that rises by `mouth_curve` units at
    `mouth_half_width` units to both sides. `eyes` is None unless both were seen for sure."""

    center: tuple[float, float]
    unit: float
    tilt_radians: float
    mouth: tuple[float, float]
    mouth_half_width: float
    mouth_curve: float
    shows_teeth: bool
    eyes: tuple[tuple[float, float], tuple[float, float]] | None


def find_face(picture: np.ndarray) -> FaceMarks | None:
    """Return the marks of the largest plausible frontal face in the picture (uint8 RGB [h, w, 3]), or None.

    Uses the Haar cascades that OpenCV ships (Viola and Jones, 2001): upright first, then on turned copies until the
    eyes are seen as well.
    """
    import cv2

    shrunk = _shrink_to_gray(picture, SEARCH_SIDE)
    if shrunk is None:
        return None
    gray, shrink = shrunk
    without_eyes: FaceMarks | None = None
    for tilt in TILTS_DEGREES:
        middle = (gray.shape[1] / 2, gray.shape[0] / 2)
        turn = cv2.getRotationMatrix2D(middle, tilt, 1.0)
        upright = gray if tilt == 0 else cv2.warpAffine(gray, turn, gray.shape[::-1], borderMode=cv2.BORDER_REPLICATE)
        box = _largest_face(upright, eyes_needed=tilt != 0)
        if box:
            marks = _mark(picture, upright, box, cv2.invertAffineTransform(turn) / shrink)
            if marks.eyes:
                return marks
            without_eyes = marks
    return without_eyes


@dataclass(frozen=True)
class Head:
    """Where a head is, in pixels of its picture: the middle of the face, and how far hair and chin are from it."""

    center: tuple[float, float]
    radius: float


def find_head(picture: np.ndarray) -> Head | None:
    """Return the head of the person in the picture (uint8 RGB [h, w, 3]), or None.

    It is the one whose face find_face finds; else the largest of those that are smaller or turned to the side.
    """
    marks = find_face(picture)
    if marks:
        return Head(marks.center, HEAD_RADIUS_SHARE * marks.unit / EYE_GAP_SHARE)
    shrunk = _shrink_to_gray(picture, HEAD_SEARCH_SIDE)
    if shrunk is None:
        return None
    gray, shrink = shrunk
    boxes = [*_list_small_faces(gray), *_list_profiles(gray)]
    if not boxes:
        return None
    x, y, w, h = (side / shrink for side in max(boxes, key=lambda box: box[2]))
    return Head((x + w / 2, y + h / 2), HEAD_RADIUS_SHARE * w)


def _list_small_faces(gray: np.ndarray) -> list[tuple[int, int, int, int]]:
    boxes, _ = _detect("frontalface_alt2", gray, MIN_HEAD_SHARE)
    return [box for box in boxes if _find_eyes(gray, box) or _is_confirmed(gray, box)]


def _list_profiles(gray: np.ndarray) -> Iterator[tuple[int, int, int, int]]:
    """Yield the boxes of faces seen from the side: the cascade knows one side, and the mirror shows it the other."""
    for is_mirrored in (False, True):
        seen = np.ascontiguousarray(gray[:, ::-1]) if is_mirrored else gray
        for (x, y, w, h), sureness in zip(*_detect("profileface", seen, MIN_PROFILE_SHARE), strict=True):
            if sureness >= MIN_PROFILE_SURENESS:
                yield (gray.shape[1] - x - w if is_mirrored else x), y, w, h


def _shrink_to_gray(picture: np.ndarray, side: int) -> tuple[np.ndarray, float] | None:
    """Return a picture in grey, its longer side at most so many pixels, and by how much it was scaled; None when it is
    too narrow for a face."""
    import cv2

    shrink = min(1.0, side / max(picture.shape[:2]))
    if min(picture.shape[:2]) * shrink < SMALLEST_FACE_PIXELS:
        return None
    small = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA) if shrink < 1 else picture
    return cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), shrink


@cache
def _cascade(name: str) -> cv2.CascadeClassifier:
    import cv2
    from cv2 import data

    return cv2.CascadeClassifier(f"{data.haarcascades}haarcascade_{name}.xml")


def _largest_face(gray: np.ndarray, eyes_needed: bool) -> tuple[int, int, int, int] | None:
    """Return x, y, width, height of the face that is large, sure and central.

    One cascade alone also sees faces in spoons and clouds: a face counts when its eyes are found or, unless
    `eyes_needed`, when two other cascades see it too.
    """
    boxes, sureness = _detect("frontalface_alt2", gray, MIN_FACE_SHARE)
    height, width = gray.shape

    def score(index: int) -> float:
        x, y, w, h = boxes[index]
        off_centre = abs(x + w / 2 - width / 2) / width + 0.5 * abs(y + h / 2 - height * 0.4) / height
        return w * (1 + 0.1 * min(sureness[index], 10.0)) * (1 - 0.6 * off_centre)

    for index in sorted(range(len(boxes)), key=score, reverse=True):
        if _find_eyes(gray, boxes[index]) or (not eyes_needed and _is_confirmed(gray, boxes[index])):
            return boxes[index]
    return None


def _is_confirmed(gray: np.ndarray, box: tuple[int, int, int, int]) -> bool:
    """Return whether two other cascades see a face of about this size in the box's surroundings."""
    x, y, w, h = box
    rim = w // 4
    part = gray[max(0, y - rim) : y + h + rim, max(0, x - rim) : x + w + rim]
    return all(len(_detect(name, part, 0.5)[0]) for name in ("frontalface_default", "frontalface_alt"))


def _detect(name: str, gray: np.ndarray, share: float) -> tuple[list[tuple[int, int, int, int]], list[float]]:
    """Return the boxes that a cascade finds, each of at least `share` of the shorter side, and how sure it is."""
    smallest = max(SMALLEST_FACE_PIXELS, round(share * min(gray.shape)))
    boxes, _, weights = _cascade(name).detectMultiScale3(
        gray, scaleFactor=1.08, minNeighbors=5, minSize=(smallest, smallest), outputRejectLevels=True
    )
    return [(int(x), int(y), int(w), int(h)) for x, y, w, h in boxes], [float(weight) for weight in weights]


def _mark(picture: np.ndarray, gray: np.ndarray, box: tuple[int, int, int, int], back: np.ndarray) -> FaceMarks:
    """Refine a face box on the upright copy, and return its marks in pixels of the picture."""
    x, y, w, h = box
    eyes = _find_eyes(gray, box)
    left, right = eyes or (
        (x + w * (0.5 - EYE_GAP_SHARE / 2), y + h * EYE_LINE_SHARE),
        (x + w * (0.5 + EYE_GAP_SHARE / 2), y + h * EYE_LINE_SHARE),
    )
    seen_left, seen_right = _through(back, left), _through(back, right)
    dx, dy = seen_right[0] - seen_left[0], seen_right[1] - seen_left[1]
    unit, slope = math.hypot(dx, dy), math.atan2(dy, dx)
    between = ((seen_left[0] + seen_right[0]) / 2, (seen_left[1] + seen_right[1]) / 2)
    lips = _find_lips(picture, between, unit, slope, 0.08 if eyes else 0.20)
    return FaceMarks(
        center=_step(between, slope, 0.0, 0.42 * unit),
        unit=unit,
        tilt_radians=slope,
        mouth=_step(between, slope, lips.across * unit, lips.down * unit),
        mouth_half_width=MOUTH_HALF_WIDTH + 0.06 * lips.teeth,
        mouth_curve=lips.curve,
        shows_teeth=lips.teeth,
        eyes=(seen_left, seen_right) if eyes else None,
    )


def _find_eyes(
    gray: np.ndarray, box: tuple[int, int, int, int]
) -> tuple[tuple[float, float], tuple[float, float]] | None:
    """Return both eyes' centres when each half of the face has one at a likely place, level with each other."""
    x, y, w, h = box
    found: list[tuple[float, float]] = []
    for side in (0, 1):
        x0, y0, y1 = x + (w // 2 if side else int(w * 0.08)), y + int(h * 0.18), y + int(h * 0.60)
        half = gray[max(0, y0) : y1, max(0, x0) : x0 + int(w * 0.42)]
        wanted = (x + w * (0.5 + (side - 0.5) * EYE_GAP_SHARE), y + h * EYE_LINE_SHARE)
        smallest = max(8, int(w * 0.14))
        places = _cascade("eye").detectMultiScale(
            half, 1.05, 4, minSize=(smallest, smallest), maxSize=(int(w * 0.4),) * 2
        )
        centres = [(max(0, x0) + ex + ew / 2, max(0, y0) + ey + eh * 0.52) for ex, ey, ew, eh in places]
        near = [centre for centre in centres if math.dist(centre, wanted) < 0.13 * w]
        if not near:
            return None
        found.append(min(near, key=lambda centre: math.dist(centre, wanted)))
    (lx, ly), (rx, ry) = found
    level, gap = abs(math.atan2(ry - ly, rx - lx)) < 0.25, 0.30 < (rx - lx) / w < 0.52
    return ((lx, ly), (rx, ry)) if level and gap else None


@dataclass(frozen=True)
class _Lips:
    """Where the mouth opens, in units from between the eyes, the rise of its corners, and whether teeth are seen."""

    across: float
    down: float
    curve: float
    teeth: bool


def _find_lips(picture: np.ndarray, between: tuple[float, float], unit: float, slope: float, slack: float) -> _Lips:
    """Look around the expected mouth for the dark line between the lips, or the lower edge of a row of teeth.

    `slack` is how far sideways the mouth may lie, in units.
    """
    us, vs = np.linspace(-LIP_SEARCH_ACROSS, LIP_SEARCH_ACROSS, 64), np.linspace(-LIP_SEARCH_DOWN, LIP_SEARCH_DOWN, 48)
    first = _upright_lab(picture, _step(between, slope, 0.0, MOUTH_BELOW_EYES * unit), unit, slope, us, vs)
    has_colour = bool(np.ptp(first[..., 1]) > 8.0)
    lip_u, lip_v = _red_middle(first[..., 1], us, vs) if has_colour else _edge_middle(first[..., 0], us, vs)
    across, down = float(np.clip(lip_u, -slack, slack)), MOUTH_BELOW_EYES + lip_v
    lab = _upright_lab(picture, _step(between, slope, across * unit, down * unit), unit, slope, us, vs)
    light, red = lab[..., 0], lab[..., 1]
    is_tooth_like = _is_pale(light, red) if has_colour else _is_bright_between_lips(light)
    teeth_v = _see_teeth(is_tooth_like, vs)
    line_v = _dark_line(light, vs) if teeth_v is None else teeth_v
    inner = np.abs(us) < 0.27
    offset, curvature = _fit_parabola(us[inner], line_v[inner])
    curve = float(np.clip(-curvature * MOUTH_HALF_WIDTH**2, -0.04, 0.14))
    return _Lips(across, down + float(np.clip(offset, -0.2, 0.2)), curve, teeth_v is not None)


def _upright_lab(
    picture: np.ndarray, middle: tuple[float, float], unit: float, slope: float, us: np.ndarray, vs: np.ndarray
) -> np.ndarray:
    """Return the picture around a point, turned upright, as Lab: [len(vs), len(us), 3] float32 0..255."""
    import cv2

    grid_u, grid_v = np.meshgrid(us, vs)
    c, s = math.cos(slope) * unit, math.sin(slope) * unit
    map_x = (middle[0] + grid_u * c - grid_v * s).astype(np.float32)
    map_y = (middle[1] + grid_u * s + grid_v * c).astype(np.float32)
    region = cv2.remap(picture, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cv2.cvtColor(cv2.GaussianBlur(region, (0, 0), 1.0), cv2.COLOR_RGB2LAB).astype(np.float32)


def _red_middle(red: np.ndarray, us: np.ndarray, vs: np.ndarray) -> tuple[float, float]:
    """Return the middle of what is redder than the skin near the expected mouth; (0, 0) when nothing stands out."""
    excess = np.clip(red - np.percentile(red, 70), 0, None)
    if excess.max() < 4.0:
        return (0.0, 0.0)
    return _middle_of(excess, us, vs)


def _edge_middle(light: np.ndarray, us: np.ndarray, vs: np.ndarray) -> tuple[float, float]:
    """Return the middle of the level edges near the expected mouth: what a picture without colour shows of lips."""
    return _middle_of(np.diff(light, axis=0, append=light[-1:]) ** 2, us, vs)


def _middle_of(weights: np.ndarray, us: np.ndarray, vs: np.ndarray) -> tuple[float, float]:
    """Return the weights' centre of gravity, with those near the expected mouth counting most."""
    near = weights * np.exp(-((vs / 0.24) ** 2))[:, None] * np.exp(-((us / 0.30) ** 2))[None, :]
    total = float(near.sum()) + 1e-6
    return float((near * us[None, :]).sum() / total), float((near * vs[:, None]).sum() / total)


def _dark_line(light: np.ndarray, vs: np.ndarray) -> np.ndarray:
    """Return, per column, the height of the line that is darkest against its surroundings."""
    import cv2

    dark = cv2.GaussianBlur(light, (0, 0), 4.0) - light
    return vs[np.argmax((dark + 14.0) * np.exp(-((vs / 0.13) ** 2))[:, None], axis=0)]


def _is_pale(light: np.ndarray, red: np.ndarray) -> np.ndarray:
    """Return where the picture is bright and less red than skin and lips."""
    return (red < np.percentile(red, 30) + 1.0) & (light > np.percentile(light, 60))


def _is_bright_between_lips(light: np.ndarray) -> np.ndarray:
    """Return where the picture is brighter than something close above and something close below."""
    import cv2

    column = np.ones((8, 1), np.uint8)
    darkest_above, darkest_below = (cv2.erode(light, column, anchor=(0, end)) for end in (7, 0))
    return (light > np.percentile(light, 60)) & (light - np.maximum(darkest_above, darkest_below) > 25.0)


def _see_teeth(is_tooth_like: np.ndarray, vs: np.ndarray) -> np.ndarray | None:
    """Return, per column, the lower edge of a band of teeth between the lips, or None where there is no such band."""
    pale = is_tooth_like & (np.abs(vs)[:, None] < 0.14)
    middle = pale[:, 16:48]
    if middle.any(axis=0).mean() < 0.75 or not 0.05 < middle.mean() < 0.30:
        return None
    rows = np.arange(len(vs))[:, None]
    lowest = np.where(pale, rows, -1).max(axis=0)
    fallback = np.median(lowest[lowest >= 0])
    return vs[np.where(lowest >= 0, lowest, fallback).astype(int)] + 0.012


def _fit_parabola(us: np.ndarray, vs: np.ndarray) -> tuple[float, float]:
    """Return offset and curvature of v = offset + curvature * u^2, with far-off points left out."""
    kept = np.abs(vs - np.median(vs)) < 0.07
    design = np.stack([np.ones(kept.sum()), us[kept] ** 2], axis=1)
    offset, curvature = np.linalg.lstsq(design, vs[kept], rcond=None)[0]
    return float(offset), float(curvature)


def _through(matrix: np.ndarray, point: tuple[float, float]) -> tuple[float, float]:
    x, y = matrix @ (*point, 1.0)
    return float(x), float(y)


def _step(origin: tuple[float, float], slope: float, across: float, down: float) -> tuple[float, float]:
    """Return the point `across` along the sloped line and `down` at right angles to it."""
    c, s = math.cos(slope), math.sin(slope)
    return (origin[0] + across * c - down * s, origin[1] + across * s + down * c)
