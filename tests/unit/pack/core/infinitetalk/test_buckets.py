from __future__ import annotations

import pytest
from comfyui_talkingshorts.core.errors import InputError
from comfyui_talkingshorts.core.infinitetalk.buckets import choose_bucket, choose_size
from comfyui_talkingshorts.core.long_video.size import Size


@pytest.mark.parametrize(
    ("picture", "mode", "bucket"),
    [
        (Size(1080, 1920), "bucket_480", Size(448, 896)),
        (Size(1920, 1080), "bucket_480", Size(832, 448)),
        (Size(512, 512), "bucket_480", Size(640, 640)),
        (Size(512, 512), "bucket_720", Size(960, 960)),
        (Size(1, 4000), "bucket_480", Size(320, 1216)),
        (Size(4000, 1), "bucket_720", Size(1920, 512)),
    ],
)
def test_a_picture_takes_the_bucket_nearest_to_its_shape(picture: Size, mode: str, bucket: Size) -> None:
    assert choose_bucket(*picture, mode) == bucket


def test_of_two_buckets_as_near_the_wider_is_taken() -> None:
    assert choose_bucket(225, 100, "bucket_480") == Size(896, 448)


def test_a_custom_size_is_taken_as_it_is_whatever_the_picture() -> None:
    assert choose_size("custom", Size(97, 61), Size(832, 480)) == Size(832, 480)


def test_a_bucket_ignores_the_custom_size() -> None:
    assert choose_size("bucket_480", Size(512, 512), Size(832, 480)) == Size(640, 640)


@pytest.mark.parametrize("custom", [Size(830, 480), Size(832, 0), Size(4096, 480)])
def test_a_custom_size_that_the_model_cannot_make_is_refused(custom: Size) -> None:
    with pytest.raises(InputError, match="multiple of 16"):
        choose_size("custom", Size(512, 512), custom)


def test_a_mode_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InputError, match=r"bucket_481.*bucket_480, bucket_720, custom"):
        choose_size("bucket_481", Size(512, 512), Size(832, 480))
