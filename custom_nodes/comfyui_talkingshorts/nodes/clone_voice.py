"""The node that says a script in a cloned voice."""

from __future__ import annotations

from typing import Any

from comfy_api.latest import io

from ..core.errors import InputError
from .shared.audio import audio_from_sound, sound_from_audio
from .shared.inputs import check_script, make_seed_input, make_target_input
from .shared.notes import show_note
from .shared.progress import make_progress_bar


class CloneVoice(io.ComfyNode):
    """Reference audio and script in, the script in that voice out."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="TalkingShortsCloneVoice",
            display_name="Clone Voice",
            category="talking shorts",
            description=(
                "Says a script in the voice of reference audio, with VibeVoice. Give 10 to 30 seconds of one person "
                "talking. Up to four voices can talk to each other. Only clone a voice that you have the right to use."
            ),
            search_aliases=["vibevoice", "voice cloning", "text to speech", "tts", "speech synthesis", "dialogue"],
            inputs=[
                io.Custom("VIBEVOICE").Input(
                    "vibevoice",
                    lazy=True,
                    tooltip="The model, from Load VibeVoice. It is loaded once the rest is given.",
                ),
                io.Audio.Input(
                    "reference",
                    tooltip="The voice: 10 to 30 seconds of one person talking, without music. Of longer audio "
                    "the best excerpt is used.",
                ),
                io.String.Input(
                    "script",
                    default="",
                    multiline=True,
                    tooltip="The words to say. For several voices label the lines: Speaker 1: ... Speaker 2: ... "
                    "[pause 2s] is silence; stage directions ([laughs]) are left out.",
                ),
                io.Boolean.Input(
                    "voice_rights",
                    default=False,
                    tooltip="Turn this on to confirm that the voice is yours, or that its owner agreed to be cloned.",
                ),
                make_seed_input("Another seed reads the script another way. The same inputs give the same speech."),
                io.Float.Input(
                    "guidance_scale",
                    default=1.3,
                    min=1.0,
                    max=5.0,
                    step=0.05,
                    optional=True,
                    advanced=True,
                    tooltip="CFG: how closely the speech follows the voice and the words. 1 is off and faster.",
                ),
                io.Int.Input(
                    "diffusion_steps",
                    default=10,
                    min=1,
                    max=100,
                    optional=True,
                    advanced=True,
                    tooltip="Steps of the diffusion head for each of the 7.5 frames a second. 5 is faster.",
                ),
                make_target_input(
                    "The exact length of the speech: the best of four takes, stretched by at most 8 % and "
                    "padded with silence. 0: its natural length."
                ),
                *(
                    io.Audio.Input(
                        f"reference_{speaker}", optional=True, tooltip=f"The voice of the lines of Speaker {speaker}."
                    )
                    for speaker in (2, 3, 4)
                ),
            ],
            hidden=[io.Hidden.unique_id],
            outputs=[io.Audio.Output(display_name="speech", tooltip="The spoken script: mono, 24,000 Hz.")],
        )

    @classmethod
    def validate_inputs(cls, script: str | None = None) -> bool | str:
        return check_script(script)

    @classmethod
    def check_lazy_status(cls, voice_rights: bool, reference: dict[str, Any] | None, **inputs: Any) -> list[str]:
        """Return what else is needed: the model's gigabytes are not loaded only to refuse."""
        return ["vibevoice"] if voice_rights and reference is not None else []

    @classmethod
    def execute(
        cls,
        reference: dict[str, Any] | None,
        script: str,
        voice_rights: bool,
        seed: int,
        vibevoice: Any = None,
        guidance_scale: float = 1.3,
        diffusion_steps: int = 10,
        target_seconds: float = 0.0,
        reference_2: dict[str, Any] | None = None,
        reference_3: dict[str, Any] | None = None,
        reference_4: dict[str, Any] | None = None,
    ) -> io.NodeOutput:
        _require_consent(voice_rights)
        _require_voice(reference)
        from ..engines.vibevoice.clone import CloneSettings, clone_voice  # not at ComfyUI's start

        others = {1: reference_2, 2: reference_3, 3: reference_4}
        voices = {speaker: sound_from_audio(audio) for speaker, audio in others.items() if audio is not None}
        voices[0] = sound_from_audio(reference)
        settings = CloneSettings(seed, guidance_scale, diffusion_steps, target_seconds)
        speech, note = clone_voice(vibevoice, voices, script, settings, make_progress_bar())
        return io.NodeOutput(audio_from_sound(speech), ui=show_note(cls, note))


def _require_consent(voice_rights: bool) -> None:
    if not voice_rights:
        raise InputError(
            "voice_rights is off. A voice belongs to a person: turn voice_rights on to confirm that the reference "
            "is your own voice, or that its owner agreed to have it cloned for this."
        )


def _require_voice(reference: dict[str, Any] | None) -> None:
    if reference is None:
        raise InputError(
            "There is no voice to clone. Set voice_source to a link or a file (connect audio to reference, on the "
            "canvas): 10 to 30 seconds of one person talking."
        )
