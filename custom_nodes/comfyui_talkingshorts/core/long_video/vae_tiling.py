"""Whether the video VAE works in tiles."""

from __future__ import annotations

from typing import Literal, get_args

VaeTiling = Literal["auto", "on", "off"]
VAE_TILINGS: tuple[VaeTiling, ...] = get_args(VaeTiling)
