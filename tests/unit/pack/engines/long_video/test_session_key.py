"""A video is resumed only when everything that decides its frames is the same."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import folder_paths
import numpy as np
import pytest
from comfyui_talkingshorts.core.sound import Sound
from comfyui_talkingshorts.engines.long_video.session_key import find_paths, make_session_key

NODE = "9"
SOUND = Sound(np.linspace(-1, 1, 800, dtype=np.float32).reshape(1, 800), 16000)
PICTURE = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)
SETTINGS = {"seed": 42, "steps": 40, "text_scale": 5.0, "crf": 16}

Prompt = dict[str, Any]


def make_prompt() -> Prompt:
    """Return a graph as /prompt takes it: two loras of one class, a text, and a node that looks on."""
    return {
        "1": {"class_type": "UNETLoader", "inputs": {"unet_name": "wan.safetensors"}, "_meta": {"title": "Wan"}},
        "2": {"class_type": "LoraLoader", "inputs": {"model": ["1", 0], "lora": "a.safetensors", "strength": 1.0}},
        "3": {"class_type": "LoraLoader", "inputs": {"model": ["2", 0], "lora": "b.safetensors", "strength": 0.5}},
        "4": {"class_type": "Text", "inputs": {"text": "she speaks", "clip": ["1", 1]}},
        "5": {"class_type": "LoadAudio", "inputs": {"audio": "speech.wav"}},
        "6": {"class_type": "LoadImage", "inputs": {"image": "face.png"}},
        "7": {"class_type": "PrimitiveInt", "inputs": {"value": 42}},
        "8": {"class_type": "Onlooker", "inputs": {"video": ["9", 0], "prefix": "short"}},
        NODE: {
            "class_type": "TalkingShortsTalkingVideo",
            "inputs": {
                "model": ["3", 0],
                "positive": ["4", 0],
                "speech": ["5", 0],
                "portrait": ["6", 0],
                "seed": ["7", 0],
                "steps": 40,
                "resume": True,
            },
        },
    }


def make_key(
    prompt: Prompt | None = None,
    settings: dict[str, Any] = SETTINGS,
    speech: Sound = SOUND,
    picture: np.ndarray = PICTURE,
    folder: Path = Path("nowhere"),
) -> str:
    return make_session_key(
        prompt or make_prompt(), NODE, settings, speech, picture, lambda name: [str(folder / name), str(folder)]
    )


def renumber(prompt: Prompt) -> Prompt:
    """Return the same graph with all numbers but the node's own changed, in another order."""
    names = {old: f"1{old}:0" if old != NODE else old for old in prompt}

    def follow(value: Any) -> Any:
        return [names[value[0]], value[1]] if isinstance(value, list) else value

    return {
        names[old]: {**node, "inputs": {name: follow(value) for name, value in reversed(node["inputs"].items())}}
        for old, node in reversed(prompt.items())
    }


def test_the_same_video_has_the_same_key() -> None:
    assert make_key() == make_key()
    assert len(make_key()) == 32


def change(node: str, name: str, value: Any) -> Callable[[Prompt], None]:
    return lambda prompt: prompt[node]["inputs"].__setitem__(name, value)


@pytest.mark.parametrize(
    "edit",
    [
        lambda prompt: prompt["1"].update(_meta={"title": "renamed"}),
        lambda prompt: prompt["1"].pop("_meta"),
        lambda prompt: prompt.pop("8"),
        lambda prompt: prompt.update({"20": {"class_type": "Other", "inputs": {}}}),
        change("8", "prefix", "another"),
        change("5", "audio", "same_samples.flac"),
        change("6", "image", "same_pixels.png"),
        change(NODE, "resume", False),
        change(NODE, "resume", ["7", 0]),
        change(NODE, "seed", 42),
    ],
)
def test_what_does_not_change_the_frames_does_not_change_the_key(edit: Callable[[Prompt], None]) -> None:
    prompt = make_prompt()
    edit(prompt)

    assert make_key(prompt) == make_key()


def test_the_numbers_and_the_order_of_nodes_do_not_matter() -> None:
    assert make_key(renumber(make_prompt())) == make_key()


def test_whether_to_resume_does_not_matter() -> None:
    assert make_key(settings={**SETTINGS, "resume": True}) == make_key(settings={**SETTINGS, "resume": False})


