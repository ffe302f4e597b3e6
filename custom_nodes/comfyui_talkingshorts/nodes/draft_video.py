"""The node that makes a portrait speak as a quick preview."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import folder_paths
import torch
from comfy_api.latest import InputImpl, io

from .shared.audio import sound_from_audio
from .shared.image import picture_from_image
from .shared.notes import show_note
from .shared.progress import make_progress_bar


class DraftVideo(io.ComfyNode):
    """A portrait and speech in, a video of the portrait speaking out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="TalkingShortsDraftVideo",
            display_name="Make Draft Video",
            category="talking shorts",
            description="Makes the portrait speak within seconds on any machine, as a preview of the script, the voice "
            "and the timing. A drawn presenter is animated fully; a photo gets a moving mouth and blinks.",
            search_aliases=["lip sync", "talking head", "animate portrait", "preview"],
            inputs=[
                io.Image.Input(
                    "portrait",
                    tooltip="A drawn presenter, or a picture of one person who faces the camera. The first of a batch.",
                ),
                io.Audio.Input("speech", tooltip="What is said. It decides the length: 25 frames a second."),
                io.Boolean.Input(
                    "label", default=True, optional=True, tooltip="Show a small DRAFT label in the upper right corner."
                ),
            ],
            outputs=[io.Video.Output("video", tooltip="The video with its sound.")],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    def execute(cls, portrait: torch.Tensor, speech: dict[str, Any], label: bool = True) -> io.NodeOutput:
        from ..engines.draft.video import make_draft_video  # not at ComfyUI's start

        path = Path(folder_paths.get_temp_directory()) / f"talkingshorts_draft_{uuid.uuid4().hex}.mp4"
        picture, sound = picture_from_image(portrait), sound_from_audio(speech)
        note = make_draft_video(picture, sound, path, label, make_progress_bar())
        return io.NodeOutput(InputImpl.VideoFromFile(str(path)), ui=show_note(cls, note))
