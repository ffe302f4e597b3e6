"""The node that saves speech."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

from comfy_api.latest import io, ui

from .shared.audio import sound_from_audio
from .shared.inputs import make_prefix_input
from .shared.output_files import read_graph, reserve_output


class SaveSpeech(io.ComfyNode):
    """Speech in, FLAC in the output folder out, with a report and a player on the canvas."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="TalkingShortsSaveSpeech",
            display_name="Save Speech",
            category="talking shorts",
            description="Saves speech without loss (FLAC), with the graph that made it inside and a mark that says "
            "that it is AI-generated.",
            search_aliases=["save audio", "export flac", "write speech", "save voice"],
            inputs=[
                io.Audio.Input("speech", tooltip="The finished speech. The first of a batch."),
                make_prefix_input("talkingshorts/speech", "%year%, %month% and %day%"),
            ],
            hidden=[io.Hidden.prompt, io.Hidden.extra_pnginfo],
            outputs=[],
            is_output_node=True,
        )

    @classmethod
    def execute(cls, speech: dict[str, Any], filename_prefix: str) -> io.NodeOutput:
        from ..engines.output.speech import save_speech  # not at ComfyUI's start

        sound = sound_from_audio(speech)
        file = reserve_output(filename_prefix, ".flac", "talkingshorts/speech")
        report = replace(save_speech(sound, file.path, read_graph(cls)), file=file.relative_name)
        player = ui.SavedAudios([file.shown]).as_dict()
        return io.NodeOutput(ui={**player, "text": (json.dumps(asdict(report)),)})
