"""A download of a model file: resumed, never glued together of two, never under its name before it is whole."""

from __future__ import annotations

import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from support.checkout import RUNNER
from support.fakes.model_host import ModelHost, Reply, serve_models
from talkingshorts.errors import CancelledError, UnreachableError, UsageError
from talkingshorts.http import DOWNLOAD_CHUNK_BYTES
from talkingshorts.models.download import Downloader, WrongModelError, read_hub_token
from talkingshorts.shipped.models import ModelFile

CONTENT = bytes(range(256)) * 400
OTHER = CONTENT[::-1]
TOKEN = "hf_sesame"


@pytest.fixture(autouse=True)
def plain_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_ENDPOINT", "HF_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "no-hub"))
    monkeypatch.setattr("talkingshorts.models.download.MODEL_PAUSES_SECONDS", (0.0, 0.0))


@pytest.fixture
def host() -> Iterator[ModelHost]:
    with serve_models() as models:
        yield models


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "models" / "vae" / "a.safetensors"


def download(file: ModelFile, path: Path) -> None:
    Downloader().download(file, path)


def leave_part(path: Path, content: bytes, version: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    (path.parent / f"{path.name}.part").write_bytes(content)
    (path.parent / f"{path.name}.part.version").write_text(version)


def version_of(content: bytes) -> str:
    return f'"{hashlib.md5(content).hexdigest()}"'


def names_beside(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.parent.iterdir())


def test_a_file_arrives_under_its_name_and_leaves_nothing_beside_it(host: ModelHost, path: Path) -> None:
    file = host.put("a.safetensors", CONTENT)

    ready = Downloader().download(file, path)

    assert path.read_bytes() == CONTENT
    assert names_beside(path) == ["a.safetensors"]
    assert (ready.file, ready.path, ready.bytes, ready.sha256) == (
        *("vae/a.safetensors", str(path), len(CONTENT)),
        hashlib.sha256(CONTENT).hexdigest(),
    )


def test_a_file_of_a_models_folder_gets_that_folder(host: ModelHost, tmp_path: Path) -> None:
    file = host.put("VibeVoice-1.5B/config.json", b"{}")

    download(file, tmp_path / file.relative_path)

    assert (tmp_path / "vae" / "VibeVoice-1.5B" / "config.json").read_bytes() == b"{}"


def test_a_download_that_is_cut_off_goes_on_at_the_byte_where_it_was(host: ModelHost, path: Path) -> None:
    file = host.put("a.safetensors", CONTENT)
    host.cuts.extend([DOWNLOAD_CHUNK_BYTES, 2 * DOWNLOAD_CHUNK_BYTES + 5])

    download(file, path)

    assert path.read_bytes() == CONTENT
    assert host.ranges_asked() == [None, f"bytes={DOWNLOAD_CHUNK_BYTES}-", f"bytes={3 * DOWNLOAD_CHUNK_BYTES}-"]


def test_what_an_earlier_run_left_is_kept(host: ModelHost, path: Path) -> None:
    file = host.put("a.safetensors", CONTENT)
    leave_part(path, CONTENT[:700], version_of(CONTENT))

    download(file, path)

    assert path.read_bytes() == CONTENT
    assert host.ranges_asked() == ["bytes=700-"]


def test_a_part_that_was_whole_already_needs_no_server(host: ModelHost, path: Path) -> None:
    file = host.put("a.safetensors", CONTENT)
    leave_part(path, CONTENT, version_of(CONTENT))

    download(file, path)

    assert path.read_bytes() == CONTENT
    assert host.asked == []


@pytest.mark.parametrize("size", [len(CONTENT) + 1, 0])
def test_a_part_that_is_longer_than_the_file_or_empty_begins_anew(host: ModelHost, path: Path, size: int) -> None:
    file = host.put("a.safetensors", CONTENT)
    leave_part(path, bytes(size), version_of(CONTENT))

    download(file, path)

    assert path.read_bytes() == CONTENT
    assert host.ranges_asked() == [None]


def test_parts_of_two_versions_are_never_glued_together(host: ModelHost, path: Path) -> None:
    leave_part(path, OTHER[:700], version_of(OTHER))
    file = host.put("a.safetensors", CONTENT, sha256=None)

    download(file, path)

    assert path.read_bytes() == CONTENT
    assert host.ranges_asked() == ["bytes=700-"]


def test_a_file_that_changes_between_two_attempts_is_fetched_from_its_beginning(host: ModelHost, path: Path) -> None:
    file = host.put("a.safetensors", OTHER, sha256=None)
    host.cuts.append(DOWNLOAD_CHUNK_BYTES)

    class Swapping(Downloader):
        def _pause(self, seconds: float) -> None:
            host.files["/a.safetensors"] = CONTENT

    Swapping().download(file, path)

    assert path.read_bytes() == CONTENT


def test_a_server_without_ranges_sends_the_file_again(host: ModelHost, path: Path) -> None:
    file = host.put("a.safetensors", CONTENT)
    host.knows_ranges = False
    host.cuts.append(DOWNLOAD_CHUNK_BYTES)

    download(file, path)

    assert path.read_bytes() == CONTENT


def test_a_server_that_names_no_version_is_asked_for_the_whole_file(host: ModelHost, path: Path) -> None:
    file = host.put("a.safetensors", CONTENT)
    host.knows_versions = False
    host.cuts.append(DOWNLOAD_CHUNK_BYTES)

    download(file, path)

    assert path.read_bytes() == CONTENT
    assert host.ranges_asked() == [None, None]


def test_a_version_that_a_power_cut_destroyed_is_not_sent(host: ModelHost, path: Path) -> None:
    file = host.put("a.safetensors", CONTENT)
    leave_part(path, CONTENT[:700], "\0" * 40)

    download(file, path)

    assert path.read_bytes() == CONTENT
    assert host.ranges_asked() == [None]


def test_a_weak_version_isnt_trusted_with_a_range(host: ModelHost, path: Path) -> None:
    file = host.put("a.safetensors", CONTENT)
    host.headers["ETag"] = 'W/"1"'
    host.cuts.append(DOWNLOAD_CHUNK_BYTES)

    download(file, path)

    assert host.ranges_asked() == [None, None]


def test_a_server_that_goes_on_at_another_byte_is_asked_for_the_whole_file(host: ModelHost, path: Path) -> None:
    file = host.put("a.safetensors", CONTENT)
    leave_part(path, CONTENT[:700], version_of(CONTENT))
    host.replies.append(Reply(206, {"Content-Range": f"bytes 5-99/{len(CONTENT)}"}))

    download(file, path)

    assert path.read_bytes() == CONTENT
    assert host.ranges_asked() == ["bytes=700-", None]


@pytest.mark.parametrize("kept", [700, 0])
def test_a_range_that_the_server_cant_give_begins_anew(host: ModelHost, path: Path, kept: int) -> None:
    file = host.put("a.safetensors", CONTENT)
    if kept:
        leave_part(path, CONTENT[:kept], version_of(CONTENT))
    host.replies.append(Reply(416))

    download(file, path)

    assert path.read_bytes() == CONTENT
    assert host.ranges_asked() == ["bytes=700-" if kept else None, None]


def test_attempts_without_a_new_byte_end_and_what_has_arrived_is_kept(host: ModelHost, path: Path) -> None:
    file = host.put("a.safetensors", CONTENT)
    host.cuts.extend([DOWNLOAD_CHUNK_BYTES, 0, 0, 0])

    with pytest.raises(UnreachableError, match=f"stopped after {DOWNLOAD_CHUNK_BYTES} of 102400 bytes") as caught:
        download(file, path)

    assert "Run the same command again" in str(caught.value)
    assert names_beside(path) == ["a.safetensors.part", "a.safetensors.part.version"]
    assert path.with_name("a.safetensors.part").read_bytes() == CONTENT[:DOWNLOAD_CHUNK_BYTES]


def test_every_new_byte_gives_new_attempts(host: ModelHost, path: Path) -> None:
    file = host.put("a.safetensors", CONTENT)
    host.cuts.extend([DOWNLOAD_CHUNK_BYTES] * 5)

    download(file, path)

    assert path.read_bytes() == CONTENT


def test_a_wrong_hash_throws_the_file_away_and_says_what_to_do(host: ModelHost, path: Path) -> None:
    file = host.put("a.safetensors", CONTENT, sha256="0" * 64)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"what was there before")

    with pytest.raises(WrongModelError, match=r"deleted. Try again: talkingshorts models download a\.safetensors"):
        download(file, path)

    assert path.read_bytes() == b"what was there before"
    assert names_beside(path) == ["a.safetensors"]


