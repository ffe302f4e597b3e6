"""Cloning a voice on a real ComfyUI with tiny models: from a clip and a script to a FLAC, and every way to fail."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import requests
from comfyui_talkingshorts.core.sound import Sound
from comfyui_talkingshorts.engines.draft.voice import speak_draft
from support.checkout import ROOT
from support.processes import CommandLine, start_runner
from support.servers.on_comfyui import ComfyUI, run_graph
from support.servers.talking_jobs import write_wav
from support.shorts import read_result
from support.tiny.vibevoice import write_tiny_vibevoice

WORKFLOW = str(ROOT / "workflows" / "voice_clone.api.json")
MODEL = "VibeVoice-1.5B"
ENDLESS = "never-ends"
SCRIPT = "This is said in another voice."


def as_stereo_44100(sound: Sound) -> Sound:
    """Return the draft's 22,050 Hz doubled in rate, a little softer on the right."""
    at_double_rate = np.repeat(sound.samples[0], 2)
    return Sound(np.stack([at_double_rate, 0.8 * at_double_rate]), 2 * sound.sample_rate_hz)


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of recordings: two voices, one a stereo recording, and clips that no voice can be cloned from."""
    folder = tmp_path_factory.mktemp("voices")
    words = "I talk for a while so that my voice is heard, and then I go on about the weather, which is fine today."
    for name, seed in (("ann.wav", 1), ("bob.wav", 2)):
        speech = speak_draft(words, seed)[0]
        write_wav(folder / name, as_stereo_44100(speech) if name == "ann.wav" else speech)
    write_wav(folder / "blip.wav", Sound(speak_draft("Oh.", 1)[0].samples[:, :4410], 22_050))
    write_wav(folder / "silent.wav", Sound(np.zeros((1, 5 * 22_050), np.float32), 22_050))
    return folder


@pytest.fixture(scope="module")
def server(comfyui: ComfyUI, voices: Path) -> Iterator[ComfyUI]:
    """ComfyUI with the recordings in its input folder, and two tiny models: one ends by itself, the other never."""
    shelf = comfyui.base / "models" / "vibevoice"
    write_tiny_vibevoice(shelf / MODEL)
    write_tiny_vibevoice(shelf / ENDLESS, stops_after_frames=None)
    for voice in voices.iterdir():
        shutil.copy(voice, comfyui.base / "input")
    yield comfyui
    shutil.rmtree(shelf)


def clone_graph(model: str = MODEL, voice: str = "ann.wav", **inputs: Any) -> dict[str, Any]:
    """Return a graph that says SCRIPT in a cloned voice; `inputs` go to the node that clones."""
    cloning = {
        "vibevoice": ["model", 0],
        "reference": ["voice", 0],
        "script": SCRIPT,
        "voice_rights": True,
        "seed": 1,
        **inputs,
    }
    return {
        "model": {"class_type": "TalkingShortsLoadVibeVoice", "inputs": {"model": model, "dtype": "auto"}},
        "voice": fetch_voice(voice),
        "clone": {"class_type": "TalkingShortsCloneVoice", "inputs": cloning},
        "save": {
            "class_type": "TalkingShortsSaveSpeech",
            "inputs": {"speech": ["clone", 0], "filename_prefix": "cloned/speech"},
        },
    }


def fetch_voice(name: str) -> dict[str, Any]:
    segment = {"source": name, "start_seconds": 0.0, "duration_seconds": 30.0}
    return {"class_type": "TalkingShortsYouTubeVoice", "inputs": segment}


def clone(server: ComfyUI, graph: dict[str, Any]) -> dict[str, Any]:
    """Run the graph and return the report of the speech that it saved."""
    job = run_graph(server, graph)
    assert job["status"] == "completed", job
    return json.loads(job["outputs"]["save"]["text"][0])


def read_refusal(server: ComfyUI, graph: dict[str, Any]) -> tuple[str, str]:
    """Run the graph, and return the kind of error that ended it and its one line."""
    job = run_graph(server, graph)
    assert job["status"] == "failed", job
    message = job["execution_error"]["exception_message"].strip()
    assert "\n" not in message
    return job["execution_error"]["exception_type"].rpartition(".")[2], message


def free(server: ComfyUI) -> None:
    """Have ComfyUI unload all models and forget all results, before the next graph or right after it."""
    body = {"unload_models": True, "free_memory": True}
    requests.post(f"{server.url}/free", json=body, timeout=30).raise_for_status()


def decode(path: Path) -> np.ndarray:
    """Return the samples of a mono FLAC in 24 kHz."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        assert (stream.codec.name, stream.sample_rate, stream.channels) == ("flac", 24_000, 1)
        return np.concatenate([frame.to_ndarray() for frame in container.decode(stream)], axis=1)[0] / 2**31


