"""Find the files that users name in ComfyUI's input folder."""

from __future__ import annotations

import difflib
from pathlib import Path

import folder_paths


def find_input_file(name: str) -> Path | None:
    """Return the path of a file in the input folder ("name", "folder/name", "name [output]"), or None.

    Names that lead out of the folder count as missing.
    """
    try:
        path = Path(folder_paths.get_annotated_filepath(name))
        return path if path.is_file() else None
    except (ValueError, OSError):
        return None


def explain_missing_file(name: str) -> str:
    """Return a sentence that says that the file is missing and which names are near."""
    known = sorted(file.name for file in Path(folder_paths.get_input_directory()).iterdir() if file.is_file())
    near = difflib.get_close_matches(name[:200], known, n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(near)}?" if near else " Upload it first, or check the name."
    return f"There is no file {name[:200]!r} in ComfyUI's input folder.{hint}"


def fingerprint_file(name: str | None) -> str:
    """Return what changes when the file's content does: its size and time of change ("" for none)."""
    path = find_input_file(name) if name else None
    if path is None:
        return ""
    stat = path.stat()
    return f"{stat.st_size}:{stat.st_mtime_ns}"
