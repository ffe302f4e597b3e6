from __future__ import annotations

import numpy as np
import pytest
from comfyui_talkingshorts.engines.pictures.backdrop import BACKDROP_RGB, as_rgb, lay_on_backdrop
from PIL import Image


def noise(channels: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (6, 4, channels), dtype=np.uint8)


def test_colour_stays_as_it_is_and_grey_is_the_same_in_each_channel() -> None:
    assert np.array_equal(as_rgb(noise(3)), noise(3))
    assert np.array_equal(as_rgb(noise(1)), noise(1).repeat(3, axis=-1))


@pytest.mark.parametrize(("alpha", "share"), [(0, 0.0), (255, 1.0), (51, 0.2)])
def test_the_backdrop_shows_through_as_far_as_a_picture_is_transparent(alpha: int, share: float) -> None:
    pixels = np.full((6, 4, 4), (200, 100, 0, alpha), np.uint8)

    expected = share * np.array([200, 100, 0]) + (1 - share) * np.array(BACKDROP_RGB)
    assert np.abs(as_rgb(pixels) - expected).max() <= 1
    assert np.array_equal(as_rgb(pixels), np.asarray(lay_on_backdrop(Image.fromarray(pixels))))


def test_a_palette_with_a_transparent_colour_is_laid_on_it_too() -> None:
    picture = Image.new("P", (4, 4))
    picture.info["transparency"] = 0

    assert np.asarray(lay_on_backdrop(picture)).tolist() == [[[*BACKDROP_RGB]] * 4] * 4
