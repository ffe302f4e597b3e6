"""Keep every finished window of a long video on the disk, so that a run that ended early goes on where it was."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from filelock import FileLock, Timeout

from ...core.errors import VideoError
from ...core.sound import VIDEO_FPS, Sound, count_video_frames
from ..files.whole import hash_file, replacing, sync_file, sync_folder
from .segments import join_segments, quantize, write_segment

if TYPE_CHECKING:
    import torch

FORMAT_VERSION = 1
MAX_ROOT_BYTES = 20 * 1000**3
_MANIFEST_NAME = "manifest.json"
# One window is encoded and one may wait: memory then doesn't grow when encoding is the slower half.
_WINDOWS_AHEAD = 2


@dataclass(frozen=True)
class FinishedWindow:
    """What the manifest says of a window: its frames, and the SHA-256 of its files. The last has no motion frames."""

    frames: int
    segment_sha256: str
    motion_sha256: str | None


class Session:
    """The finished windows of one video, in a folder of their own. A context manager that holds the folder's lock.

    A window counts as finished once the manifest names it, which is written last; each file takes its name only when
    it is complete and on the disk. What the manifest doesn't name is removed.

    Motion frames are float32 and must come back bit for bit, but those of an hour would be 54 GB. They are kept for the
    last two windows, and for ever fewer further back (see `keeps_motion_frames`).
    """

    def __init__(
        self,
        root: Path,
        key: str,
        window_count: int,
        crf: int,
        max_root_bytes: int = MAX_ROOT_BYTES,
        fps: int = VIDEO_FPS,
    ) -> None:
        self._root = root
        self._folder = root / key
        self._window_count = window_count
        self._crf = crf
        self._fps = fps
        self._max_root_bytes = max_root_bytes
        self._windows: list[FinishedWindow] = []

    @property
    def finished(self) -> int:
        """How many windows needn't be made again."""
        return len(self._windows)

    def __enter__(self) -> Self:
        """Take the lock and find out what is whole. Raises VideoError when it is in use or can't be written."""
        with _explaining(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock = _lock(self._folder)
        try:
            with _explaining(self._folder):
                os.utime(self._folder)
                self._windows = self._find_whole(self._read_manifest())
                self._write_manifest()
                self._tidy()
        except BaseException:
            _unlock(self._lock)
            raise
        trim_sessions(self._root, self._max_root_bytes, self._folder.name)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        trim_sessions(self._root, self._max_root_bytes, self._folder.name)
        _unlock(self._lock)

    def start_afresh(self) -> None:
        """Forget the finished windows. Raises VideoError when that can't be written."""
        with _explaining(self._folder):
            self._windows = []
            self._write_manifest()
            self._tidy()

    def write_windows(self) -> WindowWriter:
        """Return what encodes windows while the next is made."""
        return WindowWriter(self)

    def add(self, index: int, pixels: np.ndarray, motion_frames: np.ndarray | None) -> None:
        """Keep a window: uint8 RGB [frames, height, width, 3], and the float32 frames that the next continues from.

        These may as well be their latents: whatever it is comes back bit for bit. The last window needs none.
        Raises VideoError when they can't be written; the windows before stay.
        """
        if index != self.finished:
            raise ValueError(f"Window {index} can't follow {self.finished} finished windows.")
        with _explaining(self._folder):
            with replacing(self._segment_path(index)) as partial:
                write_segment(partial, pixels, self._crf, self._fps)
                sync_file(partial)
            if motion_frames is not None:
                with replacing(self._motion_path(index)) as partial:
                    np.save(partial, motion_frames)
                    sync_file(partial)
            window = FinishedWindow(
                frames=len(pixels),
                segment_sha256=hash_file(self._segment_path(index)),
                motion_sha256=None if motion_frames is None else hash_file(self._motion_path(index)),
            )
            self._write_manifest(window)
            self._windows.append(window)
            self._tidy()

    def read_motion_frames(self) -> np.ndarray | None:
        """Return the frames that the next window continues from, or None where there is none before or after."""
        if self.finished in (0, self._window_count):
            return None
        with _explaining(self._folder):
            return np.load(self._motion_path(self.finished - 1), allow_pickle=False)

    def assemble(self, speech: Sound, path: Path) -> None:
        """Write the finished windows and the speech into one mp4, without encoding the pictures again.

        Raises VideoError when the windows aren't as long as the speech, or the file can't be written.
        """
        frames, wanted = sum(window.frames for window in self._windows), count_video_frames(speech, self._fps)
        if frames != wanted:
            raise VideoError(f"The video has {frames} frames, but the speech is {wanted} frames long. Run it again.")
        join_segments([self._segment_path(index) for index in range(self.finished)], speech, path, self._fps)

    def discard(self) -> None:
        """Remove the windows: nothing can be resumed any more."""
        self._windows = []
        shutil.rmtree(self._folder, ignore_errors=True)

    def _segment_path(self, index: int) -> Path:
        return self._folder / f"{index:06d}.mp4"

    def _motion_path(self, index: int) -> Path:
        return self._folder / f"{index:06d}.npy"

    def _read_manifest(self) -> list[FinishedWindow]:
        """Return what the manifest names; nothing when it is missing, damaged or of another kind."""
        try:
            manifest = json.loads((self._folder / _MANIFEST_NAME).read_text(encoding="utf-8"))
            windows = [FinishedWindow(**window) for window in manifest["windows"]]
            return windows if manifest == self._make_manifest(windows) else []
        except (OSError, ValueError, KeyError, TypeError):
            return []

    def _make_manifest(self, windows: Sequence[FinishedWindow]) -> dict[str, Any]:
        manifest = {
            "format": FORMAT_VERSION,
            "window_count": self._window_count,
            "windows": [asdict(window) for window in windows],
        }
        return {**manifest, "sha256": hashlib.sha256(json.dumps(manifest).encode()).hexdigest()}

    def _write_manifest(self, *added: FinishedWindow) -> None:
        with replacing(self._folder / _MANIFEST_NAME) as partial:
            partial.write_text(json.dumps(self._make_manifest([*self._windows, *added])), encoding="utf-8")
            sync_file(partial)
        sync_folder(self._folder)

    def _find_whole(self, windows: Sequence[FinishedWindow]) -> list[FinishedWindow]:
        """Return the windows up to the last one that the video can go on from."""
        whole = 0
        while whole < len(windows) and _is_whole(self._segment_path(whole), windows[whole].segment_sha256):
            whole += 1
        if whole == self._window_count:
            return [*windows]
        while whole > 0 and not _is_whole(self._motion_path(whole - 1), windows[whole - 1].motion_sha256):
            whole -= 1
        return [*windows[:whole]]

    def _tidy(self) -> None:
        """Remove what isn't needed: motion frames from long ago, half-written files, windows that didn't count."""
        needed = {_MANIFEST_NAME}
        for index in range(self.finished):
            needed.add(self._segment_path(index).name)
            if keeps_motion_frames(index, self.finished):
                needed.add(self._motion_path(index).name)
        for path in self._folder.iterdir():
            if path.name not in needed:
                path.unlink()


class WindowWriter:
    """Encodes and keeps windows on a thread of its own. A context manager.

    What was handed over when the block ends is finished, also when an interrupt ends it. An error of the thread is
    raised at the next `submit`, or at the end of the block.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="talkingshorts-encoder")
        self._waiting: deque[Future[None]] = deque()

    def submit(
        self,
        index: int,
        frames: np.ndarray | torch.Tensor,
        motion_frames: np.ndarray | torch.Tensor | None,
    ) -> None:
        """Hand over window `index`: float frames [frames, height, width, 3] in 0..1 on the CPU, and its motion frames.

        Both are copied, the frames as uint8, so the caller may reuse its own at once. Waits while two windows are still
        to be written. Raises VideoError when an earlier window couldn't be written.
        """
        while self._waiting and (self._waiting[0].done() or len(self._waiting) == _WINDOWS_AHEAD):
            self._waiting.popleft().result()
        motion = None if motion_frames is None else np.asarray(motion_frames).astype(np.float32)
        self._waiting.append(self._thread.submit(self._session.add, index, quantize(frames), motion))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown()
        if kind is None:
            for written in self._waiting:
                written.result()


def keeps_motion_frames(index: int, finished: int) -> bool:
    """Return whether window `index` can still be continued from after `finished` windows.

    The more often 2 divides index + 1, the longer: the last two windows always can, and about one window at each of
    the distances 4, 8, 16 ... So the files are few (12 in an hour), and damage d windows back costs under 3 d windows.
    """
    divisor = (index + 1) & -(index + 1)
    return finished - index <= 2 * divisor


def trim_sessions(root: Path, max_bytes: int, in_use: str) -> None:
    """Remove the sessions not touched for longest until the rest fits, but neither `in_use` nor one that is locked."""
    with contextlib.suppress(OSError):
        folders = [folder for folder in root.iterdir() if folder.is_dir()]
        kept_bytes = 0
        for folder in sorted(folders, key=lambda folder: (folder.name != in_use, -folder.stat().st_mtime_ns)):
            kept_bytes += sum(file.stat().st_size for file in folder.iterdir())
            if kept_bytes > max_bytes and folder.name != in_use:
                _remove(folder)


def _remove(folder: Path) -> None:
    with contextlib.suppress(VideoError):
        lock = _lock(folder)
        shutil.rmtree(folder, ignore_errors=True)
        _unlock(lock)


def _lock(folder: Path) -> FileLock:
    lock = FileLock(folder.with_suffix(".lock"), thread_local=False)
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise VideoError(
            f"Another ComfyUI is making this same video in {folder}. Wait until it is done, or choose another seed."
        ) from error
    return lock


def _unlock(lock: FileLock) -> None:
    with contextlib.suppress(OSError):  # Windows removes no file that is open
        Path(lock.lock_file).unlink()
    lock.release()


def _is_whole(path: Path, sha256: str | None) -> bool:
    try:
        return hash_file(path) == sha256
    except OSError:
        return False


@contextlib.contextmanager
def _explaining(folder: Path) -> Iterator[None]:
    """Turn what the system says about files into what the user can do about it."""
    try:
        yield
    except OSError as error:
        raise VideoError(
            f"The finished parts of the video can't be kept in {folder}: {error.strerror or error}. Free some space: "
            f"the other folders in {folder.parent} hold videos that were never finished. Then run it again: it goes on "
            "after the last part that was kept."
        ) from error