@pytest.mark.parametrize(
    "edit",
    [
        change("1", "unet_name", "other.safetensors"),
        change("2", "strength", 0.9),
        change("3", "model", ["1", 0]),
        change("3", "lora", ["7", 0]),
        change("4", "text", "he speaks"),
        change("4", "clip", ["1", 2]),
        change("4", "more", ["7", 0]),
        change(NODE, "model", ["2", 0]),
        change(NODE, "clip_vision", ["1", 3]),
        lambda prompt: prompt[NODE]["inputs"].pop("positive"),
        lambda prompt: prompt["4"].update(class_type="OtherText"),
        lambda prompt: (change("2", "lora", "b.safetensors")(prompt), change("3", "lora", "a.safetensors")(prompt)),
    ],
)
def test_what_leads_to_the_node_changes_the_key(edit: Callable[[Prompt], Any]) -> None:
    prompt = make_prompt()
    edit(prompt)

    assert make_key(prompt) != make_key()


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_changes_the_key(name: str) -> None:
    assert make_key(settings={**SETTINGS, name: 7}) != make_key()


def test_what_is_heard_and_seen_changes_the_key() -> None:
    louder, repainted = SOUND.samples.copy(), PICTURE.copy()
    louder[0, 400] = np.nextafter(louder[0, 400], np.float32(1))
    repainted[3, 5, 2] ^= 1

    keys = {
        make_key(),
        make_key(speech=Sound(louder, 16000)),
        make_key(speech=Sound(SOUND.samples, 16001)),
        make_key(speech=Sound(SOUND.samples.reshape(2, 400), 16000)),
        make_key(picture=repainted),
        make_key(picture=PICTURE.reshape(6, 4, 3)),
    }
    assert len(keys) == 6


def test_samples_and_pixels_count_however_they_lie_in_memory() -> None:
    mirrored = np.ascontiguousarray(PICTURE[:, ::-1])[:, ::-1]

    assert make_key(picture=mirrored) == make_key()


@pytest.mark.parametrize("kept_in", ["a text", "a list", "a table"])
def test_a_changed_model_file_changes_the_key(kept_in: str, tmp_path: Path) -> None:
    model = tmp_path / "wan.safetensors"
    prompt = make_prompt()
    values = {"a text": model.name, "a list": [1, [model.name]], "a table": {"on": True, "lora": model.name}}
    prompt["1"]["inputs"]["unet_name"] = values[kept_in]

    keys = [make_key(prompt, folder=tmp_path)]
    for content, time in ((b"1", 1), (b"22", 1), (b"22", 2)):
        model.write_bytes(content)
        os.utime(model, (time, time))
        keys.append(make_key(copy.deepcopy(prompt), folder=tmp_path))

    assert len(set(keys)) == 4
    assert keys[-1] == make_key(prompt, folder=tmp_path)


@pytest.mark.parametrize("text", ["x" * 5000, "a\0b", "", ".", "many\nlines / of text"])
def test_any_text_may_stand_where_a_file_name_could(text: str, tmp_path: Path) -> None:
    prompt = make_prompt()
    change("4", "text", text)(prompt)

    key = make_key(prompt, folder=tmp_path)
    (tmp_path / "another file").touch()
    assert make_key(prompt, folder=tmp_path) == key


def test_models_and_input_files_are_found_where_comfyui_keeps_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(folder_paths.folder_names_and_paths, "loras", ([str(tmp_path)], {".safetensors"}))
    monkeypatch.setattr(folder_paths, "input_directory", str(tmp_path / "input"))
    (tmp_path / "style").mkdir()
    (tmp_path / "style" / "a.safetensors").touch()

    assert str(tmp_path / "style" / "a.safetensors") in [*find_paths("style/a.safetensors")]
    assert [*find_paths("face.png")] == [str(tmp_path / "input" / "face.png")]
    assert [*find_paths("/absolute")] == []
    for text in ("../outside", "x" * 5000, "a\0b", ""):
        make_session_key({**make_prompt(), "1": {"class_type": "T", "inputs": {"t": text}}}, NODE, {}, SOUND, PICTURE)


def test_a_node_that_was_made_while_the_graph_ran_is_never_resumed() -> None:
    keys = {make_session_key(make_prompt(), "9.0.0.1", SETTINGS, SOUND, PICTURE) for _ in range(2)}

    assert len(keys) == 2
