from __future__ import annotations

import numpy as np
import pytest
from comfyui_talkingshorts.core.long_video.size import Size
from comfyui_talkingshorts.engines.long_video.picture_fit import fit_picture
from comfyui_talkingshorts.engines.pictures.backdrop import BACKDROP_RGB


def noise(height: int, width: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, channels), dtype=np.uint8)


@pytest.mark.parametrize(
    "shape", [(97, 61, 3), (61, 97, 3), (1, 1, 3), (1, 500, 3), (500, 1, 3), (33, 47, 4), (33, 47, 1)]
)
def test_any_picture_fills_the_size(shape: tuple[int, int, int]) -> None:
    fitted = fit_picture(noise(*shape), Size(96, 64))

    assert (fitted.shape, fitted.dtype) == ((96, 64, 3), np.uint8)


def test_a_picture_of_the_size_stays_pixel_for_pixel() -> None:
    picture = noise(96, 64)

    assert np.array_equal(fit_picture(picture, Size(96, 64)), picture)


def test_the_middle_is_kept() -> None:
    picture = np.zeros((64, 192, 3), np.uint8)
    picture[:, 64:128] = 255

    assert (fit_picture(picture, Size(64, 64)) == 255).all()


def test_grey_is_the_same_in_each_channel() -> None:
    fitted = fit_picture(noise(40, 30, 1), Size(64, 48))

    assert np.array_equal(fitted, fitted[..., :1].repeat(3, axis=-1))


def test_what_is_opaque_loses_nothing_to_its_alpha() -> None:
    picture = noise(40, 30)
    opaque = np.concatenate([picture, np.full((40, 30, 1), 255, np.uint8)], axis=-1)

    assert np.array_equal(fit_picture(opaque, Size(64, 48)), fit_picture(picture, Size(64, 48)))


def test_what_is_transparent_shows_light_grey() -> None:
    clear = np.zeros((40, 30, 4), np.uint8)

    assert (fit_picture(clear, Size(64, 48)) == BACKDROP_RGB).all()


def test_a_sliver_does_not_fill_the_memory() -> None:
    sliver = np.full((2, 40000, 3), 90, np.uint8)

    assert (fit_picture(sliver, Size(1280, 320)) == 90).all()
