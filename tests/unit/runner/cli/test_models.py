"""`talkingshorts models list|download|verify`, as a person and as a program see them."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import command_line
from support.checkout import RUNNER
from support.fakes.model_host import CONTENT, Reply, Shop
from talkingshorts.models import verify
from talkingshorts.models.files import part_path

GB = 10**9


def run(*arguments: str) -> int:
    return command_line.run("models", *arguments)


def read_json_lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_preset_is_downloaded_and_its_paths_are_the_answer(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("download", "best") == 0

    out, err = capsys.readouterr()
    assert out.splitlines() == [str(shop.path("a.safetensors")), str(shop.path("b.safetensors"))]
    assert f"2 files, 205 kB, to {shop.models}" in err
    assert "vae/a.safetensors is there" in err
    assert shop.path("a.safetensors").read_bytes() == CONTENT
    assert not shop.path("c/config.json").exists()


def test_what_is_here_isnt_downloaded_again(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    run("download", "best")
    shop.host.asked.clear()
    capsys.readouterr()

    assert run("download", "best", "a.safetensors") == 0

    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 2
    assert "all are here" in err
    assert shop.host.asked == []


def test_what_another_models_folder_of_comfyui_has_counts(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMFYUI_DIR", str(tmp_path / "own"))
    own = tmp_path / "own" / "models" / "vae" / "a.safetensors"
    own.parent.mkdir(parents=True)
    own.write_bytes(CONTENT)

    assert run("download", "a.safetensors") == 0

    assert capsys.readouterr().out == f"{own}\n"
    assert shop.host.asked == []


def test_a_named_folder_is_filled_whatever_others_have(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("download", "a.safetensors")
    capsys.readouterr()

    assert run("download", "a.safetensors", "--to", str(tmp_path / "volume")) == 0

    assert capsys.readouterr().out == f"{tmp_path}/volume/vae/a.safetensors\n"
    assert (tmp_path / "volume" / "vae" / "a.safetensors").read_bytes() == CONTENT


def test_a_file_of_the_wrong_size_is_replaced(shop: Shop) -> None:
    shop.path("a.safetensors").parent.mkdir(parents=True)
    shop.path("a.safetensors").write_bytes(b"half")

    assert run("download", "a.safetensors") == 0

    assert shop.path("a.safetensors").read_bytes() == CONTENT


def test_force_downloads_again(shop: Shop) -> None:
    shop.path("a.safetensors").parent.mkdir(parents=True)
    shop.path("a.safetensors").write_bytes(bytes(len(CONTENT)))

    assert run("download", "a.safetensors", "--force") == 0

    assert shop.path("a.safetensors").read_bytes() == CONTENT


def test_a_dry_run_says_what_would_come_from_where_and_asks_nobody(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("download", "fast", "--dry-run") == 0

    out, err = capsys.readouterr()
    assert out.splitlines()[0] == f"{shop.host.url}/b.safetensors -> {shop.path('b.safetensors')}"
    assert "2 files" in err
    assert shop.host.asked == []
    assert not shop.models.exists()


def test_one_wrong_file_doesnt_stop_the_others(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    shop.host.files["/a.safetensors"] = bytes(len(CONTENT))

    assert run("download", "best") == 1

    out, err = capsys.readouterr()
    assert out.splitlines() == [str(shop.path("b.safetensors"))]
    assert err.count("was deleted") == 1
    assert not shop.path("a.safetensors").exists()
    assert not part_path(shop.path("a.safetensors")).exists()


def test_a_host_that_fails_ends_with_the_code_for_that(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    shop.host.replies.extend([Reply(503)] * 2)

    assert run("download", "best") == 5
    assert capsys.readouterr().out == ""


def test_failures_of_several_kinds_end_with_the_common_code(shop: Shop) -> None:
    shop.host.files["/a.safetensors"] = bytes(len(CONTENT))
    del shop.host.files["/b.safetensors"]

    assert run("download", "best") == 1


def test_an_unknown_preset_is_a_malformed_command_line(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("download", "bset") == 2

    assert "did you mean best?" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [("download",), ("download", "best", "--jobs", "0"), ("delete",), ()])
def test_a_malformed_command_line_asks_nobody(shop: Shop, arguments: tuple[str, ...]) -> None:
    assert run(*arguments) == 2
    assert shop.host.asked == []


def test_for_programs_a_download_is_json_lines(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    shop.host.files["/b.safetensors"] = bytes(len(CONTENT))

    assert run("download", "best", "--json") == 1

    events = {event["event"]: event for event in read_json_lines(capsys.readouterr().out)}
    assert events["model_ready"]["path"] == str(shop.path("a.safetensors"))
    assert events["model_ready"]["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert events["model_failed"]["file"] == "vae/b.safetensors"


def test_the_list_tells_state_place_size_presets_and_licence(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    run("download", "a.safetensors")
    shop.path("b.safetensors").write_bytes(b"half")
    part_path(shop.path("c/config.json")).parent.mkdir(parents=True)
    part_path(shop.path("c/config.json")).write_bytes(b"{")
    capsys.readouterr()

    assert run("list") == 0

    out, err = capsys.readouterr()
    assert [line.split() for line in out.splitlines()] == [
        ["present", "vae/a.safetensors", "103", "kB", "best", "MIT"],
        ["wrong", "size", "vae/b.safetensors", "103", "kB", "best,fast", "MIT"],
        ["partial", "vae/c/config.json", "1", "kB", "fast", "MIT"],
    ]
    assert err.splitlines() == [
        "best: 2 files, 205 kB, 103 kB not here",
        "fast: 2 files, 103 kB, 103 kB not here",
    ]


def test_the_list_of_a_preset_is_of_its_files_alone(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", "fast", "--json") == 0

    out, err = capsys.readouterr()
    entries = read_json_lines(out)
    assert [(entry["name"], entry["status"]) for entry in entries] == [
        ("b.safetensors", "missing"),
        ("c/config.json", "missing"),
    ]
    assert entries[0]["path"] == str(shop.path("b.safetensors"))
    assert err.startswith("fast: ")


def test_whole_files_pass_the_check(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    run("download", "best", "fast")
    capsys.readouterr()

    assert run("verify") == 0

    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()] == ["ok", "ok", "ok"]
    assert "c/config.json (by its size: no hash is published)" in out
    assert "3 files checked, nothing wrong" in err


def test_a_file_with_one_wrong_byte_is_found_and_the_command_that_mends_it_works(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    run("download", "best")
    shop.path("b.safetensors").write_bytes(CONTENT)
    capsys.readouterr()

    assert run("verify") == 1

    out, err = capsys.readouterr()
    assert f"WRONG  {shop.path('b.safetensors')}: its sha256 is" in out
    command = err.strip().partition("talkingshorts models ")[2]
    assert command == "download --force b.safetensors"
    assert run(*command.split()) == 0
    assert run("verify") == 0


def test_a_cut_off_file_is_found_by_its_size(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    run("download", "best")
    shop.path("a.safetensors").write_bytes(CONTENT[:-1])
    capsys.readouterr()

    assert run("verify", "--json") == 1

    problems = {entry["name"]: entry["problem"] for entry in read_json_lines(capsys.readouterr().out)}
    assert problems == {"a.safetensors": "wrong size: 102399 of 102400 bytes", "b.safetensors": ""}


def test_only_of_a_named_preset_all_files_must_be_here(shop: Shop) -> None:
    run("download", "a.safetensors")

    assert run("verify") == 0
    assert run("verify", "a.safetensors") == 0
    assert run("verify", "best") == 1


def test_without_any_model_the_check_says_how_to_get_some(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("verify") == 0
    assert "talkingshorts models download PRESET" in capsys.readouterr().err


def test_a_long_check_shows_how_far_it_is(
    shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run("download", "best")
    capsys.readouterr()
    monkeypatch.setattr(verify, "SHOW_SECONDS", 0.0)

    run("verify", "best", "--json")

    steps = [event for event in read_json_lines(capsys.readouterr().out) if event.get("event") == "models_progress"]
    assert (steps[-1]["action"], steps[-1]["done"], steps[-1]["total"]) == ("checked", 204800, 204800)


def test_a_disk_too_small_is_found_out_before_the_first_byte(
    shop: Shop, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(GB, GB, 204_799))

    assert run("download", "best") == 2

    assert "has 205 kB free, and 205 kB are still needed" in capsys.readouterr().err
    assert shop.host.asked == []


SCRIPT = """
import sys
from pathlib import Path
from talkingshorts import home
from talkingshorts.cli.main import main
home.checkout_dir = lambda: Path(sys.argv[1])
sys.exit(main(sys.argv[2:]))
"""


def test_ctrl_c_keeps_what_has_arrived_and_says_how_to_go_on(shop: Shop) -> None:
    shop.host.held.add("/a.safetensors")
    program = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(shop.checkout), "models", "download", "best", "--jobs", "1"],
        cwd=RUNNER,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert shop.host.reached_middle.wait(60)
    program.send_signal(signal.SIGINT)
    out, err = program.communicate(timeout=240)

    assert program.returncode == 130
    assert out == ""
    assert "What has arrived is kept: the same command goes on from there." in err
    assert "Traceback" not in err
    assert not shop.path("a.safetensors").exists()
    assert part_path(shop.path("a.safetensors")).exists()
    shop.host.held.clear()
    assert run("download", "best") == 0
    assert shop.path("a.safetensors").read_bytes() == CONTENT
