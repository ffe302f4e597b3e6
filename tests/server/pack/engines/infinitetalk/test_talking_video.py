"""The talking video on a real ComfyUI with tiny models: its sound, its progress, and what is left after a crash."""

from __future__ import annotations

import os
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
from support.servers.talking_jobs import film_of, follow, kill, lines_of, list_sessions, run, work_of, write_wav
from support.shorts import decode, read_result
from support.tiny.encoders import link_into
from support.tiny.talking_models import make_loader_nodes
from support.tiny.talks import paint, speak
from support.tiny.wan import write_tiny_talking_models
from talkingshorts.managed.server import ensure_server

WORKFLOW = str(ROOT / "workflows" / "talking_video.api.json")
FRAMES, WINDOWS, STEPS = 17, 3, 20


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the home folder of a ComfyUI with tiny models, a portrait and a speech."""
    home = tmp_path_factory.mktemp("talking_home")
    write_tiny_talking_models(home / "base" / "models")
    link_into(home / "base")
    inputs = home / "base" / "input"
    inputs.mkdir()
    Image.fromarray(paint()).save(inputs / "portrait.png")
    write_wav(inputs / "speech.wav", speak(FRAMES))
    # What these tests look at is made, not remembered.
    with managed_home(home, TALKINGSHORTS_CACHE_GB="0"):
        yield home


@pytest.fixture
def server(home: Path) -> ComfyUI:
    """Start ComfyUI when it doesn't run, as after a test that killed it."""
    return ComfyUI(ensure_server(print), home / "base")


def graph_of(server: ComfyUI, negative: str = "", **settings: Any) -> dict[str, Any]:
    """Return a graph that makes a video of WINDOWS windows of STEPS steps; `settings` go to the node.

    The negative prompt changes no frame at text scale 1: another one only has ComfyUI run the graph anew.
    """
    links = {
        "model": "diffusion_models",
        "model_patch": "model_patches",
        "vae": "vae",
        "audio_encoder": "audio_encoders",
        "clip_vision": "clip_vision",
        "speech": "speech",
        "portrait": "portrait",
        "positive": "prompt",
        "negative": "negative",
    }
    inputs: dict[str, Any] = {name: [node, 0] for name, node in links.items()} | {
        "size_mode": "custom",
        "width": 32,
        "height": 32,
        "steps": STEPS,
        "schedule": "official",
        "shift": 0.0,
        "text_scale": 1.0,
        "audio_scale": 2.0,
        "seed": 1,
        "window_frames": 9,
        "motion_frames": 5,
    }
    prompts = {
        name: {"class_type": "CLIPTextEncode", "inputs": {"clip": ["text_encoders", 0], "text": text}}
        for name, text in (("prompt", "a woman talks"), ("negative", negative))
    }
    return {
        **make_loader_nodes(server.base / "models"),
        "portrait": {"class_type": "LoadImage", "inputs": {"image": "portrait.png"}},
        "speech": {"class_type": "LoadAudio", "inputs": {"audio": "speech.wav"}},
        **prompts,
        "talk": {"class_type": "TalkingShortsTalkingVideo", "inputs": inputs | settings},
        "save": {
            "class_type": "TalkingShortsSaveShort",
            "inputs": {"video": ["talk", 0], "filename_prefix": "talk"},
        },
    }


@pytest.fixture(scope="module")
def uninterrupted(home: Path) -> np.ndarray:
    """Return the frames of the video when nothing comes in between."""
    server = ComfyUI(ensure_server(print), home / "base")
    return film_of(server, run(server, graph_of(server)))


def test_the_command_line_makes_a_video_as_long_as_the_speech_and_in_sync_to_its_end(
    server: ComfyUI, tmp_path: Path
) -> None:
    speech = speak(85, 44100, channels=2)
    samples = np.concatenate([0.02 * speech.samples, np.zeros((2, 100), np.float32)], axis=1)
    beep = slice(-4410, -2205)
    samples[:, beep] = 0.8 * np.sin(np.arange(2205) / 5)
    write_wav(tmp_path / "my speech.wav", Sound(samples, 44100))
    Image.fromarray(paint(75, 51, channels=4)).save(tmp_path / "me.png")

    done = CommandLine(tmp_path)(
        *("run", WORKFLOW, "-i", "portrait=me.png", "-i", "speech=my speech.wav"),
        *("-s", "steps=2", "-s", "width=64", "-s", "height=96", "-o", "out.mp4"),
    )

    assert done.code == 0, done.stderr
    assert "No face was found in the portrait" in done.stderr
    film, file = decode(done.paths[0]), read_result(done.paths[0])["files"][0]
    assert (file["width"], file["height"], file["fps"], file["has_audio"]) == (64, 96, 25, True)
    assert film.frames.shape == (86, 96, 64)
    assert film.sample_rate_hz == 44100
    loud = np.flatnonzero(np.abs(film.sound) > 0.4)
    assert loud[0] == pytest.approx(samples.shape[1] - 4410, abs=441)
    assert loud[-1] == pytest.approx(samples.shape[1] - 2205, abs=441)
    assert list_sessions(server) == []