@pytest.mark.parametrize("header", ["X-Linked-ETag", "ETag"])
def test_a_hash_that_only_the_server_publishes_is_held_too(host: ModelHost, path: Path, header: str) -> None:
    file = host.put("a.safetensors", CONTENT, sha256=None)
    host.headers[header] = f'"{"0" * 64}"'

    with pytest.raises(WrongModelError, match="was deleted"):
        download(file, path)

    host.headers[header] = f'"{hashlib.sha256(CONTENT).hexdigest()}"'
    download(file, path)
    assert path.read_bytes() == CONTENT


def test_a_whole_part_is_held_to_a_hash_that_only_the_server_publishes(host: ModelHost, path: Path) -> None:
    file = host.put("a.safetensors", CONTENT, sha256=None)
    host.headers["X-Linked-ETag"] = f'"{hashlib.sha256(CONTENT).hexdigest()}"'
    leave_part(path, CONTENT, version_of(CONTENT))

    download(file, path)

    assert path.read_bytes() == CONTENT
    assert host.ranges_asked() == [f"bytes={len(CONTENT) - 1}-"]
    leave_part(path, bytes(len(CONTENT)), version_of(CONTENT))
    with pytest.raises(WrongModelError, match="was deleted"):
        download(file, path)


def test_the_hash_is_that_of_the_host_asked_and_not_of_where_it_sends_us(host: ModelHost, path: Path) -> None:
    with serve_models() as store:
        store.put("blob", CONTENT)
        store.headers["ETag"] = f'"{"0" * 64}"'
        file = host.put("a.safetensors", CONTENT, sha256=None)
        host.redirects["/a.safetensors"] = f"{store.url}/blob"
        host.headers["X-Linked-ETag"] = f'"{hashlib.sha256(CONTENT).hexdigest()}"'

        download(file, path)

    assert path.read_bytes() == CONTENT


