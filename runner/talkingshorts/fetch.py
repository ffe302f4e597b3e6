"""Bring a job's files to this machine, each whole or not at all, and write the report that stands beside them."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import string
import tempfile
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import Any, Protocol

from .client import MissingFileError, RemoteFile
from .errors import UnreachableError, UsageError
from .mp4_info import VideoInfo, read_video_info

DOWNLOAD_ATTEMPTS = 3

TEMPLATE_FIELDS = ("name", "ext", "id", "seed", "workflow", "node")


class Source(Protocol):
    """Where files are downloaded from."""

    def download(self, file: RemoteFile) -> Iterator[bytes]:
        """Yield the file's bytes."""
        ...


@dataclass(frozen=True)
class LocalFile:
    """A result on this machine; `video` is None for a file without a picture track."""

    path: Path
    sha256: str
    bytes: int
    video: VideoInfo | None

    def report(self) -> dict[str, Any]:
        """Return the file's entry in the result file."""
        entry = {"path": str(self.path.absolute()), "sha256": self.sha256, "bytes": self.bytes}
        return entry | (asdict(self.video) if self.video else {})


class OutputTemplate:
    """The path that results are written to, with the fields of TEMPLATE_FIELDS in braces.

    A path without an ending gets the file's own; a folder, or a path that ends in a slash, gets the file's own name.
    Raises UsageError for a template with other fields or stray braces.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        try:
            fields = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
            self._fill(dict.fromkeys(TEMPLATE_FIELDS, "x"))
        except (ValueError, KeyError, IndexError, AttributeError) as error:
            raise UsageError(
                f"The output {text!r} can't be filled in: use {', '.join(f'{{{name}}}' for name in TEMPLATE_FIELDS)}, "
                "and {{ or }} for a brace."
            ) from error
        self._ends_itself = "{ext}" in text
        self._ending = "" if self._ends_itself else PurePath(text).suffix
        self._is_folder = not text or text.endswith(("/", os.sep)) or (not fields and _is_folder(Path(text)))

    def path_for(self, fields: dict[str, str], is_one_of_many: bool = False) -> Path:
        """Return the path for a file with these fields; `ext` with its dot.

        One of many files keeps its own ending, whatever the template says.
        """
        path = self._fill(fields)
        if self._is_folder:
            return path / (fields["name"] + fields["ext"])
        if is_one_of_many and self._ending:
            return path.with_suffix(fields["ext"])
        return path if self._ends_itself or self._ending else path.with_name(path.name + fields["ext"])

    def require_writable(self, fields: dict[str, str]) -> None:
        """Make the folder and write to it once. Raises UsageError when results could not be written there later."""
        path = self.path_for(dict.fromkeys(TEMPLATE_FIELDS, "x") | fields)
        # Folders named by a field get their name from the result: only those above them can be made now.
        parts = list(itertools.takewhile(lambda part: "{" not in part, PurePath(self._text).parts))
        folder = path.parent if len(parts) == len(PurePath(self._text).parts) else Path(*parts)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
            is_folder = path.is_dir()
            with contextlib.suppress(FileNotFoundError):
                path.stat()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UsageError(f"The output {self._text!r} can't be written: {reason}: {folder}.") from error
        if is_folder:
            raise UsageError(f"The output {self._text!r} is a folder: give a file, or end it with a slash.")

    def _fill(self, fields: dict[str, str]) -> Path:
        safe = {key: value.replace("/", "_").replace("\\", "_") for key, value in fields.items()}
        return Path(self._text.format_map(safe))


def list_files(outputs: dict[str, Any]) -> list[RemoteFile]:
    """Return every file in a job's outputs, under whatever key: saved ones if there are any, else the previews."""
    files = dict.fromkeys(
        RemoteFile(node_id, item["filename"], item.get("subfolder") or "", item.get("type") or "output")
        for node_id, entries in outputs.items()
        if isinstance(entries, dict)
        for items in entries.values()
        if isinstance(items, list)
        for item in items
        if isinstance(item, dict) and item.get("filename")
    )
    saved = [file for file in files if file.type == "output"]
    return saved or list(files)


def choose_paths(template: OutputTemplate, files: list[dict[str, str]]) -> list[Path]:
    """Return a path for each file's fields, none twice: a path that is taken gets `-2`, `-3`... before its ending."""
    paths: list[Path] = []
    for fields in files:
        paths.append(_free_path(template.path_for(fields, is_one_of_many=len(files) > 1), paths))
    return paths


def download(source: Source, file: RemoteFile, path: Path, sha256: str | None = None) -> LocalFile:
    """Write the file to `path` and return its facts. What stood there stays until the new file is whole.

    Raises UsageError when it can't be written, UnreachableError when the server is away, MissingFileError when the
    server has no such file, or one by another job (its hash isn't `sha256`) under the same name.
    """
    for _ in range(DOWNLOAD_ATTEMPTS - 1):
        with contextlib.suppress(UnreachableError):
            return _download_once(source, file, path, sha256)
    return _download_once(source, file, path, sha256)


def write_report(path: Path, report: dict[str, Any]) -> None:
    """Write the result file. Raises UsageError when it can't be written."""
    with _replacing(path) as partial:
        partial.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def report_path(files: Iterable[Path]) -> Path:
    """Return `NAME.json` beside the first file, or `NAME.result.json` when one of the files has that name."""
    paths = list(files)
    beside = paths[0].with_suffix(".json")
    return beside if beside not in paths else paths[0].with_suffix(".result.json")


def _download_once(source: Source, file: RemoteFile, path: Path, sha256: str | None) -> LocalFile:
    digest, size = hashlib.sha256(), 0
    with _replacing(path) as partial:
        with partial.open("wb") as target:
            for chunk in source.download(file):
                target.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        if sha256 is not None and digest.hexdigest() != sha256:
            raise MissingFileError(f"The server now has another file under the name {file.filename}.")
        video = read_video_info(partial)
    return LocalFile(path, digest.hexdigest(), size, video)


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path that takes the place of `path` when the block ends well, and is removed otherwise."""
    partial = path.with_name(f".talkingshorts-{uuid.uuid4().hex}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield partial
        partial.replace(path)
    except OSError as error:
        raise UsageError(f"{path} can't be written: {error.strerror or error}.") from error
    finally:
        partial.unlink(missing_ok=True)


def _is_folder(path: Path) -> bool:
    """Tell whether a folder stands there; a path that no file system takes is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _free_path(path: Path, taken: list[Path]) -> Path:
    candidate, number = path, 2
    while candidate in taken:
        candidate, number = path.with_name(f"{path.stem}-{number}{path.suffix}"), number + 1
    return candidate
