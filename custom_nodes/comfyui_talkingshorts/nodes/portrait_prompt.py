"""The node that writes a prompt for the portrait."""

from __future__ import annotations

from comfy_api.latest import io

from ..core.null_text import drop_null
from ..core.script.portrait_prompt import write_portrait_prompt


class PortraitPrompt(io.ComfyNode):
    """Script or own words in, portrait prompt out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="TalkingShortsPortraitPrompt",
            display_name="Write Portrait Prompt",
            category="talking shorts",
            description="Describes a speaker whose portrait can be made to talk: facing the camera, mouth visible and "
            "closed, calm background.",
            search_aliases=["talking head prompt", "speaker description", "presenter"],
            inputs=[
                io.String.Input(
                    "script",
                    multiline=True,
                    default="",
                    tooltip="What the speaker will say. Decides who speaks when the prompt is empty.",
                ),
                io.String.Input(
                    "prompt",
                    multiline=True,
                    default="",
                    tooltip="Your own description of the speaker. It comes first, and only what it leaves open is "
                    "added. Empty: a presenter who suits the script.",
                ),
            ],
            outputs=[
                io.String.Output(
                    "prompt_out", display_name="prompt", tooltip="The prompt for a portrait that can be made to talk."
                )
            ],
        )

    @classmethod
    def execute(cls, script: str, prompt: str) -> io.NodeOutput:
        return io.NodeOutput(write_portrait_prompt(drop_null(script), drop_null(prompt)))
