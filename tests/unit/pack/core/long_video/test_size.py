from __future__ import annotations

import pytest
from comfyui_talkingshorts.core.long_video.size import Size, round_up_to_step


@pytest.mark.parametrize(
    ("size", "computed"),
    [
        (Size(1920, 1080), Size(1920, 1088)),
        (Size(1080, 1920), Size(1088, 1920)),
        (Size(832, 480), Size(832, 480)),
        (Size(2048, 16), Size(2048, 16)),
    ],
)
def test_models_compute_the_next_multiples_of_16(size: Size, computed: Size) -> None:
    assert round_up_to_step(size) == computed
