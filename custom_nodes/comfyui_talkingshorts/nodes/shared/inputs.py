"""Inputs that many nodes have in common."""

from __future__ import annotations

from collections.abc import Iterable

from comfy_api.latest import io

from ...core.limits import LARGEST_SEED, LARGEST_SIDE, POSSIBLE_SIDES, SIZE_STEP
from ...core.null_text import drop_null
from ...core.script.pace import LONGEST_TARGET_SECONDS
from .input_files import ContentType, list_input_files


def make_seed_input(tooltip: str) -> io.Int.Input:
    return io.Int.Input("seed", default=42, min=0, max=LARGEST_SEED, control_after_generate=True, tooltip=tooltip)


def make_size_inputs(width_tooltip: str, height_tooltip: str) -> list[io.Int.Input]:
    """Return width and height. `possible_values` lets the runner refuse others before anything is queued."""
    return [
        io.Int.Input(
            name,
            default=default,
            min=SIZE_STEP,
            max=LARGEST_SIDE,
            step=SIZE_STEP,
            tooltip=tooltip,
            extra_dict={"possible_values": POSSIBLE_SIDES},
        )
        for name, default, tooltip in (("width", 480, width_tooltip), ("height", 832, height_tooltip))
    ]


def make_target_input(tooltip: str) -> io.Float.Input:
    return io.Float.Input(
        "target_seconds",
        default=0.0,
        min=0.0,
        max=LONGEST_TARGET_SECONDS,
        step=0.1,
        optional=True,
        tooltip=tooltip,
    )


def check_script(script: str | None) -> bool | str:
    """Return True, or why the script is refused before anything runs. One that another node gives is None: unknown."""
    is_empty = script is not None and not drop_null(script).strip()
    return "The script is empty: write the words to say." if is_empty else True


def make_prefix_input(default: str, filled_in: str) -> io.String.Input:
    """Return the input for where a file is saved; `filled_in` names what ComfyUI fills in."""
    return io.String.Input(
        "filename_prefix",
        default=default,
        tooltip=f"Folder and name in ComfyUI's output folder; a number is added. {filled_in} are filled in.",
    )


def make_file_input(
    name: str, upload: io.UploadType, content_types: Iterable[ContentType], tooltip: str
) -> io.Combo.Input:
    """Return the input for a file of the input folder, with a button that uploads one.

    The list is only what the canvas offers: a node that has validate_inputs with this name takes any file.
    """
    return io.Combo.Input(name, options=list_input_files(content_types), upload=upload, tooltip=tooltip)
