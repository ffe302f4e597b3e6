"""TalkingShorts: reference audio and a script in, a talking-head short out. A ComfyUI node pack."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from comfy_api.latest import ComfyExtension

WEB_DIRECTORY = "./web"


async def comfy_entrypoint() -> ComfyExtension:
    """Return the pack's nodes to ComfyUI. Raises ImportError, with the remedy, when its requirements are missing."""
    required = (
        *("av", "cv2", "espeakng_loader", "kornia", "normt2s", "parselmouth", "pyloudnorm", "silero_vad", "soxr"),
        *("wetext", "yt_dlp"),
    )
    missing = [module for module in required if find_spec(module) is None]
    if missing:
        requirements = Path(__file__).with_name("requirements.txt")
        raise ImportError(
            f"TalkingShorts lacks {', '.join(missing)}. With ComfyUI's own Python, run: "
            f'python -m pip install -r "{requirements}"'
        )
    from .nodes.extension import TalkingShortsExtension

    return TalkingShortsExtension()
