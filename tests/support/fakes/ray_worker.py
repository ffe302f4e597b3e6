"""A worker of a Ray cluster, with the actor's own class in this process in place of a Ray."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

from talkingshorts.batch.ray.worker import ComfyWorker
from talkingshorts.errors import UnreachableError


class WorkerHere:
    """Calls a ComfyWorker as Ray does, on an event loop in a thread. A killed one answers nothing any more."""

    def __init__(self, start: Callable[[], str]) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._worker = ComfyWorker()
        self._start = start
        self._killed = threading.Event()
        self.has_died = False

    def kill(self) -> None:
        self._killed.set()

    def start(self) -> None:
        self._call(self._worker.start(lambda folder, say: self._start()))

    def wait_for_end(self) -> None:
        self._killed.wait()
        self.has_died = True
        raise UnreachableError("It was killed.")

    def stop(self) -> None:
        self.kill()

    def open(self) -> int:
        return self._call(self._worker.open())

    def send(self, number: int, data: bytes) -> None:
        self._call(self._worker.send(number, data))

    def receive(self, number: int) -> bytes:
        return self._call(self._worker.receive(number))

    def close(self, number: int) -> None:
        self._call(self._worker.close(number))

    def _call(self, answer: Coroutine[Any, Any, Any]) -> Any:
        if self._killed.is_set():
            answer.close()
            raise UnreachableError("It was killed.")
        return asyncio.run_coroutine_threadsafe(answer, self._loop).result(10)
