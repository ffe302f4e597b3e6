"""Where results go: a local path, or any place that fsspec reaches by its URL, such as s3://bucket/folder/."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import re
import shutil
import sys
import time
import uuid
from base64 import b64decode
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from .. import home
from ..errors import UsageError
from ..http import without_credentials
from .fetch import OutputTemplate, report_path

URL_PATTERN = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
NEARLY_URL_PATTERN = re.compile(r"[a-z][a-z0-9+.-]+:[/:]", re.IGNORECASE)
"""A slip of the pen, or URLs in a chain. As a path it would be a folder here, under a name that looks like a store."""

QUERY = re.compile(r"\?\S+")

OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "oss", "obs", "r2"})
"""Here a file appears under its name when all of it is there; elsewhere it is written under another name, and moved."""

PACKAGE_BY_SCHEME = {
    "s3": "s3fs",
    "s3a": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "az": "adlfs",
    "abfs": "adlfs",
    "sftp": "paramiko",
}

UPLOAD_PAUSES_SECONDS = (1.0, 4.0, 15.0)
"""Before an upload that failed is tried again; a refusal isn't."""

REASON_CHARACTERS = 300
COMPARED_CHUNK_BYTES = 1 << 20

Tell = Callable[[str, int], object]
"""Called with the URL and the bytes of a file before it is uploaded."""


class Destination(Protocol):
    """Where a job's results go. `template` gives the local paths that they are downloaded to."""

    template: OutputTemplate

    def name(self, path: Path) -> str:
        """Return what a local path stands for, as it is noted: an absolute path or a URL."""
        ...

    def show(self, path: Path) -> str:
        """Return what a local path stands for, as it is printed."""
        ...

    def store(self, paths: Sequence[Path], tell: Tell) -> None:
        """Bring the files to where they are to be, in this order. Raises UsageError when that fails for good."""
        ...


class LocalDestination:
    """A path on this machine: what was downloaded is where it is to be."""

    def __init__(self, output: str) -> None:
        self.template = OutputTemplate(output)

    def name(self, path: Path) -> str:
        """Return the absolute path."""
        return str(path.absolute())

    def show(self, path: Path) -> str:
        """Return the path as it was asked for."""
        return str(path)

    def store(self, paths: Sequence[Path], tell: Tell) -> None:
        """Nothing is left to do."""