def list_saved(server: ComfyUI) -> list[Path]:
    return sorted((server.base / "output").rglob("*.flac"))


def test_the_command_line_makes_a_flac_of_the_wanted_length_and_its_report(
    server: ComfyUI, voices: Path, talkingshorts: CommandLine
) -> None:
    done = talkingshorts(
        *("run", WORKFLOW, "-s", f"script={SCRIPT}", "-i", f"voice_source={voices / 'ann.wav'}"),
        *("-s", "voice_start_seconds=0", "-s", "voice_rights=true", "-s", "target_seconds=2.5", "-o", "out.flac"),
    )

    assert done.code == 0, done.stderr
    speech = decode(done.paths[0])
    result = read_result(done.paths[0])
    file = result["files"][0]
    assert speech.size == 60_000
    assert 0.003 < np.sqrt(np.mean(speech**2)) < 0.5
    assert (result["seed"], result["models"]) == (42, [MODEL])
    assert (file["seconds"], file["sample_rate_hz"], file["channels"]) == (2.5, 24_000, 1)
    assert result["pack_version"]


def test_a_flac_can_be_run_again_as_the_workflow_that_made_it(server: ComfyUI, talkingshorts: CommandLine) -> None:
    report = clone(server, clone_graph())

    done = talkingshorts("run", str(server.base / "output" / report["file"]), "-o", "again.flac")

    assert done.code == 0, done.stderr
    assert read_result(done.paths[0])["files"][0]["sha256"] == report["sha256"]


def test_a_program_that_posts_the_graph_gets_the_speech_and_its_report(server: ComfyUI) -> None:
    job = run_graph(server, clone_graph(seed=2))

    shown = job["outputs"]["save"]
    report = json.loads(shown["text"][0])
    content = requests.get(f"{server.url}/view", params=shown["audio"][0], timeout=30).content
    path = server.base / "output" / report["file"]
    assert path.read_bytes() == content
    assert (report["bytes"], report["sample_rate_hz"]) == (len(content), 24_000)
    assert report["seconds"] == pytest.approx(decode(path).size / 24_000, abs=1e-6)
    assert 0.5 < report["seconds"] < 4


def test_the_same_inputs_give_the_same_speech_whatever_ran_before_and_however_the_model_was_moved(
    server: ComfyUI,
) -> None:
    first = clone(server, clone_graph())
    free(server)
    other = clone(server, clone_graph(seed=7))
    again = clone(server, clone_graph())

    assert again["file"] != first["file"]
    assert again["sha256"] == first["sha256"]
    assert other["sha256"] != first["sha256"]


def test_two_voices_talk_to_each_other(server: ComfyUI) -> None:
    script = "Speaker 1: How are you today?\nSpeaker 2: I am very well, thank you."
    graph = clone_graph(script=script, reference_2=["other voice", 0]) | {"other voice": fetch_voice("bob.wav")}

    assert clone(server, graph)["seconds"] > 0.5


@pytest.mark.parametrize("script", ["Fine weather 🙂 today, isn't it? 🌦️", "今天天气很好。我们去公园散步吧!"])
def test_emoji_are_left_out_and_chinese_is_spoken(script: str, server: ComfyUI) -> None:
    assert clone(server, clone_graph(script=script))["seconds"] > 0.5


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"voice_rights": False}, "turn voice_rights on"),
        ({"script": ["empty", 0]}, "script"),
        ({"script": "🙂 🙂"}, "script"),
        ({"script": "word " * 5000, "target_seconds": 8.0}, "words"),
        ({"script": "Speaker 1: Hi there.\nSpeaker 2: Who are you?"}, "nothing is connected to reference_2"),
        ({"voice": ""}, "There is no voice to clone"),
    ],
    ids=["no right to the voice", "empty", "emoji alone", "far too long", "a voice is missing", "no reference"],
)
def test_what_can_not_be_said_is_refused_as_an_input(inputs: dict[str, Any], words: str, server: ComfyUI) -> None:
    empty = {"class_type": "PrimitiveString", "inputs": {"value": ""}}

    kind, message = read_refusal(server, clone_graph(**inputs) | {"empty": empty})

    assert kind == "InputError"
    assert words in message


