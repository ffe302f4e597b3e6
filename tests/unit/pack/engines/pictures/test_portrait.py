from pathlib import Path

import numpy as np
import pytest
from comfyui_talkingshorts.engines.draft.portrait import draw_portrait
from comfyui_talkingshorts.engines.pictures.face_finder import find_face, find_head
from comfyui_talkingshorts.engines.pictures.portrait import keep_head, read_portrait
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


def place_face(size: tuple[int, int], place: tuple[int, int], scale: float = 1.0, mirrored: bool = False) -> np.ndarray:
    """Return a grey picture of a size, width first, with the photo in it, its upper left corner at a place."""
    face = Image.open(PHOTO).convert("RGB")
    face = face.resize((round(face.width * scale), round(face.height * scale)))
    picture = Image.new("RGB", size, "grey")
    picture.paste(face.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if mirrored else face, place)
    return np.asarray(picture)


@pytest.mark.parametrize("size", [(480, 832), (640, 640)])
def test_a_picture_whose_middle_shows_the_head_stays_the_very_same(size: tuple[int, int]) -> None:
    picture = place_face((404, 404), (101, 27))

    kept, has_head = keep_head(picture, *size)

    assert kept is picture
    assert has_head


@pytest.mark.parametrize(
    ("picture_size", "place", "size"),
    [
        ((1200, 675), (0, 200), (480, 832)),
        ((1200, 675), (920, 200), (480, 832)),
        ((1200, 675), (920, 200), (640, 640)),
        ((700, 1500), (200, 1130), (832, 480)),
        ((700, 1500), (200, 0), (832, 480)),
    ],
    ids=["left", "right", "right, square", "low", "high"],
)
def test_a_head_that_the_middle_would_cut_is_kept_whole(
    picture_size: tuple[int, int], place: tuple[int, int], size: tuple[int, int]
) -> None:
    kept, has_head = keep_head(place_face(picture_size, place), *size)

    assert has_head
    assert kept.shape[1] / kept.shape[0] == pytest.approx(size[0] / size[1], rel=0.01)
    head = find_head(kept)
    assert head is not None
    assert 0.15 < head.center[0] / kept.shape[1] < 0.85
    assert 0.15 < head.center[1] / kept.shape[0] < 0.85


def test_a_drawn_presenter_is_in_the_middle_whatever_is_worn() -> None:
    drawn = draw_portrait("woman with sunglasses", 480, 832, 3)
    assert find_head(drawn) is None

    kept, has_head = keep_head(drawn, 480, 832)

    assert kept is drawn
    assert has_head


def test_of_two_people_at_the_edges_one_is_kept() -> None:
    picture = place_face((1400, 800), (60, 250), 1.4)
    picture = np.maximum(picture, place_face((1400, 800), (1050, 250), 1.4, mirrored=True))

    kept, _ = keep_head(picture, 480, 832)

    assert kept is not picture
    assert find_head(kept) is not None


def test_a_picture_without_a_head_stays_as_it_is() -> None:
    wall = np.full((675, 1200, 3), 150, np.uint8)

    kept, has_head = keep_head(wall, 480, 832)

    assert kept is wall
    assert not has_head
