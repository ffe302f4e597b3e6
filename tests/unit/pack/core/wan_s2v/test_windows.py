"""A Wan S2V video is made of windows that follow on each other."""

from __future__ import annotations

import pytest
from comfyui_talkingshorts.core.errors import InputError
from comfyui_talkingshorts.core.wan_s2v.windows import S2VWindow, plan_s2v_windows


@pytest.mark.parametrize(
    ("frames", "kept"),
    [(1, [1]), (77, [77]), (78, [77, 1]), (157, [77, 80]), (158, [77, 80, 1]), (960, [77, *11 * [80], 3])],
)
def test_the_first_window_adds_77_frames_and_each_later_one_80(frames: int, kept: list[int]) -> None:
    assert [window.kept_frames for window in plan_s2v_windows(frames)] == kept


def test_each_frame_hears_its_own_sound() -> None:
    windows = plan_s2v_windows(200)

    # of the sound with three frames of silence in front
    heard = [
        number
        for window in windows
        for number in range(window.first_audio_frame, window.first_audio_frame + window.frames)[window.dropped_frames :]
    ]
    assert heard[:200] == list(range(3, 203))


@pytest.mark.parametrize(("window_frames", "latents"), [(73, 19), (77, 20), (81, 21), (161, 41)])
def test_a_window_may_be_of_any_length_that_gives_the_next_enough_to_continue_from(
    window_frames: int, latents: int
) -> None:
    first, second = plan_s2v_windows(window_frames + 1, window_frames)

    assert first == S2VWindow(0, latents, 3, window_frames)
    assert second == S2VWindow(4 * latents, latents, 0, 1)


@pytest.mark.parametrize(("window_frames", "near"), [(69, 73), (72, 73), (78, 77), (80, 77), (-3, 73)])
def test_other_lengths_are_refused_with_one_that_fits(window_frames: int, near: int) -> None:
    with pytest.raises(InputError, match=f"chunk_frames is {window_frames}: .*such as {near};"):
        plan_s2v_windows(100, window_frames)
