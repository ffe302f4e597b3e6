"""The node that takes the user's own picture, or the generated one."""

from __future__ import annotations

import torch
from comfy_api.latest import io

from ..core.errors import InputError, PictureError
from ..core.null_text import drop_null
from .shared.image import image_from_picture, require_image
from .shared.input_files import explain_missing_file, find_input_file, fingerprint_file
from .shared.inputs import make_size_inputs


class PortraitPicture(io.ComfyNode):
    """Picks the portrait; a generated one is computed only when no picture is given."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="TalkingShortsPortraitPicture",
            display_name="Choose Portrait Picture",
            category="talking shorts",
            description="Your own picture when you name one, cropped around the face; else the generated portrait, "
            "which isn't computed at all when a picture is given.",
            search_aliases=["own picture", "photo", "portrait switch", "use image if given"],
            inputs=[
                io.String.Input(
                    "picture",
                    default="",
                    tooltip="A file in ComfyUI's input folder, such as me.jpg. Empty: use the generated portrait.",
                ),
                io.Image.Input(
                    "generated", lazy=True, tooltip="The portrait to use, and to compute, only when picture is empty."
                ),
                *make_size_inputs("Width of the short in pixels.", "Height of the short in pixels."),
            ],
            outputs=[io.Image.Output("portrait", tooltip="The portrait, width x height pixels.")],
        )

    @classmethod
    def check_lazy_status(
        cls, picture: str, width: int, height: int, generated: torch.Tensor | None = None
    ) -> list[str]:
        return [] if drop_null(picture).strip() or generated is not None else ["generated"]

    @classmethod
    def fingerprint_inputs(
        cls, width: int | None, height: int | None, picture: str | None = None, generated: torch.Tensor | None = None
    ) -> str:
        return fingerprint_file(picture)

    @classmethod
    def execute(cls, picture: str, width: int, height: int, generated: torch.Tensor | None = None) -> io.NodeOutput:
        from ..engines.pictures.portrait import read_portrait  # not at ComfyUI's start

        name = drop_null(picture).strip()
        if not name:
            if generated is None:
                raise InputError("There is no portrait: name a picture, or connect a generated one.")
            return io.NodeOutput(require_image(generated))
        path = find_input_file(name)
        if path is None:
            raise PictureError(explain_missing_file(name))
        return io.NodeOutput(image_from_picture(read_portrait(path, width, height)))
