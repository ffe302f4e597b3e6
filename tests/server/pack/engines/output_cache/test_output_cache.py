"""What a real ComfyUI with tiny models makes is taken from the disk after it was killed, and what isn't needed is never
read."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from comfyui_talkingshorts.engines.draft.voice import speak_draft
from support.checkout import ROOT
from support.processes import start_runner
from support.servers.managed_home import managed_home
from support.servers.on_comfyui import ComfyUI, run_graph
from support.servers.talking_jobs import kill_comfyui, write_wav
from support.shorts import decode, read_result
from support.tiny.home import fill_tiny_home
from talkingshorts.managed.server import ensure_server, stop_server

WORKFLOW = str(ROOT / "workflows" / "talking_short.api.json")
SCRIPT = "This is said in another voice."
PROMPTS = {"Encode Prompt", "Encode Negative Prompt", "Encode Portrait Prompt"}
TEXT_ENCODER, PORTRAIT_MODEL = "umt5_xxl_fp8_e4m3fn_scaled", "wan2.2_t2v_low_noise_14B_fp8_scaled"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home folder of a ComfyUI that has every model and somebody's voice."""
    home = tmp_path_factory.mktemp("kept")
    fill_tiny_home(home / "base", speech_frames=4)
    (home / "base" / "input").mkdir()
    speech = speak_draft("I talk for a while so that my voice is heard, and then I go on about the weather.", 1)[0]
    write_wav(home / "base" / "input" / "ann.wav", speech)
    with managed_home(home):
        yield home
    shutil.rmtree(home)


@dataclass(frozen=True)
class Short:
    """A short that was made: the titles of the nodes that came from a cache and of those that ran."""

    code: int
    path: Path
    cached: set[str]
    ran: set[str]


def make_short(folder: Path, script: str = SCRIPT, prompt: str = "a person talks") -> Short:
    folder.mkdir(exist_ok=True)
    values = {
        "script": script,
        "prompt": prompt,
        "voice_source": "ann.wav",
        "voice_start_seconds": "0",
        "voice_rights": "true",
        "target_seconds": "0",
        "width": "64",
        "height": "64",
        "steps": "2",
        "BasicScheduler#1.steps": "2",
    }
    settings = (part for name, value in values.items() for part in ("-s", f"{name}={value}"))
    with start_runner(folder, "run", WORKFLOW, *settings, "-o", "out.mp4") as runner:
        code = runner.wait()
    cached = {title for event in runner.events if event["event"] == "cached" for title in event["titles"]}
    ran = {event["title"] for event in runner.events if event["event"] == "node_started"}
    return Short(code, folder / "out.mp4", cached, ran)


@pytest.fixture(scope="module")
def first(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Short:
    """The first short of a ComfyUI that was killed right after it."""
    short = make_short(tmp_path_factory.mktemp("first"))
    assert short.code == 0
    kill_comfyui(home)
    return short


@contextlib.contextmanager
def spoilt(home: Path, *names: str) -> Iterator[None]:
    """While this lasts the models can't be loaded, but size and time of change are as they were."""
    with contextlib.ExitStack() as undone:
        for name in names:
            [path] = (home / "base" / "models").rglob(f"{name}.safetensors")
            content, status = path.read_bytes(), path.stat()

            def write(data: bytes, path: Path = path, time_ns: int = status.st_mtime_ns) -> None:
                path.write_bytes(data)
                os.utime(path, ns=(time_ns, time_ns))

            write(bytes(len(content)))
            undone.callback(write, content)
        yield


def list_entries(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "base" / "user" / "talkingshorts" / "outputs").iterdir())


def test_after_a_kill_the_same_short_is_only_saved_again(first: Short, home: Path, tmp_path: Path) -> None:
    again = make_short(tmp_path)

    assert again.code == 0
    assert {*PROMPTS, "Cloned Voice", "Decode Portrait", "Talking Video"} <= again.cached
    assert again.ran == {"Save Short"}
    one, other = decode(first.path), decode(again.path)
    assert (one.frames == other.frames).all()
    assert (one.sound == other.sound).all()
    assert "TalkingShorts: 6 stages were taken from the cache" in (home / "server" / "comfyui.log").read_text()


def test_a_second_short_with_the_same_speaker_reads_neither_text_encoder_nor_portrait_model(
    first: Short, home: Path, tmp_path: Path
) -> None:
    stop_server()
    with spoilt(home, TEXT_ENCODER, PORTRAIT_MODEL):
        second = make_short(tmp_path, "And now I say something else.")
        other_prompt = make_short(tmp_path / "other", "And now I say something else.", "a person sings")

    assert second.code == 0
    assert {*PROMPTS, "Decode Portrait"} <= second.cached
    assert {"Cloned Voice", "Talking Video"} <= second.ran
    assert not {"Load Text Encoder", "Load Portrait Model", "Sample Portrait"} & second.ran
    assert read_result(second.path)["files"][0]["sha256"] != read_result(first.path)["files"][0]["sha256"]
    assert other_prompt.code == 4, "a text encoder that can't be loaded was loaded"


def test_a_graph_without_a_node_of_the_pack_keeps_nothing(first: Short, home: Path) -> None:
    server = ComfyUI(ensure_server(print), home / "base")
    before = list_entries(home)
    graph = {
        "1": {"class_type": "CLIPLoader", "inputs": {"clip_name": f"{TEXT_ENCODER}.safetensors", "type": "wan"}},
        "2": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["1", 0], "text": "a prompt of another graph"}},
        "3": {"class_type": "PreviewAny", "inputs": {"source": ["2", 0]}},
    }

    assert run_graph(server, graph)["status"] == "completed"
    assert list_entries(home) == before
