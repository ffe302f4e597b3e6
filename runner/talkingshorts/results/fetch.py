"""Bring a job's files to this machine, each whole or not at all, and write the report that stands beside them."""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import json
import os
import string
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import Any, Protocol

from ..comfyui.client import Delivery, MissingFileError, RemoteFile
from ..errors import UnreachableError, UsageError
from ..files import replacing
from ..media.audio import AudioInfo, read_audio_info
from ..media.mp4 import VideoInfo, read_video_info

RESULT_PAUSES_SECONDS = (0.2, 1.0, 3.0)
"""Before a download is taken up again. After so many attempts without a new byte it is given up."""

TEMPLATE_FIELDS = ("name", "ext", "id", "seed", "workflow", "node")


ShowBytes = Callable[[int, int | None], object]
"""Called with the bytes received so far and, where the server tells, the bytes of the whole file."""


class Source(Protocol):
    """Where files are downloaded from."""

    def deliver(
        self, file: RemoteFile, start: int = 0, version: str | None = None
    ) -> contextlib.AbstractContextManager[Delivery]:
        """Give the file's bytes from `start` on, or all of them when it isn't in that version any more."""
        ...


@dataclass(frozen=True)
class LocalFile:
    """A result on this machine; `media` is None for what is neither a video nor a sound that tells its facts."""

    path: Path
    sha256: str
    bytes: int
    media: VideoInfo | AudioInfo | None

    def report(self) -> dict[str, Any]:
        """Return the file's entry in the result file."""
        entry = {"path": str(self.path.absolute()), "sha256": self.sha256, "bytes": self.bytes}
        return entry | (asdict(self.media) if self.media else {})


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
        """Write once where the results will go, or to the nearest folder above that exists, and leave nothing there.

        Raises UsageError when results could not be written there later.
        """
        if self._text == "-":
            raise UsageError("The output '-' can't be stdout, which gets the path of the file: name a file.")
        path = self.path_for(dict.fromkeys(TEMPLATE_FIELDS, "x") | fields)
        # Folders named by a field get their name from the result: only those above them can be made now.
        parts = list(itertools.takewhile(lambda part: "{" not in part, PurePath(self._text).parts))
        folder = path.parent if len(parts) == len(PurePath(self._text).parts) else Path(*parts)
        try:
            existing = next(above for above in (folder.absolute(), *folder.absolute().parents) if above.exists())
            tempfile.TemporaryFile(dir=existing).close()
            is_folder = path.is_dir()
            is_device = any(named.exists() and not named.is_file() for named in (path, Path(self._text)))
            with contextlib.suppress(FileNotFoundError):
                path.stat()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UsageError(f"The output {self._text!r} can't be written: {reason}: {folder}.") from error
        if is_folder:
            raise UsageError(f"The output {self._text!r} is a folder: give a file, or end it with a slash.")
        if is_device and not self._is_folder:
            raise UsageError(f"The output {self._text!r} is a device or a pipe: name a file.")

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


def download(
    source: Source, file: RemoteFile, path: Path, sha256: str | None = None, show: ShowBytes = lambda done, total: None
) -> LocalFile:
    """Write the file to `path` and return its facts. What stood there stays until the new file is whole.

    A download that breaks off is taken up where it broke off. `sha256` is what the server said of the file.

    Raises UsageError when it can't be written, UnreachableError when the server is away or breaks off time and again,
    MissingFileError when the server has no such file, or one by another job under the same name.
    """
    with _writing(path) as partial:
        with partial.open("w+b") as target:
            digest = _receive(source, file, target, show)
            if sha256 not in {None, digest}:
                digest = _receive(source, file, target, show)
            if sha256 not in {None, digest}:
                raise MissingFileError(f"The server now has another file under the name {file.filename}.")
            os.fsync(target.fileno())
        media = read_video_info(partial) or read_audio_info(partial)
        return LocalFile(path, digest, partial.stat().st_size, media)


def write_report(path: Path, report: dict[str, Any]) -> None:
    """Write the result file. Raises UsageError when it can't be written."""
    with _writing(path) as partial:
        text = json.dumps(report, ensure_ascii=False, indent=2) + "\n"
        # Half a character, as a file name may hold, becomes the escape that JSON has for it.
        partial.write_text(text, encoding="utf-8", errors="backslashreplace")


def report_path(files: Iterable[Path]) -> Path:
    """Return `NAME.json` beside the first file, or `NAME.result.json` when one of the files has that name."""
    paths = list(files)
    beside = paths[0].with_suffix(".json")
    return beside if beside not in paths else paths[0].with_suffix(".result.json")


def _receive(source: Source, file: RemoteFile, target: io.BufferedRandom, show: ShowBytes) -> str:
    """Fill `target` with the whole file and return its sha256. Raises UnreachableError when that doesn't succeed."""
    received = most = failures = 0
    version: str | None = None
    while True:
        try:
            with source.deliver(file, received, version) as delivery:
                received, version = delivery.start, delivery.version
                target.seek(received)
                target.truncate()
                for chunk in delivery.chunks:
                    target.write(chunk)
                    received += len(chunk)
                    show(received, delivery.total)
            if delivery.total is not None and received != delivery.total:
                raise UnreachableError(
                    f"The download of {file.filename} stopped after {received} of {delivery.total} bytes."
                )
            target.flush()
            target.seek(0)
            return hashlib.file_digest(target, "sha256").hexdigest()
        except UnreachableError:
            failures = 0 if received > most else failures + 1
            most = max(most, received)
            if failures > len(RESULT_PAUSES_SECONDS):
                raise
            time.sleep(RESULT_PAUSES_SECONDS[max(failures - 1, 0)])


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[Path]:
    """Give a temporary path that takes the place of `path`. Raises UsageError when that can't be written."""
    try:
        with replacing(path) as partial:
            yield partial
    except OSError as error:
        raise UsageError(f"{path} can't be written: {error.strerror or error}.") from error


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
