"""A node for tests, to lie in custom_nodes of ComfyUI: it holds its job until a file is there, unless it is stopped."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from comfy.model_management import throw_exception_if_processing_interrupted

LOOK_SECONDS = 0.01


class Hold:
    """Gives the picture on once the file `gate` is there, or its folder is gone."""

    CATEGORY, FUNCTION, RETURN_TYPES = "tests", "hold", ("IMAGE",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:
        return {"required": {"image": ("IMAGE",), "gate": ("STRING", {"default": ""})}}

    def hold(self, image: Any, gate: str) -> tuple[Any]:
        while Path(gate).parent.exists() and not Path(gate).exists():
            throw_exception_if_processing_interrupted()
            time.sleep(LOOK_SECONDS)
        return (image,)


NODE_CLASS_MAPPINGS = {"HoldForTests": Hold}
