"""What a user chooses from for the guidance and the decoding of a talking video."""

from __future__ import annotations

from typing import Literal, get_args

GuidanceBatch = Literal["auto", "batched", "sequential"]
GUIDANCE_BATCHES: tuple[GuidanceBatch, ...] = get_args(GuidanceBatch)

VaeTiling = Literal["auto", "on", "off"]
VAE_TILINGS: tuple[VaeTiling, ...] = get_args(VaeTiling)
