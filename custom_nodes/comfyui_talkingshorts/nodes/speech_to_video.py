"""The node that makes a portrait speak, or sing, with Wan S2V, from the first window to the last."""

from __future__ import annotations

from typing import Any

import comfy.samplers
import torch
from comfy_api.latest import InputImpl, io

from ..core.limits import require_size
from ..core.wan_s2v.windows import S2V_MOTION_FRAMES, S2V_WINDOW_FRAMES
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

_MODELS = ("model", "vae", "audio_encoder")


class SpeechToVideo(io.ComfyNode):
    """Portrait and speech in, a video of the portrait saying it out, of any length."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="TalkingShortsSpeechToVideo",
            display_name="Make Speech Video",
            category="talking shorts",
            description=(
                "Makes a portrait say, sing or play the sound, with Wan 2.2 S2V: as long as the sound, in one node, in "
                "constant memory. What is finished survives a crash: run the same graph again and it goes on."
            ),
            search_aliases=["wan s2v", "sound to video", "speech to video", "audio to video", "lip sync", "extend"],
            inputs=[*_model_inputs(), *_video_inputs(), *_tuning_inputs()],
            hidden=[io.Hidden.prompt, io.Hidden.unique_id],
            outputs=[
                io.Video.Output("video", tooltip="The video with its sound, 16 frames a second."),
                io.Int.Output("frame_count", tooltip="How many frames it has: 16 for each second, rounded up."),
            ],
        )

    @classmethod
    def check_lazy_status(cls, **inputs: Any) -> list[str]:
        """Return what to compute next of the inputs that aren't there yet.

        Raises InputError for an impossible size, before gigabytes are loaded for it.
        """
        require_size(inputs["width"], inputs["height"])
        return list_next_video_inputs(_MODELS, inputs)

    @classmethod
    def execute(
        cls,
        model: Any,
        vae: Any,
        audio_encoder: Any,
        speech: dict[str, Any],
        portrait: torch.Tensor,
        positive: list[Any],
        negative: list[Any],
        sampler: Any,
        **settings: Any,
    ) -> io.NodeOutput:
        from ..engines.wan_s2v.sampling import S2VModels  # not at ComfyUI's start
        from ..engines.wan_s2v.speech_video import SpeechVideoSettings, make_speech_video

        workplace = make_workplace(cls)
        progress = VideoProgress(workplace.node_id)
        frame_count = make_speech_video(
            S2VModels(model, vae, audio_encoder),
            sampler,
            make_subject(portrait, speech, positive, negative),
            SpeechVideoSettings(**settings),
            workplace,
            progress,
        )
        video = InputImpl.VideoFromFile(str(workplace.video))
        return io.NodeOutput(video, frame_count, ui={**make_note_ui(progress.note), **progress.report_work()})


def _model_inputs() -> list[io.Input]:
    return [
        io.Model.Input(
            "model",
            lazy=True,
            tooltip="Wan 2.2 S2V 14B after ModelSamplingSD3 with shift 8; LoRAs as you like.",
        ),
        *make_subject_inputs(
            audio_encoder="wav2vec2 large english, from Load Audio Encoder, for any language.",
            portrait="Who says it. The first picture of a batch.",
            negative="What should not be seen. Unused when cfg is 1.",
        ),
    ]


def _video_inputs() -> list[io.Input]:
    return [
        *make_size_inputs("Multiples of 64 take no extra time.", "Multiples of 64 take no extra time."),
        io.Int.Input("steps", default=20, min=1, max=10000, tooltip="20, or 4 with a 4-step LoRA."),
        io.Float.Input(
            "cfg",
            default=6.0,
            min=0.0,
            max=100.0,
            step=0.1,
            tooltip="How strongly prompt and speech guide. 1 is off, halves the time, and suits the 4-step LoRA.",
        ),
        io.Sampler.Input("sampler", tooltip="From KSamplerSelect: uni_pc, as in the official code, or any other."),
        io.Combo.Input(
            "scheduler",
            options=list(comfy.samplers.SCHEDULER_NAMES),
            default="simple",
            tooltip="How the steps are spread over the noise.",
        ),
        make_video_seed_input(),
    ]


def _tuning_inputs() -> list[io.Input]:
    return [
        io.Int.Input(
            "chunk_frames",
            default=S2V_WINDOW_FRAMES,
            min=S2V_MOTION_FRAMES,
            max=801,
            step=4,
            optional=True,
            advanced=True,
            tooltip="Frames that are sampled at once. The model was trained on 77; 73 is the least.",
        ),
        make_vae_tiling_input(),
        make_crf_input(),
        make_resume_input(),
    ]
