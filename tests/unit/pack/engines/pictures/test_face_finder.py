import cv2
import numpy as np
import pytest
from comfyui_talkingshorts.core.presenter.motion import Pose
from comfyui_talkingshorts.core.presenter.mouth import MouthShape
from comfyui_talkingshorts.engines.draft.picture_puppet import PicturePuppet
from comfyui_talkingshorts.engines.pictures import face_finder
from comfyui_talkingshorts.engines.pictures.face_finder import FaceMarks, find_face, find_head
from PIL import Image
from support.checkout import FACE_PHOTO

PHOTO = FACE_PHOTO
LEFT_EYE, RIGHT_EYE, MOUTH = (92.0, 101.0), (136.0, 104.0), (113.0, 149.0)


def photo() -> np.ndarray:
    return np.array(Image.open(PHOTO).convert("RGB"))


def marks_of(picture: np.ndarray) -> FaceMarks:
    marks = find_face(picture)
    assert marks is not None
    return marks


@pytest.mark.parametrize("zoom", [1.0, 2.5, 6.0])
def test_eyes_and_mouth_are_found_at_any_size(zoom: float) -> None:
    picture = cv2.resize(photo(), None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
    marks = marks_of(picture)
    assert marks.eyes is not None
    for found, true in zip((*marks.eyes, marks.mouth), (LEFT_EYE, RIGHT_EYE, MOUTH), strict=True):
        assert np.hypot(found[0] / zoom - true[0], found[1] / zoom - true[1]) < 6
    assert marks.shows_teeth


def test_the_mouth_of_a_black_and_white_photo_is_found_and_stays_black_and_white() -> None:
    picture = np.repeat(cv2.cvtColor(photo(), cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    marks = marks_of(picture)
    assert np.hypot(marks.mouth[0] - MOUTH[0], marks.mouth[1] - MOUTH[1]) < 5
    assert marks.shows_teeth
    spoken = PicturePuppet(picture, marks).draw(Pose(mouth=MouthShape(open=0.8)))
    assert np.ptp(spoken, axis=2).max() == 0


@pytest.mark.parametrize("degrees", [-20, -10, 10, 20])
def test_a_tilted_head_is_found_with_its_tilt(degrees: float) -> None:
    height, width = photo().shape[:2]
    turn = cv2.getRotationMatrix2D((113, 125), -degrees, 1.0)
    marks = marks_of(cv2.warpAffine(photo(), turn, (width, height), borderMode=cv2.BORDER_REPLICATE))
    assert abs(np.rad2deg(marks.tilt_radians) - degrees - 3.0) < 6
    assert np.hypot(*(np.array(marks.mouth) - turn @ (*MOUTH, 1.0))) < 8


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((300, 200, 3), np.uint8),
        np.random.default_rng(0).integers(0, 256, (300, 200, 3), dtype=np.uint8),
        np.full((1, 1, 3), 90, np.uint8),
        np.full((2, 3000, 3), 90, np.uint8),
    ],
)
def test_no_face_is_seen_where_there_is_none(picture: np.ndarray) -> None:
    assert find_face(picture) is None


def test_an_opening_mouth_darkens_between_the_lips_and_leaves_the_rest() -> None:
    puppet = PicturePuppet(photo(), marks_of(photo()))
    closed, opened = (puppet.draw(Pose(mouth=MouthShape(open=share))).astype(int) for share in (0.0, 0.8))
    changed = np.abs(opened - closed).max(axis=2)
    below_teeth = (slice(152, 160), slice(103, 123))
    assert opened[below_teeth].mean() < closed[below_teeth].mean() - 40
    assert changed[:120].max() == 0
    assert changed[240:].max() == 0


def test_eyes_close_on_a_photo() -> None:
    puppet = PicturePuppet(photo(), marks_of(photo()))
    open_eyes, shut = (puppet.draw(Pose(blink=blink)).astype(int) for blink in (0.0, 1.0))
    for x, y in (LEFT_EYE, RIGHT_EYE):
        iris = (slice(int(y) - 3, int(y) + 3), slice(int(x) - 3, int(x) + 3))
        assert shut[iris].mean() > open_eyes[iris].mean() + 15


def test_a_swaying_head_leaves_the_edges_of_the_picture() -> None:
    wide = cv2.copyMakeBorder(photo(), 80, 80, 260, 260, cv2.BORDER_REPLICATE)
    puppet = PicturePuppet(wide, marks_of(wide))
    moved = np.abs(puppet.draw(Pose(yaw=1.0, roll=1.0, pitch=1.0)).astype(int) - wide).max(axis=2)
    assert moved[170:260, 320:430].max() > 30
    assert moved[:, :100].max() == 0
    assert moved[:, -100:].max() == 0


def test_a_head_is_where_its_face_is() -> None:
    picture = np.asarray(Image.open(FACE_PHOTO).convert("RGB"))
    face, head = find_face(picture), find_head(picture)

    assert face is not None
    assert head is not None
    assert head.center == face.center
    assert 60 < head.radius < 100  # of 202 x 350, with her hair


def test_a_head_too_small_to_speak_is_found_all_the_same() -> None:
    face = Image.open(FACE_PHOTO).convert("RGB").resize((71, 123))
    picture = Image.new("RGB", (1600, 900), "grey")
    picture.paste(face, (1300, 500))

    head = find_head(np.asarray(picture))

    assert find_face(np.asarray(picture)) is None
    assert head is not None
    assert head.center == pytest.approx((1339, 540), abs=12)


@pytest.mark.parametrize(
    "picture",
    [np.zeros((8, 8, 3), np.uint8), np.full((2, 3000, 3), 90, np.uint8), np.full((400, 300, 3), 90, np.uint8)],
)
def test_where_nobody_is_there_is_no_head(picture: np.ndarray) -> None:
    assert find_head(picture) is None


@pytest.mark.parametrize("left", [300, 1000])
def test_a_head_turned_to_the_side_is_found_on_either_side(left: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests have no such photo: the cascade is pretended to see a bright bar, in the left half alone."""
    picture = np.zeros((900, 1500, 3), np.uint8)
    picture[:, left : left + 200] = 255

    def detect(name: str, gray: np.ndarray, share: float) -> tuple[list[tuple[int, int, int, int]], list[float]]:
        bright = int(np.argmax(gray[0] > 128))
        looks_left = bright < gray.shape[1] / 2
        return ([(bright, 100, 171, 171)], [2.0]) if name == "profileface" and looks_left else ([], [])

    monkeypatch.setattr(face_finder, "_detect", detect)

    head = find_head(picture)

    assert head is not None
    assert head.center[0] == pytest.approx(left + 100, abs=3)
