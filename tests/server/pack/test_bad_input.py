"""Bad input over POST /prompt, on a real ComfyUI: every refusal in words, every node's own checks."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import time
import uuid
import wave
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from PIL import Image
from support.servers.on_comfyui import ComfyUI
from talkingshorts.comfyui.client import ComfyClient
from talkingshorts.errors import ValidationError
from talkingshorts.jobs.reach import Server
from talkingshorts.jobs.records import JobStore, new_job_id
from talkingshorts.jobs.request import Request, bind_on
from talkingshorts.jobs.run import Run
from talkingshorts.jobs.submit import post
from talkingshorts.workflow.file import Workflow

NAN, INFINITY = float("nan"), float("inf")
Graph = dict[str, dict[str, Any]]


def node(kind: str, title: str | None = None, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs, "_meta": {"title": title or kind}}


def picture(**changes: Any) -> Graph:
    blank = {"width": 32, "height": 32, "batch_size": 1, "color": 0} | changes
    blank = {name: value for name, value in blank.items() if value is not None}
    return {"1": node("EmptyImage", "Blank", **blank), "2": node("PreviewImage", images=["1", 0])}


def scaled(**changes: Any) -> Graph:
    inputs = {"image": ["1", 0], "upscale_method": "area", "width": 16, "height": 16, "crop": "disabled"} | changes
    return {**picture(), "3": node("ImageScale", "Fit", **inputs), "2": node("PreviewImage", images=["3", 0])}


REFUSALS: dict[str, tuple[Graph, list[str]]] = {
    "required_input_missing": (picture(width=None), ["EmptyImage 'Blank' (#1)", "required input 'width' is missing"]),
    "bad_linked_input": (scaled(image=["1"]), ["ImageScale 'Fit' (#3)", 'image = ["1"] is not a link', "[node id"]),
    "return_type_mismatch": (
        {**scaled(width=["1", 0])},
        ["ImageScale 'Fit' (#3)", "width takes INT, but EmptyImage 'Blank' (#1) gives IMAGE"],
    ),
    "invalid_input_type": (
        picture(width="wide"),
        ["'Blank' (#1)", '"wide" is not a whole number', "1 to 16384"],
    ),
    "value_smaller_than_min": (picture(width=0), ["'Blank' (#1)", "width = 0 is out of range", "1 to 16384"]),
    "value_bigger_than_max": (picture(width=99999), ["'Blank' (#1)", "width = 99999 is out of range", "1 to 16384"]),
    "value_not_in_list": (
        scaled(upscale_method="lancsoz"),
        ["ImageScale 'Fit' (#3)", 'upscale_method = "lancsoz" is not one of its options', "lanczos"],
    ),
    "exception_during_validation": (
        {**picture(), "2": node("PreviewImage", "Show", images=["9", 0])},
        ["PreviewImage 'Show' (#2)", "images is linked to the node #9, which the workflow doesn't have"],
    ),
    "exception_during_inner_validation": (
        scaled(image=["1", 7]),
        ["ImageScale 'Fit' (#3)", "image is linked to output 7 of EmptyImage 'Blank' (#1), which has 1"],
    ),
    "dependency_cycle": (
        {**scaled(image=["4", 0]), "4": node("ImageInvert", "Back", image=["3", 0])},
        ["links run in a circle", "ImageScale 'Fit' (#3)", "ImageInvert 'Back' (#4)"],
    ),
    "prompt_no_outputs": ({"1": picture()["1"]}, ["has no output node"]),
    "missing_node_type": (
        {**picture(), "1": node("EmptyImagee", "Blank")},
        ["EmptyImagee 'Blank' (#1)", "did you mean EmptyImage", "Install"],
    ),
}


@pytest.fixture
def client(comfyui: ComfyUI) -> ComfyClient:
    return ComfyClient(comfyui.url)


@pytest.fixture
def store(tmp_path: Path) -> JobStore:
    return JobStore(tmp_path / "jobs")


def post_unchecked(client: ComfyClient, store: JobStore, graph: Graph) -> str:
    """Post a graph without looking at it first, and return the id under which that was tried."""
    request = Request(Workflow("w.json", picture()), "out")
    run = Run.prepare(Server(client, "0"), store, request, show=lambda event: None)
    noted = store.load(run.id)
    assert noted is not None
    record = replace(noted, id=new_job_id(), graph=graph)
    store.save(record)
    post(client, store, record)
    return record.id


@pytest.mark.parametrize("kind", REFUSALS)
def test_what_the_server_would_refuse_is_explained_before_it_is_posted(kind: str, client: ComfyClient) -> None:
    graph, words = REFUSALS[kind]

    with pytest.raises(ValidationError) as refused:
        bind_on(client, Request(Workflow("w.json", graph), "out"))

    assert all(word in str(refused.value) for word in words), refused.value


@pytest.mark.parametrize("kind", REFUSALS)
def test_what_the_server_refuses_is_explained_in_the_same_words(
    kind: str, client: ComfyClient, store: JobStore
) -> None:
    graph, words = REFUSALS[kind]
    answer = client.submit(graph, new_job_id(), "test")
    kinds = {error["type"] for entry in answer["node_errors"].values() for error in entry["errors"]}

    with pytest.raises(ValidationError) as refused:
        post_unchecked(client, store, graph)

    assert kind in kinds | {answer["error"]["type"]}
    assert all(word in str(refused.value) for word in words), refused.value


def test_a_file_that_the_server_lacks_is_named(client: ComfyClient, store: JobStore) -> None:
    graph = {"1": node("LoadImage", "Photo", image="nobody.png"), "2": node("PreviewImage", images=["1", 0])}

    with pytest.raises(ValidationError, match=r"LoadImage 'Photo' \(#1\): image = \"nobody.png\" is refused: Invalid"):
        post_unchecked(client, store, graph)


def test_half_a_graph_is_a_failure_and_what_was_queued_of_it_is_cancelled(
    client: ComfyClient, store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = {"11": node("EmptyImage", width=64, height=64, batch_size=1, color=uuid.uuid4().int % 0xFFFFFF)}
    graph = {**picture(width=0), **good, "12": node("SaveImage", images=["11", 0], filename_prefix="half")}
    cancelled: list[str] = []
    cancel = client.cancel
    monkeypatch.setattr(client, "cancel", lambda job: cancelled.append(job) or cancel(job))

    with pytest.raises(ValidationError, match="width = 0 is out of range"):
        post_unchecked(client, store, graph)

    assert len(cancelled) == 1
    assert store.load(cancelled[0]) is None
    while (job := client.job(cancelled[0])) is not None and not job.has_ended:
        time.sleep(0.02)


def value(kind: str, number: Any) -> dict[str, Any]:
    return node(f"Primitive{kind}", value=number)


def sound(seconds: float, rate_hz: int = 22050, channels: int = 1) -> dict[str, Any]:
    return node("EmptyAudio", duration=seconds, sample_rate=rate_hz, channels=channels)


def blank(width: int = 64, height: int = 96) -> dict[str, Any]:
    return node("EmptyImage", width=width, height=height, batch_size=1, color=0)


VOICE = "TalkingShortsYouTubeVoice"
DEFAULTS: dict[str, dict[str, Any]] = {
    VOICE: {"source": "three.wav", "start_seconds": 0.0, "duration_seconds": 1.0},
    "TalkingShortsDraftVoice": {"script": "Hi.", "seed": 1},
    "TalkingShortsDraftPortrait": {"prompt": "", "width": 64, "height": 96, "seed": 1},
    "TalkingShortsPortraitPicture": {"picture": "", "generated": blank(), "width": 64, "height": 96},
    "TalkingShortsPortraitPrompt": {"script": "Hi.", "prompt": ""},
    "TalkingShortsDraftVideo": {"portrait": blank(), "speech": sound(0.08)},
    "TalkingShortsSaveShort": {
        "video": node("TalkingShortsDraftVideo", portrait=blank(), speech=sound(0.08)),
        "filename_prefix": "bad/short",
    },
}


def clip(name: str) -> dict[str, Any]:
    return node(VOICE, source=name, start_seconds=0.0, duration_seconds=30.0)


INPUT_ERROR, SOURCE_ERROR, PICTURE_ERROR, VIDEO_ERROR = "InputError", "SourceError", "PictureError", "VideoError"
BAD: list[tuple[str, str, Any, str, str]] = [
    *[(VOICE, "source", text, SOURCE_ERROR, "no file") for text in ("nobody.wav", "🙂", "a\0b", "\ud800", "--exec")],
    *[(VOICE, "source", text, SOURCE_ERROR, "no file") for text in ("../../etc/passwd", "/etc/passwd")],
    (VOICE, "source", "folder.wav", SOURCE_ERROR, "isn't a file but a folder"),
    (VOICE, "source", "x" * 100_000, SOURCE_ERROR, "no file"),
    (VOICE, "source", {"a": 1}, SOURCE_ERROR, "no file"),
    *[
        (VOICE, "source", name, SOURCE_ERROR, "")
        for name in ("empty.wav", "cut.wav", "text.wav", "dot.png", "zero.wav")
    ],
    *[(VOICE, "start_seconds", value("Float", x), INPUT_ERROR, "start_seconds is") for x in (NAN, -1.0, 1e18)],
    (VOICE, "start_seconds", NAN, INPUT_ERROR, "start_seconds is nan"),
    (VOICE, "start_seconds", 99.0, "PastEndError", "3.00 s long"),
    *[(VOICE, "duration_seconds", value("Float", x), INPUT_ERROR, "duration_seconds is") for x in (NAN, 0.0, 1e9)],
    *[
        ("TalkingShortsDraftVoice", "script", text, INPUT_ERROR, "nothing that can be said")
        for text in (value("String", ""), value("String", None), "🙂", "\0")
    ],
    ("TalkingShortsDraftVoice", "script", "word " * 200_000, INPUT_ERROR, "1000000 characters"),
    ("TalkingShortsDraftVoice", "seed", value("Int", -1), INPUT_ERROR, "seed is -1"),
    *[
        ("TalkingShortsDraftVoice", "target_seconds", value("Float", x), INPUT_ERROR, "target_seconds is")
        for x in (NAN, -1.0, 1e12, 1e-9)
    ],
    ("TalkingShortsDraftVoice", "reference", sound(0.0), INPUT_ERROR, "0 samples"),
    ("TalkingShortsDraftVoice", "reference", "text", INPUT_ERROR, "no audio"),
    *[
        ("TalkingShortsDraftPortrait", side, value("Int", x), INPUT_ERROR, f"{side} is {x}: give a multiple of 16")
        for side in ("width", "height")
        for x in (17, 100_000, 0, -64)
    ],
    ("TalkingShortsDraftPortrait", "seed", value("Int", -1), INPUT_ERROR, "seed is -1"),
    ("TalkingShortsDraftPortrait", "width", 17, INPUT_ERROR, "width is 17"),
    *[
        ("TalkingShortsPortraitPicture", "picture", name, PICTURE_ERROR, "no file")
        for name in ("nobody.png", "🙂", "a\0b", "\ud800", "x" * 100_000, "../../../etc/passwd")
    ],
    ("TalkingShortsPortraitPicture", "picture", "folder.wav", PICTURE_ERROR, "isn't a file but a folder"),
    *[
        ("TalkingShortsPortraitPicture", "picture", name, PICTURE_ERROR, name)
        for name in ("cut.png", "empty.wav", "text.wav", "three.wav", "vast.png")
    ],
    ("TalkingShortsPortraitPicture", "generated", "text", INPUT_ERROR, "no picture"),
    ("TalkingShortsDraftVideo", "portrait", "text", INPUT_ERROR, "no picture"),
    ("TalkingShortsDraftVideo", "speech", sound(0.0), INPUT_ERROR, "0 samples"),
    ("TalkingShortsDraftVideo", "speech", clip(""), INPUT_ERROR, "no audio"),
    ("TalkingShortsDraftVideo", "speech", sound(36_000.0, 100), INPUT_ERROR, "36000 s long"),
    ("TalkingShortsSaveShort", "video", "text", INPUT_ERROR, "no video"),
    *[
        ("TalkingShortsSaveShort", "filename_prefix", text, INPUT_ERROR, "filename_prefix")
        for text in ("", "../../x", "/etc/x", "a\0b", "\ud800", "x" * 300, "x" * 100_000)
    ],
]
GOOD: list[tuple[str, str, Any]] = [
    *[(VOICE, "source", name) for name in ("one.wav", "eight.wav", "low.wav", "high.wav", "long.wav", " ", None)],
    *[("TalkingShortsDraftVoice", "reference", clip(name)) for name in ("one.wav", "eight.wav", "high.wav", "")],
    *[("TalkingShortsDraftVoice", "script", text) for text in ("a\ud800b", "a\0b", "Hi 🙂")],
    *[("TalkingShortsDraftPortrait", "prompt", text) for text in ("🙂", "\ud800", "woman " * 50_000)],
    *[
        ("TalkingShortsPortraitPicture", "picture", name)
        for name in ("dot.png", "wide.png", "cmyk.jpg", "deep.png", "moving.png", "moving.gif", "odd.png")
    ],
    *[("TalkingShortsPortraitPrompt", "prompt", text) for text in ("🙂", "\ud800", "\0", "word " * 50_000)],
    *[("TalkingShortsDraftVideo", "portrait", blank(*size)) for size in ((1, 1), (63, 97), (16384, 1))],
    *[("TalkingShortsDraftVideo", "speech", clip(name)) for name in ("one.wav", "eight.wav")],
    *[("TalkingShortsDraftVideo", "speech", sound(1.0, rate_hz)) for rate_hz in (1, 8000, 192_000)],
    *[("TalkingShortsSaveShort", "filename_prefix", text) for text in ("🙂/🙂", "..", "%width%")],
]


def name_case(case: Any) -> str | None:
    shown = case if isinstance(case, str) else json.dumps(case)
    return "".join(letter for letter in shown[:40] if letter.isascii() and letter.isprintable())


@pytest.fixture(scope="module")
def inputs(comfyui: ComfyUI) -> Path:
    """Return the input folder, filled with everything that isn't quite as it should be."""
    folder = comfyui.base / "input"
    for name, samples, rate_hz, channels in (
        *(("three.wav", 66150, 22050, 1), ("zero.wav", 0, 22050, 1), ("one.wav", 1, 22050, 1)),
        *(("eight.wav", 8820, 22050, 8), ("low.wav", 8000, 8000, 1), ("high.wav", 38400, 192_000, 1)),
    ):
        with wave.open(str(folder / name), "wb") as file:
            file.setnchannels(channels)
            file.setsampwidth(2)
            file.setframerate(rate_hz)
            file.writeframes(bytes(2 * channels * samples))
    (folder / "empty.wav").touch()
    (folder / "cut.wav").write_bytes((folder / "three.wav").read_bytes()[:30])
    (folder / "text.wav").write_text("hello")
    (folder / "folder.wav").mkdir()
    with (folder / "long.wav").open("wb") as file:
        size = 10 * 3600 * 44100 * 2
        fmt = struct.pack("<IHHIIHH", 16, 1, 1, 44100, 88200, 2, 16)
        file.write(b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt " + fmt + b"data" + struct.pack("<I", size))
        file.truncate(44 + size)
    Image.new("RGB", (1, 1)).save(folder / "dot.png")
    Image.new("L", (20_000, 2)).save(folder / "wide.png")
    Image.new("1", (20_000, 20_000)).save(folder / "vast.png")
    Image.new("CMYK", (64, 96)).save(folder / "cmyk.jpg")
    Image.fromarray(np.full((96, 64), 40_000, np.uint16)).save(folder / "deep.png")
    frames = [Image.new("RGB", (64, 96), color) for color in ("red", "blue")]
    for name in ("moving.png", "moving.gif"):
        frames[0].save(folder / name, save_all=True, append_images=frames[1:])
    Image.new("RGBA", (63, 97), (1, 2, 3, 4)).save(folder / "odd.png")
    (folder / "cut.png").write_bytes((folder / "odd.png").read_bytes()[:60])
    return folder


def run_node(comfyui: ComfyUI, kind: str, changed: dict[str, Any]) -> dict[str, Any]:
    """Run one node of the pack and return the job when it has ended; a node among its inputs is linked to it."""
    graph: Graph = {"node": node(kind)}
    for name, given in (DEFAULTS[kind] | changed).items():
        _link(graph, "node", name, given)
    if kind != "TalkingShortsSaveShort":
        graph["show"] = node("PreviewAny", source=["node", 0])
    job = str(uuid.uuid4())
    body = json.dumps({"prompt": graph, "prompt_id": job})
    answer = requests.post(f"{comfyui.url}/prompt", data=body, timeout=30)
    assert answer.ok, answer.text
    while (state := comfyui.get(f"/api/jobs/{job}"))["status"] in ("pending", "in_progress"):
        time.sleep(0.02)
    return state


def _link(graph: Graph, node_id: str, name: str, given: Any) -> None:
    if not (isinstance(given, dict) and "class_type" in given):
        graph[node_id]["inputs"][name] = given
        return
    source = f"{node_id}.{name}"
    graph[source] = {"class_type": given["class_type"], "inputs": {}}
    for inner, value_ in given["inputs"].items():
        _link(graph, source, inner, value_)
    graph[node_id]["inputs"][name] = [source, 0]


def leftovers(comfyui: ComfyUI) -> list[Path]:
    return [path for name in ("input", "output", "temp") for path in (comfyui.base / name).rglob("*partial*")]


@pytest.mark.parametrize(("kind", "name", "given", "error", "words"), BAD, ids=name_case)
def test_a_node_refuses_bad_input_in_words(
    kind: str, name: str, given: Any, error: str, words: str, comfyui: ComfyUI, inputs: Path
) -> None:
    job = run_node(comfyui, kind, {name: given})

    assert job["status"] == "failed"
    assert job["execution_error"]["exception_type"].endswith(f".{error}")
    assert words in job["execution_error"]["exception_message"]
    assert leftovers(comfyui) == []


def test_an_empty_script_is_refused_before_anything_runs(client: ComfyClient) -> None:
    graph = {"1": node("TalkingShortsDraftVoice", script=" ", seed=1), "2": node("PreviewAny", source=["1", 0])}

    answer = client.submit(graph, new_job_id(), "test")

    (error,) = answer["node_errors"]["1"]["errors"]
    assert error["details"] == "script - The script is empty: write the words to say."


@pytest.mark.parametrize(("kind", "name", "given"), GOOD, ids=name_case)
def test_a_node_takes_what_is_odd_but_possible(
    kind: str, name: str, given: Any, comfyui: ComfyUI, inputs: Path
) -> None:
    job = run_node(comfyui, kind, {name: given})

    assert job["status"] == "completed", job["execution_error"]
    assert leftovers(comfyui) == []


@pytest.fixture
def small_disk(comfyui: ComfyUI) -> Iterator[Path]:
    """Return a folder among the outputs that is a disk of 16 KiB."""
    folder = comfyui.base / "output" / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(folder)]
    if os.name != "posix" or subprocess.run(mount, capture_output=True, check=False).returncode:
        folder.rmdir()
        pytest.skip("mounting a disk isn't allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()


def test_a_short_that_does_not_fit_on_the_disk_leaves_nothing_there(comfyui: ComfyUI, small_disk: Path) -> None:
    film = node(
        "TalkingShortsDraftVideo",
        portrait=node("TalkingShortsDraftPortrait", prompt="", width=256, height=448, seed=1),
        speech=sound(2.0),
    )

    job = run_node(comfyui, "TalkingShortsSaveShort", {"video": film, "filename_prefix": "small/short"})

    assert job["status"] == "failed"
    assert "Check the free space" in job["execution_error"]["exception_message"]
    assert job["execution_error"]["exception_type"].endswith(".VideoError")
    assert list(small_disk.iterdir()) == []
