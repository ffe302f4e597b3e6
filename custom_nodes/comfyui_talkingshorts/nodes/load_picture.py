"""The node that reads a picture from a file as people mean it."""

from __future__ import annotations

import numpy as np
from comfy_api.latest import io

from .shared.image import image_from_picture
from .shared.input_files import check_input_file, fingerprint_file, require_input_file
from .shared.inputs import make_file_input


class LoadPicture(io.ComfyNode):
    """Reads a picture as a whole, with the same care as a portrait."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="TalkingShortsLoadPicture",
            display_name="Load Picture",
            category="talking shorts",
            description="Reads a picture from ComfyUI's input folder as it is meant to be seen: upright, in its true "
            "colours, on light grey where it is transparent, HEIC and AVIF too. A file that is damaged, cut off or no "
            "picture is refused here, before anything is computed.",
            search_aliases=["load image", "own picture", "photo", "heic", "avif", "upload picture"],
            inputs=[
                make_file_input(
                    "image", io.UploadType.image, ("image",), "A picture in ComfyUI's input folder, such as me.jpg."
                ),
            ],
            outputs=[io.Image.Output("picture", tooltip="The whole picture.")],
        )

    @classmethod
    def validate_inputs(cls, image: str | None = None) -> bool | str:
        return check_input_file(image)

    @classmethod
    def fingerprint_inputs(cls, image: str | None = None) -> str:
        return fingerprint_file(image)

    @classmethod
    def execute(cls, image: str) -> io.NodeOutput:
        from ..engines.pictures.picture_file import read_picture  # not at ComfyUI's start

        return io.NodeOutput(image_from_picture(np.asarray(read_picture(require_input_file(image)))))
