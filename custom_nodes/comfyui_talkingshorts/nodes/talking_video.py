"""The node that makes a portrait speak: InfiniteTalk, from the first window to the last."""

from __future__ import annotations

from typing import Any

import torch
from comfy_api.latest import InputImpl, io

from ..core.errors import InputError
from ..core.infinitetalk.buckets import SIZE_MODES
from ..core.infinitetalk.flow_schedule import SCHEDULES
from ..core.infinitetalk.guidance_batch import GUIDANCE_BATCHES
from ..core.infinitetalk.windows import MOTION_FRAMES, WINDOW_FRAMES
from ..core.limits import require_size
from .shared.inputs import make_size_inputs
from .shared.notes import make_note_ui
from .shared.video_inputs import (
    list_next_video_inputs,
    make_crf_input,
    make_resume_input,
    make_subject,
    make_subject_inputs,
    make_vae_tiling_input,
    make_video_seed_input,
)
from .shared.video_progress import VideoProgress
from .shared.workplace import make_workplace

_MODELS = ("model", "model_patch", "vae", "audio_encoder", "clip_vision")


class TalkingVideo(io.ComfyNode):
    """Portrait and speech in, a video of the portrait saying it out, of any length."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="TalkingShortsTalkingVideo",
            display_name="Make Talking Video",
            category="talking shorts",
            description=(
                "Makes a portrait say the speech, with InfiniteTalk: as long as the speech, in one node, in constant "
                "memory. What is finished survives a crash: run the same graph again and it goes on."
            ),
            search_aliases=["infinitetalk", "multitalk", "lip sync", "talking head", "audio to video", "s2v"],
            inputs=[*_model_inputs(), *_video_inputs(), *_tuning_inputs()],
            hidden=[io.Hidden.prompt, io.Hidden.unique_id],
            outputs=[
                io.Video.Output("video", tooltip="The video with its sound, 25 frames a second."),
                io.Int.Output("frame_count", tooltip="How many frames it has: 25 for each second, rounded up."),
            ],
        )

    @classmethod
    def check_lazy_status(cls, **inputs: Any) -> list[str]:
        """Return what to compute next of the inputs that aren't there yet.

        Raises InputError for an impossible size, before gigabytes are loaded for it.
        """
        if inputs["size_mode"] == "custom":
            require_size(inputs["width"], inputs["height"])
        return list_next_video_inputs(_MODELS, inputs)

    @classmethod
    def execute(
        cls,
        model: Any,
        model_patch: Any,
        vae: Any,
        audio_encoder: Any,
        speech: dict[str, Any],
        portrait: torch.Tensor,
        positive: list[Any],
        negative: list[Any],
        clip_vision: Any = None,
        **settings: Any,
    ) -> io.NodeOutput:
        from ..engines.infinitetalk.sampling import TalkingModels  # not at ComfyUI's start
        from ..engines.infinitetalk.talking_video import TalkingSettings, make_talking_video

        subject = make_subject(portrait, speech, positive, negative)
        if clip_vision is None:
            raise InputError("There is no clip_vision, which keeps the face. Connect Load CLIP Vision (clip_vision_h).")
        workplace = make_workplace(cls)
        progress = VideoProgress(workplace.node_id)
        frame_count = make_talking_video(
            TalkingModels(model, model_patch, vae, clip_vision, audio_encoder),
            subject,
            TalkingSettings(**settings),
            workplace,
            progress,
        )
        video = InputImpl.VideoFromFile(str(workplace.video))
        return io.NodeOutput(video, frame_count, ui={**make_note_ui(progress.note), **progress.report_work()})


def _model_inputs() -> list[io.Input]:
    return [
        io.Model.Input("model", lazy=True, tooltip="Wan 2.1 I2V 14B, with LoRAs, torch.compile or caches as you like."),
        io.ModelPatch.Input("model_patch", lazy=True, tooltip="InfiniteTalk for one speaker, from Load Model Patch."),
        *make_subject_inputs(
            audio_encoder="wav2vec2-chinese-base, from Load Audio Encoder.",
            portrait="Who says it, looking at the camera. The first picture of a batch.",
            negative="What should not be seen. Unused when text_scale is 1.",
        ),
    ]


def _video_inputs() -> list[io.Input]:
    return [
        io.Combo.Input(
            "size_mode",
            options=list(SIZE_MODES),
            default="bucket_480",
            tooltip="Of the sizes that the model was trained on the one nearest to the portrait's shape, of about "
            "640 x 640 (480) or 960 x 960 (720) pixels; custom: width and height.",
        ),
        *make_size_inputs("Of the custom size.", "Of the custom size."),
        io.Int.Input("steps", default=40, min=1, max=200, tooltip="40, or 4 with the 4-step LoRA."),
        io.Combo.Input(
            "schedule",
            options=list(SCHEDULES),
            default="official",
            tooltip="official: InfiniteTalk's own. distilled: what the 4-step LoRA was trained on.",
        ),
        io.Float.Input(
            "shift",
            default=0.0,
            min=0.0,
            max=100.0,
            step=0.1,
            tooltip="Larger spends more steps on the coarse picture. 0: 7 for small sizes, 11 for large, 5 distilled.",
        ),
        io.Float.Input(
            "text_scale",
            default=5.0,
            min=0.0,
            max=30.0,
            step=0.1,
            tooltip="How strongly the prompt guides. 1 is off, saves a third of the time, and suits the 4-step LoRA.",
        ),
        io.Float.Input(
            "audio_scale",
            default=4.0,
            min=0.0,
            max=30.0,
            step=0.1,
            tooltip="How strongly the speech moves the mouth. 1 is off, saves time, and suits the 4-step LoRA.",
        ),
        make_video_seed_input(),
    ]


def _tuning_inputs() -> list[io.Input]:
    return [
        io.ClipVision.Input(
            "clip_vision", lazy=True, optional=True, tooltip="CLIP vision H: what keeps the face. Always needed."
        ),
        io.Int.Input(
            "window_frames",
            default=WINDOW_FRAMES,
            min=5,
            max=801,
            step=4,
            optional=True,
            advanced=True,
            tooltip="Frames that are sampled at once. The model was trained on 81; fewer take less memory.",
        ),
        io.Int.Input(
            "motion_frames",
            default=MOTION_FRAMES,
            min=1,
            max=797,
            step=4,
            optional=True,
            advanced=True,
            tooltip="Frames that a window takes over from the one before, so that the motion goes on.",
        ),
        io.Combo.Input(
            "guidance_batch",
            options=list(GUIDANCE_BATCHES),
            default="auto",
            optional=True,
            advanced=True,
            tooltip="Whether the guidance's forwards run as one batch. auto: as the free memory allows.",
        ),
        io.Float.Input(
            "guidance_end",
            default=1.0,
            min=0.0,
            max=1.0,
            step=0.05,
            optional=True,
            advanced=True,
            tooltip="The share of the steps that the speech guides; after it audio_scale is 1, which is faster.",
        ),
        io.Float.Input(
            "color_strength",
            default=1.0,
            min=0.0,
            max=1.0,
            step=0.05,
            optional=True,
            advanced=True,
            tooltip="How closely each frame keeps to the portrait's colours, so that they don't drift.",
        ),
        make_vae_tiling_input(),
        io.Boolean.Input(
            "apg",
            default=False,
            optional=True,
            advanced=True,
            tooltip="Adaptive projected guidance: less oversaturation at large scales.",
        ),
        make_crf_input(),
        make_resume_input(),
        io.Boolean.Input(
            "short_last_window",
            default=False,
            optional=True,
            advanced=True,
            tooltip="Sample only as many frames in the last window as the speech still needs: faster, but the end then "
            "moves otherwise than in the official code.",
        ),
    ]
