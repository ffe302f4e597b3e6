"""Where a batch's jobs run with `--ray`: an actor for each GPU of a Ray cluster, which owns one ComfyUI.

Ray places the actors, notices which are gone, and carries bytes; the jobs stay in the batch's own state. To the rest of
the runner an actor's ComfyUI is a server like any other: it is reached through a tunnel (tunnel.py) that ends in
the actor (worker.py), so that no port is opened on the network.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

from ...comfyui.client import ComfyClient
from ...errors import CancelledError, RunnerError, UnreachableError, UsageError
from ...files import is_alive
from ...jobs.follow import Limits
from ...jobs.reach import Server, reach_named_server
from ...jobs.records import JobRecord
from ...managed import keeper
from ...workflow.file import Workflow
from ...workflow.validation import NodeInfos
from ..plan import RowJob
from ..slot import ServerSlot, Show
from ..state import RowStore
from .tunnel import Carrier, Tunnel
from .worker import ComfyWorker

LOCAL = "local"
CPU_SLOTS = 2
"""ComfyUIs on a cluster without GPUs, unless --ray-workers says otherwise."""

PLACE_SECONDS = 20.0
START_SECONDS = keeper.BOOT_SECONDS + 30.0
STOP_SECONDS = 15.0
CALM_SECONDS = 10.0
LISTENER_SECONDS = 5.0
OBJECT_STORE_BYTES = 100 << 20
TEMPORARY_PREFIX = "ts-ray-"


class Worker(Carrier, Protocol):
    """An actor that owns a ComfyUI. Every method raises UnreachableError, once it is gone at the latest."""

    def start(self) -> None:
        """Wait until its ComfyUI runs."""
        ...

    def wait_for_end(self) -> None:
        """Return when its ComfyUI has ended."""
        ...

    def stop(self) -> None:
        """End its ComfyUI, and the actor."""
        ...

    @property
    def has_died(self) -> bool:
        """Whether another one has to take its place."""
        ...


class Calls:
    """Counts the threads that are inside Ray, which crashes when it is shut down under them."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0
        self._is_over = False

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """Count this thread. Raises UnreachableError when it is too late for another call."""
        with self._changed:
            if self._is_over:
                raise UnreachableError("The batch is over.")
            self._count += 1
        try:
            yield
        finally:
            with self._changed:
                self._count -= 1
                self._changed.notify_all()

    def end(self) -> None:
        """Let no more calls begin, and wait for those that have."""
        with self._changed:
            self._is_over = True
            self._changed.wait_for(lambda: self._count == 0, CALM_SECONDS)


class RaySlot(ServerSlot):
    """A slot whose ComfyUI is an actor's. An actor that is gone is made anew by the next `connect`."""

    def __init__(self, name: str, hire: Callable[[], Worker], limits: Limits) -> None:
        super().__init__(name, self._reach_worker, limits)
        self._hire = hire
        self._worker: Worker | None = None
        self._tunnel: Tunnel | None = None

    def describe(self, workflow: Workflow) -> NodeInfos:
        """Return what its ComfyUI says about the workflow's classes."""
        with self._explaining_loss():
            return super().describe(workflow)

    def run(self, job: RowJob, workflow: Workflow, noted: JobRecord | None, store: RowStore, show: Show) -> list[str]:
        """Run the job."""
        with self._explaining_loss():
            return super().run(job, workflow, noted, store, show)

    def close(self) -> None:
        """End the actor and its ComfyUI."""
        self._close_tunnel()
        if self._worker is not None:
            with contextlib.suppress(UnreachableError):
                self._worker.stop()

    @contextlib.contextmanager
    def _explaining_loss(self) -> Iterator[None]:
        """Let the error of a slot that is lost say what became of its other end."""
        tunnel = self._tunnel
        try:
            yield
        except UnreachableError as error:
            raise UnreachableError((tunnel and tunnel.ending) or str(error)) from error

    def _reach_worker(self) -> Server:
        self._close_tunnel()
        if self._worker is None or self._worker.has_died:
            self._worker = self._hire()
        self._worker.start()
        self._tunnel = Tunnel(self._worker)
        threading.Thread(target=self._watch, args=(self._worker, self._tunnel), daemon=True).start()
        return reach_named_server(ComfyClient(self._tunnel.url))

    @staticmethod
    def _watch(worker: Worker, tunnel: Tunnel) -> None:
        """Close the tunnel when its other end is gone, so that whoever waits there learns it at once."""
        try:
            worker.wait_for_end()
            tunnel.close("Its ComfyUI has ended.")
        except UnreachableError as error:
            tunnel.close(str(error))

    def _close_tunnel(self) -> None:
        if self._tunnel is not None:
            self._tunnel.close("It was connected anew.")


