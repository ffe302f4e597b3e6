"""The n8n workflow that answers with the finished video: in a real n8n, on a real ComfyUI."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from comfyui_talkingshorts.engines.draft.voice import speak_draft
from support.checkout import FACE_PHOTO
from support.servers.real_n8n import RealN8n
from support.servers.talking_jobs import write_wav
from support.shorts import decode, read_graph_tag

from .conftest import Server

FACE = FACE_PHOTO
WEBHOOK = "talking-short"
SMALL = {"width": 128, "height": 224}


def download(url: str, folder: Path) -> Path:
    path = folder / "short.mp4"
    answer = requests.get(url, timeout=60)
    answer.raise_for_status()
    path.write_bytes(answer.content)
    return path


def inputs_of(graph: dict[str, Any]) -> dict[str, Any]:
    return {node["_meta"]["title"]: node["inputs"].get("value") for node in graph.values()}


def test_a_script_becomes_a_video_whose_metadata_are_those_of_the_file(
    n8n: RealN8n, server: Server, tmp_path: Path
) -> None:
    script = 'He said: "Fish & chips", and $5 — 你好!\nGood.'
    answer = n8n.ask(WEBHOOK, json={"script": script, "seed": 7, "target_seconds": 6.0, **SMALL})
    assert answer.status == 200, answer
    short = download(answer.body["url"], tmp_path)
    film = decode(short)

    assert {key: answer.body[key] for key in ("seconds", "width", "height", "frames", "fps", "seed", "quality")} == {
        "seconds": len(film.frames) / film.fps,
        "width": film.frames.shape[2],
        "height": film.frames.shape[1],
        "frames": len(film.frames),
        "fps": film.fps,
        "seed": 7,
        "quality": "draft",
    }
    assert film.frames.shape[1:] == (224, 128)
    assert answer.body["seconds"] == pytest.approx(6.0, abs=0.1)
    assert film.loudness.max() > 0.01
    assert (answer.body["bytes"], answer.body["sha256"]) == (
        short.stat().st_size,
        hashlib.sha256(short.read_bytes()).hexdigest(),
    )
    assert parse_qs(urlsplit(answer.body["url"]).query)["filename"] == [answer.body["filename"]]
    assert answer.body["url"].startswith(f"{server.url}/view?")
    assert answer.body["note"].startswith("Draft: no voice is given, so none is cloned. To clone one, send ")
    inputs = inputs_of(read_graph_tag(short))
    assert (inputs["script"], inputs["seed"], inputs["target_seconds"]) == (script, 7, 6)


def test_a_voice_and_a_picture_of_ones_own_arrive_as_they_were_sent(
    n8n: RealN8n, server: Server, tmp_path: Path
) -> None:
    voice = tmp_path / "my voice.wav"
    write_wav(voice, speak_draft("This is how I speak, and it is how I want to be heard.", 1)[0])
    with voice.open("rb") as sound, FACE.open("rb") as picture:
        answer = n8n.ask(
            WEBHOOK,
            data={"script": "This is me.", "voice_rights": "true", "duration": "3", "width": "128", "height": "224"},
            files={"voice": (voice.name, sound, "audio/wav"), "portrait": ("me.jpg", picture, "image/jpeg")},
        )
    inputs = inputs_of(read_graph_tag(download(answer.body["url"], tmp_path)))
    folder = server.comfyui.base / "input"

    assert answer.status == 200
    assert (folder / inputs["voice_source"]).read_bytes() == voice.read_bytes()
    assert (folder / inputs["portrait_picture"]).read_bytes() == FACE.read_bytes()
    assert (inputs["voice_start_seconds"], inputs["voice_duration_seconds"]) == (0, 3)
    assert answer.body["note"].startswith("Draft: cloning needs a GPU")


def test_a_wrong_request_is_answered_at_once_and_never_reaches_the_queue(n8n: RealN8n, server: Server) -> None:
    answer = n8n.ask(WEBHOOK, json={"seed": "x", "portrait": "me.jpg", "size": 3})

    assert answer.status == 400
    assert set(answer.error["errors"]) == {"script", "seed", "portrait", "size"}
    assert server.proxy.count("POST", "/prompt") == 0


def test_what_comfyui_refuses_is_told_with_its_node_errors(n8n: RealN8n, server: Server) -> None:
    answer = n8n.ask(WEBHOOK, json={"script": "Hi.", "quality": "best"})

    assert answer.status == 400
    assert answer.error["type"] == "prompt_outputs_failed_validation"
    classes = {node["class_type"] for node in answer.error["node_errors"].values()}
    assert {"UNETLoader", "ModelPatchLoader"} <= classes


def test_what_the_pack_refuses_is_the_callers_to_put_right(n8n: RealN8n, server: Server) -> None:
    answer = n8n.ask(WEBHOOK, json={"script": "Hi.", "width": 100, "height": 224})

    assert answer.status == 422
    assert answer.error["node"] == {"id": "14", "class": "TalkingShortsDraftPortrait", "title": "Draft portrait"}
    assert answer.error["message"] == "width is 100: give a multiple of 16 from 16 to 2048. The nearest are 96 and 112."
    assert answer.error["node_errors"]["14"]["errors"][0]["message"] == answer.error["message"]


def test_a_failed_node_is_named_with_its_message(n8n: RealN8n, server: Server) -> None:
    answer = n8n.ask(WEBHOOK, json={"script": "Hi.", "youtube_url": "http://127.0.0.1:1/voice.mp3", **SMALL})

    assert answer.status == 502
    assert answer.error["type"] == "node_failed"
    assert answer.error["node"]["class"] == "TalkingShortsYouTubeVoice"
    assert answer.error["node"]["title"] == "Voice reference"
    assert "127.0.0.1" in answer.error["message"]


def test_a_comfyui_without_a_jobs_route_is_followed_by_its_history(
    n8n: RealN8n, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.proxy, "missing_route", "api/jobs")

    made = n8n.ask(WEBHOOK, json={"script": "An older server.", **SMALL})
    refused = n8n.ask(WEBHOOK, json={"script": "Hi.", "width": 100, "height": 224})

    assert (made.status, made.body["width"], made.body["seed"]) == (200, 128, 42)
    assert (refused.status, refused.error["node"]["title"]) == (422, "Draft portrait")
    assert {path for _, path in server.proxy.asked if path.startswith("/history/")}


def test_a_server_that_is_away_is_told_as_such(n8n: RealN8n, server: Server) -> None:
    server.proxy.lost_requests["GET /system_stats"] = 1

    answer = n8n.ask(WEBHOOK, json={"script": "Hi."})

    assert (answer.status, answer.error["type"]) == (503, "unreachable")


def test_a_job_whose_answer_got_lost_is_not_posted_again(n8n: RealN8n, server: Server) -> None:
    server.proxy.lost_answers["POST /prompt"] = 1

    answer = n8n.ask(WEBHOOK, json={"script": "Only once.", **SMALL})

    assert answer.status == 200
    assert server.proxy.count("POST", "/prompt") == 1


def test_a_job_that_got_lost_on_the_way_is_posted_again(n8n: RealN8n, server: Server) -> None:
    server.proxy.lost_requests["POST /prompt"] = 1

    answer = n8n.ask(WEBHOOK, json={"script": "Once more.", **SMALL})

    assert answer.status == 200
    assert server.proxy.count("POST", "/prompt") == 2


def test_lost_answers_on_the_way_to_the_end_do_no_harm(n8n: RealN8n, server: Server) -> None:
    server.proxy.fails_every = 3
    try:
        answer = n8n.ask(WEBHOOK, json={"script": "Through thick and thin.", **SMALL})
    finally:
        server.proxy.fails_every = 0

    assert answer.status == 200


def test_twelve_at_once_get_each_their_own(n8n: RealN8n, server: Server, tmp_path: Path) -> None:
    def ask(number: int) -> dict[str, Any]:
        body = {"script": f"Number {number} speaks.", "seed": number, "target_seconds": 1 + number / 5, **SMALL}
        return n8n.ask(WEBHOOK, json=body).body

    with ThreadPoolExecutor(12) as callers:
        answers = list(callers.map(ask, range(12)))

    for number, answer in enumerate(answers):
        assert answer["seed"] == number
        assert answer["seconds"] == pytest.approx(1 + number / 5, abs=0.1)
        inputs = inputs_of(read_graph_tag(download(answer["url"], tmp_path)))
        assert inputs["script"] == f"Number {number} speaks."
    assert len({answer["job_id"] for answer in answers}) == 12
