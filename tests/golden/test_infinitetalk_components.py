"""Each step of the talking video is the one that InfiniteTalk's official code takes."""

from __future__ import annotations

import numpy as np
from golden.infinitetalk_components import ComponentSet, compute, largest_excess


def test_infinitetalk_component(infinitetalk_components: ComponentSet, component: str) -> None:
    got, want, tolerance = compute(infinitetalk_components, component)

    if isinstance(want, np.ndarray):
        assert got.shape == want.shape
        assert largest_excess(got, want, tolerance) <= 0
    else:
        assert got == want
