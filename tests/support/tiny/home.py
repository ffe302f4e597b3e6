"""A ComfyUI base directory with a tiny model for every file that a shipped workflow names.

Run as a program it makes one: `PYTHONPATH=tests python -m support.tiny.home FOLDER`, in the Python that runs ComfyUI.
What such models make is noise, in the right shape and length.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from support.checkout import ROOT

from .encoders import link_into
from .s2v import S2V_MODELS
from .vibevoice import write_tiny_vibevoice
from .wan import PICTURE_MODELS, TALKING_MODELS, write_models

VIBEVOICE = "vibevoice/VibeVoice-1.5B"
_STAMP = "tiny_models.stamp"


def fill_tiny_home(base: Path, speech_frames: int = 60) -> None:
    """Write every model below base/models, and link the pack that loads tiny encoders. Done once: a stamp tells.

    The voice speaks for `speech_frames` / 7.5 seconds, whatever the script.
    """
    stamp = base / _STAMP
    if stamp.exists():
        return
    write_models(base / "models", TALKING_MODELS | PICTURE_MODELS | S2V_MODELS)
    write_tiny_vibevoice(base / "models" / VIBEVOICE, stops_after_frames=speech_frames)
    link_into(base)
    stamp.touch()


def main() -> None:
    """Fill the folder that the command line names."""
    from_environment = os.environ.get("COMFYUI_DIR")
    root = ROOT
    sys.path.append(from_environment or str(root / ".comfyui" / "ComfyUI"))
    import comfy.cli_args

    comfy.cli_args.args.cpu = True
    fill_tiny_home(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
