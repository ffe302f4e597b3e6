"""Turn the options of `talkingshorts make` into requests: which workflow, which inputs, which files to upload."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePath

from ..errors import UsageError, ValidationError
from ..jobs.options import Setting
from ..jobs.request import Request, require_readable
from ..results.destination import is_url
from ..shipped.workflows import list_workflows
from ..texts.links import looks_like_link, remove_own_time
from ..texts.notation import is_there
from ..wording import name_option
from ..workflow.binding import list_named_inputs, resolve
from ..workflow.file import load_workflow
from ..workflow.validation import require_valid
from .options import MakeOptions

WORKFLOWS = {"draft": "draft", "fast": "talking_short_fast", "best": "talking_short"}
"""The shipped workflow that makes a short of each quality."""

OPTIONS = {
    "voice_start_seconds": "start",
    "voice_duration_seconds": "duration",
    "target_seconds": "target_seconds",
    "voice_rights": "voice_rights",
}
"""The options of a short by the graph's input that each sets, as far as nodes speak of them."""

URL_START_SECONDS = 40.0
FILE_START_SECONDS = 0.0
# Models compute multiples of 16; of the usual 1080 x 1920 they compute 1088 x 1920, which is cut.
POSSIBLE_SIDES = sorted([*range(16, 2049, 16), 1080])


@dataclass
class Choices:
    """Texts and files by the name of the input they go to."""

    values: dict[str, str] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)


def build_requests(options: MakeOptions) -> dict[str, Request]:
    """Return what to run for `make`'s options, for each quality that may be made: best first. Needs no server.

    A setting may be for an input that only some of these have: the others' requests note that as a problem.

    Raises UsageError for a file that isn't there and for options that exclude each other, ValidationError for what is
    well formed but impossible.
    """
    _require_mp4(options.output)
    choices = Choices()
    _choose_voice(options, choices)
    _choose_portrait(options, choices)
    choices.values["script"] = _require_words(options.script)
    if options.size:
        choices.values["width"], choices.values["height"] = map(str, _check_size(*options.size))
    if options.target_seconds is not None:
        choices.values["target_seconds"] = _text_of_positive("target_seconds", options.target_seconds)
    choices.values["seed"] = _text_of_positive("seed", options.seed)
    _require_voice(options)
    qualities = (
        [options.quality] if options.quality else ["draft"] if explain_uncloned(options) else ["best", "fast", "draft"]
    )
    paths = {workflow.name: workflow.path for workflow in list_workflows()}
    requests = {
        quality: _add_settings(_build_request(options, choices, paths[WORKFLOWS[quality]]), options.settings)
        for quality in qualities
    }
    first, *others = (request.problems for request in requests.values())
    require_valid(first if all(others) else [])
    return requests


def rename_inputs_of_short(message: str) -> str:
    """Return a message about inputs of the graph with the names of the short's options that set them."""
    for name, option in OPTIONS.items():
        message = re.sub(rf"\b{name}\b", name_option(option), message)
    return message


def explain_uncloned(options: MakeOptions) -> str:
    """Return why no voice may be cloned, which makes a draft of a short of no named quality; "" when one may."""
    if not options.voice:
        return f"Draft: no voice is given, so none is cloned. To clone one, name it with {name_option('voice')}."
    if not options.voice_rights:
        return (
            f"Draft: your voice isn't cloned. To clone it, confirm with {name_option('voice_rights')} that it is yours "
            "or that its owner agreed, and use a machine with a GPU."
        )
    return ""


def _require_voice(options: MakeOptions) -> None:
    """Raise ValidationError when a quality is asked for that clones a voice, and none may be cloned."""
    if options.quality in (None, "draft"):
        return
    if not options.voice:
        raise ValidationError(
            f"{name_option('quality', options.quality)} clones a voice, and none is given: name one with "
            f"{name_option('voice')} (a URL or a file). {name_option('quality', 'draft')} has a voice of its own."
        )
    if not options.voice_rights:
        raise ValidationError(
            f"Cloning a voice needs its owner's consent: give {name_option('voice_rights')} when you have it. "
            f"{name_option('quality', 'draft')} speaks with a synthetic voice and needs none."
        )


