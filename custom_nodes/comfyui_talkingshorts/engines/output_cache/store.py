"""Outputs of nodes on the disk: one safetensors file each, in a folder of limited size."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from ...core.folder_cap import list_least_recent
from ..files.whole import replacing, sync_file, sync_folder
from .kept_value import DamagedValueError, KeptBlock, Packed, UnkeepableError, pack, unpack

FORMAT = "talkingshorts-output-2"
MAX_TENSOR_BYTES = 64 * 1000**2
MAX_FILE_BYTES = 2 * 1000**3
_CHUNK_BYTES = 1 << 20
_ABANDONED_SECONDS = 3600
_KEPT_DTYPES = {
    *(torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2),
    *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool),
}


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
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with replacing(self._path(key), shared=True) as partial:
                _write(partial, packed)
                sync_file(partial)
            sync_folder(self._folder)
        except (OSError, SafetensorError) as error:
            self._complain(error)
            return False
        self._make_room()
        return True

    def load(self, key: str) -> tuple[Any] | None:
        """Return the value kept under `key`, in a tuple; None when there is none."""
        path = self._path(key)
        try:
            value = _read(path, self._video_folder)
        except FileNotFoundError:
            return None
        except _NoVideoError as error:
            logging.warning("TalkingShorts: a kept video can't be copied to %s: %s", self._video_folder, error)
            return None
        except (MemoryError, torch.OutOfMemoryError) as error:
            logging.warning("TalkingShorts: there is no memory for the kept output %s: %s", path, error)
            return None
        except Exception as error:  # there is no end to what a damaged file may do to those who read it
            logging.warning("TalkingShorts: the kept output %s is damaged and is made again: %s", path, error)
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

    def _complain(self, error: OSError | SafetensorError) -> None:
        if not self._has_complained:
            logging.warning(
                "TalkingShorts: finished stages can't be kept in %s (%s), so they are made again after a restart. Free "
                "some space, or check the folder's rights.",
                self._folder,
                getattr(error, "strerror", None) or error,
            )
        self._has_complained = True


class _NoVideoError(Exception):
    """The kept video is whole, but can't be written to where it is used."""


def _measure(blocks: Sequence[KeptBlock]) -> int:
    """Return the bytes of all blocks. Raises UnkeepableError when they are too many or of a type that isn't kept."""
    tensor_bytes = file_bytes = 0
    for block in blocks:
        if isinstance(block, Path):
            file_bytes += block.stat().st_size
        elif block.dtype in _KEPT_DTYPES:
            tensor_bytes += block.nbytes
        else:
            raise UnkeepableError(f"a tensor of {block.dtype}")
    if tensor_bytes > MAX_TENSOR_BYTES or file_bytes > MAX_FILE_BYTES:
        raise UnkeepableError("too large")
    return tensor_bytes + file_bytes


def _write(path: Path, packed: Packed) -> None:
    """Write a safetensors file whose metadata hold the form of the value and the checksum of everything."""
    tensors = {str(number): _as_tensor(block) for number, block in enumerate(packed.blocks)}
    metadata = {"format": FORMAT, "form": json.dumps(packed.form)}
    save_file(tensors, path, metadata | {"sha256": _hash(metadata, tensors)})


def _read(path: Path, video_folder: Path) -> Any:
    """Return the value in the file. Raises whatever comes to mind when it is damaged or of another kind."""
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in sorted(file.keys(), key=int)}
        expected = metadata.pop("sha256")
        if _hash(metadata, tensors) != expected or metadata["format"] != FORMAT:
            raise DamagedValueError("its checksum differs")
        form = json.loads(metadata["form"])
        videos = set(_list_videos(form))
        # A tensor that the file lends would hold the file.
        blocks: dict[int, KeptBlock] = {
            int(name): _write_video(tensor, video_folder) if int(name) in videos else tensor.clone()
            for name, tensor in tensors.items()
        }
    return unpack(form, blocks.__getitem__)


def _as_tensor(block: KeptBlock) -> torch.Tensor:
    """Return the block as a tensor of its own; the bytes of a file, which may be gigabytes, stay on the disk."""
    if isinstance(block, torch.Tensor):
        return block.detach().cpu().clone(memory_format=torch.contiguous_format)
    size = block.stat().st_size
    return torch.from_file(str(block), size=size, dtype=torch.uint8) if size else torch.empty(0, dtype=torch.uint8)


def _hash(metadata: Mapping[str, str], tensors: Mapping[str, torch.Tensor]) -> str:
    """Return the SHA-256 of texts and tensors, with the tensors' names, types and shapes, as hexadecimal digits."""
    kinds = {name: [str(tensor.dtype), list(tensor.shape)] for name, tensor in tensors.items()}
    digest = hashlib.sha256(json.dumps([metadata, kinds], sort_keys=True).encode())
    for _, tensor in sorted(tensors.items()):
        for chunk in _read_chunks(tensor):
            digest.update(chunk)
    return digest.hexdigest()


def _read_chunks(tensor: torch.Tensor) -> Iterator[memoryview]:
    """Yield the bytes of a contiguous tensor."""
    if tensor.numel():
        for chunk in tensor.flatten().view(torch.uint8).split(_CHUNK_BYTES):
            yield chunk.numpy().data


def _write_video(content: torch.Tensor, folder: Path) -> Path:
    """Return the path of a new file that holds a video. Raises _NoVideoError when it can't be written."""
    path = folder / f"talkingshorts_kept_{uuid.uuid4().hex}.mp4"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial, partial.open("xb") as file:
            for chunk in _read_chunks(content):
                file.write(chunk)
    except OSError as error:
        raise _NoVideoError(error.strerror or str(error)) from error
    return path


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
