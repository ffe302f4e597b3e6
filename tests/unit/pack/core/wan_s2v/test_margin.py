"""A Wan S2V video has a size that the model's blocks fit into."""

from __future__ import annotations

import numpy as np
import pytest
from comfyui_talkingshorts.core.long_video.size import Size
from comfyui_talkingshorts.core.wan_s2v.margin import plan_margin


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
