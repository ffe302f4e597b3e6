# ruff: noqa: RUF001 (signs of other keyboards)
"""What the options that commands share are read into."""

from __future__ import annotations

import argparse
from argparse import Action, ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.checkout import ROOT
from talkingshorts.cli.batch import read_batch_options
from talkingshorts.cli.main import main
from talkingshorts.cli.options import read_limits, read_run_options, read_server, read_size, read_webhook
from talkingshorts.cli.parser import build_parser
from talkingshorts.cli.suggestions import FILES
from talkingshorts.jobs.follow import Limits
from talkingshorts.jobs.options import RunOptions
from talkingshorts.jobs.reach import ServerChoice
from talkingshorts.webhooks.announcer import WebhookOptions

DRAFT = ROOT / "workflows" / "draft.api.json"


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def list_options(parser: ArgumentParser) -> Iterator[Action]:
    """Yield the options and arguments of a parser and of all commands below it."""
    for action in parser._actions:
        if isinstance(action, _SubParsersAction):
            for command in action.choices.values():
                yield from list_options(command)
        else:
            yield action


def test_a_home_is_known_wherever_a_path_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    asked = [action for action in list_options(build_parser()) if action.metavar in (*FILES, "WORKFLOW")]

    assert len(asked) > 10
    for action in asked:
        assert callable(action.type), action.option_strings
        assert action.type("~/x") == "/home/ada/x", action.option_strings
        assert action.type("https://a/~/x") == "https://a/~/x"


def test_a_home_is_known_in_an_assignment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "script.txt").write_text("Hello.")
    words = ["run", "draft", "-s", "script=@~/script.txt", "-s", "prompt=~ is a tilde", "-i", "portrait=~/me.jpg"]

    options = read_run_options(build_parser().parse_args(words), None)

    assert options.settings == [("script", "Hello."), ("prompt", "~ is a tilde")]
    assert options.files == [("portrait", tmp_path / "me.jpg")]


@pytest.mark.parametrize("command", ["run", "submit", "validate"])
def test_a_bare_name_is_that_of_a_shipped_workflow(command: str) -> None:
    assert read_run_options(build_parser().parse_args([command, "draft"]), None).workflow == DRAFT


def test_a_batch_takes_it_too() -> None:
    assert read_batch_options(build_parser().parse_args(["batch", "draft", "jobs.csv"])).workflow == DRAFT


def test_its_inputs_are_listed_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inputs", "talking_video"]) == 0
    by_name = capsys.readouterr().out

    assert main(["inputs", str(ROOT / "workflows" / "talking_video.api.json")]) == 0
    assert by_name == capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [("inputs", "drft"), ("run", "drft"), ("submit", "drft"), ("validate", "drft"), ("batch", "drft", "x.csv")]
)
def test_an_unknown_name_ends_with_2_and_those_near_it(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2

    assert "No workflow is called 'drft': did you mean draft?" in capsys.readouterr().err


def parse(*words: str) -> Namespace:
    return build_parser().parse_args(words)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALKINGSHORTS_SERVER", "http://named-by-the-environment")
    monkeypatch.setenv("TALKINGSHORTS_TOKEN", "its token")
    monkeypatch.setenv("TALKINGSHORTS_WEBHOOK_SECRET", "its secret")


@pytest.mark.parametrize(
    "words", [("--server", "x", "--token", "t", "doctor"), ("doctor", "--server", "x", "--token", "t")]
)
def test_a_server_that_is_named_before_or_after_the_command_beats_the_environments(
    words: tuple[str, ...], environment: None
) -> None:
    assert read_server(parse(*words)) == ServerChoice("x", "t", is_explicit=True)


def test_the_environment_names_a_server_for_all_commands(environment: None) -> None:
    assert read_server(parse("doctor")) == ServerChoice("http://named-by-the-environment", "its token")


@pytest.mark.parametrize("empty", [True, False])
def test_where_nothing_names_a_server_it_is_the_managed_one(empty: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TALKINGSHORTS_SERVER", "TALKINGSHORTS_TOKEN"):
        monkeypatch.setenv(name, "") if empty else monkeypatch.delenv(name, raising=False)

    assert read_server(parse("doctor")) == ServerChoice()


def test_what_to_run_is_what_the_words_say() -> None:
    words = ("run", "w.json", "-s", "a=1", "-s", "b=x=y", "-i", "c=me.jpg", "-o", "x.mp4")
    options = parse(*words)

    expected = RunOptions(Path("w.json"), [("a", "1"), ("b", "x=y")], [("c", Path("me.jpg"))], "x.mp4")
    assert read_run_options(options, options.output) == expected


def test_limits_are_in_seconds_and_off_by_default() -> None:
    assert read_limits(parse("run", "w.json", "--timeout", "9", "--idle-timeout", "0.5")) == Limits(9.0, 0.5)
    assert read_limits(parse("run", "w.json")) == Limits()


def test_a_webhooks_secret_is_best_left_to_the_environment(environment: None) -> None:
    assert read_webhook(parse("submit", "w.json", "--webhook", "u")) == WebhookOptions("u", "its secret")
    assert read_webhook(parse("wait", "ID", "--webhook-secret", "s")) == WebhookOptions(None, "s")
    assert read_webhook(parse("status", "ID")) == WebhookOptions(None, "its secret")


@pytest.mark.parametrize(
    "text", ["1080x1920", "1080X1920", "1080×1920", "1080 x 1920", " 1080 × 1920\n", "１０８０×１９２０"]
)
def test_a_size_is_read_as_people_write_it(text: str) -> None:
    assert read_size(text) == (1080, 1920)


@pytest.mark.parametrize(
    "text", ["axb", "1080", "1080x", "x1920", "-16x16", "1080x1920x3", "1080:1920", "1080 1920", ""]
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="isn't of the form WxH"):
        read_size(text)