def test_a_file_of_another_size_is_refused_before_its_first_byte(host: ModelHost, path: Path) -> None:
    file = host.put("a.safetensors", CONTENT, bytes=7)

    with pytest.raises(WrongModelError, match=r"has 102400 bytes, and models\.json lists 7: it is another"):
        download(file, path)

    assert not path.exists()


def test_a_file_that_turns_out_too_long_is_stopped(host: ModelHost, path: Path) -> None:
    file = host.put("a.safetensors", CONTENT, bytes=7)
    host.tells_length = False

    with pytest.raises(WrongModelError, match="more than 7"):
        download(file, path)


def test_a_file_of_unknown_length_that_ends_early_is_taken_up_again(host: ModelHost, path: Path) -> None:
    file = host.put("a.safetensors", CONTENT)
    host.tells_length = False
    host.cuts.append(DOWNLOAD_CHUNK_BYTES)

    download(file, path)

    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_server_that_is_busy_or_fails_is_asked_again(host: ModelHost, path: Path, status: int) -> None:
    file = host.put("a.safetensors", CONTENT)
    host.replies.append(Reply(status))

    download(file, path)

    assert path.read_bytes() == CONTENT


@pytest.mark.parametrize("wanted", ["40", "Thu, 01 Jan 1970 00:16:40 GMT"])
def test_a_server_is_left_alone_as_long_as_it_wants(
    host: ModelHost, path: Path, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: 960.0)
    file = host.put("a.safetensors", CONTENT)
    host.replies.append(Reply(429, {"Retry-After": wanted}))
    pauses: list[float] = []

    class Patient(Downloader):
        def _pause(self, seconds: float) -> None:
            pauses.append(seconds)

    Patient().download(file, path)

    assert pauses == [40]


