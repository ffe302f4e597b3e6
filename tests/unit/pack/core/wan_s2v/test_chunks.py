"""A Wan S2V video is made of chunks that follow on each other, at sizes that the model's blocks fit into."""

import numpy as np
import pytest
from comfyui_talkingshorts.core.errors import InputError
from comfyui_talkingshorts.core.infinitetalk.buckets import Size
from comfyui_talkingshorts.core.wan_s2v.chunks import Chunk, plan_chunks
from comfyui_talkingshorts.core.wan_s2v.margin import plan_margin


@pytest.mark.parametrize(
    ("frames", "kept"),
    [(1, [1]), (77, [77]), (78, [77, 1]), (157, [77, 80]), (158, [77, 80, 1]), (960, [77, *11 * [80], 3])],
)
def test_the_first_chunk_adds_77_frames_and_each_later_one_80(frames: int, kept: list[int]) -> None:
    assert [chunk.kept_frames for chunk in plan_chunks(frames)] == kept


def test_each_frame_hears_its_own_sound() -> None:
    chunks = plan_chunks(200)

    # of the sound with three frames of silence in front
    heard = [
        number
        for chunk in chunks
        for number in range(chunk.first_heard_frame, chunk.first_heard_frame + chunk.frames)[chunk.dropped_frames :]
    ]
    assert heard[:200] == list(range(3, 203))


@pytest.mark.parametrize(("chunk_frames", "latents"), [(73, 19), (77, 20), (81, 21), (161, 41)])
def test_a_chunk_may_be_of_any_length_that_gives_the_next_enough_to_continue_from(
    chunk_frames: int, latents: int
) -> None:
    first, second = plan_chunks(chunk_frames + 1, chunk_frames)

    assert first == Chunk(0, latents, 3, chunk_frames)
    assert second == Chunk(4 * latents, latents, 0, 1)


@pytest.mark.parametrize(("chunk_frames", "near"), [(69, 73), (72, 73), (78, 77), (80, 77), (-3, 73)])
def test_other_lengths_are_refused_with_one_that_fits(chunk_frames: int, near: int) -> None:
    with pytest.raises(InputError, match=f"chunk_frames is {chunk_frames}: .*such as {near};"):
        plan_chunks(100, chunk_frames)


@pytest.mark.parametrize(
    ("size", "added"),
    [(Size(832, 448), (832, 448)), (Size(832, 480), (832, 512)), (Size(16, 80), (64, 128)), (Size(48, 48), (64, 64))],
)
def test_a_picture_gets_the_least_room_around_it_that_makes_whole_blocks(size: Size, added: tuple[int, int]) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (size.height, size.width, 3), np.uint8)
    margin = plan_margin(size, 64)

    larger = margin.add(picture)

    assert larger.shape == (*added, 3)
    rows, columns = margin.inner
    np.testing.assert_array_equal(larger[rows, columns], picture)
    assert abs(margin.top - margin.bottom) <= 1
    assert set(np.unique(larger)) <= set(np.unique(picture))
