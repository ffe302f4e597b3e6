from __future__ import annotations

import numpy as np
import pytest
from comfyui_talkingshorts.core.long_video.size import Size
from comfyui_talkingshorts.core.sound import Sound
from comfyui_talkingshorts.engines.long_video.inputs import Subject
from comfyui_talkingshorts.engines.long_video.picture_fit import fit_picture, keep_person
from comfyui_talkingshorts.engines.pictures.backdrop import BACKDROP_RGB
from comfyui_talkingshorts.engines.pictures.face_finder import find_head
from comfyui_talkingshorts.engines.pictures.portrait import NO_HEAD_NOTE
from PIL import Image
from support.checkout import FACE_PHOTO
from support.tiny.talks import Recorder


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


def make_subject(picture: np.ndarray) -> Subject:
    return Subject(picture, Sound(np.zeros((1, 800), np.float32), 16000), [], [])


def test_a_person_at_the_edge_is_kept_in_the_video() -> None:
    with Image.open(FACE_PHOTO) as photo:
        wide = Image.new("RGB", (1200, 675), "grey")
        wide.paste(photo, (900, 200))
    watcher = Recorder()

    subject = keep_person(make_subject(np.asarray(wide)), Size(832, 480), watcher)
    head = find_head(fit_picture(subject.portrait, Size(832, 480)))

    assert head is not None
    assert head.center[0] == pytest.approx(240, abs=60)
    assert watcher.notes == []


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_without_a_face_the_portrait_is_the_same_and_a_note_says_so(channels: int) -> None:
    wall, watcher = make_subject(np.full((675, 1200, channels), 150, np.uint8)), Recorder()

    assert keep_person(wall, Size(832, 480), watcher) is wall
    assert watcher.notes == [NO_HEAD_NOTE]
