"""The speech video on a real ComfyUI with tiny models: its length, sound and size, and what is left after a crash."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from comfyui_talkingshorts.core.sound import Sound
from PIL import Image
from support.checkout import ROOT
from support.processes import CommandLine
from support.servers.managed_home import managed_home
from support.servers.on_comfyui import ComfyUI
from support.servers.talking_jobs import Event, film_of, follow, kill, lines_of, list_sessions, run, write_wav
from support.shorts import decode, read_result
from support.tiny.encoders import link_into
from support.tiny.s2v import write_tiny_speech_models
from support.tiny.talking_models import make_loader_nodes
from support.tiny.talks import paint, speak
from talkingshorts.managed.server import ensure_server

WORKFLOW = str(ROOT / "workflows" / "s2v.api.json")
FRAMES, WINDOWS, STEPS = 80, 2, 20


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the home folder of a ComfyUI with tiny models, a portrait and a speech."""
    home = tmp_path_factory.mktemp("speech_home")
    write_tiny_speech_models(home / "base" / "models")
    link_into(home / "base")
    inputs = home / "base" / "input"
    inputs.mkdir()
    Image.fromarray(paint()).save(inputs / "portrait.png")
    write_wav(inputs / "speech.wav", speak(FRAMES, fps=16))
    # What these tests look at is made, not remembered.
    with managed_home(home, TALKINGSHORTS_CACHE_GB="0"):
        yield home


@pytest.fixture
def server(home: Path) -> ComfyUI:
    """Start ComfyUI when it doesn't run, as after a test that killed it."""
    return ComfyUI(ensure_server(print), home / "base")


def graph_of(server: ComfyUI, negative: str = "", **settings: Any) -> dict[str, Any]:
    """Return a graph that makes a video of WINDOWS windows of STEPS steps; `settings` go to the node.

    The negative prompt changes no frame at cfg 1: another one only has ComfyUI run the graph anew.
    """
    links = {
        "model": "shift",
        "vae": "vae",
        "audio_encoder": "audio_encoders",
        "speech": "speech",
        "portrait": "portrait",
        "positive": "prompt",
        "negative": "negative",
        "sampler": "sampler",
    }
    inputs = {name: [node, 0] for name, node in links.items()} | {
        "width": 48,
        "height": 32,
        "steps": STEPS,
        "cfg": 1.0,
        "scheduler": "simple",
        "seed": 1,
    }
    prompts = {
        name: {"class_type": "CLIPTextEncode", "inputs": {"clip": ["text_encoders", 0], "text": text}}
        for name, text in (("prompt", "a woman talks"), ("negative", negative))
    }
    return {
        **make_loader_nodes(server.base / "models"),
        "shift": {"class_type": "ModelSamplingSD3", "inputs": {"model": ["diffusion_models", 0], "shift": 8.0}},
        "portrait": {"class_type": "LoadImage", "inputs": {"image": "portrait.png"}},
        "speech": {"class_type": "LoadAudio", "inputs": {"audio": "speech.wav"}},
        "sampler": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "uni_pc"}},
        **prompts,
        "talk": {"class_type": "TalkingShortsSpeechToVideo", "inputs": inputs | settings},
        "save": {
            "class_type": "TalkingShortsSaveShort",
            "inputs": {"video": ["talk", 0], "filename_prefix": "speech"},
        },
    }


@pytest.fixture(scope="module")
def uninterrupted(home: Path) -> list[Event]:
    """Return all that the canvas hears when nothing comes in between."""
    server = ComfyUI(ensure_server(print), home / "base")
    return run(server, graph_of(server))


def test_the_command_line_makes_a_video_as_long_as_the_speech_and_in_sync_to_its_end(
    server: ComfyUI, tmp_path: Path
) -> None:
    speech = speak(40, 44100, channels=2, fps=16)
    samples = np.concatenate([0.02 * speech.samples, np.zeros((2, 100), np.float32)], axis=1)
    samples[:, -4410:-2205] = 0.8 * np.sin(np.arange(2205) / 5)
    write_wav(tmp_path / "my speech.wav", Sound(samples, 44100))
    Image.fromarray(paint(75, 51, channels=4)).save(tmp_path / "me.png")

    done = CommandLine(tmp_path)(
        *("run", WORKFLOW, "-i", "portrait=me.png", "-i", "speech=my speech.wav"),
        *("-s", "steps=2", "-s", "width=64", "-s", "height=96", "-o", "out.mp4"),
    )

    assert done.code == 0, done.stderr
    film, file = decode(done.paths[0]), read_result(done.paths[0])["files"][0]
    assert (file["width"], file["height"], file["fps"], file["has_audio"]) == (64, 96, 16, True)
    assert film.frames.shape == (41, 96, 64)
    assert film.sample_rate_hz == 44100
    loud = np.flatnonzero(np.abs(film.sound) > 0.4)
    assert loud[0] == pytest.approx(samples.shape[1] - 4410, abs=441)
    assert loud[-1] == pytest.approx(samples.shape[1] - 2205, abs=441)
    assert list_sessions(server) == []


def test_the_canvas_sees_every_window_and_step(server: ComfyUI, uninterrupted: list[Event]) -> None:
    lines = lines_of(uninterrupted)

    assert re.fullmatch(rf"Window 1 of {WINDOWS}, step 0 of {STEPS}: \d+ forwards, \S+ PFLOP", lines[0])
    assert len(lines) == 1 + WINDOWS * STEPS
    assert lines[STEPS + 7].startswith(f"Window 2 of {WINDOWS}, step 7 of {STEPS}, ")
    assert all(line.endswith(" left") for line in lines[1:])
    assert [event.kind for event in uninterrupted].count("picture") == WINDOWS
    assert film_of(server, uninterrupted).shape == (FRAMES, 32, 48, 3)


def test_after_a_stop_and_a_crash_it_goes_on_after_the_finished_window_to_the_same_frames(
    server: ComfyUI, home: Path, uninterrupted: list[Event]
) -> None:
    stopped, graph = [], graph_of(server, "interrupted")
    for event in follow(server, graph):
        stopped.append(event)
        if event.kind == "line" and event.told.startswith("Window 2 of 2, step 3"):
            requests.post(f"{server.url}/interrupt", timeout=30).raise_for_status()

    assert stopped[-1].kind == "execution_interrupted"
    assert not any(line.startswith("Window 2 of 2, step 12") for line in lines_of(stopped))

    crashed = []
    for event in follow(server, graph):
        crashed.append(event)
        if event.kind == "line" and event.told.startswith(f"Window 2 of 2, step {STEPS - 2}"):
            break
    kill(server)

    assert lines_of(crashed)[0].startswith("Window 2 of 2, step 0")

    server = ComfyUI(ensure_server(print), home / "base")
    finished = run(server, graph)

    assert lines_of(finished)[0].startswith("Window 2 of 2, step 0")
    assert np.array_equal(film_of(server, finished), film_of(server, uninterrupted))
    assert list_sessions(server) == []


def test_a_size_that_is_no_multiple_of_16_is_refused_in_words(server: ComfyUI) -> None:
    *_, end = follow(server, graph_of(server, width=40))

    assert end.kind == "execution_error"
    assert end.told["exception_type"].endswith("InputError")
    assert "40" in end.told["exception_message"]