class RayWorker:
    """A worker that is a Ray actor, with a GPU or a CPU of its own."""

    def __init__(self, ray: Any, calls: Calls, has_gpu: bool) -> None:
        self._ray = ray
        self._calls = calls
        self._wanted = "GPU" if has_gpu else "CPU"
        needs = {"num_gpus": 1, "num_cpus": 0} if has_gpu else {"num_cpus": 1}
        # The batch makes it anew itself, when the node that had it is gone for good too.
        with calls.one():
            actor_class = ray.remote(ComfyWorker).options(max_restarts=0, scheduling_strategy="SPREAD", **needs)
            self._actor = actor_class.remote()
            self._placed = self._actor.__ray_ready__.remote()
        self._has_died = False

    @property
    def has_died(self) -> bool:
        """Whether Ray said that the actor is gone."""
        return self._has_died

    def start(self) -> None:
        """Wait until the actor has its place and its ComfyUI runs."""
        with self._calls.one():
            if not self._has_place(PLACE_SECONDS):
                raise UnreachableError(f"The Ray cluster has no free {self._wanted} for it.")
            self._await(self._placed)
        self._call("start", timeout_seconds=START_SECONDS)

    def wait_for_end(self) -> None:
        """Return when the actor's ComfyUI has ended."""
        self._call("wait_for_end")

    def stop(self) -> None:
        """End the ComfyUI, and the actor."""
        with self._calls.one():
            try:
                if not self._has_died and self._has_place(0.0):
                    self._call("stop", timeout_seconds=STOP_SECONDS)
            finally:
                self._ray.kill(self._actor)

    def open(self) -> int:
        """Connect to the ComfyUI."""
        return self._call("open")

    def send(self, number: int, data: bytes) -> None:
        """Send bytes on a connection."""
        self._call("send", number, data)

    def receive(self, number: int) -> bytes:
        """Return the next bytes of a connection."""
        return self._call("receive", number)

    def close(self, number: int) -> None:
        """Close a connection."""
        self._call("close", number)

    def _has_place(self, timeout_seconds: float) -> bool:
        try:
            return bool(self._ray.wait([self._placed], timeout=timeout_seconds)[0])
        except self._ray.exceptions.RayError as error:
            raise UnreachableError(f"Ray has ended: {format_cause(error)}") from error

    def _call(self, method: str, *arguments: object, timeout_seconds: float | None = None) -> Any:
        with self._calls.one():
            return self._await(getattr(self._actor, method).remote(*arguments), timeout_seconds)

    def _await(self, answer: Any, timeout_seconds: float | None = None) -> Any:
        errors = self._ray.exceptions
        try:
            return self._ray.get(answer, timeout=timeout_seconds)
        except errors.RayTaskError as error:
            if isinstance(error.cause, RunnerError):
                raise error.cause from None
            raise UnreachableError(f"Its Ray actor failed: {format_cause(error)}") from error
        except errors.GetTimeoutError as error:
            raise UnreachableError(f"Its Ray actor didn't answer within {timeout_seconds:.0f} s.") from error
        except errors.RayActorError as error:
            self._has_died = True
            raise UnreachableError(f"Its Ray actor is gone: {format_cause(error)}") from error
        except errors.RayError as error:
            raise UnreachableError(f"Its Ray actor can't be reached: {format_cause(error)}") from error


class Fleet:
    """The slots of a Ray cluster: one for each GPU that it has by now, or `count` of them."""

    def __init__(self, ray: Any, count: int | None, limits: Limits) -> None:
        self._ray = ray
        self._calls = Calls()
        self._limits = limits
        self._counted = self._count_of("GPU")
        self._has_gpus = self._counted > 0
        self._is_fixed = count is not None or not self._has_gpus
        self.slots: list[RaySlot] = []
        self._number = count or self._counted or min(CPU_SLOTS, max(self._count_of("CPU"), 1))
        self._add()

    def find_slots(self) -> list[RaySlot]:
        """Return a slot for each GPU that the cluster has more than ever before, as far as it tells."""
        with contextlib.suppress(UnreachableError):
            if not self._is_fixed:
                # For a moment, a lost node is counted beside the one that takes its place.
                counted, self._counted = self._counted, self._count_of("GPU")
                self._number = max(self._number, min(counted, self._counted))
        return self._add()

    def close(self) -> None:
        """End the actors and their ComfyUIs, all at once."""
        threads = [threading.Thread(target=slot.close, daemon=True) for slot in self.slots]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._calls.end()

    def _add(self) -> list[RaySlot]:
        hire = partial(RayWorker, self._ray, self._calls, self._has_gpus)
        names = [f"ray-{number}" for number in range(len(self.slots) + 1, self._number + 1)]
        added = [RaySlot(name, hire, self._limits) for name in names]
        self.slots += added
        return added

    def _count_of(self, resource: str) -> int:
        with self._calls.one():
            try:
                return int(self._ray.cluster_resources().get(resource, 0))
            except self._ray.exceptions.RayError as error:
                raise UnreachableError(f"The Ray cluster doesn't answer: {format_cause(error)}") from error