def test_the_canvas_sees_every_window_and_step(server: ComfyUI) -> None:
    events = run(server, graph_of(server, seed=2))

    bars = [event.told["nodes"].get("talk", {}) for event in events if event.kind == "progress_state"]
    values = [bar["value"] for bar in bars if bar.get("max") == WINDOWS * STEPS]
    assert values == sorted(values)
    assert (values[0], values[-1]) == (0, WINDOWS * STEPS)
    lines = lines_of(events)
    assert re.fullmatch(rf"Window 1 of {WINDOWS}, step 0 of {STEPS}: \d+ forwards, \S+ PFLOP", lines[0])
    assert len(lines) == 1 + WINDOWS * STEPS
    assert lines[2 * STEPS + 7].startswith(f"Window 3 of {WINDOWS}, step 7 of {STEPS}, ")
    assert all(line.endswith(" left") for line in lines[1:])
    assert [event.kind for event in events].count("picture") == WINDOWS
    work = work_of(events)
    assert (work["windows"], work["gpu"], work["roofline_seconds"]) == (WINDOWS, "", None)
    assert f": {work['forwards']} forwards, {work['flops'] / 1e15:.3g} PFLOP" in lines[0]
    assert work["seconds"] > 0


def test_a_stop_is_heeded_within_a_step_and_the_finished_windows_stay(
    server: ComfyUI, uninterrupted: np.ndarray
) -> None:
    events, graph = [], graph_of(server, "stopped")
    for event in follow(server, graph):
        events.append(event)
        if event.kind == "line" and event.told.startswith("Window 2 of 3, step 3"):
            requests.post(f"{server.url}/interrupt", timeout=30).raise_for_status()

    assert events[-1].kind == "execution_interrupted"
    assert not any(line.startswith("Window 2 of 3, step 9") for line in lines_of(events))
    again = run(server, graph)
    assert lines_of(again)[0].startswith("Window 2 of 3, step 0")
    assert np.array_equal(film_of(server, again), uninterrupted)
    assert list_sessions(server) == []


@pytest.mark.parametrize(("window", "finished"), [(1, 0), (3, 2)])
def test_a_killed_comfyui_goes_on_after_the_last_finished_window_to_the_same_frames(
    window: int, finished: int, server: ComfyUI, home: Path, uninterrupted: np.ndarray
) -> None:
    graph = graph_of(server, f"killed in window {window}")
    for event in follow(server, graph):
        if event.kind == "line" and event.told.startswith(f"Window {window} of 3, step {STEPS - 2}"):
            break
    kill(server)

    server = ComfyUI(ensure_server(print), home / "base")
    events = run(server, graph)

    assert lines_of(events)[0].startswith(f"Window {finished + 1} of 3, step 0")
    assert np.array_equal(film_of(server, events), uninterrupted)
    assert list_sessions(server) == []


def test_a_model_file_that_was_changed_starts_afresh(server: ComfyUI) -> None:
    graph = graph_of(server, "another model")
    for event in follow(server, graph):
        if event.kind == "line" and event.told.startswith("Window 2 of 3, step 3"):
            requests.post(f"{server.url}/interrupt", timeout=30).raise_for_status()
    [model] = (server.base / "models" / "diffusion_models").iterdir()
    os.utime(model)

    events = run(server, graph)

    assert lines_of(events)[0].startswith("Window 1 of 3, step 0")


def test_a_model_that_went_through_the_native_node_talks_the_same(server: ComfyUI, uninterrupted: np.ndarray) -> None:
    native = {
        "mode": "single_speaker",
        "model": ["diffusion_models", 0],
        "model_patch": ["model_patches", 0],
        "vae": ["vae", 0],
        "positive": ["prompt", 0],
        "negative": ["prompt", 0],
        "start_image": ["portrait", 0],
        "width": 32,
        "height": 32,
        "length": 9,
        "motion_frame_count": 5,
        "audio_scale": 1.0,
        "audio_encoder_output_1": ["heard", 0],
    }
    heard = {"audio_encoder": ["audio_encoders", 0], "audio": ["speech", 0]}
    graph = graph_of(server, model=["native", 0]) | {
        "native": {"class_type": "WanInfiniteTalkToVideo", "inputs": native},
        "heard": {"class_type": "AudioEncoderEncode", "inputs": heard},
    }

    assert np.array_equal(film_of(server, run(server, graph)), uninterrupted)


def test_a_size_that_is_no_multiple_of_16_is_refused_in_words(server: ComfyUI) -> None:
    *_, end = follow(server, graph_of(server, width=40))

    assert end.kind == "execution_error"
    assert end.told["exception_type"].endswith("InputError")
    assert "40" in end.told["exception_message"]
