"""Load reference audio: from the cache, from a file, or from the web."""

from __future__ import annotations

from pathlib import Path

from ...core.errors import SourceError
from ...core.progress import OnProgress
from ...core.voice_source import FileSource, Piece, WebSource
from .cache import Voice, VoiceCache, make_cache_key
from .clip import cut_where_possible


def load_voice(source: WebSource | FileSource, piece: Piece, cache_folder: Path, on_progress: OnProgress) -> Voice:
    """Return the piece of the source, at its own rate and channels. One that may move may start elsewhere.

    `on_progress(done, total)` is called often and may raise to stop. Raises SourceError when the source can't be
    found, fetched, read or cut.
    """
    cache = VoiceCache(cache_folder)
    key = make_cache_key(source, piece)
    kept = cache.load(key)
    if kept is not None:
        return kept
    if isinstance(source, FileSource):
        voice = _cut_file(source.path, piece, on_progress)
    else:
        from .youtube import fetch_clip  # here, since it loads yt-dlp

        voice = fetch_clip(source.url, piece, on_progress)
    cache.store(key, voice)
    return voice


def _cut_file(path: Path, piece: Piece, on_progress: OnProgress) -> Voice:
    try:
        with path.open("rb") as media:
            sound, cut = cut_where_possible(media, piece, on_progress)
    except OSError as error:
        raise SourceError(
            f"The file {path.name} can't be read: {error.strerror}. Check it and its permissions."
        ) from error
    return Voice(sound, cut.start_seconds, path.stem)
