"""Outputs of nodes on the disk: one safetensors file each, in a folder of limited size."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import struct
import time
import uuid
from collections.abc import Iterator, Sequence
from io import BufferedIOBase
from pathlib import Path
from typing import Any

import torch

from ...core.folder_cap import list_least_recent
from ..files.whole import sync_folder
from .kept_value import Block, Packed, UnkeepableError, pack, unpack

FORMAT = "talkingshorts-output-1"
MAX_TENSOR_BYTES = 64 * 1000**2
MAX_FILE_BYTES = 2 * 1000**3
_CHUNK_BYTES = 1 << 20
_ABANDONED_SECONDS = 3600
_MAX_HEADER_BYTES = 16 * 1000**2

# torch's types by their names in safetensors
_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
_DTYPE_NAMES = {dtype: name for name, dtype in _DTYPES.items()}


class OutputStore:
    """Keeps values bit for bit. What is damaged counts as missing and is removed; what wasn't used longest makes room.

    Several processes may use one folder. Nothing here raises: a folder or disk that can't be written is told once in
    the log. Videos come back as files of their own in `video_folder`, which nobody takes away while they are used.
    """

    def __init__(self, folder: Path, video_folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._video_folder = video_folder
        self._max_bytes = max_bytes
        self._has_complained = False

    def store(self, key: str, value: Any) -> bool:
        """Keep the value if it can be kept, and return whether it is on the disk now."""
        try:
            packed = pack(value)
            size = _measure(packed.blocks)
        except (UnkeepableError, OSError):
            return False
        if size > self._max_bytes:
            return False
        partial = self._folder / f".{key}.{uuid.uuid4().hex}.partial"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with partial.open("xb") as file:
                _write(file, packed)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self._path(key))
            sync_folder(self._folder)
        except OSError as error:
            self._complain(error)
            return False
        finally:
            with contextlib.suppress(OSError):
                partial.unlink()
        self._make_room()
        return True

    def load(self, key: str) -> tuple[Any] | None:
        """Return the value kept under `key`, in a tuple; None when there is none."""
        path = self._path(key)
        try:
            with path.open("rb") as file:
                value = _read(file, self._video_folder)
        except FileNotFoundError:
            return None
        except _NoVideoError as error:
            logging.warning("TalkingShorts: a kept video can't be copied to %s: %s", self._video_folder, error)
            return None
        except (MemoryError, torch.OutOfMemoryError) as error:
            logging.warning("TalkingShorts: there is no memory for the kept output %s: %s", path, error)
            return None
        except Exception as error:  # there is no end to what a damaged file may do to those who read it
            logging.warning("TalkingShorts: the kept output %s is damaged and is made anew: %s", path, error)
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        with contextlib.suppress(OSError):  # another process may have made room by now, or only reading is allowed
            os.utime(path)
        return (value,)

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.safetensors"

    def _make_room(self) -> None:
        """Remove what doesn't fit, and what a process left that was killed while it wrote."""
        with contextlib.suppress(OSError):
            removed = list_least_recent(self._folder.glob("*.safetensors"), self._max_bytes)
            latest = time.time() - _ABANDONED_SECONDS
            removed += [file for file in self._folder.glob(".*.partial") if file.stat().st_mtime < latest]
            for file in removed:
                file.unlink(missing_ok=True)

    def _complain(self, error: OSError) -> None:
        if not self._has_complained:
            logging.warning(
                "TalkingShorts: finished stages can't be kept in %s (%s), so they are made anew after a restart. Free "
                "some space, or check the folder's rights.",
                self._folder,
                error.strerror or error,
            )
        self._has_complained = True


class _NoVideoError(Exception):
    """The kept video is whole, but can't be written to where it is used."""


def _measure(blocks: Sequence[Block]) -> int:
    """Return the bytes of all blocks. Raises UnkeepableError when they are too many or of a type that has no name."""
    tensor_bytes = file_bytes = 0
    for block in blocks:
        if isinstance(block, Path):
            file_bytes += block.stat().st_size
        elif block.dtype in _DTYPE_NAMES:
            tensor_bytes += block.nbytes
        else:
            raise UnkeepableError(f"a tensor of {block.dtype}")
    if tensor_bytes > MAX_TENSOR_BYTES or file_bytes > MAX_FILE_BYTES:
        raise UnkeepableError("too large")
    return tensor_bytes + file_bytes


