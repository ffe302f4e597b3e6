"""The workflows that come with the program, each with a name that stands for its file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageError
from ..wording import suggest
from .data import shipped_dir

ENDING = ".api.json"

_PURPOSES = {
    "draft": "a short from a script, in seconds and with no model: a drawn presenter, a synthetic voice",
    "talking_short": "a short from a script, in a cloned voice: InfiniteTalk, 40 steps",
    "talking_short_fast": "the same in 4 steps, with a distilled LoRA",
    "talking_video": "your picture speaks your recording: InfiniteTalk, any length",
    "s2v": "your picture speaks, sings or plays your recording: Wan 2.2 S2V, any length",
    "voice_clone": "speech from a script, in a cloned voice: VibeVoice",
    "portrait": "a portrait from a description: Wan 2.2",
    "i2v": "a picture begins to move, 5 seconds without sound: Wan 2.2, 20 steps",
    "i2v_fast": "the same in 4 steps, with a distilled LoRA",
}


@dataclass(frozen=True)
class ShippedWorkflow:
    """A workflow in API format: its name, what it makes in one line, and its file."""

    name: str
    purpose: str
    path: Path


def list_workflows() -> list[ShippedWorkflow]:
    """Return every shipped workflow, the whole shorts first."""
    folder = shipped_dir() / "workflows"
    return [ShippedWorkflow(name, purpose, folder / f"{name}{ENDING}") for name, purpose in _PURPOSES.items()]


def get_workflow(name: str) -> ShippedWorkflow:
    """Return the shipped workflow of this name. Raises UsageError, with the names near it, when there is none."""
    shipped = {workflow.name: workflow for workflow in list_workflows()}
    if name not in shipped:
        raise UsageError(
            f"No workflow is called {name!r}{suggest(name, shipped)} All of them: talkingshorts workflows list"
        )
    return shipped[name]


def find_workflow(text: str) -> Path:
    """Return the file that a WORKFLOW on the command line means.

    A file that exists is itself. Else a bare name, with neither a folder nor an ending, is that of a shipped workflow.
    Raises UsageError for a bare name that none has.
    """
    path = Path(text)
    is_bare = path.name == text and not path.suffix
    return get_workflow(text).path if is_bare and not path.is_file() else path
