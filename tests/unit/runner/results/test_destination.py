"""Results behind a URL arrive whole and checked, or the command says where they were kept."""

from __future__ import annotations

import errno
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from support.command_line import run
from support.fakes.comfyui import FakeComfyUI
from support.fakes.webhook_receiver import serve_webhook_receiver
from talkingshorts.errors import UsageError
from talkingshorts.results import destination
from talkingshorts.results.destination import ExistingFiles, RemoteDestination, is_url


@pytest.fixture
def fake(fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch) -> FakeComfyUI:
    monkeypatch.setattr(destination, "UPLOAD_PAUSES_SECONDS", (0.0, 0.0, 0.0))
    return fake


@pytest.fixture
def memory() -> Iterator[MemoryFileSystem]:
    """Return an empty file system in memory."""
    files = fsspec.filesystem("memory")
    yield files
    files.store.clear()
    files.pseudo_dirs[:] = [""]


def contents_of(files: MemoryFileSystem) -> dict[str, bytes]:
    return {path: files.cat_file(path) for path in files.find("/")}


def staged(tmp_path: Path) -> list[str]:
    """Return the names of the files that were kept on this machine."""
    return sorted(path.name for path in (tmp_path / "home" / "results").rglob("*") if path.is_file())


def test_a_result_goes_to_its_url_with_its_report_beside_it(
    fake: FakeComfyUI, memory: MemoryFileSystem, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("run", "w.api.json", "-s", "width=32", "-o", "memory://shorts/{workflow}/a b.png") == 0

    assert capsys.readouterr().out == "memory://shorts/w/a b.png\n"
    stored = contents_of(memory)
    assert stored.keys() == {"/shorts/w/a b.png", "/shorts/w/a b.json"}
    assert stored["/shorts/w/a b.png"] == b"picture"
    report = json.loads(stored["/shorts/w/a b.json"])
    assert report["files"][0]["path"] == "memory://shorts/w/a b.png"
    assert report["files"][0]["bytes"] == 7
    assert staged(tmp_path) == []


def test_a_result_can_go_to_a_file_url(fake: FakeComfyUI, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", "w.api.json", "-o", f"file://{tmp_path}/new/{{name}}") == 0

    assert capsys.readouterr().out == f"file://{tmp_path}/new/x_00001_.png\n"
    assert (tmp_path / "new" / "x_00001_.png").read_bytes() == b"picture"
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["x_00001_.json", "x_00001_.png"]


def test_a_name_that_looks_like_urls_in_a_chain_is_one_name(
    fake: FakeComfyUI, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = f"file://{tmp_path}/s3::b/a::b.png"
    assert run("run", "w.api.json", "-o", output) == 0

    assert capsys.readouterr().out == f"{output}\n"
    assert (tmp_path / "s3::b" / "a::b.png").read_bytes() == b"picture"
    assert ExistingFiles().find(output) == [output]


def test_a_url_that_ends_in_a_slash_is_a_folder(
    fake: FakeComfyUI, memory: MemoryFileSystem, capsys: pytest.CaptureFixture[str]
) -> None:
    run("run", "w.api.json", "-o", "memory://shorts/")

    assert capsys.readouterr().out == "memory://shorts/x_00001_.png\n"


def test_what_stood_at_the_url_is_replaced_as_on_this_machine(fake: FakeComfyUI, memory: MemoryFileSystem) -> None:
    memory.pipe_file("/a.png", b"old")

    assert run("run", "w.api.json", "-o", "memory://a.png") == 0
    assert memory.cat_file("/a.png") == b"picture"


def test_wait_and_fetch_take_a_url_too_and_status_knows_it(
    fake: FakeComfyUI, memory: MemoryFileSystem, capsys: pytest.CaptureFixture[str]
) -> None:
    run("submit", "w.api.json", "-o", "memory://one.png")
    job_id = capsys.readouterr().out.strip()

    assert run("wait", job_id) == 0
    assert run("fetch", job_id, "-o", "memory://two.png") == 0

    assert capsys.readouterr().out == "memory://one.png\nmemory://two.png\n"
    run("status", job_id, "--json")
    assert json.loads(capsys.readouterr().out)["files"] == ["memory://two.png"]


def test_json_lines_name_the_urls(
    fake: FakeComfyUI, memory: MemoryFileSystem, capsys: pytest.CaptureFixture[str]
) -> None:
    run("run", "w.api.json", "-o", "memory://a.png", "--json")

    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (result["files"], result["report"]) == (["memory://a.png"], "memory://a.json")


def test_a_webhook_is_told_where_the_results_went(fake: FakeComfyUI, memory: MemoryFileSystem) -> None:
    with serve_webhook_receiver() as receiver:
        run("run", "w.api.json", "-o", "memory://a.png", "--webhook", receiver.url)

    assert receiver.messages[0].event["data"]["results"] == ["memory://a.png"]


# What goes wrong on the way


def test_a_file_has_its_name_only_when_it_is_whole_and_the_report_comes_last(
    fake: FakeComfyUI, memory: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    move = memory.mv

    def look_and_move(path: str, target: str, **options: Any) -> None:
        seen.append(sorted(name for name in memory.find("/") if not name.endswith(".partial")))
        move(path, target, **options)

    monkeypatch.setattr(memory, "mv", look_and_move)
    run("run", "w.api.json", "-o", "memory://a.png")

    assert seen == [[], ["/a.png"]]


@pytest.mark.parametrize("failures", [1, 3])
def test_an_upload_that_fails_for_a_moment_is_tried_again(
    fake: FakeComfyUI, memory: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch, failures: int
) -> None:
    put, attempts = memory.put_file, iter(range(100))

    def fail_first(*arguments: Any, **options: Any) -> None:
        if next(attempts) < failures:
            raise ConnectionResetError("reset")
        put(*arguments, **options)

    monkeypatch.setattr(memory, "put_file", fail_first)

    assert run("run", "w.api.json", "-o", "memory://a.png") == 0
    assert contents_of(memory).keys() == {"/a.png", "/a.json"}


def test_an_upload_that_arrives_damaged_is_noticed_and_tried_again(
    fake: FakeComfyUI, memory: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, damages = memory.put_file, iter([b"pict", b"pictuRe", b"picture!"])

    def damage(local: str, path: str, **options: Any) -> None:
        put(local, path, **options)
        if (damaged := next(damages, None)) is not None:
            memory.pipe_file(path, damaged)

    monkeypatch.setattr(memory, "put_file", damage)

    assert run("run", "w.api.json", "-o", "memory://a.png") == 0
    assert memory.cat_file("/a.png") == b"picture"
    assert list(damages) == []


def test_an_upload_that_fails_for_good_leaves_the_file_on_this_machine_and_can_be_fetched(
    fake: FakeComfyUI,
    memory: MemoryFileSystem,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(memory, "put_file", fail)
        assert run("run", "w.api.json", "-o", "memory://a.png") == 2

    said = capsys.readouterr()
    assert said.out == ""
    assert "memory://a.png can't be written: No space left on device." in said.err
    kept = Path(said.err.split("The file is kept as ")[1].strip().rstrip("."))
    assert kept.read_bytes() == b"picture"
    assert contents_of(memory) == {}
    assert run("fetch", fake.posted[0]["prompt_id"]) == 0
    assert memory.cat_file("/a.png") == b"picture"
    assert staged(tmp_path) == []


@pytest.mark.parametrize("error", [PermissionError("denied"), FileNotFoundError("no such bucket")])
def test_a_refused_upload_is_not_tried_again(
    fake: FakeComfyUI, memory: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    tried: list[Any] = []

    def refuse(*arguments: Any, **_: Any) -> None:
        tried.append(arguments)
        raise error

    monkeypatch.setattr(memory, "put_file", refuse)

    assert run("run", "w.api.json", "-o", "memory://a.png") == 2
    assert len(tried) == 1


# What is found out before anything is submitted


def test_an_unwritable_place_is_found_out_before_anything_is_submitted(
    fake: FakeComfyUI, memory: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(memory, "pipe_file", refuse)

    assert run("run", "w.api.json", "-o", "memory://a.png") == 2
    assert "The output 'memory://a.png' can't be written: Permission denied." in capsys.readouterr().err
    assert fake.posted == []


def test_a_reason_of_several_lines_is_told_in_one(
    fake: FakeComfyUI, memory: MemoryFileSystem, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("Parameter validation failed:\nInvalid bucket name.")

    monkeypatch.setattr(memory, "pipe_file", refuse)

    assert run("run", "w.api.json", "-o", "memory://a.png") == 2
    assert "can't be written: Parameter validation failed: Invalid bucket name." in capsys.readouterr().err


def test_the_trial_leaves_nothing_there(fake: FakeComfyUI, memory: MemoryFileSystem, tmp_path: Path) -> None:
    for output in ("memory://a/b/{node}/c.png", f"file://{tmp_path}/new/deep/x.png"):
        assert run("submit", "w.api.json", "-o", output) == 0

    assert contents_of(memory) == {}
    assert not (tmp_path / "new").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "w.api.json"]


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("memory://", "names no place"),
        ("memory://a/../../b.png", "names no place"),
        ("s3://{id}/x.png", "names no place"),
        ("sftp://me:hidden@host/x.png", "holds a password"),
        ("memory://{nothing}.png", "The output 'memory://{nothing}.png' can't be filled in"),
        ("nope://a/b.png", "Protocol not known: nope"),
        ("http://127.0.0.1:9/x.png", "can't be written"),
        ("s3:/bucket/x.png", "isn't a URL"),
        ("simplecache::memory://x.png", "isn't a URL"),
    ],
)
def test_a_url_that_can_not_be_a_place_for_results_is_a_usage_error(
    fake: FakeComfyUI, capsys: pytest.CaptureFixture[str], output: str, said: str
) -> None:
    assert run("run", "w.api.json", "-o", output) == 2

    error = capsys.readouterr().err
    assert said in error
    assert "hidden" not in error
    assert fake.posted == []


@pytest.mark.parametrize("name", ["shorts.png", "shorts"])
def test_a_file_does_not_go_into_a_folder_of_its_name(
    fake: FakeComfyUI, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / name).mkdir()

    assert run("run", "w.api.json", "-o", f"file://{tmp_path}/{name}") == 2
    assert "a folder has this name: name a file, or end the URL with a slash." in capsys.readouterr().err
    assert fake.posted == []


def test_a_folder_that_has_the_results_name_by_its_end_is_found_out_then(
    fake: FakeComfyUI, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "w.png").mkdir()

    assert run("run", "w.api.json", "-o", f"file://{tmp_path}/{{workflow}}.png") == 2
    assert "a folder has this name" in capsys.readouterr().err
    assert list((tmp_path / "w.png").iterdir()) == []
    assert staged(tmp_path)[-1].endswith(".png")


def test_without_the_package_the_command_that_installs_it_is_said(
    fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "fsspec.core", None)

    assert run("run", "w.api.json", "-o", "s3://bucket/x.png") == 2
    assert "-m pip install fsspec s3fs" in capsys.readouterr().err
    assert fake.posted == []


@pytest.mark.parametrize("output", ["x.png", "memory://a.png"])
def test_presigning_needs_a_store_that_can(fake: FakeComfyUI, memory: MemoryFileSystem, output: str) -> None:
    assert run("run", "w.api.json", "-o", output, "--presign") == 2
    assert fake.posted == []


@pytest.mark.parametrize("seconds", ["0", "-1", "604801", "soon"])
def test_an_address_is_valid_for_a_second_to_a_week(seconds: str) -> None:
    assert run("fetch", "x", "-o", "s3://b/x.png", f"--presign={seconds}") == 2


def test_a_field_can_not_lead_out_of_the_place(memory: MemoryFileSystem, tmp_path: Path) -> None:
    place = RemoteDestination("memory://shorts/{node}/x", tmp_path)
    fields = {"name": "n", "ext": ".png", "id": "i", "seed": "1", "workflow": "w", "node": ".."}

    with pytest.raises(UsageError, match="leads elsewhere"):
        place.name(place.template.path_for(fields))


def test_a_bucket_alone_is_a_folder(tmp_path: Path) -> None:
    fields = {"name": "n", "ext": ".png", "id": "i", "seed": "1", "workflow": "w", "node": "o"}
    place = RemoteDestination("s3://bucket", tmp_path)

    assert place.name(place.template.path_for(fields)) == "s3://bucket/n.png"


@pytest.mark.parametrize("output", ["out/x.png", "/abs/x.png", "C:/x.png", "a:b", "//x/y", "{name}://x"])
def test_a_path_is_no_url(output: str) -> None:
    assert not is_url(output)
