"""Load Picture and Frame Person on a real ComfyUI: over POST /prompt, and as the input of a graph that is run."""

from __future__ import annotations

import io
import json
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from PIL import Image
from support.checkout import FACE_PHOTO, PHONE_HEIC, TILED_HEIC
from support.processes import CommandLine
from support.servers.on_comfyui import ComfyUI, run_graph


def graph(name: str, size: tuple[int, int] | None = None) -> dict[str, Any]:
    """Return a graph that saves a picture, cropped as for a video of a size, width first, when there is one."""
    loaded = {
        "1": {"class_type": "TalkingShortsLoadPicture", "inputs": {"image": name}, "_meta": {"title": "portrait"}},
        "3": {"class_type": "TalkingShortsSavePortrait", "inputs": {"portrait": ["1", 0], "filename_prefix": "read"}},
    }
    if size is None:
        return loaded
    width, height = size
    framed = {"image": ["1", 0], "width": width, "height": height}
    loaded["3"]["inputs"]["portrait"] = ["2", 0]
    return loaded | {"2": {"class_type": "TalkingShortsFramePerson", "inputs": framed}}


def upload(comfyui: ComfyUI, name: str, data: bytes) -> str:
    form = {"image": (name, io.BytesIO(data))}
    return requests.post(f"{comfyui.url}/upload/image", files=form, timeout=30).json()["name"]


def read_saved(comfyui: ComfyUI, job: dict[str, Any]) -> Image.Image:
    report = json.loads(job["outputs"]["3"]["text"][0])
    with Image.open(comfyui.base / "output" / report["file"]) as picture:
        return picture.convert("RGB")


@pytest.mark.parametrize(
    ("name", "file", "size"),
    [
        ("IMG_1.HEIC", PHONE_HEIC, (202, 350)),
        ("IMG_2.jpg", PHONE_HEIC, (202, 350)),
        ("t.heic", TILED_HEIC, (960, 1280)),
    ],
)
def test_a_phones_picture_is_read_whole_and_upright(
    name: str, file: Path, size: tuple[int, int], comfyui: ComfyUI
) -> None:
    job = run_graph(comfyui, graph(upload(comfyui, f"{uuid.uuid4()}{name}", file.read_bytes())))

    assert read_saved(comfyui, job).size == size


def test_the_list_on_the_canvas_has_phones_pictures_too(comfyui: ComfyUI) -> None:
    name = upload(comfyui, f"{uuid.uuid4()}.heic", PHONE_HEIC.read_bytes())

    info = requests.get(f"{comfyui.url}/object_info/TalkingShortsLoadPicture", timeout=30).json()

    assert name in json.dumps(info)


def test_half_a_download_fails_before_anything_is_computed(comfyui: ComfyUI) -> None:
    half = FACE_PHOTO.read_bytes()[:9000]

    job = run_graph(comfyui, graph(upload(comfyui, "half.jpg", half)))

    assert job["status"] == "failed"
    assert "half.jpg can't be read: it is damaged or cut off" in job["execution_error"]["exception_message"]


def test_a_name_that_is_not_there_is_refused_when_it_is_posted(comfyui: ComfyUI) -> None:
    upload(comfyui, "presenter.jpg", FACE_PHOTO.read_bytes())

    answer = requests.post(f"{comfyui.url}/prompt", json={"prompt": graph("presentre.jpg")}, timeout=30)

    assert answer.status_code == 400
    assert "Did you mean presenter.jpg" in answer.text


def encode_wide(*, with_face: bool) -> bytes:
    """Return a wide picture of a wall, with a person at its right edge."""
    wide, file = Image.new("RGB", (1200, 675), "grey"), io.BytesIO()
    with Image.open(FACE_PHOTO) as photo:
        wide.paste(photo, (920, 200) if with_face else (2000, 0))
    wide.save(file, "PNG")
    return file.getvalue()


def test_a_person_at_the_edge_is_kept_in_the_frame(comfyui: ComfyUI) -> None:
    name = upload(comfyui, "wide.png", encode_wide(with_face=True))

    framed = np.asarray(read_saved(comfyui, run_graph(comfyui, graph(name, (480, 832)))))

    assert framed.shape[:2] == (675, 389)
    assert framed[350, 200].tolist() != [128, 128, 128]


def test_without_a_face_a_note_says_so_and_the_picture_stays_as_it_is(comfyui: ComfyUI) -> None:
    name = upload(comfyui, "wall.png", encode_wide(with_face=False))

    job = run_graph(comfyui, graph(name, (480, 832)))

    assert read_saved(comfyui, job).size == (1200, 675)
    assert "No face was found in the portrait" in job["outputs"]["2"]["text"][0]


def test_an_impossible_size_is_refused_with_the_nearest(comfyui: ComfyUI) -> None:
    name = upload(comfyui, "face.jpg", FACE_PHOTO.read_bytes())

    job = run_graph(comfyui, graph(name, (100, 832)))

    assert "width is 100" in job["execution_error"]["exception_message"]
    assert "The nearest are 96 and 112." in job["execution_error"]["exception_message"]


def test_the_runner_sends_a_file_to_the_input(comfyui: ComfyUI, talkingshorts: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "g.api.json").write_text(json.dumps(graph("sample.png")))
    (tmp_path / "me.heic").write_bytes(PHONE_HEIC.read_bytes())

    done = talkingshorts("run", "g.api.json", "-i", "portrait=me.heic", "-o", "out.png")

    assert done.code == 0, done.stderr
    with Image.open(tmp_path / "out.png") as picture:
        assert picture.size == (202, 350)
