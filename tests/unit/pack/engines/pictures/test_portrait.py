from pathlib import Path

import numpy as np
import pytest
from comfyui_talkingshorts.core.errors import PictureError
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


@pytest.mark.parametrize(
    ("name", "picture"),
    [
        ("cmyk.jpg", Image.new("CMYK", (90, 70), (0, 255, 255, 0))),
        ("rgba.png", Image.new("RGBA", (90, 70), (255, 0, 0, 255))),
        ("palette.gif", Image.new("RGB", (90, 70), (255, 0, 0)).quantize(4)),
    ],
)
def test_every_kind_of_colour_picture_is_read_in_its_own_colour(
    name: str, picture: Image.Image, tmp_path: Path
) -> None:
    red, green, blue = read_portrait(save(picture, tmp_path / name), 32, 48)[24, 16]

    assert red > 200
    assert max(green, blue) < 60


def test_sixteen_bit_grey_is_scaled_to_eight_bits(tmp_path: Path) -> None:
    grey = Image.fromarray(np.full((48, 32), 0x8000, np.uint16))

    assert np.all(read_portrait(save(grey, tmp_path / "grey.png"), 32, 48) == 0x80)


def test_transparency_is_laid_on_light_grey(tmp_path: Path) -> None:
    portrait = read_portrait(save(Image.new("RGBA", (32, 48), (0, 0, 0, 0)), tmp_path / "clear.png"), 32, 48)

    assert np.all(portrait == 235)


def test_a_rotated_photo_is_turned_upright(tmp_path: Path) -> None:
    photo = Image.new("RGB", (48, 32), "blue")
    photo.paste("red", (0, 0, 24, 32))
    exif = Image.Exif()
    exif[0x0112] = 6

    portrait = read_portrait(save(photo, tmp_path / "phone.png", exif=exif), 32, 48)

    assert tuple(portrait[4, 16]) == (255, 0, 0)
    assert tuple(portrait[44, 16]) == (0, 0, 255)


@pytest.mark.parametrize("size", [(1, 1), (3000, 40), (40, 3000)])
def test_any_shape_is_fitted_to_the_short(size: tuple[int, int], tmp_path: Path) -> None:
    portrait = read_portrait(save(Image.new("RGB", size, "green"), tmp_path / "odd.png"), 480, 832)

    assert portrait.shape == (832, 480, 3)


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n"])
def test_what_is_not_a_picture_is_refused_with_its_name(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.png"
    path.write_bytes(content)

    with pytest.raises(PictureError, match=r"broken\.png"):
        read_portrait(path, 480, 832)


def test_a_truncated_picture_is_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    path = save(Image.fromarray(noise), tmp_path / "cut.png")
    path.write_bytes(path.read_bytes()[:5000])

    with pytest.raises(PictureError, match="complete"):
        read_portrait(path, 480, 832)


def test_a_picture_is_cropped_around_its_face(tmp_path: Path) -> None:
    face = Image.open(PHOTO).convert("RGB")
    wide = Image.new("RGB", (3 * face.width, face.height), "grey")
    wide.paste(face, (2 * face.width, 0))

    width, height = 16 * (face.width // 32), 16 * (face.height // 16)
    found = find_face(read_portrait(save(wide, tmp_path / "wide.png"), width, height))

    assert found is not None
    assert found.center[0] == pytest.approx(width / 2, rel=0.15)