@contextlib.contextmanager
def open_fleet(address: str, count: int | None, limits: Limits) -> Iterator[Fleet]:
    """Give the slots of a Ray cluster. Their actors and ComfyUIs end with the block.

    `address` is a cluster's as `ray.init` takes it; LOCAL means the one of RAY_ADDRESS, else a Ray that is started on
    this machine for as long as the block lasts.

    Raises UsageError when Ray isn't installed, UnreachableError when the cluster can't be joined.
    """
    with _joined(address) as ray:
        fleet = Fleet(ray, count, limits)
        try:
            yield fleet
        finally:
            fleet.close()


@contextlib.contextmanager
def _joined(address: str) -> Iterator[Any]:
    """Give Ray's module, connected to the cluster until the block ends."""
    if address == LOCAL:
        address = os.environ.get("RAY_ADDRESS") or LOCAL
    is_own = address == LOCAL
    ray = _import_ray(is_own)
    with contextlib.ExitStack() as stack:
        own: dict[str, Any] = {}
        if is_own:
            folder = stack.enter_context(_temporary_folder())
            own = {"_temp_dir": str(folder), "include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES}
        stack.callback(ray.shutdown)
        try:
            _require_listener(address)
            with _uninterrupted():
                ray.init(address, log_to_driver=False, logging_level="CRITICAL", **own)
        except (ImportError, OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
            where = "Ray can't be started" if is_own else f"The Ray cluster {address} can't be joined"
            raise UnreachableError(f"{where}: {format_cause(error)}") from error
        yield ray


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Put a Ctrl-C off until the block has ended: a Ray that is half started crashes. A second one leaves at once.

    Signals that Ray takes over meanwhile are given back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        if came:
            os._exit(CancelledError.exit_code)
        came.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        raise KeyboardInterrupt


def _require_listener(address: str) -> None:
    """Raise OSError when nobody listens at host:port: Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if port.isdecimal() and "//" not in host:
        socket.create_connection((host, int(port)), LISTENER_SECONDS).close()


def _import_ray(is_own: bool) -> Any:
    """Return Ray's module, set up by the environment, which it reads only once."""
    # No news of this machine's use goes anywhere, and a call after the end doesn't start another Ray.
    os.environ.update(RAY_USAGE_STATS_ENABLED="0", RAY_ENABLE_AUTO_CONNECT="0")
    if is_own and "RAY_AUTH_MODE" not in os.environ:
        # The ports of a Ray that is started here ask for a token that only this run knows.
        os.environ.update(RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32))
    try:
        import ray
        import ray._private.worker as internals
    except ImportError as error:
        raise UsageError(
            f"--ray needs Ray, which isn't installed: `{sys.executable} -m pip install 'ray>=2.60'`."
        ) from error
    # Ray prints each lost worker on stdout, which is for results; the slots tell of it in their own words.
    internals.print_to_stdstream = lambda *_, **__: None
    return ray


@contextlib.contextmanager
def _temporary_folder() -> Iterator[Path]:
    """Give a new folder with a short path: Ray's sockets lie in it. Folders that killed runs left are removed."""
    parent = Path("/tmp")
    for leftover in parent.glob(f"{TEMPORARY_PREFIX}*"):
        pid = leftover.name.removeprefix(TEMPORARY_PREFIX).partition("-")[0]
        if pid.isdecimal() and not is_alive(int(pid)):
            shutil.rmtree(leftover, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{TEMPORARY_PREFIX}{os.getpid()}-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def format_cause(error: Exception) -> str:
    """Return the first sentence of the last line of Ray's message; pages may follow it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{lines[-1].partition('. ')[0].rstrip('.')}." if lines else type(error).__name__
