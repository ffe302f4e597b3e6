"""Name a new file in ComfyUI's output folder, and gather what it says about the graph that made it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import folder_paths
from comfy.cli_args import args
from comfy_api.latest import io, ui

from ...core.errors import InputError
from ...engines.files.whole import require_possible


class OutputFile(NamedTuple):
    """A free name in ComfyUI's output folder."""

    path: Path
    subfolder: str

    @property
    def relative_name(self) -> str:
        """The name from the output folder on, with forward slashes."""
        return f"{self.subfolder}/{self.path.name}" if self.subfolder else self.path.name

    @property
    def shown(self) -> ui.SavedResult:
        """The file as ComfyUI's canvas asks for it."""
        return ui.SavedResult(self.path.name, self.subfolder, io.FolderType.output)


def reserve_output(filename_prefix: str, ending: str, example: str, width: int = 0, height: int = 0) -> OutputFile:
    """Return the next free number of `filename_prefix`; `ending` with its dot, `example` is a prefix that would do.

    Raises InputError for an unusable prefix.
    """
    if not filename_prefix.strip() or not filename_prefix.isprintable():
        raise InputError(
            f"The filename_prefix {filename_prefix[:200]!r} isn't a file name. Use a name such as {example}."
        )
    try:
        folder, stem, counter, subfolder, _ = folder_paths.get_save_image_path(
            filename_prefix, folder_paths.get_output_directory(), width, height
        )
        path = Path(folder, f"{stem}_{counter:05}_{ending}")
        require_possible(path)
    except Exception as error:  # ComfyUI raises a bare Exception for a prefix that leads out of the output folder.
        raise InputError(
            f"The filename_prefix {filename_prefix[:200]!r} can't be used: {str(error).splitlines()[0].strip('* ')} "
            f"Use a name such as {example}."
        ) from error
    return OutputFile(path, subfolder)


def read_graph(node: type[io.ComfyNode]) -> dict[str, Any]:
    """Return what ComfyUI's own nodes embed: the API graph as `prompt`, the canvas graph as `workflow`.

    `node` is the class that executes, whose schema asks for the hidden prompt and extra_pnginfo.
    """
    if args.disable_metadata:
        return {}
    tags = dict(node.hidden.extra_pnginfo or {})
    if node.hidden.prompt is not None:
        # ComfyUI notes is_changed in the graph that it runs; run again from the file, it must not count.
        tags["prompt"] = {
            node_id: {key: value for key, value in entry.items() if key != "is_changed"}
            for node_id, entry in node.hidden.prompt.items()
        }
    return tags
