"""The one list of model files, models.json: what each is, where it comes from, and which presets need it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from ..display.terminal import format_size
from ..errors import RunnerError, UsageError
from ..wording import suggest
from .data import shipped_dir

_FIELDS = {"name": str, "url": str, "folder": str, "bytes": int, "preset": list, "licence": str}
_SHA256 = re.compile(r"[0-9a-f]{64}")

MODELS_NAMED = 2
"""More missing models than these are counted, not named."""


class ModelListError(RunnerError):
    """models.json is missing or damaged."""


@dataclass(frozen=True)
class ModelFile:
    """One file. `name` is its name, or its path in a model's folder (`VibeVoice-1.5B/config.json`), below `folder`.

    `folder` is one of ComfyUI's model folders. `sha256` is None where it isn't published.
    """

    name: str
    url: str
    folder: str
    bytes: int
    sha256: str | None
    presets: tuple[str, ...]
    licence: str

    @property
    def relative_path(self) -> str:
        """The file's place below a models folder, with slashes."""
        return f"{self.folder}/{self.name}"

    @property
    def loader_name(self) -> str:
        """What a loader node calls it: the file's name, or that of the model's folder it is part of."""
        return self.name.partition("/")[0]


def load_model_list(path: Path | None = None) -> list[ModelFile]:
    """Return the files of the shipped models.json, or of another list. Raises ModelListError for a damaged one."""
    path = path or shipped_dir() / "models.json"
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelListError(
            f"{path} can't be read: {error}. Restore it with `git checkout models.json`, or install talkingshorts anew."
        ) from error
    if not isinstance(entries, list):
        raise ModelListError(f"{path} holds no list.")
    files = [_read_entry(path, number, entry) for number, entry in enumerate(entries, 1)]
    places = [file.relative_path for file in files]
    if twice := sorted({place for place in places if places.count(place) > 1}):
        raise ModelListError(f"{path} names {', '.join(twice)} twice.")
    return files


def list_presets(files: Iterable[ModelFile]) -> dict[str, list[ModelFile]]:
    """Return the files that each preset needs, in the list's order."""
    presets: dict[str, list[ModelFile]] = {}
    for file in files:
        for preset in file.presets:
            presets.setdefault(preset, []).append(file)
    return presets


def select_files(files: Sequence[ModelFile], words: Iterable[str]) -> list[ModelFile]:
    """Return the files that the words mean, in the list's order: presets, files, or folders such as VibeVoice-1.5B.

    Raises UsageError for a word that means none.
    """
    presets = list_presets(files)
    chosen: set[ModelFile] = set()
    for word in words:
        found = presets.get(word) or [
            file for file in files if word in {file.loader_name, file.name, file.relative_path}
        ]
        if not found:
            names = {file.loader_name for file in files}
            raise UsageError(
                f"No preset or model file is called {word!r}{suggest(word, [*presets, *sorted(names)])} "
                f"Presets: {', '.join(presets)}. Files: talkingshorts models list"
            )
        chosen.update(found)
    return [file for file in files if file in chosen]


def explain_download(loader_name: Any) -> str:
    """Return how to get a model that an input is set to, as a further sentence; "" when the list doesn't have it."""
    return f" To get it: talkingshorts models download {loader_name}" if is_listed(loader_name) else ""


def is_listed(loader_name: Any) -> bool:
    """Tell whether the list has a model that a loader calls so."""
    try:
        return loader_name in [file.loader_name for file in load_model_list()]
    except ModelListError:
        return False


def explain_missing_models(missing: Collection[str], needed: Collection[str]) -> str:
    """Return in one line that models of the list aren't there, and the command that gets them.

    Both are loaders' names: `needed` are all that is needed. The command names the preset that is just these.
    """
    files = load_model_list()
    wanted = {file for file in files if file.loader_name in needed}
    preset = next((name for name, holds in list_presets(files).items() if set(holds) == wanted), "")
    sizes = {name: sum(file.bytes for file in files if file.loader_name == name) for name in missing}
    return format_missing(sizes, preset or " ".join(missing))


def format_missing(sizes: Mapping[str, int], words: str) -> str:
    """Return that models aren't there, by their bytes, with the command whose words get them. Few of them are named."""
    names = f"{', '.join(sizes)}: " if len(sizes) <= MODELS_NAMED else ""
    count = "1 model file is" if len(sizes) == 1 else f"{len(sizes)} model files are"
    size = format_size(sum(sizes.values()))
    return f"{count} missing ({names}{size}): talkingshorts models download {words}"


def _read_entry(path: Path, number: int, entry: Any) -> ModelFile:
    wrong = _find_fault(entry)
    if wrong:
        raise ModelListError(f"{path}, entry {number}: {wrong}.")
    return ModelFile(
        name=entry["name"],
        url=entry["url"],
        folder=entry["folder"],
        bytes=entry["bytes"],
        sha256=entry.get("sha256"),
        presets=tuple(entry["preset"]),
        licence=entry["licence"],
    )


def _find_fault(entry: Any) -> str:
    """Return what is wrong with an entry; "" when nothing is."""
    if not isinstance(entry, dict):
        return "it isn't an object"
    for name, kind in _FIELDS.items():
        if type(entry.get(name)) is not kind or not entry[name]:
            return f"{name} = {entry.get(name)!r} is no {kind.__name__}, or empty"
    if unknown := sorted(entry.keys() - _FIELDS.keys() - {"sha256"}):
        return f"unknown field {', '.join(unknown)}"
    if entry["bytes"] < 0:
        return f"bytes = {entry['bytes']} is below 0"
    if "sha256" in entry and not _SHA256.fullmatch(str(entry["sha256"])):
        return f"sha256 = {entry['sha256']!r} isn't 64 small hexadecimal digits"
    if not entry["url"].startswith(("https://", "http://")):
        return f"url = {entry['url']!r} isn't a web address"
    if not all(isinstance(preset, str) for preset in entry["preset"]):
        return f"preset = {entry['preset']!r} isn't a list of names"
    place = PurePosixPath(entry["folder"], entry["name"])
    if place.is_absolute() or ".." in place.parts or "\\" in str(place):
        return f"{place} leads out of the models folder"
    return ""
