"""The node that fetches a voice, on a real ComfyUI."""

from __future__ import annotations

import io
import time
import unicodedata
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests
from support.fakes.web import Page, WebServer, make_fragmented, serve, serve_raw
from support.media import decode_whole, make_media
from support.recordings import RECORDINGS, tell_seconds
from support.servers.on_comfyui import ComfyUI

PATIENCE_SECONDS = 180.0
SECRET = "hunter2"


@pytest.fixture(scope="module")
def talk() -> bytes:
    return make_media("flac", "flac", seconds=4)


@pytest.fixture
def web(talk: bytes) -> Iterator[WebServer]:
    with serve({"talk.flac": Page(talk, "audio/flac")}) as server:
        yield server


def wait_for(condition: Callable[[], Any]) -> Any:
    """Return the first answer that isn't empty."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(0.05)
    raise AssertionError("it never came about")


def submit(comfyui: ComfyUI, source: str, start_seconds: float = 1.0, duration_seconds: float = 2.0) -> str:
    """Queue a graph that saves the voice and shows its title, and return the job's id."""
    values = {"source": source, "start_seconds": start_seconds, "duration_seconds": duration_seconds}
    prompt: dict[str, Any] = {
        "voice": {"class_type": "TalkingShortsYouTubeVoice", "inputs": values},
        "title": {"class_type": "PreviewAny", "inputs": {"source": ["voice", 1]}},
    }
    if source:
        save = {"audio": ["voice", 0], "filename_prefix": "voice"}
        prompt["save"] = {"class_type": "SaveAudio", "inputs": save}
    job_id = str(uuid.uuid4())
    answer = requests.post(f"{comfyui.url}/prompt", json={"prompt": prompt, "prompt_id": job_id}, timeout=30)
    assert answer.ok, answer.text
    return job_id


def wait_for_end(comfyui: ComfyUI, job_id: str) -> dict[str, Any]:
    def read() -> dict[str, Any] | None:
        job = comfyui.get(f"/api/jobs/{job_id}")
        return job if job["status"] not in ("pending", "in_progress") else None

    return wait_for(read)


def make_voice(comfyui: ComfyUI, source: str, **segment: float) -> tuple[bytes, str]:
    """Return the saved file (flac) and the title."""
    job = wait_for_end(comfyui, submit(comfyui, source, **segment))
    assert job["status"] == "completed", job
    file = job["outputs"]["save"]["audio"][0]
    saved = requests.get(f"{comfyui.url}/view", params=file, timeout=30)
    saved.raise_for_status()
    return saved.content, job["outputs"]["title"]["text"][0]


def read_failure(comfyui: ComfyUI, source: str, **segment: float) -> str:
    job = wait_for_end(comfyui, submit(comfyui, source, **segment))
    assert job["status"] == "failed", job
    error = job["execution_error"]
    assert error["node_id"] == "voice"
    message = error["exception_message"].strip()
    assert "\n" not in message
    assert SECRET not in message
    return message


def forget_results(comfyui: ComfyUI) -> None:
    """Have ComfyUI run every node anew."""
    requests.post(f"{comfyui.url}/free", json={"free_memory": True}, timeout=30).raise_for_status()


def assert_is_slice_of(saved: bytes, data: bytes) -> None:
    """Check that the saved sound is what lies between second 1 and second 3."""
    (sound, rate_hz), (whole, whole_rate_hz) = decode_whole(saved), decode_whole(data)
    assert rate_hz == whole_rate_hz
    assert sound.shape == (whole.shape[0], 2 * rate_hz)
    np.testing.assert_allclose(sound, whole[:, rate_hz : 3 * rate_hz], atol=2e-4)


def test_a_file_in_the_input_folder(comfyui: ComfyUI, talk: bytes) -> None:
    form = {"image": ("my talk.flac", io.BytesIO(talk))}
    name = requests.post(f"{comfyui.url}/upload/image", files=form, timeout=30).json()["name"]

    saved, title = make_voice(comfyui, name)

    assert_is_slice_of(saved, talk)
    assert title == Path(name).stem


