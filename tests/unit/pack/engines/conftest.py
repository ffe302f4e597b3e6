"""Both engines of long videos, so small that a test can make whole videos.

ComfyUI, which they import, is on the path only when every conftest is loaded.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from support.tiny.long_videos import TinyVideos


@pytest.fixture
def talking_videos(talking_models: dict[str, Any], tmp_path: Path) -> TinyVideos:
    from support.tiny.long_videos import make_talking_videos

    return make_talking_videos(talking_models, tmp_path)


@pytest.fixture
def speech_videos(speech_models: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TinyVideos:
    from comfyui_talkingshorts.engines.wan_s2v import speech_video
    from support.tiny.long_videos import QuickSpeechEncoder, make_speech_videos

    monkeypatch.setattr(speech_video, "SpeechEncoder", QuickSpeechEncoder)
    return make_speech_videos(speech_models, tmp_path)


@pytest.fixture
def whole_attention(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute attention as ComfyUI does on a GPU: its choice for a CPU breaks a compiled graph."""
    from comfy.ldm.modules import attention
    from comfy.ldm.wan import model, model_multitalk

    for module in (attention, model, model_multitalk):
        monkeypatch.setattr(module, "optimized_attention", attention.attention_pytorch)
