"""The small DRAFT label in the corner of a draft video."""

from __future__ import annotations

import numpy as np

TEXT = "DRAFT"
SUPERSAMPLE = 4


class DraftLabel:
    """A translucent pill with the word DRAFT, drawn once and laid on every frame."""

    def __init__(self, width: int, height: int) -> None:
        """Size it for frames of width x height; frames too small for readable letters get none."""
        letter_height = round(min(width, height) * 0.030)
        self._pill = _draw_pill(letter_height) if letter_height >= 6 else np.zeros((0, 0, 4), np.float32)
        margin = round(min(width, height) * 0.036)
        rows, columns = self._pill.shape[:2]
        self._rows, self._columns = slice(margin, margin + rows), slice(width - margin - columns, width - margin)

    def lay_on(self, picture: np.ndarray) -> None:
        """Blend the label into the upper right corner of a frame, uint8 RGB [height, width, 3]."""
        if self._pill.size == 0:
            return
        region = picture[self._rows, self._columns]
        alpha = self._pill[..., 3:]
        region[:] = (region * (1 - alpha) + self._pill[..., :3] * alpha + 0.5).astype(np.uint8)


def _draw_pill(letter_height: int) -> np.ndarray:
    """Return the label, [h, w, 4] float32: colour 0..255 and alpha 0..1."""
    from PIL import Image, ImageDraw, ImageFont

    size = letter_height * SUPERSAMPLE
    font = ImageFont.load_default(size)
    spacing = size * 0.16
    widths = [font.getlength(letter) for letter in TEXT]
    text_width = sum(widths) + spacing * (len(TEXT) - 1)
    width, height = round(text_width + size * 1.5), round(size * 1.75)
    cover = Image.new("L", (width, height))
    ImageDraw.Draw(cover).rounded_rectangle((0, 0, width - 1, height - 1), height / 2, fill=255)
    letters = Image.new("L", (width, height))
    pen, x = ImageDraw.Draw(letters), size * 0.75
    for letter, advance in zip(TEXT, widths, strict=True):
        pen.text((x, height / 2), letter, fill=255, font=font, anchor="lm", stroke_width=size * 0.02)
        x += advance + spacing
    small = (max(1, width // SUPERSAMPLE), max(1, height // SUPERSAMPLE))
    pill, text = (
        np.asarray(layer.resize(small, Image.Resampling.BOX), np.float32)[..., None] / 255 for layer in (cover, letters)
    )
    color = np.array([18, 20, 28], np.float32) * (1 - text) + 255 * text
    return np.concatenate([color, pill * (0.46 + 0.50 * text)], axis=2)
