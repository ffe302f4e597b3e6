"""The node that draws a presenter."""

from __future__ import annotations

from comfy_api.latest import io

from ..core.null_text import drop_null
from .shared.image import image_from_picture
from .shared.inputs import make_seed_input, make_size_inputs
from .shared.notes import show_note


class DraftPortrait(io.ComfyNode):
    """Words and a seed in, a drawn presenter out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="TalkingShortsDraftPortrait",
            display_name="Draw Draft Portrait",
            category="talking shorts",
            description="Draws a presenter without any model, in under a second. Words such as woman, old, beard, "
            "glasses, red hair, hoodie or office decide the look, in any language that scripts may have; the seed "
            "decides the rest.",
            search_aliases=["presenter", "avatar", "character", "drawn face", "draft picture"],
            inputs=[
                io.String.Input(
                    "prompt",
                    multiline=True,
                    default="",
                    tooltip="Who it is and where: young woman with curly red hair and glasses, green sweater, office. "
                    "Whatever it leaves open, the seed decides.",
                ),
                *make_size_inputs("Width in pixels.", "Height in pixels."),
                make_seed_input("Another seed is another person; the same seed and prompt always give the same one."),
            ],
            hidden=[io.Hidden.unique_id],
            outputs=[
                io.Image.Output(
                    "portrait",
                    tooltip="The presenter. Make Draft Video recognises the picture, also from a saved PNG, and draws "
                    "it anew for every frame.",
                )
            ],
        )

    @classmethod
    def execute(cls, prompt: str, width: int, height: int, seed: int) -> io.NodeOutput:
        from ..core.presenter.look import explain_unknown_words  # not at ComfyUI's start
        from ..engines.draft.portrait import draw_portrait

        wanted = drop_null(prompt)
        picture = draw_portrait(wanted, width, height, seed)
        return io.NodeOutput(image_from_picture(picture), ui=show_note(cls, explain_unknown_words(wanted)))
