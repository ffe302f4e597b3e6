"""The node that saves the short."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

from comfy_api.latest import Input, io, ui

from ..core.errors import InputError
from ..engines.output.short import save_short
from .shared.inputs import make_prefix_input
from .shared.output_files import read_graph, reserve_output


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
                make_prefix_input("talkingshorts/short", "%year%, %month%, %day%, %width% and %height%"),
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
        file = reserve_output(filename_prefix, ".mp4", "talkingshorts/short", width, height)
        report = replace(save_short(video, file.path, read_graph(cls)), file=file.relative_name)
        preview = ui.PreviewVideo([file.shown]).as_dict()
        return io.NodeOutput(ui={**preview, "text": (json.dumps(asdict(report)),)})
