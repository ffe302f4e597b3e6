"""Find the files that users name in ComfyUI's input folder."""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import folder_paths

from ...core.errors import InputError

# Which not every Python knows to be pictures.
_PHONE_PICTURES = (".heic", ".heif", ".avif")

ContentType = Literal["image", "video", "audio"]


def find_input_file(name: str) -> Path | None:
    """Return the path of a file in the input folder ("name", "folder/name", "name [output]"), or None.

    Names that lead out of the folder count as missing. The same letters in other code points, as macOS writes ü, name
    the same file.
    """
    try:
        return next((path for path in _list_readings(name) if path.is_file()), None)
    except (ValueError, OSError):
        return None


def require_input_file(name: str) -> Path:
    """Return the path of a file in the input folder. Raises InputError, naming those that are near, when none is."""
    path = find_input_file(name)
    if path is None:
        raise InputError(explain_missing_file(name))
    return path


def check_input_file(name: str | None) -> bool | str:
    """Return what ComfyUI's validate_inputs wants: True, or what is wrong. A name that a node gives isn't known yet."""
    if name is not None and not name.strip():
        return "No file is named. Upload one, or name one that lies in ComfyUI's input folder."
    return True if name is None or find_input_file(name) else explain_missing_file(name)


def list_input_files(content_types: Iterable[ContentType]) -> list[str]:
    """Return the names, in the input folder itself, of all files of these types."""
    wanted = set(content_types)
    names = [path.name for path in Path(folder_paths.get_input_directory()).iterdir() if path.is_file()]
    phone_pictures = [name for name in names if "image" in wanted and name.lower().endswith(_PHONE_PICTURES)]
    return sorted({*folder_paths.filter_files_content_types(names, list(wanted)), *phone_pictures})


def explain_missing_file(name: str) -> str:
    """Return a sentence that says that the file is missing and which names are near."""
    shown = repr(name[:200])
    if _is_there(name):
        return f"{shown} in ComfyUI's input folder isn't a file but a folder or a device. Give a file."
    names = {file.name.casefold(): file.name for file in _list_files(Path(folder_paths.get_input_directory()))}
    near = difflib.get_close_matches(name[:200].casefold(), sorted(names), n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(_format_name(names[match]) for match in near)}?" if near else ""
    return f"There is no file {shown} in ComfyUI's input folder.{hint or ' Upload it first, or check the name.'}"


def _list_readings(name: str) -> Iterator[Path]:
    """Yield the paths inside ComfyUI's folders that a name may stand for, as it is written first.

    Raises ValueError for a name that leads out of them, OSError for one that no file can have.
    """
    path = Path(folder_paths.get_annotated_filepath(name))
    yield path
    if name.endswith("]"):  # a file's own name may look like a note of its folder
        yield Path(folder_paths.get_annotated_filepath(f"{name} [input]"))
    if not name.isascii():
        yield from (file for file in _list_files(path.parent) if _compose(file.name) == _compose(path.name))


def _is_there(name: str) -> bool:
    try:
        return any(path.exists() for path in _list_readings(name))
    except (ValueError, OSError):
        return False


def _list_files(folder: Path) -> list[Path]:
    return [file for file in folder.iterdir() if file.is_file()] if folder.is_dir() else []


def _compose(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _format_name(name: str) -> str:
    return name if name.isprintable() else repr(name)


def fingerprint_file(name: str | None) -> str:
    """Return what changes when the file's content does: its size and time of change ("" for none)."""
    path = find_input_file(name.strip()) if name else None
    if path is None:
        return ""
    stat = path.stat()
    return f"{stat.st_size}:{stat.st_mtime_ns}"
