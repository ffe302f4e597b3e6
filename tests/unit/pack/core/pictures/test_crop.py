import pytest
from comfyui_talkingshorts.core.pictures.crop import Box, keeps_in_frame, plan_crop


def test_a_picture_of_the_right_ratio_is_kept_whole() -> None:
    assert plan_crop(960, 1664, 480, 832) == Box(0, 0, 960, 1664)


def test_a_wide_picture_is_cropped_in_its_middle() -> None:
    assert plan_crop(1000, 500, 100, 100) == Box(250, 0, 750, 500)


def test_the_crop_follows_the_face_to_the_side() -> None:
    assert plan_crop(1000, 500, 100, 100, face_center=(750, 150)) == Box(500, 0, 1000, 500)


def test_the_face_centre_stands_two_fifths_down_a_tall_picture() -> None:
    crop = plan_crop(400, 2000, 100, 100, face_center=(200, 1000))

    assert crop == Box(0, 840, 400, 1240)


def test_the_crop_never_leaves_the_picture() -> None:
    assert plan_crop(400, 600, 100, 100, face_center=(20, 20)) == Box(0, 0, 400, 400)


def test_a_one_pixel_picture_gives_a_one_pixel_crop() -> None:
    assert plan_crop(1, 1, 480, 832) == Box(0, 0, 1, 1)


@pytest.mark.parametrize(
    ("center", "is_kept"),
    [
        ((300, 300), True),
        ((200, 200), True),
        ((400, 400), True),
        ((199, 300), False),
        ((401, 300), False),
        ((300, 199), False),
        ((300, 401), False),
        ((900, 300), False),
    ],
)
def test_a_head_is_in_the_frame_when_nothing_of_it_is_cut(center: tuple[float, float], is_kept: bool) -> None:
    assert keeps_in_frame(Box(100, 100, 500, 500), center, 100) is is_kept


@pytest.mark.parametrize(("across", "is_kept"), [(50, True), (34, True), (66, True), (33, False), (67, False)])
def test_a_head_larger_than_the_frame_is_in_it_with_its_middle(across: float, is_kept: bool) -> None:
    assert keeps_in_frame(Box(0, 0, 100, 100), (across, 50), 200) is is_kept
