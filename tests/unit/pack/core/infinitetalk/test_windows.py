from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from comfyui_talkingshorts.core.errors import InputError
from comfyui_talkingshorts.core.infinitetalk.windows import Window, count_latents, index_audio, plan_windows

LENGTHS = (1, 2, 80, 81, 82, 90, 153, 154, 200, 1000)
SHAPES = ((81, 9), (81, 1), (81, 25), (49, 9), (5, 1), (121, 13))


def landing(windows: list[Window]) -> list[int]:
    return [frame for window in windows for frame in range(window.output.start, window.output.stop)]


@pytest.mark.parametrize("frames", LENGTHS)
@pytest.mark.parametrize(("window_frames", "motion_frames"), SHAPES)
@pytest.mark.parametrize("is_last_shortened", [False, True])
def test_every_frame_is_made_once_and_in_order(
    frames: int, window_frames: int, motion_frames: int, is_last_shortened: bool
) -> None:
    windows = plan_windows(frames, window_frames, motion_frames, is_last_shortened)

    assert landing(windows) == list(range(frames))


@pytest.mark.parametrize("frames", LENGTHS)
@pytest.mark.parametrize(("window_frames", "motion_frames"), SHAPES)
def test_a_windows_motion_is_what_the_window_before_ended_with(
    frames: int, window_frames: int, motion_frames: int
) -> None:
    windows = plan_windows(frames, window_frames, motion_frames)

    assert windows[0].motion_frames == 0
    for before, window in pairwise(windows):
        assert (window.motion_frames, window.start_frame) == (motion_frames, before.end_frame - motion_frames)


def test_eight_seconds_take_three_windows() -> None:
    assert plan_windows(200) == [Window(0, 81, 0, 81), Window(72, 81, 9, 72), Window(144, 81, 9, 47)]


def test_what_fits_one_window_takes_one_and_is_trimmed() -> None:
    assert plan_windows(50) == [Window(0, 81, 0, 50)]
    assert plan_windows(81) == [Window(0, 81, 0, 81)]


@pytest.mark.parametrize(("frames", "last"), [(200, 57), (82, 13), (81, 81), (50, 53), (1, 1)])
def test_a_shortened_last_window_makes_no_more_latents_than_it_must(frames: int, last: int) -> None:
    assert plan_windows(frames, is_last_shortened=True)[-1].frames == last


def test_only_the_last_window_is_shortened() -> None:
    assert plan_windows(200, is_last_shortened=True)[:-1] == plan_windows(200)[:-1]


@pytest.mark.parametrize(
    ("window_frames", "motion_frames", "told"),
    [
        (80, 9, "window_frames is 80.*such as 77"),
        (81, 10, "motion_frames is 10.*such as 9"),
        (81, 0, "motion_frames is 0.*such as 1"),
        (9, 9, "a window has only 9"),
    ],
)
def test_lengths_that_the_vae_cannot_take_or_that_make_nothing_new_are_refused(
    window_frames: int, motion_frames: int, told: str
) -> None:
    with pytest.raises(InputError, match=told):
        plan_windows(200, window_frames, motion_frames)


def test_a_frame_is_driven_by_its_own_sound_and_two_frames_to_either_side() -> None:
    second = plan_windows(200)[1]

    assert index_audio(second, 200).shape == (81, 5)
    assert index_audio(second, 200)[0].tolist() == [70, 71, 72, 73, 74]


def test_before_the_start_the_first_sound_is_repeated() -> None:
    assert index_audio(plan_windows(200)[0], 200)[:2].tolist() == [[0, 0, 0, 1, 2], [0, 0, 1, 2, 3]]


def test_past_the_end_the_sound_runs_backwards() -> None:
    used = index_audio(plan_windows(50)[0], 50)

    assert used[48:53, 2].tolist() == [48, 49, 49, 48, 47]
    assert used[49].tolist() == [47, 48, 49, 49, 48]


def test_sound_shorter_than_what_is_missing_ends_on_its_first_frame() -> None:
    assert index_audio(plan_windows(3)[0], 3)[:8, 2].tolist() == [0, 1, 2, 2, 1, 0, 0, 0]


@pytest.mark.parametrize("frames", LENGTHS)
def test_only_sound_that_exists_is_used(frames: int) -> None:
    used = np.stack([index_audio(window, frames) for window in plan_windows(frames)])

    assert used.min() == 0
    assert used.max() == frames - 1


def test_four_frames_make_a_latent_after_the_first() -> None:
    assert [count_latents(frames) for frames in (1, 2, 4, 5, 6, 9, 78, 81)] == [1, 2, 2, 2, 3, 3, 21, 21]
