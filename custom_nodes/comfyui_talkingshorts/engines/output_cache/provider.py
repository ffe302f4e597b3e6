"""Keep what took long on the disk, so that an unchanged stage isn't run again after ComfyUI was restarted."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import folder_paths
from comfy_api.latest import Caching, ComfyAPI
from server import PromptServer

from ...core.folder_cap import BYTES_PER_GIGABYTE, parse_gigabytes
from ..files.named import FileWatch
from .keys import OutputKeys, describe_surroundings
from .store import OutputStore

VARIABLE = "TALKINGSHORTS_CACHE_GB"
DEFAULT_GIGABYTES = 4
# Dear to make and small to keep.
KEPT_CLASSES = {
    "CLIPTextEncode",
    "TalkingShortsCloneVoice",
    "TalkingShortsSpeechToVideo",
    "TalkingShortsTalkingVideo",
    "VAEDecode",
}


async def register_output_cache() -> None:
    """Have ComfyUI ask the folder of kept outputs, unless it may hold nothing."""
    max_bytes = read_max_bytes()
    if max_bytes:
        await ComfyAPI().caching.register_provider(OutputCache(max_bytes))


def read_max_bytes() -> int:
    """Return how large the folder of kept outputs may grow; 0: nothing is kept."""
    text = os.environ.get(VARIABLE) or str(DEFAULT_GIGABYTES)
    max_bytes = parse_gigabytes(text)
    if max_bytes is None:
        logging.warning(
            "TalkingShorts: %s is %r, which isn't a size. Give gigabytes, such as 4 or 0.5, or 0 to keep nothing. "
            "Finished stages are kept up to %d GB.",
            VARIABLE,
            text,
            DEFAULT_GIGABYTES,
        )
        return DEFAULT_GIGABYTES * BYTES_PER_GIGABYTE
    return max_bytes


class OutputCache(Caching.CacheProvider):
    """Serves outputs of nodes from the disk, in graphs that use this pack.

    ComfyUI swallows what a provider raises, so that errors are logged here.
    """

    def __init__(self, max_bytes: int) -> None:
        describe_surroundings()
        self._max_bytes = max_bytes
        self._watch = FileWatch()
        self._keys: OutputKeys | None = None
        self._taken: set[str] = set()

    @functools.cached_property
    def _store(self) -> OutputStore:
        folder = Path(folder_paths.get_user_directory()) / "talkingshorts" / "outputs"
        return OutputStore(folder, Path(folder_paths.get_temp_directory()), self._max_bytes)

    def on_prompt_start(self, prompt_id: str) -> None:
        """Read the graph. Others' graphs too: ComfyUI may keep the models that they load."""
        self._keys, self._taken = None, set()
        with _logging_errors():
            prompt = _find_running_prompt(prompt_id)
            keys = OutputKeys(prompt, self._watch)
            if keys.uses_pack:
                self._keys = keys

    def on_prompt_end(self, prompt_id: str) -> None:
        self._keys = None
        if self._taken:
            stages = "1 stage was" if len(self._taken) == 1 else f"{len(self._taken)} stages were"
            logging.info("TalkingShorts: %s taken from the cache", stages)

    def should_cache(self, context: Caching.CacheContext, value: Caching.CacheValue | None = None) -> bool:
        """Return whether to look for the outputs; with a value, keep it.

        ComfyUI runs on_store as a task of its loop, which gets its turn when a node waits for something: maybe only
        after the next node's hour of sampling. What was made must be on the disk before that, so it is kept here.
        """
        with _logging_errors():
            key = self._make_key(context)
            if value is None:
                return key is not None
            if key is not None and self._keys is not None and not self._keys.has_changed_files():
                self._store.store(key, {"outputs": value.outputs, "shown": (value.ui or {}).get("output")})
        return False

    async def on_lookup(self, context: Caching.CacheContext) -> Caching.CacheValue | None:
        with _logging_errors():
            key = self._make_key(context)
            kept = None if key is None else self._store.load(key)
            if kept is not None:
                self._taken.add(context.node_id)
                return _make_cache_value(context.node_id, **kept[0])
        return None

    async def on_store(self, context: Caching.CacheContext, value: Caching.CacheValue) -> None:
        """Do nothing: should_cache has done it."""

    def _make_key(self, context: Caching.CacheContext) -> str | None:
        if self._keys is None or context.class_type not in KEPT_CLASSES:
            return None
        return self._keys.make_key(context.node_id, context.class_type, context.cache_key_hash)


def _make_cache_value(node_id: str, outputs: list[Any], shown: dict[str, Any] | None) -> Caching.CacheValue:
    """Return the outputs as those of this node: the one that made them may have had another id."""
    if shown is None:
        return Caching.CacheValue(outputs)
    meta = {"node_id": node_id, "display_node": node_id, "parent_node": None, "real_node_id": node_id}
    return Caching.CacheValue(outputs, {"meta": meta, "output": shown})


def _find_running_prompt(prompt_id: str) -> Mapping[str, Any]:
    """Return the graph that runs, in API format; an empty one when it didn't come through ComfyUI's queue."""
    running, _ = PromptServer.instance.prompt_queue.get_current_queue_volatile()
    return next((item[2] for item in running if item[1] == prompt_id), {})


@contextlib.contextmanager
def _logging_errors() -> Iterator[None]:
    try:
        yield
    except Exception:
        logging.exception("TalkingShorts: the cache of finished stages failed; the graph goes on without it")
