import json
from argparse import Namespace
from pathlib import Path

import pytest
from support.command_line import run
from talkingshorts.cli.parser import build_parser
from talkingshorts.cli.serve import read_serve_options
from talkingshorts.errors import UsageError
from talkingshorts.service.keys import KeyFile


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TALKINGSHORTS_HOME", str(tmp_path))
    for name in ("PORT", "DATA", "KEYS_FILE", "RETAIN_HOURS", "SERVER", "WEBHOOK_SECRET"):
        monkeypatch.delenv(f"TALKINGSHORTS_{name}", raising=False)
    return tmp_path


def parse(*arguments: str) -> Namespace:
    return build_parser().parse_args(["serve", *arguments])


def test_a_key_is_printed_once_and_listed_without_itself(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("keys", "add", "ann", "--scopes", "shorts", "metrics") == 0
    key = capsys.readouterr().out.strip()
    assert run("keys", "list") == 0
    listed = capsys.readouterr().out

    assert KeyFile(home / "keys.json").find(key) is not None
    assert listed.startswith("ann\tshorts metrics\t")
    assert key not in listed


def test_keys_are_listed_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    run("keys", "add", "ann")
    capsys.readouterr()
    assert run("--json", "keys", "list") == 0
    told = json.loads(capsys.readouterr().out)

    assert {**told, "created": ""} == {"name": "ann", "scopes": ["shorts"], "created": ""}


def test_a_revoked_key_is_gone(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("keys", "add", "ann")
    key = capsys.readouterr().out.strip()

    assert run("keys", "revoke", "ann") == 0
    assert KeyFile(home / "keys.json").find(key) is None
    assert run("keys", "revoke", "ann") == 2


def test_the_service_keeps_its_data_in_the_home_and_asks_for_no_key(home: Path) -> None:
    options = read_serve_options(parse())

    assert (options.data, options.keys, options.host, options.port) == (home / "service", None, "127.0.0.1", 8190)


def test_the_environment_sets_what_no_option_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("PORT", "9000"), ("DATA", "~/data"), ("KEYS_FILE", "k.json"), ("RETAIN_HOURS", "1.5")):
        monkeypatch.setenv(f"TALKINGSHORTS_{name}", value)
    options = read_serve_options(parse("--port", "9001"))

    assert (options.port, options.retain_hours, options.keys) == (9001, 1.5, Path("k.json"))
    assert options.data == Path.home() / "data"


@pytest.mark.parametrize("value", ["0", "-1", "soon", "nan", "inf"])
def test_a_variable_that_is_no_number_above_0_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALKINGSHORTS_RETAIN_HOURS", value)

    with pytest.raises(UsageError, match=f"TALKINGSHORTS_RETAIN_HOURS={value} isn't a number above 0"):
        read_serve_options(parse())


@pytest.mark.parametrize("arguments", [("--port", "0"), ("--port", "http"), ("--max-queued", "-3")])
def test_a_malformed_number_is_a_usage_error(arguments: tuple[str, str]) -> None:
    assert run("serve", *arguments) == 2
