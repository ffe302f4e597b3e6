"""The draft, from the command line and from POST /prompt to the mp4, on a real ComfyUI."""

import json
import socket
import time
import uuid
import wave
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import requests
from comfyui_talkingshorts.engines.draft.presenter.puppet import Framing
from comfyui_talkingshorts.engines.speech.prosody import measure_median_f0
from PIL import Image
from support.checkout import ROOT
from support.fakes.web import Page, serve
from support.media import make_media
from support.processes import CommandLine
from support.servers.on_comfyui import PACK, ComfyUI, run_graph
from support.shorts import Film, decode, read_result

SCRIPT = "Hello there! Every short begins with a voice, a face, and something worth saying."
FAIR_SKIN = "woman, fair skin, ponytail, no glasses, white background"
PHOTO = ROOT / "tests" / "data" / "astronaut_face.jpg"
DRAFT = ROOT / "workflows" / "draft.api.json"


def make_wav(seconds: float, f0_hz: float, sample_rate_hz: int = 16000) -> bytes:
    """Return a recording of something like a voice: a pulse train of the given pitch in syllables."""
    at = np.arange(round(seconds * sample_rate_hz)) / sample_rate_hz
    voice = sum(np.sin(2 * np.pi * f0_hz * k * at) / k for k in range(1, 20))
    samples = 0.2 * voice * (0.15 + np.clip(np.sin(2 * np.pi * 3 * at), 0, 1))
    file = BytesIO()
    with wave.open(file, "wb") as output:
        output.setnchannels(1)
        output.setsampwidth(2)
        output.setframerate(sample_rate_hz)
        output.writeframes((samples * 20000).astype("<i2").tobytes())
    return file.getvalue()


def measure_mouth_opening(film: Film) -> np.ndarray:
    """Return how many dark pixels the drawn presenter's mouth shows in each frame."""
    height, width = film.frames.shape[1:]
    face = Framing.around(width, height)
    x, y, reach = round(face.center_x), round(face.eye_y + 0.95 * face.unit), round(0.4 * face.unit)
    return (film.frames[:, y - reach : y + reach, x - reach : x + reach] < 80).sum(axis=(1, 2))


