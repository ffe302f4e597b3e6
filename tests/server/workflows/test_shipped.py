"""Every shipped graph through the command line on a real ComfyUI, with a tiny model for each file that it names."""

from __future__ import annotations

import json
import shutil
import wave
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from comfyui_talkingshorts.engines.draft.voice import speak_draft
from PIL import Image
from support.checkout import ROOT
from support.processes import CommandLine, Runner, start_runner
from support.servers.managed_home import managed_home
from support.servers.on_comfyui import ComfyUI
from support.servers.talking_jobs import kill_comfyui, write_wav
from support.shorts import decode, read_result
from support.tiny.home import fill_tiny_home
from support.tiny.talks import decode_frames
from support.waiting import wait_until
from talkingshorts.managed.server import ensure_server, stop_server

WORKFLOWS = ROOT / "workflows"
PHOTO = ROOT / "tests" / "data" / "astronaut_face.jpg"
SCRIPT = "This is said in another voice."
SPEECH_FRAMES = 12  # of VibeVoice, 7.5 a second
SPEECH_SECONDS = 1.9  # with the pauses around it
SMALL = ("-s", "width=64", "-s", "height=96")
VOICE = (
    *("-i", "voice_source=ann.wav", "-s", "voice_start_seconds=0", "-s", "voice_duration_seconds=10"),
    *("-s", "voice_rights=true", "-s", f"script={SCRIPT}", "-s", "target_seconds=0"),
)
SPEAKER = ("-i", "portrait=me.jpg", "-i", "speech=ann.wav")
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "draft": ("-s", f"script={SCRIPT}", *SMALL),
    "voice_clone": VOICE,
    "portrait": ("-s", "portrait_prompt=a fisherman", *SMALL),
    "talking_short": (*VOICE, *SMALL, "-s", "steps=3"),
    "talking_short_fast": (*VOICE, *SMALL),
    "talking_video": (*SPEAKER, *SMALL, "-s", "steps=2"),
    "i2v": ("-i", "portrait=me.jpg", *SMALL, "-s", "frames=9", "-s", "steps=3"),
    "i2v_fast": ("-i", "portrait=me.jpg", *SMALL, "-s", "frames=9", "-s", "sampler=uni_pc"),
    "s2v": (*SPEAKER, *SMALL, "-s", "steps=2"),
}
FPS = {"i2v": 24.0, "i2v_fast": 24.0, "s2v": 16.0}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The home folder of a ComfyUI that has every model."""
    home = tmp_path_factory.mktemp("studio")
    fill_tiny_home(home / "base", SPEECH_FRAMES)
    with managed_home(home):
        yield home
    shutil.rmtree(home)


@pytest.fixture
def talkingshorts(home: Path, tmp_path: Path) -> CommandLine:
    """The command line in a folder that holds a picture of somebody and a recording of somebody's voice."""
    fill_desk(tmp_path)
    return CommandLine(tmp_path)


def fill_desk(folder: Path) -> None:
    shutil.copy(PHOTO, folder / "me.jpg")
    words = "I talk for a while so that my voice is heard, and then I go on about the weather, which is fine today."
    speech = speak_draft(words, 1)[0]
    write_wav(folder / "ann.wav", speech)


def workflow(name: str) -> str:
    return str(WORKFLOWS / f"{name}.api.json")


def list_model_files(name: str) -> list[str]:
    """Return the models that the loaders of a shipped graph name."""
    nodes = json.loads((WORKFLOWS / f"{name}.api.json").read_text()).values()
    values = [value for node in nodes for value in node["inputs"].values() if isinstance(value, str)]
    return [value for value in values if value.endswith(".safetensors") or value.startswith("VibeVoice")]


def test_every_shipped_graph_is_run_here() -> None:
    assert set(ARGUMENTS) == {path.name.removesuffix(".api.json") for path in WORKFLOWS.glob("*.api.json")}


