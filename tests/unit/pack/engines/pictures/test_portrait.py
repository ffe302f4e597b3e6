from pathlib import Path

import numpy as np
import pytest
from comfyui_talkingshorts.engines.pictures.face_finder import find_face
from comfyui_talkingshorts.engines.pictures.portrait import read_portrait
from PIL import Image
from support.checkout import FACE_PHOTO

PHOTO = FACE_PHOTO


def save(picture: Image.Image, path: Path, **options: object) -> Path:
    picture.save(path, **options)  # pyright: ignore[reportArgumentType]
    return path


def test_a_picture_of_the_wanted_size_comes_back_pixel_for_pixel(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (48, 32, 3), np.uint8)

    portrait = read_portrait(save(Image.fromarray(pixels), tmp_path / "a.png"), 32, 48)

    assert np.array_equal(portrait, pixels)


@pytest.mark.parametrize("size", [(1, 1), (3000, 40), (40, 3000)])
def test_any_shape_is_fitted_to_the_short(size: tuple[int, int], tmp_path: Path) -> None:
    portrait = read_portrait(save(Image.new("RGB", size, "green"), tmp_path / "odd.png"), 480, 832)

    assert portrait.shape == (832, 480, 3)


def test_a_picture_is_cropped_around_its_face(tmp_path: Path) -> None:
    face = Image.open(PHOTO).convert("RGB")
    wide = Image.new("RGB", (3 * face.width, face.height), "grey")
    wide.paste(face, (2 * face.width, 0))

    width, height = 16 * (face.width // 32), 16 * (face.height // 16)
    found = find_face(read_portrait(save(wide, tmp_path / "wide.png"), width, height))

    assert found is not None
    assert found.center[0] == pytest.approx(width / 2, rel=0.15)
