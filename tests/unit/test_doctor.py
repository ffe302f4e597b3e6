import json
import re
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from support.fake_comfyui import serve_fake_comfyui
from talkingshorts import doctor, server

H200 = {"name": "H200", "type": "cuda", "vram_total": 150 * 10**9}
LAPTOP_GPU = {"name": "RTX 4060", "type": "cuda", "vram_total": 8 * 10**9}
MAC = {"name": "Apple GPU", "type": "mps", "vram_total": 64 * 10**9}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TALKINGSHORTS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COMFYUI_DIR", str(tmp_path / "ComfyUI"))
    monkeypatch.setenv("COMFYUI_PYTHON", sys.executable)
    return tmp_path / "home"


@pytest.fixture
def comfyui(home: Path) -> Path:
    folder = home.parent / "ComfyUI"
    folder.mkdir()
    (folder / "main.py").touch()
    (folder / "comfyui_version.py").write_text('__version__ = "0.30.0"')
    return folder


def seen(**changed: Any) -> dict[str, Any]:
    return {
        "python": "3.11.7",
        "packages": {"torch": "2.11.0", "yt-dlp": "2026.1"},
        "devices": [],
        "trouble": None,
    } | changed


def by_check(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    assert all(row.keys() == {"check", "ok", "detail", "remedy"} for row in rows)
    assert all(row["remedy"] for row in rows if row["ok"] is False)
    return {row["check"]: row for row in rows}


def test_a_complete_installation_has_nothing_wrong(comfyui: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "look", lambda python: seen())
    rows = by_check(doctor.run_doctor(None))
    assert [name for name, row in rows.items() if row["ok"] is False] == []
    assert rows["ComfyUI"]["detail"] == f"0.30.0 in {comfyui}"
    assert rows["yt-dlp"]["detail"] == "2026.1"
    assert "draft" in rows["quality"]["detail"]


def test_looking_makes_nothing_and_starts_nothing(comfyui: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "look", lambda python: seen())
    rows = by_check(doctor.run_doctor(None))
    assert rows["managed server"]["ok"] is None
    assert not home.exists()


def test_without_comfyui_the_remedy_is_set_up(home: Path) -> None:
    row = by_check(doctor.run_doctor(None))["ComfyUI"]
    assert row["ok"] is False
    assert "make setup" in row["remedy"]


def test_an_old_comfyui_is_reported(comfyui: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (comfyui / "comfyui_version.py").write_text('__version__ = "0.3.60"')
    monkeypatch.setattr(doctor, "look", lambda python: seen())
    assert by_check(doctor.run_doctor(None))["ComfyUI"]["ok"] is False


def test_a_missing_package_and_a_broken_torch_are_reported(comfyui: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = seen(packages={"torch": "2.11.0", "deno": None}, trouble="ImportError: libcudart.so")
    monkeypatch.setattr(doctor, "look", lambda python: broken)
    rows = by_check(doctor.run_doctor(None))
    assert rows["deno"]["ok"] is False
    assert rows["torch works"]["detail"] == "ImportError: libcudart.so"


def test_a_python_that_cannot_be_run_is_reported(comfyui: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMFYUI_PYTHON", "/nowhere/python")
    row = by_check(doctor.run_doctor(None))["ComfyUI's Python"]
    assert row["ok"] is False
    assert "/nowhere/python: No such file" in row["detail"]


def test_every_requirement_of_the_pack_is_looked_for() -> None:
    requirements = Path(__file__).parents[2] / "custom_nodes" / "comfyui_talkingshorts" / "requirements.txt"
    wanted = {re.split(r"[\[<>=]", line)[0] for line in requirements.read_text().split()}

    assert wanted | {"torch"} == set(doctor.PACKAGES)


def test_packages_are_looked_for_in_comfyuis_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PACKAGES", {"pytest": "pytest", "no-such-package": "no_such_package"})
    monkeypatch.setattr(doctor, "LOOK", doctor.LOOK.replace("import torch", "raise ImportError('torch')"))
    found = doctor.look(Path(sys.executable))
    assert isinstance(found, dict)
    assert found["packages"] == {"pytest": pytest.__version__, "no-such-package": None}
    assert found["trouble"] == "ImportError: torch"


@pytest.mark.parametrize(
    ("gpus", "has_all"), [([], False), ([LAPTOP_GPU], False), ([MAC], False), ([LAPTOP_GPU, H200], True)]
)
def test_cloning_would_fit_from_24_gb_of_a_cuda_gpu(gpus: list[dict[str, Any]], has_all: bool) -> None:
    assert ("would fit here" in doctor.quality_row(gpus)["detail"]) == has_all


class FakeComfyUI(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"system": {"comfyui_version": "0.31.0"}, "devices": [H200]}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def other_server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), FakeComfyUI) as answering:
        thread = threading.Thread(target=answering.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{answering.server_port}/"
        answering.shutdown()
        thread.join()


def test_a_named_server_is_looked_at_in_place_of_this_machine(other_server: str) -> None:
    rows = by_check(doctor.run_doctor(other_server))
    assert "ComfyUI 0.31.0" in rows["server"]["detail"]
    assert rows["GPU"]["detail"] == "H200 (150 GB)"
    assert "would fit here" in rows["quality"]["detail"]
    assert "disk" not in rows


@pytest.mark.parametrize(("token", "is_let_in"), [("secret", True), ("wrong", False), (None, False)])
def test_a_guarded_server_is_asked_with_the_token(token: str | None, is_let_in: bool) -> None:
    with serve_fake_comfyui() as guarded:
        guarded.token = "secret"
        row = doctor.run_doctor(guarded.url, token)[0]
    assert row["ok"] == is_let_in
    assert is_let_in or "token" in row["detail"]


def test_a_named_server_that_is_not_there_is_reported() -> None:
    (row,) = doctor.run_doctor(f"http://127.0.0.1:{server.free_port()}")
    assert row["ok"] is False
