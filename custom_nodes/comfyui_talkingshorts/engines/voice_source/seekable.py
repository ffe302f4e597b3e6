"""What every file that is put together here has in common: a size that is known, and a place where reading goes on."""

from __future__ import annotations

import io


class SeekableFile(io.RawIOBase):
    """A file of `_size` bytes that is read from `_position` on; how, its subclass says."""

    _size: int
    _position: int

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position
