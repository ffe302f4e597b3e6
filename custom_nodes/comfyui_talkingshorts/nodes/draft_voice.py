"""The node that speaks a script with the cheap voice of a preview."""

from __future__ import annotations

from typing import Any

from comfy_api.latest import io

from .shared.audio import audio_from_sound, sound_from_audio
from .shared.inputs import check_script, make_seed_input, make_target_input
from .shared.notes import show_note
from .shared.progress import make_progress_bar


class DraftVoice(io.ComfyNode):
    """Script in, speech out, at the pitch and pace of a reference when there is one."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="TalkingShortsDraftVoice",
            display_name="Speak Draft",
            category="talking shorts",
            description=(
                "Speaks a script with a synthetic voice in under a second, on any machine: the preview of a talking "
                "short. Reference audio sets the pitch and the pace, but the voice is not cloned."
            ),
            search_aliases=["text to speech", "tts", "espeak", "draft voice", "preview voice", "speech synthesis"],
            inputs=[
                io.String.Input(
                    "script",
                    default="",
                    multiline=True,
                    tooltip="The words to say. A new line, [pause] or [pause 800ms] makes a pause. Stage directions "
                    "([laughs]), emoji and markup are left out.",
                ),
                make_seed_input("Picks one of the draft's four speakers. The same inputs give the same sound."),
                io.Audio.Input(
                    "reference",
                    optional=True,
                    tooltip="Audio of a voice: the draft takes its pitch and pace. Without any it uses its own.",
                ),
                make_target_input(
                    "The exact length of the speech, by pace and silence at its edges. 0: its natural length."
                ),
                io.String.Input(
                    "presenter",
                    default="",
                    multiline=True,
                    optional=True,
                    tooltip="The prompt that the draft portrait is drawn from: a woman then gets a high voice and a "
                    "man a low one. Empty: the seed decides. A reference's pitch counts more.",
                ),
            ],
            hidden=[io.Hidden.unique_id],
            outputs=[io.Audio.Output(display_name="speech", tooltip="The spoken script: mono, 22,050 Hz.")],
        )

    @classmethod
    def validate_inputs(cls, script: str | None = None) -> bool | str:
        return check_script(script)

    @classmethod
    def execute(
        cls,
        script: str,
        seed: int,
        reference: dict[str, Any] | None = None,
        target_seconds: float = 0.0,
        presenter: str = "",
    ) -> io.NodeOutput:
        from ..engines.draft.voice import speak_draft  # not at ComfyUI's start

        voice = None if reference is None else sound_from_audio(reference)
        speech, note = speak_draft(script, seed, voice, target_seconds, presenter, make_progress_bar())
        return io.NodeOutput(audio_from_sound(speech), ui=show_note(cls, note))