@pytest.mark.parametrize(("voice", "words"), [("blip.wav", "0.2 s long"), ("silent.wav", "silent")])
def test_a_reference_without_enough_voice_is_refused(voice: str, words: str, server: ComfyUI) -> None:
    kind, message = read_refusal(server, clone_graph(voice=voice))

    assert kind == "SourceError"
    assert words in message


def test_without_the_right_to_the_voice_the_command_line_refuses_and_the_model_is_not_loaded(
    server: ComfyUI, voices: Path, talkingshorts: CommandLine
) -> None:
    (server.base / "models" / "vibevoice" / MODEL / "model.safetensors").rename(voices / "away")
    try:
        done = talkingshorts("run", WORKFLOW, "-i", f"voice_source={voices / 'ann.wav'}", "-s", "voice_start_seconds=0")
    finally:
        (voices / "away").rename(server.base / "models" / "vibevoice" / MODEL / "model.safetensors")

    assert (done.code, done.stdout) == (3, "")
    assert "voice_rights is off" in done.stderr


def truncate(model: Path) -> None:
    os.truncate(model / "model-00001-of-00002.safetensors", 10_000)


def break_tokenizer(model: Path) -> None:
    (model / "tokenizer.json").write_text('{"model": ')


def remove_tokenizer(model: Path) -> None:
    """Leave ComfyUI's own, which knows more words than the tiny model."""
    (model / "tokenizer.json").unlink()


def make_another_kind(model: Path) -> None:
    (model / "config.json").write_text('{"model_type": "qwen2"}')


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (truncate, "model-00001-of-00002.safetensors"),
        (break_tokenizer, "tokenizer"),
        (remove_tokenizer, "tokenizer.json"),
        (make_another_kind, "qwen2"),
    ],
)
def test_a_model_that_can_not_be_used_fails_the_run_in_words(
    spoil: Callable[[Path], None], words: str, server: ComfyUI, voices: Path, talkingshorts: CommandLine
) -> None:
    model = server.base / "models" / "vibevoice" / "spoilt"
    write_tiny_vibevoice(model, shards=2)
    spoil(model)

    done = talkingshorts(
        *("run", WORKFLOW, "-s", f"VibeVoice model.model={model.name}", "-i", f"voice_source={voices / 'ann.wav'}"),
        *("-s", "voice_start_seconds=0", "-s", "voice_rights=true"),
    )

    assert (done.code, done.stdout) == (4, "")
    assert words in done.stderr
    assert model.name in done.stderr


def test_a_model_that_is_not_there_is_told_before_anything_runs(server: ComfyUI, talkingshorts: CommandLine) -> None:
    done = talkingshorts("validate", WORKFLOW, "-s", "VibeVoice model.model=none")

    assert done.code == 3
    assert MODEL in done.stderr


def test_a_run_stopped_midway_gives_nothing_and_the_next_one_works(
    server: ComfyUI, voices: Path, talkingshorts: CommandLine
) -> None:
    (talkingshorts.folder / "book.txt").write_text("This sentence goes on. " * 1250)
    before = list_saved(server)
    arguments = (
        *("run", WORKFLOW, "-s", f"VibeVoice model.model={ENDLESS}", "-s", "script=@book.txt"),
        *("-i", f"voice_source={voices / 'ann.wav'}", "-s", "voice_start_seconds=0"),
        *("-s", "voice_rights=true", "-s", "target_seconds=0", "--server", server.url),
    )

    with start_runner(talkingshorts.folder, *arguments) as runner:
        progress = runner.wait_for_event("progress", title="Cloned voice")
        runner.signal(signal.SIGINT)

        assert runner.wait() == 130
        assert "The job was cancelled." in runner.error
    assert progress["total"] > 5000
    assert list_saved(server) == before
    assert clone(server, clone_graph(seed=3))["seconds"] > 0.5