class RemoteDestination:
    """A place behind a URL: what was downloaded into a folder of the runner's own is put there, and checked.

    Raises UsageError for a URL that can't be a place for results, and when what reaches it isn't installed.
    """

    def __init__(self, output: str, folder: Path) -> None:
        self._output = output
        self._scheme, _, rest = output.partition("://")
        self._scheme = self._scheme.lower()
        self._is_object_store = self._scheme in OBJECT_STORES
        place = rest.lstrip("/")
        self._root = f"{self._scheme}://{'/' * (len(rest) - len(place))}"
        bucket, slash, _ = place.partition("/")
        self._require_plain(bucket, place)
        self._folder = folder
        self._place = place if slash or not self._is_object_store else f"{place}/"
        OutputTemplate(output)  # A wrong field is told with the URL, not with the local path below.
        escaped = str(folder).replace("{", "{{").replace("}", "}}")
        self.template = OutputTemplate(f"{escaped}/{self._place}")
        self._files, _ = _open_place(f"{self._root}{bucket}")

    def name(self, path: Path) -> str:
        """Return the URL. Raises UsageError when a field of the template leads out of the place."""
        inside = path.relative_to(self._folder)
        if ".." in inside.parts:
            raise UsageError(f"The output {self._output!r} can't be filled in: {inside} leads elsewhere.")
        return self._root + inside.as_posix()

    def show(self, path: Path) -> str:
        """Return the URL."""
        return self.name(path)

    def store(self, paths: Sequence[Path], tell: Tell) -> None:
        """Upload the files in this order, each whole or not at all, check them there, and remove them here.

        Raises UsageError when that fails for good; the files are then kept, and the message says where.
        """
        for path in paths:
            url = self.name(path)
            tell(url, path.stat().st_size)
            try:
                self._upload(path, _path_in_store(url))
            except Exception as error:  # Each file system has errors of its own.
                raise UsageError(f"{url} can't be written: {_reason_of(error)}. The file is kept as {path}.") from None
        shutil.rmtree(self._folder, ignore_errors=True)

    def require_writable(self) -> None:
        """Write once where the results will go, and leave nothing there.

        Raises UsageError when results could not be written there later.
        """
        parts = PurePosixPath(self._place + ("x" if self._place.endswith("/") else "")).parts[:-1]
        known = "/".join(itertools.takewhile(lambda part: "{" not in part, parts))
        try:
            folder = _path_in_store(f"{self._root}{known}")
            while not self._is_object_store and not self._files.isdir(folder) and folder != _folder_of(folder):
                folder = _folder_of(folder)
            probe = _partial_in(folder)
            self._files.pipe_file(probe, b"")
            self._files.rm_file(probe)
            if not self._is_object_store and not self._place.endswith("/"):
                self._require_no_folder(_path_in_store(f"{self._root}{self._place}"))
        except Exception as error:  # Each file system has errors of its own.
            raise UsageError(f"The output {self._output!r} can't be written: {_reason_of(error)}.") from None

    def _require_plain(self, bucket: str, place: str) -> None:
        """Raise UsageError for a URL with a password, without a place, or that leads elsewhere."""
        if "@" in bucket and ":" in bucket.rpartition("@")[0]:
            raise UsageError(
                f"The output {without_credentials(self._output)!r} holds a password, which would be written down: "
                "give it through the environment or fsspec's configuration."
            )
        if not place or ".." in PurePosixPath(place).parts or (self._is_object_store and "{" in bucket):
            raise UsageError(
                f"The output {self._output!r} names no place: expected something like s3://bucket/folder/."
            )

    def _upload(self, local: Path, path: str) -> None:
        for pause in (*UPLOAD_PAUSES_SECONDS, None):
            try:
                return self._put(local, path)
            except (PermissionError, FileNotFoundError, IsADirectoryError, NotImplementedError):
                raise
            except Exception:  # Each file system has errors of its own.
                if pause is None:
                    raise
                time.sleep(pause)
        return None

    def _put(self, local: Path, path: str) -> None:
        if self._is_object_store:
            self._files.put_file(str(local), path)
            self._require_same(local, path)
            return
        self._files.makedirs(_folder_of(path), exist_ok=True)
        self._require_no_folder(path)
        partial = _partial_in(_folder_of(path))
        try:
            self._files.put_file(str(local), partial)
            self._require_same(local, partial)
            self._files.mv(partial, path)
        except BaseException:
            with contextlib.suppress(Exception):
                self._files.rm_file(partial)
            raise

    def _require_no_folder(self, path: str) -> None:
        """Raise IsADirectoryError when a file that is moved to `path` would end up inside a folder of that name."""
        if self._files.isdir(path):
            raise IsADirectoryError("a folder has this name: name a file, or end the URL with a slash")

    def _require_same(self, local: Path, path: str) -> None:
        """Raise OSError when the store doesn't hold the local file's content: by its hash, or else as it reads back."""
        self._files.invalidate_cache()
        facts = self._files.info(path)
        if facts["size"] != local.stat().st_size:
            raise OSError(f"{facts['size']} of {local.stat().st_size} bytes arrived")
        with local.open("rb") as file:
            if hashlib.file_digest(file, "md5").hexdigest() == _md5_told_by(facts):
                return
        with local.open("rb") as file, self._files.open(path, "rb") as stored:
            while chunk := file.read(COMPARED_CHUNK_BYTES):
                if stored.read(len(chunk)) != chunk:
                    raise OSError("what arrived isn't what was sent")


def is_url(output: str) -> bool:
    """Tell whether results are to go to a URL."""
    return URL_PATTERN.match(output) is not None


def split_place(place: str) -> tuple[str, str]:
    """Return a URL's scheme with its "://", and the rest; for a path "" and the path itself."""
    if not is_url(place):
        return "", place
    scheme, separator, rest = place.partition("://")
    return scheme.lower() + separator, rest


def report_place(places: Sequence[str]) -> str:
    """Return where the report of these results, paths or URLs, stands."""
    scheme = split_place(places[0])[0]
    return f"{scheme}{report_path([Path(split_place(place)[1]) for place in places])}"


