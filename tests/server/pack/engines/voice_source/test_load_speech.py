"""Load Speech on a real ComfyUI: over POST /prompt, and as the named input of a graph that the runner runs."""

from __future__ import annotations

import io
import json
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import requests
from support.media import decode_whole, make_media
from support.processes import CommandLine
from support.servers.on_comfyui import ComfyUI, run_graph


def graph(name: str) -> dict[str, Any]:
    return {
        "1": {"class_type": "TalkingShortsLoadSpeech", "inputs": {"audio": name}, "_meta": {"title": "speech"}},
        "2": {"class_type": "TalkingShortsSaveSpeech", "inputs": {"speech": ["1", 0], "filename_prefix": "loaded"}},
    }


def upload(comfyui: ComfyUI, name: str, data: bytes) -> str:
    form = {"image": (name, io.BytesIO(data))}
    return requests.post(f"{comfyui.url}/upload/image", files=form, timeout=30).json()["name"]


def test_a_films_sound_is_read_whole(comfyui: ComfyUI) -> None:
    film = make_media("mp4", "aac", seconds=3, video=True)
    whole, _ = decode_whole(film)

    job = run_graph(comfyui, graph(upload(comfyui, f"{uuid.uuid4()}.mp4", film)))

    saved = comfyui.base / "output" / json.loads(job["outputs"]["2"]["text"][0])["file"]
    np.testing.assert_allclose(decode_whole(saved.read_bytes())[0], whole, atol=2e-4)


def test_half_a_download_fails_before_anything_is_computed(comfyui: ComfyUI) -> None:
    half = make_media("mp3", "libmp3lame", seconds=6)[:40_000]

    job = run_graph(comfyui, graph(upload(comfyui, "half.mp3", half)))

    assert job["status"] == "failed"
    assert "half.mp3 is incomplete" in job["execution_error"]["exception_message"]


def test_a_name_that_is_not_there_is_refused_when_it_is_posted(comfyui: ComfyUI) -> None:
    upload(comfyui, "interview.mp3", make_media("mp3", "libmp3lame", seconds=3))

    answer = requests.post(f"{comfyui.url}/prompt", json={"prompt": graph("interveiw.mp3")}, timeout=30)

    assert answer.status_code == 400
    assert "Did you mean interview.mp3?" in answer.text


def test_the_runner_sends_a_file_to_the_input(comfyui: ComfyUI, talkingshorts: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "g.api.json").write_text(json.dumps(graph("sample.wav")))
    (tmp_path / "me.m4a").write_bytes(make_media("ipod", "aac", seconds=3))

    done = talkingshorts("run", "g.api.json", "-i", "speech=me.m4a", "-o", "out.flac")

    assert done.code == 0, done.stderr
    assert decode_whole((tmp_path / "out.flac").read_bytes())[0].shape[1] >= 3 * 44100
