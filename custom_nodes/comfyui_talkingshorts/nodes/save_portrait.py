"""The node that saves a portrait."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

from comfy_api.latest import io, ui

from ..engines.output.portrait import save_portrait
from .shared.image import picture_from_image
from .shared.inputs import make_prefix_input
from .shared.output_files import read_graph, reserve_output


class SavePortrait(io.ComfyNode):
    """Portrait in, PNG in the output folder out, with a report and a preview on the canvas."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="TalkingShortsSavePortrait",
            display_name="Save Portrait",
            category="talking shorts",
            description="Saves a portrait without loss (PNG), with the graph that made it inside and a mark that says "
            "that it is AI-generated.",
            search_aliases=["save image", "export png", "write portrait", "save picture"],
            inputs=[
                io.Image.Input("portrait", tooltip="The finished portrait. The first of a batch."),
                make_prefix_input("talkingshorts/portrait", "%year%, %month%, %day%, %width% and %height%"),
            ],
            hidden=[io.Hidden.prompt, io.Hidden.extra_pnginfo],
            outputs=[],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, portrait: Any, filename_prefix: str) -> io.NodeOutput:
        pixels = picture_from_image(portrait)
        height, width, _ = pixels.shape
        file = reserve_output(filename_prefix, ".png", "talkingshorts/portrait", width, height)
        report = replace(save_portrait(pixels, file.path, read_graph(cls)), file=file.relative_name)
        shown = ui.SavedImages([file.shown]).as_dict()
        return io.NodeOutput(ui={**shown, "text": (json.dumps(asdict(report)),)})
