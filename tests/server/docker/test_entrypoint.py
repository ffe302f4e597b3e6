"""The image's entrypoint as a plain process, behind the proxy: it starts, serves, keeps secrets and ends."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from support.checkout import ROOT
from support.fakes.web import Page, serve
from support.media import make_media
from support.processes import CommandLine
from support.servers.haproxy import TOKEN, Proxy, is_supported, serve_proxy
from support.servers.on_comfyui import ComfyUI, run_graph
from support.servers.small_graphs import quick_graph
from support.waiting import wait_until
from talkingshorts.managed.server import free_port

ENTRYPOINT = ROOT / "docker" / "entrypoint.sh"
COOKIE = "cookie-5ac1e7"
SECRETS = {
    "TALKINGSHORTS_TOKEN": TOKEN,
    "N8N_ENCRYPTION_KEY": "n8n-key-0b57e9",
    "TALKINGSHORTS_WEBHOOK_SECRET": "whsec_ZDFmMGU5",
}


def container_environment(data: Path, **variables: str) -> dict[str, str]:
    """Return the environment that the image gives, with the container's folders under `data`."""
    for name in ("data/input", "data/output", "models/vae"):
        (data / name).mkdir(parents=True, exist_ok=True)
    folders = {"DATA_DIR": "data", "HOME": "data/home", "MODELS_DIR": "models"}
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("TALKINGSHORTS_")},
        **{name: str(data / folder) for name, folder in folders.items()},
        "COMFYUI_LISTEN": "127.0.0.1",
        "COMFYUI_ARGS": "--cpu",
        "OMP_NUM_THREADS": "1",
        **variables,
    }


@dataclass(frozen=True)
class Container:
    """What a container would be: the process, its address, and the folder with its volumes and its log."""

    process: subprocess.Popen[bytes]
    url: str
    folder: Path

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def answers(self) -> bool:
        with contextlib.suppress(requests.RequestException):
            return requests.get(f"{self.url}/system_stats", timeout=5).ok
        return False


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    folder = tmp_path_factory.mktemp("container")
    cookies = folder / "cookies.txt"
    cookies.write_text(f"# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t4102444800\tpass\t{COOKIE}\n")
    port = free_port()
    own = {"COMFYUI_PORT": str(port), "TALKINGSHORTS_COOKIES": str(cookies), "TALKINGSHORTS_ALLOW_PRIVATE_HOSTS": "1"}
    environment = container_environment(folder, **own, **SECRETS)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(["sh", str(ENTRYPOINT)], env=environment, cwd="/", stdout=log, stderr=log)
    container = Container(process, f"http://127.0.0.1:{port}", folder)
    try:
        wait_until(lambda: process.poll() is not None or container.answers())
        assert process.poll() is None, container.log
        yield container
    finally:
        process.kill()
        process.wait(30)


@pytest.fixture(scope="module")
def proxy(container: Container) -> Iterator[Proxy]:
    if not is_supported():
        pytest.skip("HAProxy is packed for Linux on x86-64")
    with serve_proxy(container.folder / "proxy.log", container.url) as running:
        yield running


@pytest.fixture
def outside(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)


def find_secrets(folder: Path) -> list[str]:
    """Return where a secret stands in what was written, but for the cookies' own file."""
    secrets = [value.encode() for value in (*SECRETS.values(), COOKIE)]
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "cookies.txt"]
    assert files
    return [f"{secret!r} in {path}" for path in files for secret in secrets if secret in path.read_bytes()]


def test_the_container_has_the_pack_and_sees_the_models(container: Container) -> None:
    arguments = requests.get(f"{container.url}/system_stats", timeout=30).json()["system"]["argv"]

    assert requests.get(f"{container.url}/object_info/TalkingShortsSaveShort", timeout=30).json()
    assert str(ROOT / "extra_model_paths.yaml") in arguments
    assert arguments[-1] == "--cpu"


def test_the_container_writes_to_its_volume(container: Container) -> None:
    job = run_graph(ComfyUI(container.url, container.folder / "data"), quick_graph("kept"))

    (picture,) = job["outputs"]["9"]["images"]
    assert (container.folder / "data" / "output" / picture["filename"]).is_file()


