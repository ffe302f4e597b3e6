"""Whether the forwards of a guided step share a batch."""

from __future__ import annotations

from typing import Literal, get_args

GuidanceBatch = Literal["auto", "batched", "sequential"]
GUIDANCE_BATCHES: tuple[GuidanceBatch, ...] = get_args(GuidanceBatch)
