"""Save Speech with sound that other nodes made, on a real ComfyUI."""

from __future__ import annotations

import json
import wave
from typing import Any

import av
import numpy as np
import pytest
from support.servers.on_comfyui import ComfyUI, run_graph

PREFIX = "spoken/speech"


def save_graph(source: dict[str, Any], prefix: str = PREFIX) -> dict[str, Any]:
    saving = {"speech": ["sound", 0], "filename_prefix": prefix}
    return {"sound": source, "save": {"class_type": "TalkingShortsSaveSpeech", "inputs": saving}}


@pytest.fixture
def recording(comfyui: ComfyUI) -> np.ndarray:
    """Noise in stereo [samples, 2] int16, which also lies in ComfyUI's input folder as noise.wav in 44.1 kHz."""
    samples = np.random.default_rng(1).integers(-20_000, 20_000, (22_050, 2)).astype("<i2")
    with wave.open(str(comfyui.base / "input" / "noise.wav"), "wb") as file:
        file.setparams((2, 2, 44_100, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    return samples


def test_a_recording_is_saved_sample_for_sample_with_its_graph_and_the_mark(
    comfyui: ComfyUI, recording: np.ndarray
) -> None:
    graph = save_graph({"class_type": "LoadAudio", "inputs": {"audio": "noise.wav"}})

    shown = run_graph(comfyui, graph)["outputs"]["save"]

    report = json.loads(shown["text"][0])
    with av.open(str(comfyui.base / "output" / report["file"])) as container:
        tags = container.metadata
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
    assert np.array_equal(np.concatenate(frames, axis=1).reshape(-1, 2) / 2**16, recording)
    assert (report["seconds"], report["sample_rate_hz"], report["channels"]) == (0.5, 44_100, 2)
    assert report["file"] == f"{shown['audio'][0]['subfolder']}/{shown['audio'][0]['filename']}"
    assert json.loads(tags["prompt"]) == graph
    assert tags["ai_generated"] == "true"


def test_each_speech_gets_a_number_of_its_own(comfyui: ComfyUI) -> None:
    def save_silence(seconds: float) -> str:
        silence = {"duration": seconds, "sample_rate": 24_000, "channels": 1}
        job = run_graph(comfyui, save_graph({"class_type": "EmptyAudio", "inputs": silence}, "numbered"))
        return job["outputs"]["save"]["audio"][0]["filename"]

    assert [save_silence(0.5), save_silence(1.0)] == ["numbered_00001_.flac", "numbered_00002_.flac"]


@pytest.mark.usefixtures("recording")
@pytest.mark.parametrize("prefix", ["", "../outside", "/etc/speech", "a\x00b"])
def test_a_prefix_that_cannot_be_used_is_refused_and_nothing_is_written(prefix: str, comfyui: ComfyUI) -> None:
    before = sorted(comfyui.base.parent.rglob("*.flac"))

    job = run_graph(comfyui, save_graph({"class_type": "LoadAudio", "inputs": {"audio": "noise.wav"}}, prefix))

    assert job["status"] == "failed"
    assert "filename_prefix" in job["execution_error"]["exception_message"]
    assert sorted(comfyui.base.parent.rglob("*.flac")) == before


def test_a_voice_node_without_a_source_leaves_nothing_to_save(comfyui: ComfyUI) -> None:
    nothing = {"source": "", "start_seconds": 0.0, "duration_seconds": 1.0}

    job = run_graph(comfyui, save_graph({"class_type": "TalkingShortsYouTubeVoice", "inputs": nothing}))

    assert job["execution_error"]["exception_type"].endswith("InputError")
    assert "no audio" in job["execution_error"]["exception_message"]


def test_the_canvas_is_told_to_give_the_node_a_player(comfyui: ComfyUI) -> None:
    assert "/extensions/comfyui_talkingshorts/speech_player.js" in comfyui.get("/extensions")
