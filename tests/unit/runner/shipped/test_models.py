"""models.json: the one list of model files, held to the workflows that name them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from support.checkout import ROOT
from talkingshorts import home
from talkingshorts.errors import UsageError
from talkingshorts.shipped.models import (
    ModelFile,
    ModelListError,
    explain_download,
    list_presets,
    load_model_list,
    select_files,
)
from talkingshorts.workflow.model_names import list_models

WORKFLOWS = sorted((ROOT / "workflows").glob("*.api.json"))
CANVASES = sorted((ROOT / "custom_nodes" / "comfyui_talkingshorts" / "example_workflows").glob("*.json"))
PRESET_OF_WORKFLOW = {"talking_short": "best", "talking_short_fast": "fast"}
PRESETS_WITHOUT_WORKFLOW = {"vibevoice_7b"}

ENTRY = {
    "name": "a.safetensors",
    "url": "https://models.invalid/a.safetensors",
    "folder": "vae",
    "bytes": 7,
    "sha256": "0" * 64,
    "preset": ["best"],
    "licence": "MIT",
}


def write_list(folder: Path, *entries: Any) -> Path:
    path = folder / "models.json"
    path.write_text(json.dumps(entries))
    return path


def preset_of(path: Path) -> str:
    workflow = path.name.removesuffix(".api.json")
    return PRESET_OF_WORKFLOW.get(workflow, workflow)


def loader_names(files: list[ModelFile]) -> set[str]:
    return {file.loader_name for file in files}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflows_preset_holds_the_models_it_names_and_no_others(path: Path) -> None:
    named = set(list_models(json.loads(path.read_text())))

    assert named == loader_names(list_presets(load_model_list()).get(preset_of(path), []))


def test_every_preset_is_that_of_a_workflow_or_an_optional_one() -> None:
    # A workflow that isn't shipped yet may have its preset already.
    contract = {"best", "fast", "voice_clone", "talking_video", "portrait", "i2v", "i2v_fast", "s2v"}

    assert set(list_presets(load_model_list())) == contract | PRESETS_WITHOUT_WORKFLOW
    assert {preset_of(path) for path in WORKFLOWS} <= contract | {"draft"}


def list_canvas_models(canvas: Any) -> Iterator[dict[str, str]]:
    """Yield what a canvas says of the models to download, wherever its nodes lie."""
    if isinstance(canvas, dict):
        yield from (canvas.get("properties") or {}).get("models", [])
        for value in canvas.values():
            yield from list_canvas_models(value)
    elif isinstance(canvas, list):
        for value in canvas:
            yield from list_canvas_models(value)


@pytest.mark.parametrize("path", CANVASES, ids=lambda path: path.name)
def test_a_canvas_offers_its_models_from_where_the_list_has_them(path: Path) -> None:
    listed = {file.name: file for file in load_model_list()}

    for model in list_canvas_models(json.loads(path.read_text())):
        file = listed[model["name"]]
        assert (model["url"].removesuffix("?download=true"), model["directory"]) == (file.url, file.folder)
        assert model.get("hash", file.sha256) == file.sha256


@pytest.mark.parametrize("path", CANVASES, ids=lambda path: path.name)
def test_a_canvas_links_only_files_of_the_list(path: Path) -> None:
    links = set(re.findall(r"https://huggingface\.co/[^\s)\"\\]+/resolve/[^\s)\"\\?]+", path.read_text()))

    assert links <= {file.url for file in load_model_list()}


@pytest.mark.parametrize("file", load_model_list(), ids=lambda file: file.name)
def test_every_file_is_fetched_from_hugging_face_under_its_own_name(file: ModelFile) -> None:
    address = urlsplit(file.url)

    assert (address.scheme, address.hostname) == ("https", "huggingface.co")
    assert "/resolve/" in address.path
    assert address.path.rpartition("/")[2] == file.name.rpartition("/")[2]


def test_the_shared_volume_covers_every_folder_of_the_list() -> None:
    paths = (ROOT / "extra_model_paths.yaml").read_text()
    mapped = set(re.findall(r"^  (\w+): (?=\1$)", paths, re.MULTILINE))

    assert {file.folder for file in load_model_list()} <= mapped


def test_the_shared_volume_also_covers_the_former_names_of_comfyuis_folders() -> None:
    paths = (ROOT / "extra_model_paths.yaml").read_text()

    assert "\n  unet: unet\n" in paths
    assert "\n  clip: clip\n" in paths


def test_a_file_lies_in_its_folder_and_goes_by_its_models_name() -> None:
    files = {file.relative_path: file for file in load_model_list()}

    assert files["vae/wan_2.1_vae.safetensors"].loader_name == "wan_2.1_vae.safetensors"
    assert files["vibevoice/VibeVoice-1.5B/config.json"].loader_name == "VibeVoice-1.5B"


def test_words_select_presets_files_and_models_folders_each_file_once() -> None:
    files = load_model_list()

    chosen = select_files(files, ["wan_2.1_vae.safetensors", "portrait", "VibeVoice-1.5B"])

    assert chosen == [file for file in files if file in chosen]
    assert loader_names(chosen) == loader_names(list_presets(files)["portrait"]) | {"VibeVoice-1.5B"}


def test_an_unknown_preset_is_answered_with_the_one_that_was_meant() -> None:
    with pytest.raises(UsageError, match="'vioce_clone': did you mean voice_clone"):
        select_files(load_model_list(), ["vioce_clone"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"bytes": "7"}, "bytes = '7' is no int"),
        ({"bytes": -7}, "below 0"),
        ({"name": "../a"}, "leads out of the models folder"),
        ({"name": "/a"}, "leads out of the models folder"),
        ({"url": "file:///etc/passwd"}, "a web address"),
        ({"sha256": "F" * 64}, "64 small hexadecimal digits"),
        ({"preset": "best"}, "no list"),
        ({"preset": [1]}, "list of names"),
        ({"licence": ""}, "licence"),
        ({"size": 7}, "unknown field size"),
    ],
)
def test_a_damaged_list_is_refused_with_the_entry_and_what_is_wrong(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(ModelListError, match=words) as caught:
        load_model_list(write_list(tmp_path, ENTRY, ENTRY | {"name": "b"} | change))

    assert "entry 2" in str(caught.value)


def test_a_file_may_lack_a_published_hash(tmp_path: Path) -> None:
    entry = {name: value for name, value in ENTRY.items() if name != "sha256"}

    assert load_model_list(write_list(tmp_path, entry))[0].sha256 is None


def test_a_list_names_each_place_once(tmp_path: Path) -> None:
    with pytest.raises(ModelListError, match=r"vae/a\.safetensors twice"):
        load_model_list(write_list(tmp_path, ENTRY, ENTRY))


@pytest.mark.parametrize("text", ["{", "{}", ""])
def test_what_is_no_list_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "models.json"
    path.write_text(text)

    with pytest.raises(ModelListError, match=r"models\.json"):
        load_model_list(path)


def test_a_list_that_is_missing_is_told_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home, "checkout_dir", lambda: tmp_path)

    with pytest.raises(ModelListError, match=r"models\.json can't be read.*git checkout.*install talkingshorts anew"):
        load_model_list()
    assert explain_download("wan_2.1_vae.safetensors") == ""
