"""A portrait as a file: nothing of it is lost, and it says what it is."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from comfyui_talkingshorts.core.errors import PictureError
from comfyui_talkingshorts.engines.output.portrait import save_portrait
from PIL import Image


def make_noise(channels: int = 3) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (24, 40, channels), np.uint8)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_every_pixel_comes_back(channels: int, tmp_path: Path) -> None:
    pixels = make_noise(channels)

    save_portrait(pixels, tmp_path / "a.png", {})

    assert np.array_equal(np.asarray(Image.open(tmp_path / "a.png")).reshape(pixels.shape), pixels)


def test_the_report_tells_what_the_file_holds(tmp_path: Path) -> None:
    report = save_portrait(make_noise(), tmp_path / "a.png", {})

    content = (tmp_path / "a.png").read_bytes()
    assert (report.file, report.width, report.height) == ("a.png", 40, 24)
    assert (report.bytes, report.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_the_file_carries_its_graph_and_the_mark(tmp_path: Path) -> None:
    graph = {"1": {"class_type": "É", "inputs": {"text": "日本"}}}

    save_portrait(make_noise(), tmp_path / "a.png", {"prompt": graph})

    texts = Image.open(tmp_path / "a.png").info
    assert json.loads(texts["prompt"]) == graph
    assert texts["ai_generated"] == "true"
    assert "the person is synthetic" in texts["comment"]


def test_a_folder_that_is_not_there_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match=r"a\.png can't be saved: No such file"):
        save_portrait(make_noise(), tmp_path / "gone" / "a.png", {})

    assert list(tmp_path.iterdir()) == []
