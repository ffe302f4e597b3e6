"""The node that saves the short."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import folder_paths
from comfy.cli_args import args
from comfy_api.latest import Input, io, ui

from ..core.errors import InputError
from ..engines.short_file import require_possible, save_short


class SaveShort(io.ComfyNode):
    """Video in, mp4 in the output folder out, with a report and a preview on the canvas."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="TalkingShortsSaveShort",
            display_name="Save Short",
            category="talking shorts",
            description="Saves an mp4 that plays everywhere (H.264, AAC), with the graph that made it inside and a "
            "mark that says that it is AI-generated.",
            search_aliases=["save video", "export mp4", "write short"],
            inputs=[
                io.Video.Input("video", tooltip="The finished video."),
                io.String.Input(
                    "filename_prefix",
                    default="talkingshorts/short",
                    tooltip="Folder and name in ComfyUI's output folder; a number is added. %year%, %month%, %day%, "
                    "%width% and %height% are filled in.",
                ),
            ],
            hidden=[io.Hidden.prompt, io.Hidden.extra_pnginfo],
            outputs=[],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, video: Input.Video, filename_prefix: str) -> io.NodeOutput:
        if not isinstance(video, Input.Video):
            raise InputError("There is no video. Connect a node that gives one.")
        width, height = video.get_dimensions()
        folder, name, subfolder = _reserve_name(filename_prefix, width, height)
        report = save_short(video, folder / name, cls._graph_tags())
        report = replace(report, file=f"{subfolder}/{name}" if subfolder else name)
        preview = ui.PreviewVideo([ui.SavedResult(name, subfolder, io.FolderType.output)]).as_dict()
        return io.NodeOutput(ui={**preview, "text": (json.dumps(asdict(report)),)})

    @classmethod
    def _graph_tags(cls) -> dict[str, Any]:
        """Return what core's SaveVideo embeds: the API graph as `prompt`, the canvas graph as `workflow`."""
        if args.disable_metadata:
            return {}
        tags = dict(cls.hidden.extra_pnginfo or {})
        if cls.hidden.prompt is not None:
            # ComfyUI notes is_changed in the graph that it runs; run again from the file, it must not count.
            tags["prompt"] = {
                node_id: {key: value for key, value in node.items() if key != "is_changed"}
                for node_id, node in cls.hidden.prompt.items()
            }
        return tags


def _reserve_name(filename_prefix: str, width: int, height: int) -> tuple[Path, str, str]:
    """Return folder, file name and subfolder of the next free number. Raises InputError for an unusable prefix."""
    if not filename_prefix.strip() or not filename_prefix.isprintable():
        raise InputError(
            f"The filename_prefix {filename_prefix[:200]!r} is no file name. Use a name such as talkingshorts/short."
        )
    try:
        folder, stem, counter, subfolder, _ = folder_paths.get_save_image_path(
            filename_prefix, folder_paths.get_output_directory(), width, height
        )
        name = f"{stem}_{counter:05}_.mp4"
        require_possible(Path(folder, name))
    except Exception as error:  # ComfyUI raises a bare Exception for a prefix that leads out of the output folder.
        raise InputError(
            f"The filename_prefix {filename_prefix[:200]!r} can't be used: {str(error).splitlines()[0].strip('* ')} "
            "Use a name such as talkingshorts/short."
        ) from error
    return Path(folder), name, subfolder
