"""What ComfyUI knows of the pack: its nodes, their words, and what it costs to load."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from support.servers.on_comfyui import PACK, ComfyUI

HEAVY_MODULES = {"cv2", "parselmouth", "yt_dlp", "espeakng_loader", "transformers"}
HEAVY_ENGINES = {
    *("draft_portrait", "draft_video", "draft_voice", "presenter", "speech_video", "talking", "vibevoice", "youtube"),
}

# node id -> the inputs, with their defaults (None: no default), and the outputs that users' graphs rely on
CONTRACT: dict[str, tuple[dict[str, Any], list[str]]] = {
    "TalkingShortsYouTubeVoice": (
        {"source": "", "start_seconds": 40.0, "duration_seconds": 30.0},
        ["AUDIO", "STRING"],
    ),
    "TalkingShortsDraftVoice": (
        {"script": "", "seed": 42, "reference": None, "target_seconds": 0.0, "presenter": ""},
        ["AUDIO"],
    ),
    "TalkingShortsLoadVibeVoice": ({"model": None, "dtype": "auto"}, ["VIBEVOICE"]),
    "TalkingShortsDraftPortrait": ({"prompt": "", "width": 480, "height": 832, "seed": 42}, ["IMAGE"]),
    "TalkingShortsPortraitPicture": ({"picture": "", "generated": None, "width": 480, "height": 832}, ["IMAGE"]),
    "TalkingShortsPortraitPrompt": ({"script": "", "prompt": ""}, ["STRING"]),
    "TalkingShortsDraftVideo": ({"portrait": None, "speech": None, "label": True}, ["VIDEO"]),
    "TalkingShortsCloneVoice": (
        {
            "vibevoice": None,
            "reference": None,
            "script": "",
            "voice_rights": False,
            "seed": 42,
            "guidance_scale": 1.3,
            "diffusion_steps": 10,
            "target_seconds": 0.0,
            "reference_2": None,
            "reference_3": None,
            "reference_4": None,
        },
        ["AUDIO"],
    ),
    "TalkingShortsLoadPicture": ({"image": None}, ["IMAGE"]),
    "TalkingShortsFramePerson": ({"image": None, "width": 480, "height": 832}, ["IMAGE"]),
    "TalkingShortsLoadSpeech": ({"audio": None}, ["AUDIO"]),
    "TalkingShortsTalkingVideo": (
        {
            "model": None,
            "model_patch": None,
            "vae": None,
            "audio_encoder": None,
            "speech": None,
            "portrait": None,
            "positive": None,
            "negative": None,
            "size_mode": "bucket_480",
            "width": 480,
            "height": 832,
            "steps": 40,
            "schedule": "official",
            "shift": 0.0,
            "text_scale": 5.0,
            "audio_scale": 4.0,
            "seed": 42,
            "clip_vision": None,
            "window_frames": 81,
            "motion_frames": 9,
            "guidance_batch": "auto",
            "guidance_end": 1.0,
            "color_strength": 1.0,
            "vae_tiling": "auto",
            "apg": False,
            "crf": 16,
            "resume": True,
            "short_last_window": False,
        },
        ["VIDEO", "INT"],
    ),
    "TalkingShortsSpeechToVideo": (
        {
            "model": None,
            "vae": None,
            "audio_encoder": None,
            "speech": None,
            "portrait": None,
            "positive": None,
            "negative": None,
            "width": 480,
            "height": 832,
            "steps": 20,
            "cfg": 6.0,
            "sampler": None,
            "scheduler": "simple",
            "seed": 42,
            "chunk_frames": 77,
            "vae_tiling": "auto",
            "crf": 16,
            "resume": True,
        },
        ["VIDEO", "INT"],
    ),
    "TalkingShortsSavePortrait": ({"portrait": None, "filename_prefix": "talkingshorts/portrait"}, []),
    "TalkingShortsSaveSpeech": ({"speech": None, "filename_prefix": "talkingshorts/speech"}, []),
    "TalkingShortsSaveShort": ({"video": None, "filename_prefix": "talkingshorts/short"}, []),
}
OPTIONAL = {
    "TalkingShortsCloneVoice": {
        *("guidance_scale", "diffusion_steps", "target_seconds", "reference_2", "reference_3", "reference_4"),
    },
    "TalkingShortsDraftVoice": {"reference", "target_seconds", "presenter"},
    "TalkingShortsDraftVideo": {"label"},
    "TalkingShortsSpeechToVideo": {"chunk_frames", "vae_tiling", "crf", "resume"},
    "TalkingShortsTalkingVideo": {
        *("clip_vision", "window_frames", "motion_frames", "guidance_batch", "guidance_end", "color_strength"),
        *("vae_tiling", "apg", "crf", "resume", "short_last_window"),
    },
}


@pytest.fixture(scope="module")
def nodes(comfyui: ComfyUI) -> dict[str, Any]:
    return {name: info for name, info in comfyui.get("/object_info").items() if name.startswith("TalkingShorts")}


def list_inputs(info: dict[str, Any]) -> dict[str, list[Any]]:
    return {name: spec for group in ("required", "optional") for name, spec in info["input"].get(group, {}).items()}


def test_the_pack_offers_exactly_the_promised_nodes(nodes: dict[str, Any]) -> None:
    assert set(nodes) == set(CONTRACT)


@pytest.mark.parametrize("node_id", CONTRACT)
def test_inputs_defaults_and_outputs_are_as_promised(node_id: str, nodes: dict[str, Any]) -> None:
    inputs, outputs = CONTRACT[node_id]
    offered = {
        name: (spec[1] if len(spec) > 1 else {}).get("default") for name, spec in list_inputs(nodes[node_id]).items()
    }

    assert offered == inputs
    assert nodes[node_id]["output"] == outputs
    assert set(nodes[node_id]["input"].get("optional", {})) == OPTIONAL.get(node_id, set())


@pytest.mark.parametrize("node_id", CONTRACT)
def test_every_input_and_output_explains_itself(node_id: str, nodes: dict[str, Any]) -> None:
    info = nodes[node_id]

    assert info["category"] == "talking shorts"
    assert info["description"]
    assert info["search_aliases"]
    for name, spec in list_inputs(info).items():
        assert len(spec[1]["tooltip"]) > 10, name
    assert all(len(tooltip) > 10 for tooltip in info["output_tooltips"])


@pytest.mark.parametrize("language", sorted(path.name for path in (PACK / "locales").iterdir()))
@pytest.mark.parametrize("node_id", CONTRACT)
def test_every_language_names_every_input_and_output(language: str, node_id: str, nodes: dict[str, Any]) -> None:
    words = json.loads((PACK / "locales" / language / "nodeDefs.json").read_text())[node_id]

    assert words["display_name"]
    assert words["description"]
    assert set(words["inputs"]) == set(list_inputs(nodes[node_id]))
    assert len(words.get("outputs", {})) == len(nodes[node_id]["output"])
    for entry in [*words["inputs"].values(), *words.get("outputs", {}).values()]:
        assert entry["name"]
        assert entry["tooltip"]


@pytest.mark.parametrize("node_id", CONTRACT)
def test_english_words_are_the_ones_of_the_nodes_themselves(node_id: str, nodes: dict[str, Any]) -> None:
    words = json.loads((PACK / "locales" / "en" / "nodeDefs.json").read_text())[node_id]

    assert words["display_name"] == nodes[node_id]["display_name"]
    assert words["description"] == nodes[node_id]["description"]
    for name, spec in list_inputs(nodes[node_id]).items():
        assert words["inputs"][name]["tooltip"] == spec[1]["tooltip"]


@pytest.mark.parametrize("node_id", CONTRACT)
def test_every_node_has_a_help_page_that_covers_its_inputs_and_outputs(node_id: str, nodes: dict[str, Any]) -> None:
    page = (PACK / "web" / "docs" / f"{node_id}.md").read_text()

    for name in [*list_inputs(nodes[node_id]), *nodes[node_id]["output_name"]]:
        assert f"`{name}`" in page


def test_comfyui_serves_the_help_pages(comfyui: ComfyUI) -> None:
    answer = requests.get(f"{comfyui.url}/extensions/comfyui_talkingshorts/docs/TalkingShortsSaveShort.md", timeout=30)

    assert answer.ok
    assert "filename_prefix" in answer.text


def test_loading_the_pack_loads_nothing_heavy(comfyui: ComfyUI) -> None:
    program = (
        "import asyncio, sys\n"
        "sys.argv = ['main.py', '--cpu']\n"
        "import comfy.options; comfy.options.enable_args_parsing()\n"
        "import nodes, folder_paths\n"
        "before = set(sys.modules)\n"
        "import comfyui_talkingshorts as pack\n"
        "extension = asyncio.run(pack.comfy_entrypoint())\n"
        "assert len(asyncio.run(extension.get_node_list())) >= 7\n"
        "new = set(sys.modules) - before\n"
        "print(*sorted({name.split('.')[0] for name in new}))\n"
        "print(*sorted({name.split('.')[2] for name in new if '.engines.' in name}))\n"
    )
    source = Path(comfyui.get("/system_stats")["system"]["argv"][0]).parent
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": f"{source}:{PACK.parent}", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )

    packages, engines = (set(line.split()) for line in done.stdout.split("\n")[-3:-1])
    assert not packages & HEAVY_MODULES
    assert not engines & HEAVY_ENGINES
