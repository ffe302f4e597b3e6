from pathlib import Path

import av
import numpy as np
import pytest
from comfyui_talkingshorts.core.sound import Phoneme, Sound
from comfyui_talkingshorts.engines.draft.portrait import draw_portrait
from comfyui_talkingshorts.engines.draft.presenter.puppet import Framing
from comfyui_talkingshorts.engines.draft.video import NO_FACE_NOTE, fit_for_video, make_draft_video
from PIL import Image
from support.checkout import FACE_PHOTO

RATE = 16000
PHOTO = FACE_PHOTO


def syllables(seconds: float, starts: tuple[float, ...] = (0.2, 0.6, 0.85, 1.4)) -> Sound:
    time = np.arange(round(seconds * RATE)) / RATE
    voice = np.sum([np.sin(2 * np.pi * 130 * k * time) / k for k in range(1, 24)], axis=0)
    envelope = np.sum([np.exp(-(((time - start - 0.1) / 0.07) ** 2)) for start in starts], axis=0)
    return Sound((0.2 * voice * envelope)[None].astype(np.float32), RATE)


def frames_of(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]).astype(int)


def level_of(sound: Sound, frames: int) -> np.ndarray:
    return np.array([np.sqrt(np.mean(part**2)) for part in np.array_split(sound.mono, frames)])


def mouth_opening(frames: np.ndarray) -> np.ndarray:
    """Return how many dark pixels the mouth of a drawn portrait of 160 x 288 shows in each frame."""
    face = Framing.around(160, 288)
    x, y, reach = round(face.center_x), round(face.eye_y + 0.95 * face.unit), round(0.4 * face.unit)
    return (frames[:, y - reach : y + reach, x - reach : x + reach].sum(axis=3) < 250).sum(axis=(1, 2))


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    return draw_portrait("woman, fair skin, ponytail, no glasses, white background", 160, 288, 2)


def test_the_drawn_mouth_opens_with_the_loudness(portrait: np.ndarray, tmp_path: Path) -> None:
    sound = syllables(1.8)
    assert make_draft_video(portrait, sound, tmp_path / "a.mp4") is None
    opening = mouth_opening(frames_of(tmp_path / "a.mp4"))
    assert len(opening) == 45
    assert np.corrcoef(opening, level_of(sound, 45))[0, 1] > 0.6


def test_the_drawn_mouth_closes_for_an_m_however_loud(portrait: np.ndarray, tmp_path: Path) -> None:
    voice = syllables(0.6, (0.1, 0.2, 0.3, 0.4, 0.5)).samples
    hummed = Sound(voice, RATE, (Phoneme("æ", 0.0), Phoneme("m", 0.2), Phoneme("æ", 0.4)))
    make_draft_video(portrait, hummed, tmp_path / "a.mp4")
    opening = mouth_opening(frames_of(tmp_path / "a.mp4"))
    assert opening[7] < 0.3 * min(opening[3], opening[12])


def test_the_mouth_of_a_photo_opens_with_the_loudness(tmp_path: Path) -> None:
    photo = np.array(Image.open(PHOTO).convert("RGB"))
    sound = syllables(1.8)
    assert make_draft_video(photo, sound, tmp_path / "a.mp4", label=False) is None
    frames = frames_of(tmp_path / "a.mp4")
    inside = (frames[:, 150:172, 98:128].sum(axis=3) < 200).sum(axis=(1, 2))
    assert np.corrcoef(inside, level_of(sound, 45))[0, 1] > 0.6


def test_frames_differ_even_in_silence(portrait: np.ndarray, tmp_path: Path) -> None:
    make_draft_video(portrait, Sound(np.zeros((1, RATE), np.float32), RATE), tmp_path / "a.mp4")
    frames = frames_of(tmp_path / "a.mp4")
    assert np.abs(frames[24] - frames[4]).max() > 30


@pytest.mark.parametrize("samples", [1, 640, 641, 16000 - 1])
def test_there_is_one_frame_for_every_started_25th_of_a_second(
    portrait: np.ndarray, samples: int, tmp_path: Path
) -> None:
    make_draft_video(portrait, Sound(np.full((2, samples), 0.1, np.float32), RATE), tmp_path / "a.mp4")
    assert len(frames_of(tmp_path / "a.mp4")) == -(-samples * 25 // RATE)


def test_a_portrait_of_odd_size_becomes_a_video_of_even_size(tmp_path: Path) -> None:
    make_draft_video(np.zeros((161, 97, 3), np.uint8), Sound(np.zeros((1, 640), np.float32), RATE), tmp_path / "a.mp4")
    assert frames_of(tmp_path / "a.mp4").shape == (1, 160, 96, 3)


def test_the_label_is_in_the_upper_right_corner_and_can_be_left_out(tmp_path: Path) -> None:
    portrait = draw_portrait("woman", 256, 448, 2)
    sound = Sound(np.zeros((1, 640), np.float32), RATE)
    for name, label in (("with", True), ("without", False)):
        make_draft_video(portrait, sound, tmp_path / f"{name}.mp4", label)
    difference = np.abs(frames_of(tmp_path / "with.mp4") - frames_of(tmp_path / "without.mp4"))[0].max(axis=2)
    assert difference[:30, 180:].max() > 60
    assert difference[60:].max() < 20
    assert difference[:, :150].max() < 20


def test_a_picture_without_a_face_is_said_so_and_still_shows_the_sound(tmp_path: Path) -> None:
    plain = np.full((200, 120, 3), (40, 90, 160), np.uint8)
    sound = syllables(1.0, (0.5,))
    assert make_draft_video(plain, sound, tmp_path / "a.mp4", label=False) == NO_FACE_NOTE
    frames = frames_of(tmp_path / "a.mp4")
    bright = (frames[:, :, 57:63].min(axis=3) > 160).sum(axis=(1, 2))
    assert np.corrcoef(bright, level_of(sound, 25))[0, 1] > 0.5


def test_progress_is_told_after_every_frame(portrait: np.ndarray, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    make_draft_video(portrait, syllables(0.2), tmp_path / "a.mp4", True, lambda done, total: told.append((done, total)))
    assert told == [(done, 5) for done in range(1, 6)]


def test_a_cancelled_video_leaves_no_file(portrait: np.ndarray, tmp_path: Path) -> None:
    def cancel(done: int, total: int) -> None:
        if done == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        make_draft_video(portrait, syllables(1.0), tmp_path / "a.mp4", True, cancel)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((1, 1, 3), (16, 16)),
        ((101, 33, 3), (100, 32)),
        ((64, 48, 1), (64, 48)),
        ((64, 48, 4), (64, 48)),
        ((2001, 20000, 3), (192, 1920)),
        ((4000, 3, 3), (1920, 16)),
    ],
)
def test_any_picture_becomes_rgb_with_even_sides_of_1920_at_most(
    shape: tuple[int, ...], expected: tuple[int, int]
) -> None:
    fitted = fit_for_video(np.full(shape, 200, np.uint8))
    assert fitted.shape == (*expected, 3)
    assert fitted.dtype == np.uint8


def test_transparency_is_laid_on_light_grey() -> None:
    clear = np.zeros((32, 32, 4), np.uint8)
    assert (fit_for_video(clear) == 235).all()
