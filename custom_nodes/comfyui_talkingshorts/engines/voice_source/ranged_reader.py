"""Read a file on the web as if it lay on the disk, fetching only the blocks that are read.

Import this module only where it is used: it loads yt-dlp.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

from yt_dlp.networking import Response
from yt_dlp.networking.exceptions import TransportError

from ...core.errors import SourceError
from .seekable import SeekableFile

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK_BYTES = 256 * 1024
MAX_BLOCKS_PER_REQUEST = 8
MAX_BLOCKS_KEPT = 32
ATTEMPTS = 3


class RangesNotServedError(Exception):
    """The server answers with the whole file, or doesn't tell the file's size."""


class RangedReader(SeekableFile):
    """A seekable file over HTTP ranges. Blocks are kept for a while; reading on and on fetches longer stretches.

    Raises RangesNotServedError when it is made, and SourceError later, if the server doesn't answer with the range.
    """

    def __init__(self, open_range: Callable[[str], Response], max_bytes: int) -> None:
        """`open_range` sends a request with the given Range header; more than `max_bytes` in all are refused."""
        self._open_range = open_range
        self._max_bytes = max_bytes
        self._fetched_bytes = 0
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._stretch = 1
        self._next_block = 0
        self._position = 0
        first_bytes, self._size = self._request(0, BLOCK_BYTES)
        self._keep(0, first_bytes)

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill the buffer up to the end of a block at most: callers come back for the rest."""
        if self._position >= self._size:
            return 0
        index, offset = divmod(self._position, BLOCK_BYTES)
        with memoryview(buffer).cast("B") as view:
            data = self._load(index)[offset : offset + len(view)]
            view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _load(self, index: int) -> bytes:
        if index not in self._blocks:
            goes_on = index == self._next_block
            self._stretch = min(2 * self._stretch, MAX_BLOCKS_PER_REQUEST) if goes_on else 1
            try:
                data, size = self._request(index * BLOCK_BYTES, self._stretch * BLOCK_BYTES)
            except RangesNotServedError:
                data, size = b"", None
            if size != self._size:
                raise SourceError("The file on the server changed while it was read. Run the graph again.")
            self._keep(index, data)
        self._blocks.move_to_end(index)
        return self._blocks[index]

    def _keep(self, index: int, data: bytes) -> None:
        for start in range(0, len(data), BLOCK_BYTES):
            self._blocks[index] = data[start : start + BLOCK_BYTES]
            index += 1
        self._next_block = index
        while len(self._blocks) > MAX_BLOCKS_KEPT:
            self._blocks.popitem(last=False)

    def _request(self, start: int, count: int) -> tuple[bytes, int]:
        """Return the bytes from `start`, as many as the file has up to `count`, and the size of the file."""
        failure: TransportError | None = None
        data = b""
        for _ in range(ATTEMPTS):
            try:
                with closing(self._open_range(f"bytes={start + len(data)}-{start + count - 1}")) as answer:
                    size = _read_size(answer, start + len(data))
                    stop = min(start + count, size)
                    data += answer.read(stop - start - len(data))
            except TransportError as error:
                if isinstance(error.cause, SourceError):
                    raise error.cause from error
                failure = error
                continue
            if len(data) >= stop - start:
                self._count(len(data))
                return data, size
        raise SourceError("The server keeps breaking off in the middle of the file. Try again later.") from failure

    def _count(self, fetched_bytes: int) -> None:
        self._fetched_bytes += fetched_bytes
        if self._fetched_bytes > self._max_bytes:
            raise SourceError(
                f"Reaching the piece takes more than {self._max_bytes >> 20} MB."
                " Set an earlier start_seconds, or raise TALKINGSHORTS_MAX_DOWNLOAD_MB."
            )


def _read_size(answer: Response, start: int) -> int:
    """Return the size of the whole file, when the answer holds the range that was asked for."""
    content_range = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", (answer.get_header("Content-Range") or "").strip())
    is_packed = answer.get_header("Content-Encoding", "identity") != "identity"
    if answer.status != 206 or content_range is None or int(content_range[1]) != start or is_packed:
        raise RangesNotServedError
    return int(content_range[2])