def _build_request(options: MakeOptions, choices: Choices, path: Path) -> Request:
    workflow = load_workflow(path)
    values = dict(choices.values)
    if any(named.name == "voice_rights" for named in list_named_inputs(workflow)):
        values["voice_rights"] = str(options.voice_rights)
    return Request(
        workflow,
        options.output,
        [(resolve(workflow, name), text) for name, text in values.items()],
        [(resolve(workflow, name), file) for name, file in choices.files.items()],
    )


def _add_settings(request: Request, settings: Sequence[Setting]) -> Request:
    values, problems = [*request.values], []
    for address, text in settings:
        try:
            values.append((resolve(request.workflow, address), text))
        except ValidationError as error:
            problems.append(str(error))
    return replace(request, values=values, problems=problems)


def _require_mp4(output: str) -> None:
    """Raise UsageError when the name of the output asks for something other than an mp4."""
    ending = PurePath(output).suffix
    if ending.lower() not in ("", ".mp4") and "{" not in ending and not output.endswith("/"):
        raise UsageError(
            f"The output {output!r} ends in {ending}, and a short is an mp4: end it in .mp4, or leave it out."
        )


def _choose_voice(options: MakeOptions, choices: Choices) -> None:
    is_link = bool(options.voice) and _is_link(options.voice)
    start = options.start_seconds
    if start is None:
        # The node takes this for a start that nobody chose: a time in the link counts before it.
        start = URL_START_SECONDS if is_link else FILE_START_SECONDS
    start_text = _text_of_positive("start", start)
    duration_text = _text_of_positive("duration", options.duration_seconds)
    if not options.voice:
        choices.values["voice_source"] = ""
        return
    if is_link:
        is_start_given = options.start_seconds is not None
        choices.values["voice_source"] = remove_own_time(options.voice) if is_start_given else options.voice
    else:
        choices.files["voice_source"] = require_readable(Path(options.voice), "It isn't a URL (https://...) either.")
    choices.values["voice_start_seconds"] = start_text
    choices.values["voice_duration_seconds"] = duration_text


def _is_link(voice: str) -> bool:
    return is_url(voice) or (not is_there(Path(voice)) and looks_like_link(voice))


def _choose_portrait(options: MakeOptions, choices: Choices) -> None:
    if options.portrait and options.portrait_prompt:
        raise UsageError(
            f"{name_option('portrait')} and {name_option('portrait_prompt')} exclude each other: "
            "give a picture or a description."
        )
    if options.portrait:
        choices.files["portrait_picture"] = require_readable(Path(options.portrait))
    elif options.portrait_prompt:
        choices.values["portrait_prompt"] = options.portrait_prompt


def _require_words(script: str) -> str:
    if not script.strip():
        raise ValidationError(f"The script is empty: say something with {name_option('script')}.")
    return script


def _check_size(width: int, height: int) -> tuple[int, int]:
    """Return the size. Raises ValidationError, which names the nearest, when a short can't have it."""
    if width not in POSSIBLE_SIDES or height not in POSSIBLE_SIDES:
        nearest = {f"{find(width)}x{find(height)}": None for find in (_find_side_below, _find_side_above)}
        raise ValidationError(
            f"The size {width}x{height} is impossible: both sides must be multiples of 16 from 16 to 2048, or 1080. "
            f"Try {' or '.join(nearest)}."
        )
    return width, height


def _find_side_below(side: int) -> int:
    return max((possible for possible in POSSIBLE_SIDES if possible <= side), default=POSSIBLE_SIDES[0])


def _find_side_above(side: int) -> int:
    return min((possible for possible in POSSIBLE_SIDES if possible >= side), default=POSSIBLE_SIDES[-1])


def _text_of_positive(name: str, value: float) -> str:
    """Return a number that is zero or more as the text to bind."""
    if value < 0:
        raise ValidationError(f"{name_option(name, str(value))} is impossible: it must be 0 or more.")
    return str(value)