@pytest.mark.parametrize("name", sorted(set(ARGUMENTS) - {"voice_clone", "portrait"}))
def test_a_graph_gives_a_film_of_the_right_shape_that_moves(name: str, talkingshorts: CommandLine) -> None:
    done = talkingshorts("run", workflow(name), *ARGUMENTS[name], "-o", "out.mp4")

    assert done.code == 0, done.stderr
    frames, result = decode_frames(done.paths[0]), read_result(done.paths[0])
    [file] = result["files"]
    assert frames.shape == (file["frames"], 96, 64, 3)
    assert (file["width"], file["height"], file["fps"]) == (64, 96, FPS.get(name, 25.0))
    assert frames.std(axis=(1, 2, 3)).min() > 2, "a frame of one colour"
    assert np.abs(np.diff(frames.astype(float), axis=0)).mean() > 0.01
    assert sorted(result["models"]) == sorted(list_model_files(name))
    assert (result["seed"], result["workflow"]) == (42, f"{name}.api.json")
    assert "AI-generated" in av.open(str(done.paths[0])).metadata["comment"]


def test_comfyuis_own_nodes_make_a_side_of_1080_as_well(talkingshorts: CommandLine) -> None:
    usual = ("-s", "width=1080", "-s", "height=16", "-s", "frames=5", "-s", "steps=2")

    done = talkingshorts("run", workflow("i2v"), *ARGUMENTS["i2v"], *usual, "-o", "out.mp4")

    assert done.code == 0, done.stderr
    assert decode_frames(done.paths[0]).shape[1:] == (16, 1080, 3)


@pytest.mark.parametrize("name", ["talking_short", "talking_short_fast", "talking_video", "s2v"])
def test_a_speaker_is_heard_to_the_end(name: str, talkingshorts: CommandLine) -> None:
    done = talkingshorts("run", workflow(name), *ARGUMENTS[name], "-o", "out.mp4")

    assert done.code == 0, done.stderr
    film = decode(done.paths[0])
    is_cloned = "script" in read_result(done.paths[0])["inputs"]
    seconds = SPEECH_SECONDS if is_cloned else measure_seconds(talkingshorts.folder / "ann.wav")
    assert len(film.frames) == pytest.approx(seconds * film.fps, abs=1.5)
    assert len(film.sound) / film.sample_rate_hz == pytest.approx(len(film.frames) / film.fps, abs=0.05)
    assert 0.01 < np.sqrt(np.mean(film.sound**2)) < 0.7


def measure_seconds(path: Path) -> float:
    with wave.open(str(path)) as recording:
        return recording.getnframes() / recording.getframerate()


def test_the_voice_alone_becomes_a_recording(talkingshorts: CommandLine) -> None:
    done = talkingshorts("run", workflow("voice_clone"), *ARGUMENTS["voice_clone"], "-o", "out.flac")

    assert done.code == 0, done.stderr
    assert read_result(done.paths[0])["files"][0]["seconds"] == pytest.approx(SPEECH_SECONDS, abs=0.05)


def test_the_portrait_alone_becomes_a_picture_that_says_what_it_is(talkingshorts: CommandLine) -> None:
    done = talkingshorts("run", workflow("portrait"), *ARGUMENTS["portrait"], "-o", "out.png")

    assert done.code == 0, done.stderr
    picture = Image.open(done.paths[0])
    assert picture.size == (64, 96)
    assert np.asarray(picture).std() > 5
    assert "AI-generated" in picture.info["comment"]
    assert sorted(read_result(done.paths[0])["models"]) == sorted(list_model_files("portrait"))


def started_titles(runner: Runner) -> list[str]:
    return [event["title"] for event in runner.events if event["event"] == "node_started"]


def test_an_own_picture_keeps_the_portrait_model_unloaded(talkingshorts: CommandLine) -> None:
    arguments = ("run", workflow("talking_short_fast"), *ARGUMENTS["talking_short_fast"], "-s", "seed=5")

    with start_runner(talkingshorts.folder, *arguments, "-i", "portrait_picture=me.jpg", "-o", "out.mp4") as runner:
        assert runner.wait() == 0, runner.stderr

    assert "Talking Video" in started_titles(runner)
    assert "Load Portrait Model" not in started_titles(runner)


