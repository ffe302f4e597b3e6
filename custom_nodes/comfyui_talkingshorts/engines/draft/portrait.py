"""Draw a presenter as a still portrait that can be made to talk later."""

from __future__ import annotations

import numpy as np

from ...core.limits import require_seed, require_size
from ...core.presenter.look import choose_look
from ...core.presenter.look_code import sign_with_look
from ...core.presenter.motion import Pose
from .presenter.puppet import Presenter


def draw_portrait(prompt: str, width: int, height: int, seed: int) -> np.ndarray:
    """Return the portrait for a prompt and a seed, uint8 RGB [height, width, 3], signed with its look.

    Raises InputError for an impossible size or seed.
    """
    require_size(width, height)
    require_seed(seed)
    look = choose_look(prompt, seed)
    return sign_with_look(Presenter(look, width, height).draw(Pose()), look)
