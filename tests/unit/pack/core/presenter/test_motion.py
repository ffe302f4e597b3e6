import numpy as np
import pytest
from comfyui_talkingshorts.core.presenter.motion import Motion, plan_motion
from comfyui_talkingshorts.core.presenter.mouth import SpeechTrack


def move(frames: int = 500, seed: int = 3) -> Motion:
    loudness = np.clip(np.sin(np.arange(frames) * 0.9) + 0.2, 0, 1)
    return plan_motion(SpeechTrack(loudness, np.zeros((frames, 7), np.float32)), seed)


def test_the_same_seed_moves_the_same_way() -> None:
    assert all(np.array_equal(move().moves[name], move().moves[name]) for name in move().moves)


def test_another_seed_moves_differently() -> None:
    assert not np.array_equal(move(seed=1).moves["yaw"], move(seed=2).moves["yaw"])


def test_eyes_close_fully_every_few_seconds_and_briefly() -> None:
    blink = move(1500).moves["blink"]
    starts = np.flatnonzero((blink[1:] > 0) & (blink[:-1] == 0))
    assert 12 <= len(starts) <= 35
    assert blink.max() == 1
    assert (blink > 0).mean() < 0.15


def test_a_two_second_clip_has_a_blink() -> None:
    assert all(move(50, seed).moves["blink"].max() == 1 for seed in range(20))


@pytest.mark.parametrize("name", ["yaw", "pitch", "roll", "gaze_x", "gaze_y", "breath"])
def test_moves_stay_within_reach_and_never_jump(name: str) -> None:
    values = move(2000).moves[name]
    assert np.abs(values).max() <= 1
    assert np.abs(np.diff(values)).max() < (0.6 if name.startswith("gaze") else 0.15)


def test_the_head_never_stands_still() -> None:
    assert move().moves["yaw"].std() > 0.1


@pytest.mark.parametrize("frames", [1, 2, 5])
def test_the_shortest_clips_have_a_pose_for_every_frame(frames: int) -> None:
    motion = move(frames)
    assert len([motion.pose_at(frame) for frame in range(frames)]) == frames
