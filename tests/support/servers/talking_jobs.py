"""Jobs of talking videos on a real ComfyUI: what goes in as files, what the canvas hears, and what comes out."""

from __future__ import annotations

import json
import os
import signal
import struct
import uuid
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import requests
import websocket
from comfyui_talkingshorts.core.sound import Sound
from talkingshorts.managed.server import read_state

from ..tiny.talks import decode_frames
from .on_comfyui import ComfyUI

ENDS = ("execution_success", "execution_error", "execution_interrupted")
PREVIEW, TEXT = 1, 3


def write_wav(path: Path, sound: Sound) -> None:
    with wave.open(str(path), "wb") as file:
        file.setparams((len(sound.samples), 2, sound.sample_rate_hz, 0, "NONE", ""))
        file.writeframes((sound.samples.T * 32767).astype("<i2").tobytes())


def kill(server: ComfyUI) -> None:
    kill_comfyui(server.base.parent)


def kill_comfyui(home: Path) -> None:
    """Kill the server of a home folder."""
    state = read_state(home / "server")
    assert state is not None
    os.kill(state.pid, signal.SIGKILL)


@dataclass(frozen=True)
class Event:
    """What ComfyUI tells the canvas: a message, or a line or a picture of the node that runs."""

    kind: str
    told: Any = None


def follow(server: ComfyUI, graph: dict[str, Any]) -> Iterator[Event]:
    """Run the graph and yield what the canvas hears, up to its end."""
    client, job = uuid.uuid4().hex, str(uuid.uuid4())
    address = f"ws{server.url.removeprefix('http')}/ws?clientId={client}"
    canvas = websocket.create_connection(address, timeout=60)
    try:
        body = {"prompt": graph, "prompt_id": job, "client_id": client}
        answer = requests.post(f"{server.url}/prompt", json=body, timeout=30)
        assert answer.ok, answer.text
        event = Event("")
        while event.kind not in ENDS:
            event = read_event(*canvas.recv_data())
            yield event
    finally:
        canvas.close()


def read_event(opcode: int, data: bytes) -> Event:
    if opcode == websocket.ABNF.OPCODE_TEXT:
        message = json.loads(data)
        return Event(message["type"], message["data"])
    [kind] = struct.unpack(">I", data[:4])
    if kind == TEXT:
        [length] = struct.unpack(">I", data[4:8])
        return Event("line", data[8 + length :].decode())
    return Event("picture" if kind == PREVIEW else str(kind))


def run(server: ComfyUI, graph: dict[str, Any]) -> list[Event]:
    """Return all that the canvas hears of a graph that ends well."""
    events = list(follow(server, graph))
    assert events[-1].kind == "execution_success", events[-1]
    return events


def lines_of(events: list[Event]) -> list[str]:
    """Return what the canvas hears of windows and steps; what the user should know comes before."""
    return [event.told for event in events if event.kind == "line" and event.told.startswith("Window")]


def work_of(events: list[Event]) -> dict[str, Any]:
    """Return what the video's node tells of what it computed."""
    told = [event.told["output"] or {} for event in events if event.kind == "executed"]
    [work] = [text for output in told for text in output.get("talkingshorts_work", [])]
    return json.loads(work)


def film_of(server: ComfyUI, events: list[Event]) -> np.ndarray:
    [saved] = [event.told for event in events if event.kind == "executed" and event.told["node"] == "save"]
    [short] = saved["output"]["images"]
    return decode_frames(server.base / "output" / short["subfolder"] / short["filename"])


def list_sessions(server: ComfyUI) -> list[Path]:
    return list((server.base / "output" / ".talkingshorts" / "sessions").iterdir())
