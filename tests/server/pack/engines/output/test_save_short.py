"""Save Short with videos that other nodes made: whatever comes in, what goes out plays everywhere."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from support.servers.on_comfyui import ComfyUI, run_graph
from support.shorts import read_graph_tag


def write_webm(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libvpx-vp9", rate=Fraction(24), width=64, height=96, pix_fmt="yuv444p")
        for number in range(12):
            frame = av.VideoFrame.from_ndarray(np.full((96, 64, 3), 20 * number, np.uint8))
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def save(comfyui: ComfyUI, source: dict[str, Any], **nodes: dict[str, Any]) -> tuple[Path, dict[str, Any]]:
    """Run a graph that ends in Save Short; return the mp4 and its report."""
    saving = {"video": ["video", 0], "filename_prefix": "saved/short"}
    graph = {"video": source, **nodes, "save": {"class_type": "TalkingShortsSaveShort", "inputs": saving}}
    job = run_graph(comfyui, graph)
    assert job["status"] == "completed", job
    report = json.loads(job["outputs"]["save"]["text"][0])
    return comfyui.base / "output" / report["file"], report


def test_a_batch_of_frames_is_encoded(comfyui: ComfyUI) -> None:
    path, report = save(
        comfyui,
        {"class_type": "CreateVideo", "inputs": {"images": ["frames", 0], "fps": 24.0}},
        frames={
            "class_type": "EmptyImage",
            "inputs": {"width": 64, "height": 96, "batch_size": 5, "color": 0x2060A0},
        },
    )

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
        assert (stream.codec.name, stream.pix_fmt, "ai_generated" in container.metadata) == ("h264", "yuv420p", True)
    assert np.abs(frames[2].mean(axis=(0, 1)) - (0x20, 0x60, 0xA0)).max() < 6
    assert (report["frames"], report["fps"], report["has_audio"]) == (5, 24.0, False)


def test_a_video_that_few_players_know_is_encoded_again(comfyui: ComfyUI) -> None:
    write_webm(comfyui.base / "input" / "clip.webm")

    path, report = save(comfyui, {"class_type": "LoadVideo", "inputs": {"file": "clip.webm"}})

    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        levels = [frame.to_ndarray(format="gray").mean() for frame in container.decode(stream)]
        assert (stream.codec.name, stream.pix_fmt) == ("h264", "yuv420p")
    assert np.all(np.diff(levels) > 5)
    assert (report["frames"], report["width"], report["height"]) == (12, 64, 96)
    assert read_graph_tag(path)["save"]["class_type"] == "TalkingShortsSaveShort"


@pytest.mark.parametrize("prefix", ["", "   ", "../outside", "/etc/short", "a\x00b"])
def test_a_prefix_that_cannot_be_used_is_refused_and_nothing_is_written(prefix: str, comfyui: ComfyUI) -> None:
    before = sorted(comfyui.base.parent.rglob("*.mp4"))
    write_webm(comfyui.base / "input" / "clip.webm")
    graph = {
        "video": {"class_type": "LoadVideo", "inputs": {"file": "clip.webm"}},
        "save": {"class_type": "TalkingShortsSaveShort", "inputs": {"video": ["video", 0], "filename_prefix": prefix}},
    }

    job = run_graph(comfyui, graph)

    assert job["status"] == "failed"
    assert "filename_prefix" in job["execution_error"]["exception_message"]
    assert sorted(comfyui.base.parent.rglob("*.mp4")) == before
