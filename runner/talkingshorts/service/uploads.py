"""The files that callers send: checked by what is in them, kept once however often they are sent."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePath
from typing import IO

import puremagic

from ..batch.state import now_text
from ..errors import UsageError
from .errors import FieldProblem, ServiceError
from .fetching import fetch_file
from .state import ServiceState, StoredUpload

MAX_FILE_BYTES = 512 << 20
MAX_KEY_BYTES = 8 << 30
UNUSED_HOURS = 48
COPIED_CHUNK_BYTES = 1 << 20

KINDS = {"audio": "sound", "image": "picture", "video": "video"}
MIME_OF_CONTAINERS = {"application/ogg": "audio/ogg", "application/vnd.rn-realmedia": "video/x-realmedia"}
ENDING_OF_MIME = {"image/jpeg": ".jpg"}
NO_MEDIA = {".svg", ".psd", ".mid", ".midi", ".m3u", ".m3u8", ".vlc", ".pls", ".jp2", ".ico"}
TRANSPORT_PACKET_BYTES = 188


class Uploads:
    """Keeps uploads in a folder, by the hash of what is in them.

    A file appears there whole or not at all: what arrives is written beside it first, and goes when it breaks off.
    """

    def __init__(self, folder: Path, state: ServiceState) -> None:
        self._folder = folder
        self._state = state
        self._keeping = threading.Lock()
        """Held so that a file doesn't go as unused while it is being sent again."""
        self._arriving = folder / "arriving"
        # What a killed process left is nobody's.
        shutil.rmtree(self._arriving, ignore_errors=True)
        self._arriving.mkdir(parents=True)

    @contextlib.contextmanager
    def arriving(self) -> Iterator[Path]:
        """Give a path for a file that arrives, and remove what is there when the block ends."""
        descriptor, name = tempfile.mkstemp(dir=self._arriving)
        os.close(descriptor)
        path = Path(name)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def keep(self, field: str, file: IO[bytes], name: str, key_id: str) -> StoredUpload:
        """Keep what is in an open file as an upload, and return it.

        Raises ServiceError when it is neither sound, picture nor video, or takes too much room.
        """
        with self.arriving() as path:
            with path.open("wb") as target:
                shutil.copyfileobj(file, target, COPIED_CHUNK_BYTES)
            return self._take(field, path, name, key_id)

    def fetch(self, field: str, url: str, key_id: str) -> StoredUpload:
        """Fetch what a URL gives, and keep it as an upload. Raises ServiceError."""
        with self.arriving() as path:
            fetch_file(field, url, path, MAX_FILE_BYTES)
            return self._take(field, path, PurePath(url.partition("?")[0]).name, key_id)

    def find(self, field: str, upload_id: str, key_id: str) -> StoredUpload:
        """Return the key's upload. Raises ServiceError when it isn't there, or not any more."""
        upload = self._state.find_upload(upload_id, key_id)
        if upload is None or not Path(upload.file).is_file():
            problem = f"the upload {upload_id!r} isn't there: it was never sent with this key, or went unused too long."
            raise ServiceError("invalid_input", f"{field}: {problem}", [FieldProblem(field, problem)])
        return upload

    def tidy(self) -> None:
        """Remove what nobody has used for long."""
        with self._keeping:
            for file in self._state.forget_uploads(datetime.now(UTC) - timedelta(hours=UNUSED_HOURS)):
                Path(file).unlink(missing_ok=True)

    def _take(self, field: str, path: Path, name: str, key_id: str) -> StoredUpload:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise ServiceError("too_large", f"{field} is over {MAX_FILE_BYTES >> 20} MB.")
        if self._state.uploaded_bytes(key_id) + size > MAX_KEY_BYTES:
            raise ServiceError(
                "quota_exceeded",
                f"Your uploads take up {MAX_KEY_BYTES >> 30} GB. Unused ones go after {UNUSED_HOURS} hours.",
                (),
                3600,
            )
        kind, ending = recognize(field, path, name)
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        place = self._folder / f"{sha256}{ending}"
        upload = StoredUpload(
            f"upl_{secrets.token_urlsafe(16)}", key_id, str(place), name[:200], kind, size, sha256, now_text()
        )
        with self._keeping:
            try:
                path.replace(place)
            except OSError as error:
                raise UsageError(f"{place} can't be written: {error.strerror}.") from error
            return self._state.keep_upload(upload)


def recognize(field: str, path: Path, name: str) -> tuple[str, str]:
    """Return what kind of file it is by what is in it (sound, picture or video), and the ending for it.

    Raises ServiceError when it is none of these.
    """
    try:
        found = puremagic.magic_file(str(path))
    except (puremagic.PureError, ValueError):
        found = []
    for match in found:
        mime = MIME_OF_CONTAINERS.get(match.mime_type or "", match.mime_type or "")
        kind = KINDS.get(mime.partition("/")[0])
        if kind and match.extension not in NO_MEDIA:
            return kind, ENDING_OF_MIME.get(mime, match.extension or "")
    if _is_transport_stream(path):
        return "video", ".ts"
    shown = f"{field} ({name})" if name else field
    raise ServiceError(
        "unsupported_media_type",
        f"{shown} is neither sound, picture nor video, by what is in it.",
        [FieldProblem(field, "neither sound, picture nor video")],
    )


def _is_transport_stream(path: Path) -> bool:
    """Tell whether it is an MPEG transport stream, of which puremagic knows nothing: each packet begins with a G."""
    with path.open("rb") as file:
        return file.read(3 * TRANSPORT_PACKET_BYTES)[::TRANSPORT_PACKET_BYTES] == b"GGG"
