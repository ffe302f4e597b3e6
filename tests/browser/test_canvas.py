"""The shipped graphs on ComfyUI's real canvas: they look as they should, export what is committed, and run.

`TALKINGSHORTS_UPDATE_WORKFLOWS=1 pytest tests/browser` writes the exports and the pictures anew from the canvas graphs.
"""

from __future__ import annotations

import itertools
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from support.checkout import FACE_PHOTO, PHONE_HEIC, ROOT
from support.media import make_media
from support.servers.canvas import Box, Canvas
from support.servers.on_comfyui import ComfyUI
from support.shorts import decode, read_graph_tag

TEMPLATES = ROOT / "custom_nodes" / "comfyui_talkingshorts" / "example_workflows"
WORKFLOWS = sorted(path.stem for path in TEMPLATES.glob("*.json"))
IS_UPDATING = os.environ.get("TALKINGSHORTS_UPDATE_WORKFLOWS") == "1"
TYPED = "Hello! You typed this on the canvas and pressed Run. Now I say it."

PREVIEW = """() => {
  const video = document.querySelector("video");
  return video && { seconds: video.duration, size: [video.videoWidth, video.videoHeight], url: video.currentSrc };
}"""


def api_file(name: str) -> Path:
    return ROOT / "workflows" / f"{name}.api.json"


def write_whole(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


@dataclass(frozen=True)
class Shown:
    """A graph on the canvas: what is drawn, level by level, and what is exported."""

    name: str
    boxes: list[list[Box]]
    export: str


@pytest.fixture(scope="module", params=WORKFLOWS)
def shown(request: pytest.FixtureRequest, canvas: Canvas) -> Shown:
    canvas.load(TEMPLATES / f"{request.param}.json")
    export = json.dumps(canvas.export(), indent=2, ensure_ascii=False) + "\n"
    if IS_UPDATING:
        write_whole(api_file(request.param), export)
        canvas.save_graph(TEMPLATES / f"{request.param}.jpg")
    return Shown(request.param, canvas.list_boxes(), export)


def test_the_canvas_exports_the_committed_file(shown: Shown) -> None:
    assert shown.export == api_file(shown.name).read_text(encoding="utf-8")


def test_no_node_is_drawn_over_another(shown: Shown) -> None:
    pairs = [pair for level in shown.boxes for pair in itertools.combinations(level, 2)]

    assert pairs
    assert [(one.title, other.title) for one, other in pairs if one.covers(other)] == []


@pytest.mark.parametrize("name", WORKFLOWS)
def test_the_templates_browser_offers_the_graph_with_its_picture(comfyui: ComfyUI, name: str) -> None:
    picture = requests.get(f"{comfyui.url}/api/workflow_templates/comfyui_talkingshorts/{name}.jpg", timeout=30)

    assert name in comfyui.get("/api/workflow_templates")["comfyui_talkingshorts"]
    assert picture.headers["Content-Type"] == "image/jpeg"
    assert picture.content == (TEMPLATES / f"{name}.jpg").read_bytes()


def test_a_user_finds_every_graph_in_the_templates_browser_and_opens_one(canvas: Canvas) -> None:
    canvas.open()

    assert canvas.open_template("comfyui_talkingshorts", "talking_short") == set(WORKFLOWS)
    assert canvas.export() == json.loads(api_file("talking_short").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def preview(canvas: Canvas) -> dict[str, Any]:
    """Return what the draft graph shows after a user typed a script and pressed Run."""
    canvas.open(height=800)
    canvas.load(TEMPLATES / "draft.json")
    canvas.type_into("script", TYPED)
    canvas.press_run()
    canvas.wait("() => document.querySelector('video')?.readyState >= 2")
    if IS_UPDATING:
        canvas.save_screen(ROOT / "docs" / "canvas_draft.jpg")
        canvas.save_graph(TEMPLATES / "draft.jpg")
    return canvas.look(PREVIEW)


@pytest.fixture(scope="module")
def short(preview: dict[str, Any], comfyui: ComfyUI) -> Path:
    """Return the mp4 that the video on the canvas is played from."""
    query = {key: value for key, (value,) in parse_qs(urlsplit(preview["url"]).query).items()}
    return comfyui.base / query["type"] / query["subfolder"] / query["filename"]


def test_a_pressed_run_button_makes_a_video_that_plays_on_the_canvas(preview: dict[str, Any], short: Path) -> None:
    film = decode(short)

    assert preview["size"] == [480, 832]
    assert preview["seconds"] == pytest.approx(len(film.frames) / film.fps, abs=0.1)
    assert film.loudness.max() > 0.01


def test_what_was_typed_on_the_canvas_is_what_was_run(short: Path) -> None:
    graph = read_graph_tag(short)
    (script,) = [node for node in graph.values() if node["_meta"]["title"] == "script"]

    assert script["inputs"]["value"] == TYPED


def test_the_page_met_no_error(canvas: Canvas, preview: dict[str, Any]) -> None:
    assert canvas.list_errors() == []


DROP_FILE = """async ([kind, name, type, bytes]) => {
  const node = app.graph.nodes.find((node) => node.type === kind);
  const data = new DataTransfer();
  data.items.add(new File([new Uint8Array(bytes)], name, { type }));
  await node.onDragDrop({ dataTransfer: data });
}"""
IS_PLAYER_READY = """([kind, name]) => {
  const node = app.graph.nodes.find((node) => node.type === kind);
  const [file, player] = ["audio", "audioUI"].map((name) => node.widgets.find((widget) => widget.name === name));
  return file.value === name && player.element.duration > 0;
}"""


def test_a_recording_dropped_on_load_speech_is_uploaded_and_can_be_played(canvas: Canvas, comfyui: ComfyUI) -> None:
    recording = make_media("wav", "pcm_s16le", rate_hz=8000, channels=1, seconds=1)
    canvas.load(TEMPLATES / "talking_video.json")

    canvas.look(DROP_FILE, ["TalkingShortsLoadSpeech", "dropped.wav", "audio/wav", [*recording]])

    canvas.wait(IS_PLAYER_READY, ["TalkingShortsLoadSpeech", "dropped.wav"])
    assert (comfyui.base / "input" / "dropped.wav").read_bytes() == recording
    (speech,) = [node for node in canvas.export().values() if node["_meta"]["title"] == "speech"]
    assert speech["inputs"] == {"audio": "dropped.wav"}


IS_CHOSEN = """([kind, name]) => {
  const node = app.graph.nodes.find((node) => node.type === kind);
  return node.widgets.find((widget) => widget.name === "image").value === name;
}"""


@pytest.mark.parametrize(
    ("name", "type", "file"), [("dropped.jpg", "image/jpeg", FACE_PHOTO), ("dropped.heic", "image/heic", PHONE_HEIC)]
)
def test_a_picture_dropped_on_load_picture_is_uploaded(
    name: str, type: str, file: Path, canvas: Canvas, comfyui: ComfyUI
) -> None:
    canvas.load(TEMPLATES / "talking_video.json")

    canvas.look(DROP_FILE, ["TalkingShortsLoadPicture", name, type, [*file.read_bytes()]])

    canvas.wait(IS_CHOSEN, ["TalkingShortsLoadPicture", name])
    assert (comfyui.base / "input" / name).read_bytes() == file.read_bytes()
    (portrait,) = [node for node in canvas.export().values() if node["_meta"]["title"] == "portrait"]
    assert portrait["inputs"] == {"image": name}