def _write(file: BufferedIOBase, packed: Packed) -> None:
    """Write the header, padded to 8 bytes, then the blocks without gaps, as safetensors wants them.

    The blocks are read twice: the header, which comes first, holds the checksum of everything.
    """
    header: dict[str, Any] = {"__metadata__": {"format": FORMAT, "form": json.dumps(packed.form)}}
    # The widest numbers first: each then starts at a multiple of its width.
    numbers = sorted(range(len(packed.blocks)), key=lambda number: -_get_width(packed.blocks[number]))
    end = 0
    for number in numbers:
        block = packed.blocks[number]
        if isinstance(block, Path):
            dtype, size = "U8", block.stat().st_size
            shape = [size]
        else:
            dtype, size, shape = _DTYPE_NAMES[block.dtype], block.nbytes, list(block.shape)
        header[str(number)] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    digest = _start_digest(header)
    for number in numbers:
        for chunk in _read_chunks(packed.blocks[number]):
            digest.update(chunk)
    header["__metadata__"]["sha256"] = digest.hexdigest()
    encoded = json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 8)
    file.write(struct.pack("<Q", len(encoded)) + encoded)
    for number in numbers:
        for chunk in _read_chunks(packed.blocks[number]):
            file.write(chunk)


def _read(file: BufferedIOBase, video_folder: Path) -> Any:
    """Return the value in the file. Raises whatever comes to mind when it is damaged or of another kind."""
    [length] = struct.unpack("<Q", file.read(8))
    if length > _MAX_HEADER_BYTES:
        raise ValueError("there is no header")
    header = json.loads(file.read(length))
    metadata = header["__metadata__"]
    expected = metadata.pop("sha256")
    form = json.loads(metadata["form"])
    videos = set(_list_videos(form))
    digest = _start_digest(header)
    blocks: dict[int, Block] = {}
    try:
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            start, end = entry["data_offsets"]
            if int(name) in videos:
                blocks[int(name)] = path = video_folder / f"talkingshorts_kept_{uuid.uuid4().hex}.mp4"
                _copy_video(file, end - start, path, digest)
            else:
                data = _read_exactly(file, end - start)
                digest.update(data)
                blocks[int(name)] = _make_tensor(data, entry)
        if file.read(1) or digest.hexdigest() != expected or metadata["format"] != FORMAT:
            raise ValueError("its checksum differs")
        return unpack(form, blocks.__getitem__)
    except BaseException:
        for block in blocks.values():
            if isinstance(block, Path):
                with contextlib.suppress(OSError):
                    block.unlink()
        raise


def _start_digest(header: dict[str, Any]) -> hashlib._Hash:
    return hashlib.sha256(json.dumps(header).encode())


def _get_width(block: Block) -> int:
    return 1 if isinstance(block, Path) else block.element_size()


def _read_chunks(block: Block) -> Iterator[bytes | memoryview]:
    """Yield the bytes of a block."""
    if isinstance(block, Path):
        with block.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk
    elif block.numel():
        yield block.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data


def _make_tensor(data: bytearray, entry: dict[str, Any]) -> torch.Tensor:
    dtype, shape = _DTYPES[entry["dtype"]], entry["shape"]
    return torch.frombuffer(data, dtype=dtype).reshape(shape) if data else torch.empty(shape, dtype=dtype)


def _read_exactly(file: BufferedIOBase, size: int) -> bytearray:
    if not 0 <= size <= MAX_TENSOR_BYTES:
        raise ValueError("a block has an impossible size")
    data = bytearray(size)
    if file.readinto(data) != size:
        raise ValueError("it ends too early")
    return data


def _copy_video(file: BufferedIOBase, size: int, path: Path, digest: hashlib._Hash) -> None:
    """Copy the next `size` bytes to a file of their own. Raises _NoVideoError when that can't be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as copy:
            while size > 0 and (chunk := file.read(min(size, _CHUNK_BYTES))):
                digest.update(chunk)
                copy.write(chunk)
                size -= len(chunk)
    except OSError as error:
        raise _NoVideoError(error.strerror or str(error)) from error
    if size:
        raise ValueError("it ends too early")


def _list_videos(form: Any) -> Iterator[int]:
    """Yield the numbers of the blocks that are videos."""
    if isinstance(form, dict):
        for kind, content in form.items():
            if kind == "video":
                yield content
            elif kind != "tensor":
                yield from _list_videos(content)
    elif isinstance(form, list):
        for part in form:
            yield from _list_videos(part)
