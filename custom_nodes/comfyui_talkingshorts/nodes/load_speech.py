"""The node that reads the speech of a video from a file."""

from __future__ import annotations

from comfy_api.latest import io

from .shared.audio import audio_from_sound
from .shared.input_files import check_input_file, fingerprint_file, require_input_file
from .shared.inputs import make_file_input
from .shared.progress import make_progress_bar


class LoadSpeech(io.ComfyNode):
    """Reads a recording as a whole, with the same care as reference audio."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="TalkingShortsLoadSpeech",
            display_name="Load Speech",
            category="talking shorts",
            description="Reads the speech for a video from a file in ComfyUI's input folder, or from a video's sound. "
            "A file that is silent, broken off or no sound is refused here, before anything is computed.",
            search_aliases=["load audio", "own recording", "speech file", "upload audio"],
            inputs=[
                make_file_input(
                    "audio",
                    io.UploadType.audio,
                    ("audio", "video"),
                    "A recording in ComfyUI's input folder, such as me.mp3; from a video the sound is taken.",
                ),
            ],
            outputs=[io.Audio.Output("speech", tooltip="The whole recording, at its own sample rate.")],
        )

    @classmethod
    def validate_inputs(cls, audio: str | None = None) -> bool | str:
        return check_input_file(audio)

    @classmethod
    def fingerprint_inputs(cls, audio: str | None = None) -> str:
        return fingerprint_file(audio)

    @classmethod
    def execute(cls, audio: str) -> io.NodeOutput:
        from ..engines.voice_source.speech_file import read_speech  # not at ComfyUI's start

        return io.NodeOutput(audio_from_sound(read_speech(require_input_file(audio), make_progress_bar())))
