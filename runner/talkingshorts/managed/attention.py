"""Which attention a ComfyUI that the runner starts computes with: PyTorch's, or another one that is asked for."""

import os

from ..errors import UnreachableError

SAGE = "sageattention==1.0.6"
"""What pip is told to install: Triton kernels, so this one version serves every torch. The extra `sage` is the same."""

_OPTIONS = {"": [], "sage": ["--use-sage-attention"]}


def choose_attention() -> str:
    """Return what TALKINGSHORTS_ATTENTION names: "sage", or "" for ComfyUI's own choice.

    Raises UnreachableError for anything else.
    """
    name = os.environ.get("TALKINGSHORTS_ATTENTION", "")
    if name not in _OPTIONS:
        raise UnreachableError(f"TALKINGSHORTS_ATTENTION is {name!r}: set it to sage, or not at all.")
    return name


def list_attention_options() -> list[str]:
    """Return the options that tell ComfyUI so. Raises UnreachableError as choose_attention."""
    return _OPTIONS[choose_attention()]
