"""Results on a store that speaks S3: whole, checked, and found out about beforehand."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem
from support.fakes.comfyui import GRAPH, FakeComfyUI, serve_fake_comfyui
from support.processes import CommandLine
from talkingshorts.cli.main import main
from talkingshorts.results import destination

KEY_ID, KEY = "AKIAEXAMPLE", "key-8d1f07"
PART_BYTES = 5 << 20
"""The smallest part that S3 takes."""


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    """Return where the one S3 server of these tests answers."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    S3FileSystem.clear_instance_cache()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()


@pytest.fixture(scope="module")
def onlooker(s3_url: str) -> S3FileSystem:
    """Return the store as somebody else sees it."""
    return S3FileSystem(key="onlooker", secret="x", endpoint_url=s3_url, use_listings_cache=False)


@pytest.fixture
def store(s3_url: str, onlooker: S3FileSystem, monkeypatch: pytest.MonkeyPatch) -> S3FileSystem:
    """Return the store with one empty bucket, `shorts`; the runner finds its address and key in the environment."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "FSSPEC_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(destination, "UPLOAD_PAUSES_SECONDS", (0.0,))
    requests.post(f"{s3_url}/moto-api/reset", timeout=30)
    onlooker.mkdir("shorts")
    return onlooker


@pytest.fixture
def _new_connection() -> Iterator[None]:
    """Let the runner read its environment anew: fsspec keeps what it has opened."""
    S3FileSystem.clear_instance_cache()
    yield
    S3FileSystem.clear_instance_cache()


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeComfyUI]:
    with serve_fake_comfyui() as comfyui:
        monkeypatch.setenv("TALKINGSHORTS_SERVER", comfyui.url)
        monkeypatch.setenv("TALKINGSHORTS_HOME", str(tmp_path / "home"))
        monkeypatch.chdir(tmp_path)
        (tmp_path / "w.api.json").write_text(json.dumps(GRAPH))
        yield comfyui


def test_a_result_and_its_report_are_in_the_bucket_and_nothing_else(
    store: S3FileSystem, fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "w.api.json", "-o", "s3://shorts/{workflow}/ä b.png"]) == 0

    assert capsys.readouterr().out == "s3://shorts/w/ä b.png\n"
    assert sorted(store.find("shorts")) == ["shorts/w/ä b.json", "shorts/w/ä b.png"]
    assert store.cat_file("shorts/w/ä b.png") == b"picture"
    assert json.loads(store.cat_file("shorts/w/ä b.json"))["files"][0]["path"] == "s3://shorts/w/ä b.png"


def test_a_presigned_address_can_be_downloaded_by_anybody(
    store: S3FileSystem, fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "w.api.json", "-o", "s3://shorts/", "--presign", "60"]) == 0

    address = capsys.readouterr().out.strip()
    assert requests.get(address, timeout=30).content == b"picture"
    assert "X-Amz-Signature=" in address
    assert "X-Amz-Expires=60" in address
    assert KEY not in address


@pytest.mark.usefixtures("_new_connection")
def test_what_arrives_in_parts_is_read_back(
    store: S3FileSystem, fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = S3FileSystem._put_file

    async def put_in_parts(self: S3FileSystem, local: str, path: str, **options: Any) -> None:
        await put(self, local, path, chunksize=PART_BYTES, **options)

    monkeypatch.setattr(S3FileSystem, "_put_file", put_in_parts)
    content = os.urandom(2 * PART_BYTES + 1)
    fake.files = {"x_00001_.png": content}

    assert main(["run", "w.api.json", "-o", "s3://shorts/x.png"]) == 0
    assert store.info("shorts/x.png")["ETag"].endswith('-3"')
    assert store.cat_file("shorts/x.png") == content


@pytest.mark.usefixtures("_new_connection")
@pytest.mark.parametrize("kind", ["no bucket", "wrong key", "no key"])
def test_a_place_that_can_not_be_written_is_found_out_before_anything_is_submitted(
    store: S3FileSystem,
    fake: FakeComfyUI,
    s3_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kind: str,
) -> None:
    output = "s3://nobodys/x.png" if kind == "no bucket" else "s3://shorts/x.png"
    if kind == "wrong key":
        requests.post(f"{s3_url}/moto-api/reset-auth", data="0", timeout=30)
    if kind == "no key":
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    try:
        assert main(["run", "w.api.json", "-o", output]) == 2
    finally:
        requests.post(f"{s3_url}/moto-api/reset-auth", data="inf", timeout=30)

    said = capsys.readouterr().err
    assert f"The output '{output}' can't be written: " in said
    assert KEY not in said
    assert fake.posted == []


def test_a_bucket_that_vanishes_meanwhile_leaves_the_result_on_this_machine(
    store: S3FileSystem, fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.on_prompt = lambda: store.rmdir("shorts")

    assert main(["run", "w.api.json", "-o", "s3://shorts/x.png"]) == 2

    kept = capsys.readouterr().err.split("The file is kept as ")[1].strip().rstrip(".")
    assert Path(kept).read_bytes() == b"picture"


def test_no_credentials_are_printed_or_written_down(store: S3FileSystem, fake: FakeComfyUI, tmp_path: Path) -> None:
    done = CommandLine(tmp_path)("run", "w.api.json", "-o", "s3://shorts/x.png", "--json", "-v")

    assert done.code == 0, done.stderr
    assert KEY not in done.stdout + done.stderr
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert KEY not in json.dumps(fake.posted)
    assert not [path for path in store.find("shorts") if KEY in str(store.cat_file(path))]


def test_a_batch_puts_its_results_there_and_overwrites_nothing(
    store: S3FileSystem, fake: FakeComfyUI, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "jobs.csv").write_text("width\n32\n48\n")
    arguments = ("batch", "w.api.json", "jobs.csv", "--json", "-o", "s3://shorts/batch/{row}{ext}")

    assert main(arguments) == 0
    assert sorted(store.ls("shorts/batch", detail=False, refresh=True)) == [
        f"shorts/batch/{row}.{ending}" for row in (1, 2) for ending in ("json", "png")
    ]
    assert main(arguments) == 0
    assert len(fake.posted) == 2
    capsys.readouterr()
    assert main((*arguments, "--state", "another.state")) == 3
    assert "row 1: its result would overwrite s3://shorts/batch/1.json" in capsys.readouterr().err
