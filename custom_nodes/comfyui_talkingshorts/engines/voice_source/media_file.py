"""Open media with FFmpeg, and decode its sound: nothing but what the media itself holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO, cast

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.format import Flags
from av.stream import Discard

from ...core.errors import SourceError
from ...core.file_content import HEAD_BYTES, describe_content, describe_media
from .flac_files import list_flac_files
from .mp4_fragments import list_mp4_parts
from .ogg_links import list_ogg_links
from .seekable import SeekableFile
from .wav_header import correct_wav_header
from .webm_segments import list_webm_segments

# Containers that hold media themselves. A playlist (hls, dash, concat) makes FFmpeg open further addresses and files.
MEDIA_CONTAINERS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dts,eac3,flac,flv,m4v,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,mpeg,mpegts,"
    "nut,ogg,tak,tta,w64,wav,wv"
)

# Those that say when each frame is played. Of others FFmpeg guesses it from the format of the first frame.
_CLOCKED_CONTAINERS = ("asf", "flv", "matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2", "mpeg", "mpegts", "nut", "ogg")


class SoundStream:
    """The sound of an opened container: of several, the one that a player takes."""

    def __init__(self, container: InputContainer) -> None:
        """Raises SourceError when the container holds no audio."""
        stream = container.streams.best("audio")
        if not isinstance(stream, AudioStream):
            raise SourceError("The source holds no audio. Give one in which the speaker can be heard.")
        for other in container.streams:
            if other.index != stream.index:
                other.discard = Discard.all
        self._container = container
        self._stream = stream
        self.container_name = container.format.name
        self.has_clock = self.container_name in _CLOCKED_CONTAINERS
        self.is_broadcast = Flags.ts_discont in Flags(container.format.flags)
        self.has_pictures = bool(container.streams.video)

    @property
    def stated_seconds(self) -> float | None:
        """How long FFmpeg holds the sound to be: by its header, or by a guess."""
        if self._stream.duration is not None and self._stream.time_base is not None:
            return float(self._stream.duration * self._stream.time_base)
        return None if self._container.duration is None else self._container.duration / av.time_base

    def decode(self) -> Iterator[AudioFrame]:
        """Yield every frame up to the end, or to where the file breaks off."""
        for packet in self.demux():
            try:
                frames = packet.decode()
            except FFmpegError:  # normal right after a seek: MP3 frames lean on earlier ones
                continue
            yield from frames

    def demux(self) -> Iterator[av.Packet[AudioStream]]:
        """Yield every packet, without decoding it."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                yield next(packets)
            except (StopIteration, FFmpegError):
                return

    def seek(self, pts: int) -> bool:
        """Go to the last point at or before `pts`. Return False when the container can't."""
        try:
            self._container.seek(pts, stream=self._stream)
        except FFmpegError:
            return False
        return True


@contextmanager
def open_sound(media: BinaryIO) -> Iterator[SoundStream]:
    """Give the sound of `media`, which must be seekable. Raises SourceError when it can't be read, or holds none."""
    options = {"protocol_whitelist": "none", "format_whitelist": MEDIA_CONTAINERS}
    try:
        opened = av.open(correct_wav_header(media), "r", container_options=options, metadata_errors="ignore")
    except FFmpegError as error:
        raise SourceError(_explain_unreadable(media)) from error
    with opened as container:
        yield SoundStream(container)


def list_parts(media: BinaryIO, *, is_near: bool) -> list[BinaryIO]:
    """Return the parts that have to be opened one by one, to be played one after the other: mostly the media alone.

    What is far (not `is_near`) isn't read through for that.
    """
    whole_files = list_ogg_links(media, is_near=is_near) or list_webm_segments(media)
    if not whole_files and is_near:
        whole_files = list_flac_files(media)
    parts = [[stretch] for stretch in whole_files]
    if not parts and is_near:
        parts = list_mp4_parts(media)
    return [media] if len(parts) < 2 else [cast(BinaryIO, _Part(media, stretches)) for stretches in parts]


def _explain_unreadable(media: BinaryIO) -> str:
    """Return what to tell the user of a source that FFmpeg can't open: what it is in truth, and what to do."""
    media.seek(0)
    head = media.read(HEAD_BYTES)
    if kind := describe_media(head):
        return f"The source is {kind} that is damaged, or breaks off. Copy, download or export it once more."
    kind = describe_content(head)
    found = f"but {kind}" if kind else "that can be read"
    return f"The source isn't sound or video {found}. Give mp3, m4a, wav, flac or mp4."


class _Part(SeekableFile):
    """Stretches of a file, one after the other, as if they were a file."""

    def __init__(self, media: BinaryIO, stretches: Sequence[tuple[int, int]]) -> None:
        self._media = media
        self._stretches = stretches
        self._size = sum(end - start for start, end in stretches)
        self._position = 0

    def read(self, size: int = -1) -> bytes:
        """Return bytes up to the end of a stretch at most: callers come back for the rest."""
        offset = self._position
        for start, end in self._stretches:
            if offset < end - start:
                self._media.seek(start + offset)
                left = end - start - offset
                data = self._media.read(left if size < 0 else min(size, left))
                self._position += len(data)
                return data
            offset -= end - start
        return b""
