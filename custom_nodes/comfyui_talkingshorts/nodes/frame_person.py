"""The node that keeps a person in the frame of a node that crops around the middle."""

from __future__ import annotations

import torch
from comfy_api.latest import io

from ..core.limits import require_size
from .shared.image import image_from_picture, picture_from_image
from .shared.inputs import make_size_inputs
from .shared.notes import show_note


class FramePerson(io.ComfyNode):
    """Takes the part around the head of a picture whose middle would cut it."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="TalkingShortsFramePerson",
            display_name="Frame Person",
            category="talking shorts",
            description="For nodes that crop a picture around its middle: where that would cut the person's head, the "
            "part around the head is taken, in the shape of the video; else the picture stays as it is. A note says so "
            "when no face is found.",
            search_aliases=["crop around face", "face crop", "keep face", "centre person", "reframe"],
            inputs=[
                io.Image.Input("image", tooltip="A picture of one person. The first of a batch."),
                *make_size_inputs("Width of the video.", "Height of the video."),
            ],
            hidden=[io.Hidden.unique_id],
            outputs=[io.Image.Output("picture", tooltip="The picture, or the part of it around the head.")],
        )

    @classmethod
    def execute(cls, image: torch.Tensor, width: int, height: int) -> io.NodeOutput:
        from ..engines.pictures.backdrop import as_rgb  # not at ComfyUI's start
        from ..engines.pictures.portrait import NO_HEAD_NOTE, keep_head

        require_size(width, height)
        picture = as_rgb(picture_from_image(image))
        kept, has_head = keep_head(picture, width, height)
        note = None if has_head else NO_HEAD_NOTE
        return io.NodeOutput(image if kept is picture else image_from_picture(kept), ui=show_note(cls, note))