def test_no_secret_is_told_anywhere(container: Container, proxy: Proxy, outside: CommandLine, tmp_path: Path) -> None:
    graph = str(ROOT / "workflows" / "draft.api.json")
    short = ("-s", "script=A secret.", "-s", "width=128", "-s", "height=224", "-s", "voice_start_seconds=0", "-v")
    home = {"TALKINGSHORTS_HOME": str(tmp_path / "home")}
    talk = Page(make_media("flac", "flac", seconds=4), "audio/flac", cookies_wanted=f"pass={COOKIE}")
    told: list[str] = []
    with serve({"talk.flac": talk}) as web:
        for page, token, code in (
            ("talk.flac", TOKEN, 0),
            ("missing.flac", TOKEN, 4),
            ("talk.flac", "wrong", 5),
        ):
            source = ("-s", f"voice_source={web.url}/{page}")
            done = outside("run", graph, *short, *source, "--server", proxy.url, TALKINGSHORTS_TOKEN=token, **home)
            assert done.code == code, done.stderr
            told += [done.stdout, done.stderr]
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    for path in ("/system_stats", "/view?filename=x", "/nowhere", "/webhook/x", "/prompt"):
        answers = [requests.get(proxy.url + path, headers=headers, timeout=30) for headers in (bearer, {})]
        told += [f"{answer.headers}{answer.text}" for answer in answers]
    broken = requests.post(f"{proxy.url}/prompt", headers=bearer, data=b"{", timeout=30)
    told.append(f"{broken.headers}{broken.text}")
    (tmp_path / "told").write_text("\n".join(told))

    assert list(tmp_path.rglob("*.mp4"))
    assert find_secrets(tmp_path) == []
    assert find_secrets(container.folder) == []


def test_sigterm_ends_the_container(container: Container) -> None:
    container.process.send_signal(signal.SIGTERM)

    assert container.process.wait(30) == -signal.SIGTERM
    assert not container.answers()


# What is wrong is said before ComfyUI starts


def start_wrongly(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = container_environment(folder, **variables)
    return subprocess.run(["sh", str(ENTRYPOINT)], env=environment, capture_output=True, text=True, timeout=240)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DATA_DIR", "/nowhere", "/nowhere isn't there. Mount a volume at it."),
        ("INPUT_DIR", "/nowhere", "/nowhere isn't there. Mount a volume at it."),
        ("OUTPUT_DIR", "/nowhere", "/nowhere isn't there. Mount a volume at it."),
        ("MODELS_DIR", "/nowhere", "/nowhere can't be read. Mount the folder of the models there, read-only."),
        ("MODEL_PATHS", "/nowhere.yaml", "/nowhere.yaml can't be read."),
        ("COMFYUI_DIR", "/nowhere", "/nowhere holds no ComfyUI."),
        ("COMFYUI_PYTHON", "/nowhere", "/nowhere can't be run."),
        (
            "TALKINGSHORTS_COOKIES",
            "/nowhere.txt",
            f"TALKINGSHORTS_COOKIES names a file that user {os.getuid()} can't read.",
        ),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, name: str, value: str, said: str) -> None:
    done = start_wrongly(tmp_path, **{name: value})

    assert (done.returncode, done.stderr) == (78, f"talkingshorts: {said}\n")


@pytest.mark.skipif(Path("/dev/nvidiactl").exists() or Path("/dev/dxg").exists(), reason="this machine has a GPU")
def test_a_missing_gpu_is_named(tmp_path: Path) -> None:
    done = start_wrongly(tmp_path, COMFYUI_ARGS="")

    assert done.returncode == 78
    assert "No NVIDIA GPU is seen" in done.stderr


def test_comfyuis_own_exit_code_is_passed_on(tmp_path: Path) -> None:
    done = start_wrongly(tmp_path, COMFYUI_ARGS="--cpu --no-such-option *")

    assert done.returncode == 2
    assert "--no-such-option *" in done.stderr, "and no pattern is filled in"