@pytest.mark.parametrize(
    "name", ["voice memo in ALAC", "AMR of an old phone", "WebM of a browser", "Broadcast WAV", "one dead channel"]
)
def test_a_recording_as_people_have_it_under_a_name_as_they_type_it(name: str, comfyui: ComfyUI) -> None:
    as_macos_writes, as_people_type = (unicodedata.normalize(form, f"Müller {name}") for form in ("NFD", "NFC"))
    (comfyui.base / "input" / as_macos_writes).write_bytes(RECORDINGS[name]())

    saved, _ = make_voice(comfyui, as_people_type, start_seconds=3, duration_seconds=2)

    samples, rate_hz = decode_whole(saved)
    assert tell_seconds(samples.mean(axis=0), rate_hz) == [3, 4]


def test_an_address(comfyui: ComfyUI, web: WebServer, talk: bytes) -> None:
    saved, title = make_voice(comfyui, f"  {web.address_of('talk.flac')}\n")

    assert_is_slice_of(saved, talk)
    assert title == "talk"


def test_a_stream_in_pieces(comfyui: ComfyUI, tmp_path: Path) -> None:
    pages = make_fragmented(tmp_path, "hls", seconds=4)
    pieces = sorted(tmp_path.glob("part*.ts"))

    with serve(pages) as web:
        saved, _ = make_voice(comfyui, web.address_of("talk.m3u8"))

    assert_is_slice_of(saved, b"".join(piece.read_bytes() for piece in pieces))


def test_no_source_gives_no_voice_and_no_title(comfyui: ComfyUI) -> None:
    job = wait_for_end(comfyui, submit(comfyui, ""))

    assert job["status"] == "completed"
    assert job["outputs"]["title"]["text"] == [""]


def test_a_voice_that_was_fetched_before_is_not_fetched_again(comfyui: ComfyUI, talk: bytes) -> None:
    with serve({"talk.flac": Page(talk, "audio/flac")}) as web:
        first = make_voice(comfyui, web.address_of("talk.flac"))
    forget_results(comfyui)

    again = make_voice(comfyui, web.address_of("talk.flac"))

    assert again[1] == first[1]
    assert_is_slice_of(again[0], talk)


def test_a_file_that_changed_is_cut_again(comfyui: ComfyUI, talk: bytes) -> None:
    path = comfyui.base / "input" / "changing.flac"
    path.write_bytes(make_media("flac", "flac", seconds=4, rate_hz=22050, channels=1))
    make_voice(comfyui, path.name)
    path.write_bytes(talk)

    assert_is_slice_of(make_voice(comfyui, path.name)[0], talk)


