"""A tiny model that never ends by itself."""

from __future__ import annotations

import pytest
from comfyui_talkingshorts.engines.vibevoice.model import VibeVoice, load_vibevoice
from support.tiny.vibevoice import write_tiny_vibevoice


@pytest.fixture(scope="session")
def endless(tmp_path_factory: pytest.TempPathFactory) -> VibeVoice:
    """Return the loaded model, never to be changed."""
    path = write_tiny_vibevoice(tmp_path_factory.mktemp("endless"), dtype="float32", stops_after_frames=None)
    return load_vibevoice(path, "fp32")
