"""The node that fetches reference audio from YouTube, another address, or a file."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import folder_paths
from comfy.model_management import throw_exception_if_processing_interrupted
from comfy.utils import ProgressBar
from comfy_api.latest import io

from ..core.errors import SourceError
from ..core.progress import OnProgress
from ..core.voice_source import (
    DEFAULT_START_SECONDS,
    MAX_DURATION_SECONDS,
    MAX_START_SECONDS,
    FileName,
    FileSource,
    Piece,
    WebSource,
    choose_piece,
    parse_voice_source,
)
from .shared.audio import audio_from_sound
from .shared.input_files import explain_missing_file, find_input_file, fingerprint_file
from .shared.notes import show_note

if TYPE_CHECKING:
    from ..engines.voice_source.cache import Voice

POLL_SECONDS = 0.2
Result = TypeVar("Result")


class YouTubeVoice(io.ComfyNode):
    """Gives a piece of the sound of a video, with the video's title."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="TalkingShortsYouTubeVoice",
            display_name="Fetch YouTube Voice",
            category="talking shorts",
            description="Fetches a piece of the sound of a YouTube video, of another web address, or of a file in "
            "ComfyUI's input folder, as reference audio for a voice. Only the wanted piece is fetched where possible, "
            "and it is kept for the next time.",
            search_aliases=[
                "youtube",
                "reference audio",
                "voice reference",
                "yt-dlp",
                "load voice",
                "audio from url",
                "download audio",
            ],
            inputs=[
                io.String.Input(
                    "source",
                    default="",
                    tooltip="A YouTube address, another web address, or a file in ComfyUI's input folder such as "
                    "me.mp3. Empty: no reference audio.",
                ),
                io.Float.Input(
                    "start_seconds",
                    default=DEFAULT_START_SECONDS,
                    min=0.0,
                    max=MAX_START_SECONDS,
                    step=0.1,
                    tooltip="Where the piece starts, in seconds from the source's beginning. At 40, a time in the link "
                    "counts instead, and a shorter video begins where it can.",
                ),
                io.Float.Input(
                    "duration_seconds",
                    default=30.0,
                    min=0.1,
                    max=MAX_DURATION_SECONDS,
                    step=0.1,
                    tooltip="How long the piece is, in seconds. It is cut where the source ends.",
                ),
            ],
            outputs=[
                io.Audio.Output(
                    "voice",
                    tooltip="The piece, at the source's own sample rate and with all its channels. Nothing when source "
                    "is empty.",
                ),
                io.String.Output("title", tooltip="The source's title; for a file, its name without the ending."),
            ],
            hidden=[io.Hidden.unique_id],
        )

    @classmethod
    def fingerprint_inputs(
        cls, source: str | None = None, start_seconds: float | None = None, duration_seconds: float | None = None
    ) -> str:
        """Return what changes when a file does. A source that another node gives isn't known yet: it is None."""
        return f"{source}|{fingerprint_file(source)}" if source else ""

    @classmethod
    async def execute(cls, source: str, start_seconds: float, duration_seconds: float) -> io.NodeOutput:
        wanted = parse_voice_source(source)
        if wanted is None:
            return io.NodeOutput(None, "")
        found = _find_file(wanted) if isinstance(wanted, FileName) else wanted
        piece = choose_piece(found, start_seconds, duration_seconds)
        cache_folder = Path(folder_paths.get_user_directory()) / "talkingshorts" / "voices"

        def work(on_progress: OnProgress) -> Voice:
            from ..engines.voice_source.voice import load_voice

            return load_voice(found, piece, cache_folder, on_progress)

        voice = await _run_in_background(work)
        note = _explain_start(voice, piece, start_seconds)
        return io.NodeOutput(audio_from_sound(voice.sound), voice.title, ui=show_note(cls, note))


def _find_file(wanted: FileName) -> FileSource | WebSource:
    path = find_input_file(wanted.name)
    if path is not None:
        return FileSource(path)
    if wanted.link is not None:
        return wanted.link
    raise SourceError(f"{explain_missing_file(wanted.name)} A web address starts with https://.")


def _explain_start(voice: Voice, piece: Piece, start_seconds: float) -> str | None:
    """Return what to tell the user when the piece starts elsewhere than the input says."""
    if voice.start_seconds == start_seconds:
        return None
    if voice.start_seconds < piece.start_seconds:
        return (
            f"The source ends before {piece.start_seconds:g} s: its last {voice.sound.seconds:.1f} s are taken, from"
            f" {voice.start_seconds:.1f} s on."
        )
    return f"The voice is taken from {voice.start_seconds:g} s on, as the link says."


class _AbandonedError(Exception):
    """Ends the work in its thread after the graph was stopped: nobody waits for it any more."""


async def _run_in_background(work: Callable[[OnProgress], Result]) -> Result:
    """Return work(on_progress), done in a thread of its own, so that a stop is heeded at once.

    A thread that waits for a slow server can't be ended. It is left to itself, and ends at its next report of progress.
    (asyncio.to_thread won't do: its threads are waited for when the graph ends.)
    """
    stopped = threading.Event()
    progress = (0, 1)

    def on_progress(done: int, total: int) -> None:
        nonlocal progress
        progress = (done, total)
        if stopped.is_set():
            raise _AbandonedError

    bar = ProgressBar(1)
    executor = ThreadPoolExecutor(1, thread_name_prefix="talkingshorts-voice")
    running = asyncio.get_running_loop().run_in_executor(executor, work, on_progress)
    try:
        while not (await asyncio.wait([running], timeout=POLL_SECONDS))[0]:
            throw_exception_if_processing_interrupted()
            bar.update_absolute(*progress)
        return await running
    finally:
        stopped.set()
        running.cancel()
        executor.shutdown(wait=False)
