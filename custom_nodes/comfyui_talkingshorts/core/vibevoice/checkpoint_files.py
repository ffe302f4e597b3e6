"""The files of a model: a folder with its config.json, as on Hugging Face, or one file with a config beside it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ModelError

REMEDY = (
    "Download all files of a VibeVoice model (the pages microsoft/VibeVoice-1.5B, vibevoice/VibeVoice-7B or "
    "vibevoice/VibeVoice-1.5B-hf on huggingface.co) into a folder of its own in models/vibevoice."
)

_WEIGHTS_NAME = "model.safetensors"
_INDEX_NAME = "model.safetensors.index.json"
_PART_ENDING = ".part"
_SHARD_NAME = re.compile(r"-\d+-of-\d+\.safetensors$")


@dataclass(frozen=True)
class CheckpointFiles:
    """What a model consists of: its config.json and its safetensors files."""

    config: Path
    weights: tuple[Path, ...]


def find_checkpoint(path: Path) -> CheckpointFiles:
    """Return the files of a model's folder, or of a single file X.safetensors with X.config.json or config.json.

    Raises ModelError when one is missing.
    """
    if path.is_dir():
        weights = _find_weights(path)
        return CheckpointFiles(_require_file(path / "config.json", path), weights)
    _require_file(path, path.parent)
    named_config = path.with_suffix(".config.json")
    config = named_config if named_config.is_file() else path.with_name("config.json")
    if not config.is_file():
        raise ModelError(f"{path} lacks its {named_config.name}. Put the model's config.json beside it by that name.")
    return CheckpointFiles(config, (path,))


def list_checkpoints(root: Path) -> list[str]:
    """Return the models below a folder, as paths from there with slashes: folders with a config.json and single files.

    Models with files missing are among them: loading one then says what it lacks. Those that are being downloaded, with
    a file X.part in their folder, aren't: a program would take one for a model that is there.
    """
    found: list[str] = []
    for folder, subfolders, names in os.walk(root, followlinks=True):
        here = Path(folder).relative_to(root)
        if _is_model_folder(names):
            if not any(name.endswith(_PART_ENDING) for name in names):
                found.append(here.as_posix())
            subfolders.clear()
        else:
            found += [(here / name).as_posix() for name in names if name.endswith(".safetensors")]
    return sorted(found)


def fingerprint_checkpoint(path: Path) -> str:
    """Return what changes when a model's files do: name, size and time of change of each."""
    files = sorted(path.iterdir()) if path.is_dir() else [path, *sorted(path.parent.glob("*.json"))]
    stats = [(file.name, file.stat()) for file in files if file.is_file()]
    return "|".join(f"{name}:{stat.st_size}:{stat.st_mtime_ns}" for name, stat in stats)


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file. Raises ModelError when it holds something else."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} can't be read: {error}. Download it again.") from error
    if not isinstance(value, dict):
        raise ModelError(f"{path} holds no JSON object. Download it again.")
    return value


def _is_model_folder(names: Iterable[str]) -> bool:
    weights = [name for name in names if name.endswith(".safetensors")]
    is_whole = _INDEX_NAME in names or any(name == _WEIGHTS_NAME or _SHARD_NAME.search(name) for name in weights)
    return is_whole or ("config.json" in names and not weights)


def _find_weights(folder: Path) -> tuple[Path, ...]:
    index = folder / _INDEX_NAME
    if not index.is_file():
        return (_require_file(folder / _WEIGHTS_NAME, folder),)
    try:
        names = sorted({Path(name).name for name in read_json(index)["weight_map"].values()})
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{index} names no files in a weight_map. Download it again.") from error
    return tuple(_require_file(folder / name, folder) for name in names)


def _require_file(file: Path, model: Path) -> Path:
    if not file.is_file():
        raise ModelError(f"{model} isn't a complete model: it lacks {file.name}. {REMEDY}")
    return file
