"""Bad input on the command line: the right exit code, one message, nothing left behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from support.servers.on_comfyui import ComfyUI
from talkingshorts.cli.main import main

GRAPH: dict[str, Any] = {
    "1": {"class_type": "EmptyImage", "inputs": {"width": 32, "height": 32, "batch_size": 1, "color": 0}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "bad"}},
}
NESTED: Any = []
for _ in range(300):
    NESTED = [NESTED]
UNKNOWN_JOB = "00000000-0000-4000-8000-000000000000"
LONG = "x" * 9000


def with_color(color: Any) -> bytes:
    blank = {"class_type": "EmptyImage", "inputs": {**GRAPH["1"]["inputs"], "color": color}}
    return json.dumps({**GRAPH, "1": blank}).encode()


def with_class(class_type: str) -> bytes:
    return json.dumps({**GRAPH, "1": {**GRAPH["1"], "class_type": class_type}}).encode()


FILES: dict[str, tuple[bytes, str]] = {
    "empty.json": (b"", "is empty"),
    "cut.json": (b'{"1": {"cl', "neither JSON"),
    "binary.json": (bytes(range(256)), "neither JSON"),
    "list.json": (b"[]", "no nodes"),
    "canvas.json": (b'{"nodes": [], "links": []}', "Export (API)"),
    "deep.json": (b"[" * 100_000, "nested"),
    "nested.json": (with_color(NESTED), "nested"),
    "digits.json": (b'{"1": ' + b"9" * 5000 + b"}", "digits"),
    "nan.json": (with_color(float("nan")), "color = NaN"),
    "half.json": (with_color("\ud800"), "half characters"),
    "dots.json": (with_class(".."), "class_type"),
    "brace.json": (with_class("{x}"), "no node class '{x}'"),
    "slash.json": (with_class("a/b"), "no node class 'a/b'"),
    "emoji.json": (with_class("🙂"), "no node class '🙂'"),
    "bare.png": (b"\x89PNG\r\n\x1a\n", "holds no workflow"),
    "bare.mp4": (b"\0\0\0\x10ftypisom\0\0\0\0", "holds no workflow"),
}
SET = ("validate", "ok.json", "-s")
MAKE = ("make", "--script", "Hi.")
CASES: list[tuple[tuple[str, ...], int, str]] = [
    *[(("validate", name), 3, words) for name, (_, words) in FILES.items()],
    *[(("inputs", name), 3, words) for name, (_, words) in FILES.items() if name in ("empty.json", "canvas.json")],
    (("validate", "vast.json"), 3, "64 MB"),
    (("validate", "vast.png"), 3, "holds no workflow"),
    (("validate", "vast.mp4"), 3, "holds no workflow"),
    (("validate", "/dev/zero"), 3, "64 MB"),
    *[((command, "."), 2, "directory") for command in ("validate", "inputs", "run", "submit")],
    *[((command, "none.json"), 2, "No such file") for command in ("validate", "inputs", "run", "submit")],
    *[((*SET, f"1.width={text}"), 3, "whole number") for text in ("nan", "inf", "1e999", "🙂", "", "9" * 5000, "wide")],
    *[((*SET, f"1.width={text}"), 3, "out of range") for text in ("-5", "0", "99999", "9" * 30)],
    ((*SET, "1.wdth=3"), 3, "did you mean width"),
    ((*SET, "nope=3"), 3, "no input 'nope'"),
    *[((*SET, text), 2, "ADDRESS=VALUE") for text in ("=3", "x", "")],
    ((*SET, "1.color=\udcff"), 2, "UTF-8"),
    *[((*SET, f"1.color=@{name}"), 2, "can't be read") for name in (".", "none.txt")],
    *[((*SET, f"1.color=@{name}"), 2, "16 MB") for name in ("/dev/zero", "vast.json")],
    ((*SET, "1.color=@binary.json"), 2, "UTF-8"),
    ((*SET, "1.color={env:TALKINGSHORTS_UNSET}"), 2, "isn't set"),
    *[(("validate", "ok.json", "-i", f"1.color={name}"), 2, "can't be") for name in (".", "", "none", "/dev/zero")],
    *[(("run", "ok.json", "-o", text), 2, "can't be") for text in ("/proc/x", "ok.json/x.png", "{nope}", "{", LONG)],
    *[((command, job), 7, "knows the job") for command in ("status", "wait", "cancel", "fetch")
      for job in (UNKNOWN_JOB, "", "..", "../../x", "🙂", "{x}", "\udcff", LONG)],
    *[(("run", "ok.json", option, text), 2, option) for option in ("--timeout", "--idle-timeout")
      for text in ("-1", "0", "nan", "inf", "soon", "")],
    *[(("validate", "ok.json", "--server", text), 2, "a server address")
      for text in ("ftp://x", "http://[::1", "http://a..b", "http://127.0.0.1:99999", f"http://{LONG}", "http://a b")],
    (("validate", "ok.json", "--server", "http://127.0.0.1:1"), 5, "can't be reached"),
    *[(("validate", "ok.json", "--token", text), 2, "token") for text in ("a\nb", "🙂", "\udcff")],
    (("server", "explode"), 2, "explode"),
    (("doctor", "--loud"), 2, "--loud"),
    *[(("make", "--script", text), 3, "script") for text in ("", " \n", "@empty.json")],
    *[(("make", "--script", f"@{name}"), 2, name) for name in (".", "none.txt", "vast.json", "binary.json")],
    *[((*MAKE, "--size", text), 2, "--size") for text in ("axb", "-16x16", "16", "nanx16", "")],
    *[((*MAKE, "--size", text), 3, "16") for text in ("0x0", "17x32", "100000x16")],
    *[((*MAKE, "--seed", text), 2, "--seed") for text in ("x", "1.5", "nan", "")],
    *[((*MAKE, "--seed", text), 3, "") for text in ("-1", "9" * 30)],
    *[((*MAKE, option, text), 2, option) for option in ("--start", "--duration", "--target-seconds")
      for text in ("nan", "inf", "x", "")],
    ((*MAKE, "--target-seconds", "-1"), 3, "--target-seconds"),
    ((*MAKE, "--target-seconds", "1e300"), 3, "out of range"),
    *[((*MAKE, option, name), 2, "can't be") for option in ("--voice", "--portrait")
      for name in ("none", ".", "/dev/zero")],
    ((*MAKE, "--voice", "ok.json", "--start", "-1"), 3, "--start"),
    ((*MAKE, "--voice", "ok.json"), 4, "sound"),
    ((*MAKE, "--voice", "empty.json"), 4, "sound"),
    ((*MAKE, "--voice", "page.mp3"), 4, "isn't sound or video but a web page"),
    ((*MAKE, "--portrait", "page.mp3"), 4, "isn't a picture but a web page"),
    *[((*MAKE, "-o", text), 2, "name a file") for text in ("-", "/dev/null")],
    ((*MAKE, "--portrait", "ok.json"), 4, "picture"),
    ((*MAKE, "--portrait", "x", "--portrait-prompt", "y"), 2, "exclude"),
    ((*MAKE, "--quality", "perfect"), 2, "perfect"),
    ((*MAKE, "-o", "ok.json/x.mp4"), 2, "can't be written"),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(comfyui: ComfyUI, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("user")
    (folder / "ok.json").write_text(json.dumps(GRAPH))
    for name, (content, _) in FILES.items():
        (folder / name).write_bytes(content)
    (folder / "page.mp3").write_bytes(b"<!DOCTYPE html><html><title>Sign in</title></html>")
    heads = {
        "vast.json": b"",
        "vast.png": b"\x89PNG\r\n\x1a\n\x7f\xff\xff\xfftEXt",
        "vast.mp4": b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\1moov" + (4 << 30).to_bytes(8, "big"),
    }
    for name, head in heads.items():
        with (folder / name).open("wb") as file:
            file.write(head)
            file.truncate(5 << 30)
    return folder


def shorten(case: Any) -> str | None:
    return ascii(" ".join(case))[1:60] if isinstance(case, tuple) else ""


@pytest.mark.parametrize(("arguments", "code", "words"), CASES, ids=shorten)
def test_bad_input_ends_with_the_right_code_and_one_message(
    arguments: tuple[str, ...],
    code: int,
    words: str,
    folder: Path,
    comfyui: ComfyUI,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TALKINGSHORTS_SERVER", comfyui.url)
    before = sorted(folder.iterdir())

    try:
        ended = main(arguments)
    except SystemExit as left:
        ended = left.code

    said = capsys.readouterr()
    assert (ended, said.out) == (code, ""), said.err
    assert words in said.err
    assert "Traceback" not in said.err
    assert sorted(folder.iterdir()) == before