@pytest.fixture(scope="module")
def speaking_short(comfyui: ComfyUI, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("short")
    done = CommandLine(folder)("make", "--script", SCRIPT, "--portrait-prompt", FAIR_SKIN, "--seed", "2")
    assert done.code == 0, done.stderr
    assert done.paths == [folder / "out" / "short.mp4"]
    return done.paths[0]


@pytest.fixture(scope="module")
def film(speaking_short: Path) -> Film:
    return decode(speaking_short)


def test_a_script_alone_becomes_a_portrait_video_that_speaks(film: Film) -> None:
    frames, height, width = film.frames.shape

    assert (width, height, film.fps) == (480, 832, 25.0)
    assert abs(frames / 25 - len(film.sound) / film.sample_rate_hz) < 0.05
    assert 3 < frames / 25 < 9
    assert 0.02 < np.sqrt(np.mean(film.sound**2)) < 0.3
    assert np.abs(film.sound).max() < 1


def test_the_picture_lives(film: Film) -> None:
    changes = np.abs(np.diff(film.frames.astype(np.int16), axis=0)).mean(axis=(1, 2))

    assert (changes > 0.01).mean() > 0.9


def test_the_mouth_opens_when_the_voice_is_loud(film: Film) -> None:
    opening = measure_mouth_opening(film)

    assert np.corrcoef(opening, film.loudness)[0, 1] > 0.5
    assert opening[0] < 0.2 * opening.max()


def test_the_mp4_holds_its_graph_and_says_that_it_is_generated(speaking_short: Path, film: Film) -> None:
    graph = json.loads(film.tags["prompt"])

    assert SCRIPT in json.dumps(graph)
    assert "AI-generated" in film.tags["comment"]
    assert film.tags["ai_generated"] == "true"
    assert graph == read_result(speaking_short)["prompt"]


def test_the_result_file_describes_the_short(speaking_short: Path, film: Film) -> None:
    result = read_result(speaking_short)
    file = result["files"][0]

    assert result["inputs"]["script"] == SCRIPT
    assert (result["seed"], result["server_version"]) == (2, "0.30.0")
    assert result["pack_version"]
    assert (file["frames"], file["fps"], file["width"], file["height"]) == (len(film.frames), 25.0, 480, 832)
    assert file["has_audio"]
    assert file["bytes"] == speaking_short.stat().st_size


def test_voice_picture_and_target_are_followed(talkingshorts: CommandLine) -> None:
    (talkingshorts.folder / "voice.wav").write_bytes(make_wav(12, f0_hz=130))

    done = talkingshorts(
        *("make", "--script", SCRIPT, "--voice", "voice.wav", "--portrait", str(PHOTO)),
        *("--target-seconds", "8", "-o", "mine.mp4"),
    )

    assert done.code == 0, done.stderr
    film = decode(talkingshorts.folder / "mine.mp4")
    assert len(film.frames) == 200
    assert read_result(talkingshorts.folder / "mine.mp4")["files"][0]["seconds"] == 8.0
    assert measure_median_f0(film.sound, film.sample_rate_hz) == pytest.approx(130, rel=0.05)
    photo = np.asarray(Image.open(PHOTO).convert("L").resize((480, 832)), float)
    assert np.corrcoef(film.frames[0].ravel(), photo.ravel())[0, 1] > 0.5


def test_a_picture_without_a_face_still_makes_a_short_and_says_so(talkingshorts: CommandLine) -> None:
    Image.linear_gradient("L").resize((480, 832)).convert("RGB").save(talkingshorts.folder / "sky.png")

    done = talkingshorts("make", "--script", "Look, no face.", "--portrait", "sky.png", "-o", "sky.mp4")

    assert done.code == 0, done.stderr
    assert len(decode(talkingshorts.folder / "sky.mp4").frames) > 20
    assert "Draft video: No face" in done.stderr


def test_a_voice_without_speech_still_makes_a_short_and_says_so(talkingshorts: CommandLine) -> None:
    (talkingshorts.folder / "hush.wav").write_bytes(make_wav(0.001, f0_hz=130))

    done = talkingshorts("make", "--script", "Listen.", "--voice", "hush.wav", "-o", "hush.mp4")

    assert done.code == 0, done.stderr
    assert "Draft voice: No voice" in done.stderr


@pytest.mark.parametrize("serves_ranges", [True, False], ids=["ranges", "no ranges"])
def test_a_voice_is_fetched_from_the_web(serves_ranges: bool, talkingshorts: CommandLine) -> None:
    recording = make_media("wav", "pcm_s16le", rate_hz=44100, channels=2, seconds=90)
    with serve({"talk.wav": Page(recording, "audio/wav", serves_ranges=serves_ranges)}) as web:
        done = talkingshorts(
            *("make", "--script", "A voice from the web.", "--voice", web.address_of("talk.wav")),
            *("--start", "40", "--duration", "5", "-o", "web.mp4"),
        )

    assert done.code == 0, done.stderr
    assert decode(talkingshorts.folder / "web.mp4").sound.any()
    if serves_ranges:
        assert web.served_range_bytes < len(recording) / 4


def test_a_start_past_the_end_tells_the_real_length(talkingshorts: CommandLine) -> None:
    (talkingshorts.folder / "voice.wav").write_bytes(make_wav(3, f0_hz=130))

    done = talkingshorts("make", "--script", SCRIPT, "--voice", "voice.wav", "--start", "40")

    assert done.code == 4
    assert "3" in done.stderr
    assert "Voice reference" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["--script", ""], 3, "script"),
        (["--script", "word " * 200, "--target-seconds", "2"], 3, "words"),
        (["--script", SCRIPT, "--voice", "nobody.wav"], 2, "nobody.wav"),
        (["--script", SCRIPT, "--size", "100x100"], 3, "16"),
        (["--script", SCRIPT, "--size", "axb"], 2, "axb"),
        (["--script", SCRIPT, "-o", "/proc/short.mp4"], 2, "/proc"),
        (["--script", SCRIPT, "--portrait", str(ROOT / "README.md")], 4, "picture"),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_line(
    arguments: list[str], code: int, word: str, talkingshorts: CommandLine
) -> None:
    done = talkingshorts("make", *arguments)

    assert (done.code, done.stdout) == (code, "")
    assert word in done.stderr
    assert not list(talkingshorts.folder.rglob("*.mp4"))


def test_the_same_short_again_is_there_at_once_even_if_the_server_lost_it(
    talkingshorts: CommandLine, comfyui: ComfyUI
) -> None:
    make = ("make", "--script", "Say it again.", "-o")
    assert talkingshorts(*make, "first.mp4").code == 0
    assert talkingshorts(*make, "second.mp4").code == 0
    for saved in (comfyui.base / "output" / "talkingshorts").glob("*.mp4"):
        saved.unlink()
    assert talkingshorts(*make, "third.mp4").code == 0

    films = [decode(talkingshorts.folder / f"{name}.mp4") for name in ("first", "second", "third")]
    assert np.array_equal(films[0].frames, films[1].frames)
    assert np.array_equal(films[0].frames, films[2].frames)


def test_inputs_are_listed_with_type_and_default(talkingshorts: CommandLine) -> None:
    lines = talkingshorts("inputs", str(DRAFT)).stdout.splitlines()

    assert len(lines) == 10
    assert any(line.split()[0] == "seed" and line.split()[-1] == "42" for line in lines)


