"""Read what a result file says about a video, and the tags embedded in it, from the boxes of an mp4 (ISO 14496-12)."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

MAX_MOVIE_BYTES = 256 << 20

TRACK_HANDLER_VIDEO = b"vide"
TRACK_HANDLER_AUDIO = b"soun"


@dataclass(frozen=True)
class VideoInfo:
    """`seconds` is the length of the picture track; `fps` its mean rate."""

    width: int
    height: int
    fps: float
    frames: int
    seconds: float
    has_audio: bool


@dataclass(frozen=True)
class Box:
    """A box of an mp4: its four-letter kind, and what follows its header."""

    kind: bytes
    payload: bytes

    def children(self, skip: int = 0) -> Iterator[Box]:
        """Yield the boxes inside, after `skip` bytes of the box's own fields."""
        position = skip
        while position + 8 <= len(self.payload):
            size, kind = struct.unpack_from(">I4s", self.payload, position)
            header = 8
            if size == 1:
                size, header = int.from_bytes(self.payload[position + 8 : position + 16], "big"), 16
            end = len(self.payload) if size == 0 else position + size
            if end < position + header or end > len(self.payload):
                return
            yield Box(kind, self.payload[position + header : end])
            position = end

    def find(self, *path: bytes) -> Box | None:
        """Return the first box down `path`, or None."""
        box: Box | None = self
        for kind in path:
            box = next((child for child in box.children() if child.kind == kind), None)
            if box is None:
                return None
        return box


def _is_mp4(path: Path) -> bool:
    """Tell whether the file starts like an mp4 or mov."""
    with path.open("rb") as file:
        return file.read(8)[4:] == b"ftyp"


def read_video_info(path: Path) -> VideoInfo | None:
    """Return the facts of the first picture track, or None when the file is no mp4 or has no picture."""
    movie = _read_movie(path)
    if movie is None:
        return None
    tracks = [box for box in movie.children() if box.kind == b"trak"]
    video = next((track for track in tracks if _handler(track) == TRACK_HANDLER_VIDEO), None)
    if video is None:
        return None
    try:
        width, height = _picture_size(video)
        frames, seconds = _length(video)
    except (struct.error, ValueError):
        return None
    has_audio = any(_handler(track) == TRACK_HANDLER_AUDIO for track in tracks)
    fps = round(frames / seconds, 6) if seconds else 0.0
    return VideoInfo(width, height, fps, frames, round(seconds, 6), has_audio)


def read_tags(path: Path) -> dict[str, str]:
    """Return the free-form tags of an mp4 (`moov/udta/meta`, handler mdta), where ComfyUI writes `prompt`."""
    movie = _read_movie(path)
    if movie is None:
        return {}
    meta = movie.find(b"udta", b"meta") or movie.find(b"meta")
    if meta is None:
        return {}
    is_full_box = meta.payload[4:8] != b"hdlr"
    boxes = {box.kind: box for box in meta.children(skip=4 if is_full_box else 0)}
    if b"keys" not in boxes or b"ilst" not in boxes:
        return {}
    names = [box.payload.decode("utf-8", "replace") for box in boxes[b"keys"].children(skip=8)]
    tags = {}
    for item in boxes[b"ilst"].children():
        index = int.from_bytes(item.kind, "big") - 1
        data = item.find(b"data")
        if data is not None and 0 <= index < len(names):
            tags[names[index]] = data.payload[8:].decode("utf-8", "replace")
    return tags


def _read_movie(path: Path) -> Box | None:
    if not _is_mp4(path):
        return None
    with path.open("rb") as file:
        return next(
            (
                Box(kind, file.read(size))
                for kind, size in _top_boxes(file)
                if kind == b"moov" and size <= MAX_MOVIE_BYTES
            ),
            None,
        )


def _top_boxes(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Yield kind and payload size of each outermost box, with the file at the start of its payload."""
    end = file.seek(0, os.SEEK_END)
    position = file.seek(0)
    while len(head := file.read(8)) == 8:
        size, kind = struct.unpack(">I4s", head)
        header = 8
        if size == 1:
            size, header = int.from_bytes(file.read(8), "big"), 16
        if size < header or position + size > end:
            return
        yield kind, size - header
        position += size
        file.seek(position)


def _handler(track: Box) -> bytes:
    box = track.find(b"mdia", b"hdlr")
    return box.payload[8:12] if box else b""


def _picture_size(track: Box) -> tuple[int, int]:
    """Return the coded width and height from the first sample description."""
    descriptions = _need(track, b"mdia", b"minf", b"stbl", b"stsd")
    entry = next(descriptions.children(skip=8), None)
    if entry is None:
        raise ValueError("no sample description")
    width, height = struct.unpack_from(">HH", entry.payload, 24)
    return width, height


def _length(track: Box) -> tuple[int, float]:
    """Return the number of samples and the sum of their durations in seconds."""
    header = _need(track, b"mdia", b"mdhd").payload
    timescale = struct.unpack_from(">I", header, 20 if header[:1] == b"\1" else 12)[0]
    times = _need(track, b"mdia", b"minf", b"stbl", b"stts").payload
    runs = list(struct.iter_unpack(">II", times[8 : 8 + 8 * struct.unpack_from(">I", times, 4)[0]]))
    if not timescale:
        raise ValueError("no timescale")
    return sum(count for count, _ in runs), sum(count * delta for count, delta in runs) / timescale


def _need(track: Box, *path: bytes) -> Box:
    box = track.find(*path)
    if box is None:
        raise ValueError(f"no {path[-1]!r} box")
    return box
