import io
import itertools
from functools import cache

import numpy as np
import pytest
from comfyui_talkingshorts.core.presenter.look import OPTIONS, Look, choose_look
from comfyui_talkingshorts.core.presenter.look_code import read_look, sign_with_look
from comfyui_talkingshorts.core.presenter.motion import Pose
from comfyui_talkingshorts.core.presenter.mouth import VISEMES, MouthShape
from comfyui_talkingshorts.engines.draft.portrait import draw_portrait
from comfyui_talkingshorts.engines.draft.presenter.features import EYE_X
from comfyui_talkingshorts.engines.draft.presenter.puppet import Framing, Presenter
from PIL import Image

WIDTH, HEIGHT = 160, 272


@cache
def presenter(prompt: str = "woman, fair skin, ponytail, no glasses", seed: int = 1) -> Presenter:
    return Presenter(choose_look(prompt, seed), WIDTH, HEIGHT)


def patch(picture: np.ndarray, x: float, y: float, reach_x: float, reach_y: float) -> np.ndarray:
    """Return the part around a point of the face, given in the figure's units."""
    frame = Framing.around(picture.shape[1], picture.shape[0])
    left, right = (round(frame.center_x + (x + side * reach_x) * frame.unit) for side in (-1, 1))
    top, bottom = (round(frame.eye_y + (y + side * reach_y) * frame.unit) for side in (-1, 1))
    return picture[top:bottom, left:right].astype(int)


def test_the_same_prompt_and_seed_give_the_same_pixels() -> None:
    assert np.array_equal(draw_portrait("man", 64, 112, 3), draw_portrait("man", 64, 112, 3))


def test_seeds_and_words_give_different_pictures() -> None:
    pictures = [draw_portrait(*case) for case in (("", 64, 112, 1), ("", 64, 112, 2), ("bald man", 64, 112, 1))]
    for one, other in itertools.combinations(pictures, 2):
        assert np.abs(one.astype(int) - other).mean() > 3


@pytest.mark.parametrize("field", ["hair_style", "outfit", "backdrop", "beard", "glasses"])
def test_every_option_draws_something_of_its_own(field: str) -> None:
    base = choose_look("man" if field == "beard" else "woman", 3)
    pictures = [
        Presenter(Look(**{**vars(base), field: option}), 64, 112).draw(Pose()).astype(int) for option in OPTIONS[field]
    ]
    for one, other in itertools.combinations(pictures, 2):
        assert (np.abs(one - other).max(axis=2) > 8).sum() >= 6


@pytest.mark.parametrize(("width", "height"), [(16, 16), (16, 2048), (2048, 16), (480, 832), (832, 480), (64, 64)])
def test_the_whole_head_is_in_the_picture_at_any_aspect_ratio(width: int, height: int) -> None:
    frame = Framing.around(width, height)
    assert frame.left < -1.5
    assert frame.right > 1.5
    assert frame.top < -2.0
    assert frame.bottom > 1.45


@pytest.mark.parametrize(("width", "height"), [(16, 16), (16, 512), (512, 16), (176, 96)])
def test_any_size_can_be_drawn(width: int, height: int) -> None:
    picture = draw_portrait("afro, hoop earrings", width, height, 0)
    assert picture.shape == (height, width, 3)
    assert picture.dtype == np.uint8
    assert picture.std() > 5


@pytest.mark.parametrize("symbol", [symbol for symbol, viseme in VISEMES.items() if viseme.shape != MouthShape()])
def test_every_mouth_shape_looks_different_from_rest(symbol: str) -> None:
    rest, spoken = (
        patch(presenter().draw(Pose(mouth=mouth)), 0, 0.9, 0.6, 0.4) for mouth in (MouthShape(), VISEMES[symbol].shape)
    )
    assert (np.abs(spoken - rest).max(axis=2) > 12).mean() > 0.01


def test_a_wider_opening_shows_more_of_the_mouths_inside() -> None:
    inside = [
        int((patch(presenter().draw(Pose(mouth=MouthShape(open=share))), 0, 0.9, 0.4, 0.4).sum(axis=2) < 250).sum())
        for share in (0.0, 0.3, 0.6, 1.0)
    ]
    assert inside == sorted(inside)
    assert inside[3] > inside[1] > inside[0]


def test_a_blink_closes_both_eyes() -> None:
    for x in (-EYE_X, EYE_X):
        whites = [
            int((patch(presenter().draw(Pose(blink=blink)), x, 0, 0.25, 0.15).min(axis=2) > 205).sum())
            for blink in (0.0, 1.0)
        ]
        assert whites[0] > whites[1] + 5


def test_the_head_moves_and_the_backdrop_stays() -> None:
    rest, turned = (presenter().draw(Pose(yaw=yaw, roll=yaw)).astype(int) for yaw in (0.0, 1.0))
    moved = np.abs(turned - rest).max(axis=2)
    assert patch(moved[..., None], 0, 0.2, 0.8, 0.8).max() > 40
    assert moved[:10].max() == 0


def test_drawing_one_pose_after_another_leaves_no_trace() -> None:
    alone = Presenter(presenter().look, WIDTH, HEIGHT).draw(Pose())
    puppet = presenter()
    puppet.draw(Pose(mouth=MouthShape(open=1.0), blink=1.0, yaw=1.0))
    assert np.array_equal(puppet.draw(Pose()), alone)


def signed() -> tuple[np.ndarray, Look]:
    look = choose_look("old man with glasses", 11)
    chance = np.random.default_rng(0)
    return sign_with_look(chance.integers(0, 256, (24, 20, 3), dtype=np.uint8), look), look


def test_a_portrait_carries_its_look_through_png_and_float_pictures() -> None:
    portrait = draw_portrait("young woman", 64, 112, 4)
    file = io.BytesIO()
    Image.fromarray(portrait).save(file, "png")
    loaded = np.array(Image.open(file)).astype(np.float32) / 255
    assert read_look((loaded * 255).round().astype(np.uint8)) == choose_look("young woman", 4)


def test_the_look_changes_no_value_by_more_than_one() -> None:
    plain = np.full((24, 20, 3), 128, np.uint8)
    assert np.abs(sign_with_look(plain, choose_look("", 0)).astype(int) - 128).max() <= 1


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: picture[:-1],
        lambda picture: picture[:, 1:],
        lambda picture: picture[::-1],
        lambda picture: np.dstack([picture, picture[..., :1]]),
        lambda picture: picture[..., :1],
        lambda picture: picture[:2, :2],
        lambda picture: np.where(np.arange(picture.size).reshape(picture.shape) == 900, 255 - picture, picture),
        lambda picture: np.zeros_like(picture),
    ],
)
def test_a_changed_picture_is_an_ordinary_picture(change) -> None:  # noqa: ANN001
    portrait, look = signed()
    assert read_look(portrait) == look
    assert read_look(change(portrait)) is None