def test_a_server_that_stays_busy_is_given_up(host: ModelHost, path: Path) -> None:
    file = host.put("a.safetensors", CONTENT)
    host.replies.extend([Reply(503)] * 3)

    with pytest.raises(UnreachableError, match=r"answers 503 to vae/a\.safetensors"):
        download(file, path)


def test_a_server_that_is_away_is_named(path: Path) -> None:
    with serve_models() as gone:
        file = gone.put("a.safetensors", CONTENT)

    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1:\d+ can't be reached"):
        download(file, path)


def test_a_file_that_is_gone_is_asked_for_once(host: ModelHost, path: Path) -> None:
    file = host.put("a.safetensors", CONTENT)
    host.files.clear()

    with pytest.raises(UnreachableError, match="404"):
        download(file, path)

    assert len(host.asked) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_explains_licence_and_token(host: ModelHost, path: Path, status: int) -> None:
    file = host.put("owner/name/resolve/main/a.safetensors", CONTENT)
    host.replies.append(Reply(status))

    with pytest.raises(UnreachableError, match=rf"{status}.*Log in at {host.url}/owner/name, .* as HF_TOKEN"):
        download(file, path)

    assert len(host.asked) == 1


def test_a_refused_token_is_suspected_but_not_shown(
    host: ModelHost, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    file = host.put("a.safetensors", CONTENT)
    host.replies.append(Reply(401))

    with pytest.raises(UnreachableError, match="token in use may have expired") as caught:
        download(file, path)

    assert TOKEN not in str(caught.value)


def test_a_link_that_expired_at_another_host_is_asked_for_anew(host: ModelHost, path: Path) -> None:
    with serve_models() as store:
        store.put("blob", CONTENT)
        store.replies.append(Reply(403))
        file = host.put("a.safetensors", CONTENT)
        host.redirects["/a.safetensors"] = f"{store.url}/blob"

        download(file, path)

    assert path.read_bytes() == CONTENT
    assert len(host.asked) == 2


def tokens_sent(host: ModelHost) -> set[str | None]:
    return {headers.get("Authorization") for _, headers in host.asked}


def test_the_token_goes_to_the_hub_and_not_to_where_it_redirects(
    host: ModelHost, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve_models() as store:
        store.put("blob", CONTENT)
        file = host.put("a.safetensors", CONTENT)
        host.redirects["/a.safetensors"] = f"{store.url.replace('127.0.0.1', 'localhost')}/blob"
        monkeypatch.setenv("HF_ENDPOINT", host.url)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        host.cuts.append(DOWNLOAD_CHUNK_BYTES)

        download(file, path)

        assert path.read_bytes() == CONTENT
        assert tokens_sent(host) == {f"Bearer {TOKEN}"}
        assert tokens_sent(store) == {None}


def test_the_token_goes_to_no_host_but_the_hub(host: ModelHost, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)

    download(host.put("a.safetensors", CONTENT), path)

    assert tokens_sent(host) == {None}


def test_a_mirror_takes_the_place_of_the_hub(host: ModelHost, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", f"{host.url}/")
    file = host.put("o/n/resolve/main/a", CONTENT, url="https://huggingface.co/o/n/resolve/main/a")

    download(file, path)

    assert [path for path, _ in host.asked] == ["/o/n/resolve/main/a"]


@pytest.mark.parametrize("source", ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HOME"])
def test_the_token_comes_from_where_the_hubs_own_tools_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    values = {"HF_TOKEN_PATH": str(tmp_path / "token"), "HF_HOME": str(tmp_path)}
    monkeypatch.setenv(source, values.get(source, f" {TOKEN} "))

    assert read_hub_token() == TOKEN


@pytest.mark.parametrize(("variable", "value"), [("HF_TOKEN_PATH", "~/token"), ("HF_HOME", "~")])
def test_the_place_of_the_token_may_begin_with_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    (tmp_path / "token").write_text(TOKEN)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(variable, value)

    assert read_hub_token() == TOKEN


def test_without_a_token_none_is_sent() -> None:
    assert read_hub_token() is None


def test_a_token_that_no_header_takes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_ö")

    with pytest.raises(UsageError, match="token"):
        read_hub_token()


def test_other_hosts_are_reached_through_the_proxy_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxies: list[dict[str, str]] = []

    def send(self: requests.Session, request: requests.PreparedRequest, **options: dict[str, str]) -> requests.Response:
        proxies.append(options["proxies"])
        raise requests.ConnectionError

    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setattr(requests.Session, "send", send)
    file = ModelFile("a", "https://huggingface.co/a/b/resolve/main/a", "vae", 7, None, ("best",), "MIT")

    with pytest.raises(UnreachableError):
        download(file, tmp_path / "a")

    assert proxies[0]["https"] == "http://proxy.invalid:3128"


def test_a_disk_that_takes_no_more_is_named(host: ModelHost, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = host.put("a.safetensors", CONTENT)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)

    with pytest.raises(UsageError, match=r"a\.safetensors can't be written: No space left on device"):
        download(file, path)

    assert not path.exists()


def test_a_folder_that_is_a_file_is_named(host: ModelHost, tmp_path: Path) -> None:
    (tmp_path / "models").touch()

    with pytest.raises(UsageError, match=r"a\.safetensors can't be written: Not a directory"):
        download(host.put("a.safetensors", CONTENT), tmp_path / "models" / "vae" / "a.safetensors")


def test_a_cancelled_download_keeps_what_has_arrived(host: ModelHost, path: Path) -> None:
    file = host.put("a.safetensors", CONTENT)
    host.held.add("/a.safetensors")
    downloader = Downloader(lambda file, more: downloader.cancelled.set())
    host.release.set()

    with pytest.raises(CancelledError):
        downloader.download(file, path)

    assert not path.exists()
    assert path.with_name("a.safetensors.part").exists()
    download(file, path)
    assert path.read_bytes() == CONTENT


def test_two_at_once_download_a_file_once(host: ModelHost, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("talkingshorts.models.download.LOCK_PAUSE_SECONDS", 0.01)
    file = host.put("a.safetensors", CONTENT)
    host.held.add("/a.safetensors")
    threads = [threading.Thread(target=download, args=(file, path)) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert host.reached_middle.wait(30)
    host.release.set()
    for thread in threads:
        thread.join()

    assert path.read_bytes() == CONTENT
    assert names_beside(path) == ["a.safetensors"]
    assert len(host.asked) == 1


def test_a_file_system_without_locks_takes_downloads_too(
    host: ModelHost, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "flock", fail)

    download(host.put("a.safetensors", CONTENT), path)

    assert path.read_bytes() == CONTENT


SCRIPT = """
import sys
from pathlib import Path
from talkingshorts.models.download import Downloader, WrongModelError, read_hub_token
from talkingshorts.shipped.models import ModelFile
url, size, sha256, path = sys.argv[1:]
Downloader().download(ModelFile("a", url, "vae", int(size), sha256, ("best",), "MIT"), Path(path))
"""


def test_a_killed_download_is_taken_up_by_the_next(host: ModelHost, path: Path) -> None:
    content = os.urandom(1 << 21)
    file = host.put("a.safetensors", content)
    host.held.add("/a.safetensors")
    arguments = [file.url, str(file.bytes), str(file.sha256), str(path)]
    victim = subprocess.Popen([sys.executable, "-c", SCRIPT, *arguments], cwd=RUNNER)
    assert host.reached_middle.wait(60)
    part = path.with_name("a.safetensors.part")
    while not part.exists() or part.stat().st_size < 1 << 19:
        assert victim.poll() is None
        time.sleep(0.01)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    kept = part.stat().st_size
    host.held.clear()

    download(file, path)

    assert path.read_bytes() == content
    assert host.ranges_asked() == [None, f"bytes={kept}-"]