@pytest.mark.parametrize(
    "opening", [b"", b"HTTP/1.1 200 OK\r\nContent-Type: audio/flac\r\n\r\nfLaC"], ids=["mute", "stuck"]
)
def test_a_stop_is_heeded_while_a_server_says_nothing(opening: bytes, comfyui: ComfyUI) -> None:
    def stay_silent(connection: Any) -> None:
        connection.sendall(opening)
        connection.recv(1)

    with serve_raw(stay_silent) as web:
        job_id = submit(comfyui, web.address_of("talk.flac"))
        wait_for(lambda: web.heard)
        requests.post(f"{comfyui.url}/api/jobs/{job_id}/cancel", timeout=30).raise_for_status()

        assert wait_for_end(comfyui, job_id)["status"] == "cancelled"
        assert wait_for_end(comfyui, submit(comfyui, ""))["status"] == "completed"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("my tlak.flac", "Did you mean my talk.flac"),
        ("nowhere.mp3", "There is no file 'nowhere.mp3'"),
        ("../../etc/passwd", "There is no file"),
        ("/etc/passwd", "There is no file"),
        ("-o /tmp/x", "There is no file"),
        ("--exec id", "There is no file"),
        ("ytsearch:cats", "There is no file"),
        (":ytfav", "There is no file"),
        ("\U0001f600" * 50, "There is no file"),
        ("a" * 100_000, "There is no file"),
        ("a\0b", "There is no file"),
        ("file:///etc/passwd", "starts with https://"),
        ("file:///home/me/talk.wav", "Upload the file to ComfyUI and give its name"),
        ("one https://youtu.be/a or https://youtu.be/b", "holds 2 addresses"),
        ("rtmp://127.0.0.1/live", "starts with https://"),
        (f"https://user:{SECRET}@example.org/a.mp3", "user name or password"),
        ("http://" + "a" * 1_000_000, "1000007 characters"),
        ("http://169.254.169.254/latest/meta-data/", "nothing is fetched from there"),
        ("http://[::ffff:169.254.169.254]/", "nothing is fetched from there"),
        ("http://0.0.0.0:8188/", "nothing is fetched from there"),
    ],
    ids=lambda value: value[:30].encode("ascii", "backslashreplace").decode().replace("\0", "0"),
)
def test_a_source_that_cannot_be_used_is_refused_in_clear_words(source: str, words: str, comfyui: ComfyUI) -> None:
    (comfyui.base / "input" / "my talk.flac").touch()

    message = read_failure(comfyui, source)

    assert words in message
    assert len(message) < 600


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("gone.flac", "404"),
        ("page", "no video or sound"),
        (f"gone.flac?key={SECRET}", "Check it"),
        ("text.flac", "isn't sound or video but a text file"),
        ("login.flac", "isn't sound or video but a web page"),
        ("empty.flac", "empty"),
        ("inside", "nothing is fetched from there"),
    ],
)
def test_an_address_that_gives_no_sound_is_told_in_clear_words(
    path: str, words: str, comfyui: ComfyUI, web: WebServer
) -> None:
    web.pages["page"] = Page(b"<html><body>nothing</body></html>", "text/html")
    web.pages["text.flac"] = Page(b"no sound " * 999, "audio/flac")
    web.pages["login.flac"] = Page(b"<!DOCTYPE html><html><title>Sign in</title></html>", "audio/flac")
    web.pages["empty.flac"] = Page(b"", "audio/flac", serves_ranges=False)
    web.pages["inside"] = Page(status=302, location="http://169.254.169.254/")

    assert words in read_failure(comfyui, web.address_of(path))


def test_a_start_past_the_end_tells_the_length(comfyui: ComfyUI, web: WebServer) -> None:
    assert "4.00 s long" in read_failure(comfyui, web.address_of("talk.flac"), start_seconds=41.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [("start_seconds", -1), ("start_seconds", "soon"), ("duration_seconds", 0), ("duration_seconds", 601)],
)
def test_a_segment_out_of_range_is_not_queued(name: str, value: Any, comfyui: ComfyUI) -> None:
    values = {"source": "", "start_seconds": 0, "duration_seconds": 1} | {name: value}
    prompt = {
        "voice": {"class_type": "TalkingShortsYouTubeVoice", "inputs": values},
        "title": {"class_type": "PreviewAny", "inputs": {"source": ["voice", 1]}},
    }

    answer = requests.post(f"{comfyui.url}/prompt", json={"prompt": prompt}, timeout=30)

    assert answer.status_code == 400
    assert answer.json()["node_errors"]["voice"]["errors"][0]["extra_info"]["input_name"] == name


def read_notes(comfyui: ComfyUI, source: str, **segment: float) -> list[str]:
    forget_results(comfyui)
    job = wait_for_end(comfyui, submit(comfyui, source, **segment))
    assert job["status"] == "completed", job
    return list(job["outputs"].get("voice", {}).get("text", ()))


def test_a_links_own_time_is_taken_where_no_other_is_chosen(comfyui: ComfyUI, web: WebServer, talk: bytes) -> None:
    link = f"<{web.address_of('talk.flac')}#t=0:01>"

    saved, _ = make_voice(comfyui, link, start_seconds=40)

    assert_is_slice_of(saved, talk)
    assert read_notes(comfyui, link, start_seconds=40) == ["The voice is taken from 1 s on, as the link says."]
    assert read_notes(comfyui, link, start_seconds=1) == []


def test_a_short_source_begins_where_it_can_with_a_note(comfyui: ComfyUI, web: WebServer) -> None:
    notes = read_notes(comfyui, web.address_of("talk.flac"), start_seconds=40)

    assert notes == ["The source ends before 40 s: its last 2.0 s are taken, from 2.0 s on."]