def test_without_the_voices_owner_nothing_is_loaded(talkingshorts: CommandLine) -> None:
    arguments = [argument.replace("rights=true", "rights=false") for argument in ARGUMENTS["talking_short"]]

    with start_runner(talkingshorts.folder, "run", workflow("talking_short"), *arguments) as runner:
        assert runner.wait() == 3

    assert "voice_rights is off" in runner.error
    assert not [title for title in started_titles(runner) if title.startswith("Load")]


def test_a_lora_of_no_strength_is_none(talkingshorts: CommandLine) -> None:
    def make(strength: str) -> np.ndarray:
        arguments = (*ARGUMENTS["i2v_fast"], "-s", f"lora_strength={strength}", "-o", f"{strength}.mp4")
        done = talkingshorts("run", workflow("i2v_fast"), *arguments)
        assert done.code == 0, done.stderr
        return decode_frames(done.paths[0])

    without, half, whole = (make(strength) for strength in ("0", "0.5", "1"))
    plain = decode_frames(talkingshorts("run", workflow("i2v"), *without_lora(), "-o", "plain.mp4").paths[0])

    # The codec alone makes the same frames differ by 0.2 levels.
    assert measure_distance(without, plain) < 1
    assert measure_distance(without, half) > 3
    assert measure_distance(half, whole) > 3


def measure_distance(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first.astype(float) - second).mean())


def without_lora() -> tuple[str, ...]:
    """Return what makes i2v do what i2v_fast does, but for the LoRA."""
    guidances = [f"CFGGuider#{number}.cfg=1" for number in (1, 2)]
    values = ["width=64", "height=96", "frames=9", "steps=4", "sampler=uni_pc", *guidances]
    return ("-i", "portrait=me.jpg", *(part for value in values for part in ("-s", value)))


WINDOWS = (
    *("-s", "TalkingShortsTalkingVideo#1.window_frames=17", "-s", "TalkingShortsTalkingVideo#1.motion_frames=5"),
    *("-s", "steps=12"),
)


@pytest.fixture(scope="module")
def uninterrupted(home: Path, tmp_path_factory: pytest.TempPathFactory) -> np.ndarray:
    """The frames of a short that was never disturbed."""
    folder = tmp_path_factory.mktemp("desk")
    fill_desk(folder)
    arguments = ("run", workflow("talking_short"), *ARGUMENTS["talking_short"], *WINDOWS)
    done = CommandLine(folder)(*arguments, "-o", "whole.mp4")
    assert done.code == 0, done.stderr
    return decode_frames(done.paths[0])


@pytest.mark.parametrize(
    ("title", "step", "kept"),
    [
        ("Sample Portrait", 0, {"Cloned Voice"}),
        ("Talking Video", 30, {"Cloned Voice", "Decode Portrait", "Encode Prompt"}),
    ],
    ids=["between voice and portrait", "in mid-video"],
)
def test_a_killed_comfyui_is_started_anew_and_goes_on_to_the_same_short(
    title: str, step: int, kept: set[str], home: Path, talkingshorts: CommandLine, uninterrupted: np.ndarray
) -> None:
    stop_server()
    shutil.rmtree(home / "base" / "user" / "talkingshorts")
    arguments = ("run", workflow("talking_short"), *ARGUMENTS["talking_short"], *WINDOWS, "--resubmit", "-o", "out.mp4")

    with start_runner(talkingshorts.folder, *arguments) as runner:
        wait_until(lambda: has_come_to(runner, title, step) or runner.process.poll() is not None)
        kill_comfyui(home)
        assert runner.wait() == 0, runner.stderr

    assert np.array_equal(decode_frames(talkingshorts.folder / "out.mp4"), uninterrupted)
    [*_, cached] = [event["titles"] for event in runner.events if event["event"] == "cached"]
    assert kept <= set(cached)


def has_come_to(runner: Runner, title: str, step: int) -> bool:
    return any(event.get("title") == title and event.get("step", 0) >= step for event in runner.events)


def test_the_server_of_these_tests_has_a_file_for_every_name(home: Path) -> None:
    server = ComfyUI(ensure_server(print), home / "base")

    for name in ARGUMENTS:
        for model in list_model_files(name):
            assert list((server.base / "models").rglob(model)), model