def test_a_job_can_be_submitted_now_and_fetched_later(talkingshorts: CommandLine) -> None:
    job = talkingshorts("submit", str(DRAFT), "-s", "script=Later.", "-s", "seed=9").stdout.strip()

    done = talkingshorts("wait", job, "-o", "later.mp4")
    assert (done.code, done.paths) == (0, [talkingshorts.folder / "later.mp4"])
    assert "completed" in talkingshorts("status", job).stdout
    assert talkingshorts("fetch", job, "-o", "again.mp4").code == 0
    assert (talkingshorts.folder / "again.mp4").read_bytes() == (talkingshorts.folder / "later.mp4").read_bytes()


def test_a_wrong_value_is_explained_before_anything_runs(talkingshorts: CommandLine) -> None:
    done = talkingshorts("validate", str(DRAFT), "-s", "Draft portrait.width=100000")

    assert done.code == 3
    assert "width" in done.stderr
    assert "2048" in done.stderr


@pytest.mark.parametrize("surface", [("validate", str(DRAFT)), ("run", str(DRAFT), "-o", "x.mp4")])
def test_an_impossible_size_is_refused_with_the_nearest_before_anything_runs(
    surface: tuple[str, ...], talkingshorts: CommandLine
) -> None:
    done = talkingshorts(*surface, "-s", "width=100")

    assert done.code == 3
    assert "= 100 is not possible. The nearest are 96 and 112." in done.stderr
    assert not (talkingshorts.folder / "x.mp4").exists()


def test_a_short_of_the_usual_size_is_made_as_asked_for(talkingshorts: CommandLine) -> None:
    done = talkingshorts("make", "--script", "Hi.", "--quality", "draft", "--size", "1080x1920", "-o", "usual.mp4")

    assert done.code == 0, done.stderr
    assert decode(talkingshorts.folder / "usual.mp4").frames.shape[1:] == (1920, 1080)


def test_a_program_that_posts_the_graph_gets_the_mp4_and_its_report(comfyui: ComfyUI) -> None:
    graph = json.loads(DRAFT.read_text())
    graph["1"]["inputs"]["value"] = "Hello from a program."
    graph["8"]["inputs"]["value"], graph["9"]["inputs"]["value"] = 256, 448

    job = run_graph(comfyui, graph)

    outputs = job["outputs"]["17"]
    report = json.loads(outputs["text"][0])
    video = outputs["images"][0]
    content = requests.get(f"{comfyui.url}/view", params=video, timeout=30).content
    assert job["status"] == "completed"
    assert outputs["animated"] == [True]
    assert (report["width"], report["height"], report["fps"]) == (256, 448, 25.0)
    assert (report["bytes"], report["file"]) == (len(content), f"{video['subfolder']}/{video['filename']}")
    assert report["frames"] == round(report["seconds"] * 25)


def test_a_job_that_waits_for_a_silent_server_is_cancelled_at_once(comfyui: ComfyUI) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        graph = json.loads(DRAFT.read_text())
        graph["2"]["inputs"]["value"] = f"http://127.0.0.1:{silent.getsockname()[1]}/voice.wav"
        job = str(uuid.uuid4())
        requests.post(f"{comfyui.url}/prompt", json={"prompt": graph, "prompt_id": job}, timeout=30)
        silent.accept()
        requests.post(f"{comfyui.url}/api/jobs/{job}/cancel", timeout=30)
        while comfyui.get(f"/api/jobs/{job}")["status"] in ("pending", "in_progress"):
            time.sleep(0.05)

    assert comfyui.get(f"/api/jobs/{job}")["status"] == "cancelled"


@pytest.mark.parametrize(("picture", "status"), [("me.jpg", "completed"), ("", "failed")])
def test_the_drawn_portrait_is_computed_only_when_no_picture_is_given(
    picture: str, status: str, comfyui: ComfyUI
) -> None:
    (comfyui.base / "input" / "me.jpg").write_bytes(PHOTO.read_bytes())
    graph = json.loads(DRAFT.read_text())
    graph["6"]["inputs"]["value"] = picture
    breaks = {"source": "nowhere.wav", "start_seconds": 0.0, "duration_seconds": 1.0}
    graph["18"] = {"class_type": "TalkingShortsYouTubeVoice", "inputs": breaks}
    graph["14"]["inputs"]["prompt"] = ["18", 1]

    assert run_graph(comfyui, graph)["status"] == status


@pytest.mark.parametrize("node_id", ["11", "12", "14", "16"])
def test_optional_inputs_may_be_left_out(node_id: str, comfyui: ComfyUI) -> None:
    graph = json.loads(DRAFT.read_text())
    info = comfyui.get(f"/object_info/{graph[node_id]['class_type']}")[graph[node_id]["class_type"]]
    for name in info["input"].get("optional", {}):
        graph[node_id]["inputs"].pop(name, None)
    graph["1"]["inputs"]["value"] = "Short."
    graph["10"]["inputs"]["value"] = int(node_id)

    assert run_graph(comfyui, graph)["status"] == "completed"


def test_the_pack_can_be_copied_into_any_comfyui() -> None:
    for path in PACK.rglob("*"):
        assert not path.is_symlink()