class ExistingFiles:
    """Finds what stands at paths and URLs already. Each folder behind a URL is listed once."""

    def __init__(self) -> None:
        self._listed: dict[str, list[str]] = {}

    def find(self, pattern: str) -> list[str]:
        """Return the absolute paths or the URLs that the pattern fits.

        Raises UsageError when the place behind a URL can't be looked into.
        """
        if not is_url(pattern):
            path = Path(pattern).absolute()
            return [str(found) for found in Path(path.anchor).glob(str(path.relative_to(path.anchor)))]
        folder, _, name = pattern.rpartition("/")
        if folder not in self._listed:
            self._listed[folder] = _list_folder(folder)
        return [url for url in self._listed[folder] if fnmatchcase(url.rpartition("/")[2], name)]


def _list_folder(pattern: str) -> list[str]:
    """Return the URLs of the files in the folders behind a URL that may hold wildcards."""
    scheme, place = split_place(pattern)
    try:
        files, path = _open_place(pattern)
        found = files.glob(f"{path}/*")
    except UsageError:
        raise
    except Exception as error:  # Each file system has errors of its own.
        raise UsageError(
            f"{pattern} can't be checked for files in the way: {_reason_of(error)}. --overwrite skips that check."
        ) from None
    slashes = place[: len(place) - len(place.lstrip("/"))]
    return [f"{scheme}{slashes}{path.lstrip('/')}" for path in found]


def choose_destination(output: str, job_id: str) -> Destination:
    """Return where a job's results go. Raises UsageError when they can't go there."""
    if is_url(output):
        return RemoteDestination(output, home.home_dir() / "results" / job_id)
    return LocalDestination(output)


def require_writable(output: str, workflow: str) -> None:
    """Raise UsageError when results could not be written there later. `workflow` is the workflow file's stem."""
    if is_url(output):
        RemoteDestination(output, home.home_dir() / "results").require_writable()
    elif NEARLY_URL_PATTERN.match(output):
        raise UsageError(f"The output {output!r} isn't a URL: expected something like s3://bucket/folder/, or a path.")
    else:
        OutputTemplate(output).require_writable({"workflow": workflow})


def presign(url: str, seconds: int) -> str:
    """Return an address that anybody can download the file from for so long. Raises UsageError where that can't be."""
    scheme = url.partition("://")[0].lower()
    # Buckets of today refuse the older signature, which is still the default for addresses.
    options = {"config_kwargs": {"signature_version": "s3v4"}} if PACKAGE_BY_SCHEME.get(scheme) == "s3fs" else {}
    try:
        files, path = _open_place(url, **options)
        return files.sign(path, expiration=seconds)
    except NotImplementedError:
        raise UsageError(f"{scheme}:// has no addresses for --presign to give.") from None
    except UsageError:
        raise
    except Exception as error:  # Each file system has errors of its own.
        raise UsageError(f"{url} can't be presigned: {_reason_of(error)}.") from None


def _open_place(url: str, **options: Any) -> tuple[Any, str]:
    """Return fsspec's file system for the URL, and the path in it. Raises UsageError when there is none."""
    scheme, _, rest = url.partition("://")
    try:
        from fsspec.core import url_to_fs

        # Without the path: what is called "a::b" there would be taken for URLs in a chain.
        return url_to_fs(f"{scheme}://{rest.partition('/')[0] or '/'}", **options)[0], _path_in_store(url)
    except ImportError:
        packages = " ".join(dict.fromkeys(["fsspec", PACKAGE_BY_SCHEME.get(scheme, "fsspec")]))
        raise UsageError(
            f"Results on {scheme}:// need one more package: {sys.executable} -m pip install {packages}"
        ) from None
    except Exception as error:  # Each file system has errors of its own.
        raise UsageError(f"{scheme}:// can't be used: {_reason_of(error)}.") from None


def _path_in_store(url: str) -> str:
    """Return what the URL's own file system calls it."""
    from fsspec.core import strip_protocol

    return strip_protocol(url)


def _folder_of(path: str) -> str:
    return path.rstrip("/").rpartition("/")[0] or "/"


def _partial_in(folder: str) -> str:
    return f"{folder.rstrip('/')}/.talkingshorts-{uuid.uuid4().hex}.partial"


def _md5_told_by(facts: dict[str, Any]) -> str | None:
    """Return the MD5 that the store tells of a file. An ETag may be one, or another hash altogether."""
    if isinstance(facts.get("md5Hash"), str):
        return b64decode(facts["md5Hash"]).hex()
    return str(facts.get("ETag", "")).strip('"') or None


def _reason_of(error: Exception) -> str:
    """Return what the file system says in a line, without what may hold a secret."""
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return QUERY.sub("", without_credentials(" ".join(text.split())))[:REASON_CHARACTERS].rstrip(".:")
