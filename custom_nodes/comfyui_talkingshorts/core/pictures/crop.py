"""Which part of a picture becomes the portrait."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels; right and bottom are exclusive."""

    left: int
    top: int
    right: int
    bottom: int


def plan_crop(
    picture_width: int, picture_height: int, width: int, height: int, face_center: tuple[float, float] | None = None
) -> Box:
    """Return the largest box of the ratio width:height in the picture.

    It is centred on the picture, or, when the centre of the face (x, y) is known, placed so that it is in the middle
    and two fifths down, as in a portrait, as far as the picture reaches.
    """
    scale = min(picture_width / width, picture_height / height)
    crop_width = max(1, min(picture_width, round(width * scale)))
    crop_height = max(1, min(picture_height, round(height * scale)))
    left = (picture_width - crop_width) // 2
    top = (picture_height - crop_height) // 2
    if face_center is not None:
        left = round(face_center[0] - 0.5 * crop_width)
        top = round(face_center[1] - 0.4 * crop_height)
    left = min(max(left, 0), picture_width - crop_width)
    top = min(max(top, 0), picture_height - crop_height)
    return Box(left, top, left + crop_width, top + crop_height)


def keeps_in_frame(box: Box, center: tuple[float, float], radius: float) -> bool:
    """Return whether a box shows what is within a radius of a point (x, y) whole, or, if it has no room for that, with
    the point in its middle third."""
    return all(
        low + min(radius, (high - low) / 3) <= place <= high - min(radius, (high - low) / 3)
        for low, high, place in ((box.left, box.right, center[0]), (box.top, box.bottom, center[1]))
    )
