"""What `talkingshorts batch` is read into; what a batch does is in batch/test_run.py."""

from pathlib import Path

import pytest
from talkingshorts.batch.options import BatchOptions
from talkingshorts.cli.batch import read_batch_options
from talkingshorts.cli.parser import build_parser


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TALKINGSHORTS_SERVER", "TALKINGSHORTS_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def read(*words: str) -> BatchOptions:
    return read_batch_options(build_parser().parse_args(words))


def test_a_workflow_and_a_table_are_enough() -> None:
    assert read("batch", "w.json", "jobs.csv") == BatchOptions(Path("w.json"), Path("jobs.csv"), servers=[])


def test_every_option_has_its_field() -> None:
    words = "--ray auto --ray-workers 2 --overwrite --keep-going --state s --timeout 9 --idle-timeout 5 -o x --token t"

    assert read("batch", "w.json", "jobs.csv", *words.split()) == BatchOptions(
        workflow=Path("w.json"),
        table=Path("jobs.csv"),
        output="x",
        state=Path("s"),
        servers=[],
        token="t",
        ray="auto",
        ray_workers=2,
        overwrite=True,
        keep_going=True,
        timeout_seconds=9.0,
        idle_seconds=5.0,
    )


@pytest.mark.parametrize(
    ("words", "servers"),
    [
        (("batch", "w.json", "jobs.csv", "--server", "a", "--server", "b"), ["a", "b"]),
        (("batch", "w.json", "jobs.csv", "--server", "a, b"), ["a", "b"]),
        (("--server", "a", "batch", "w.json", "jobs.csv"), ["a"]),
    ],
)
def test_servers_are_named_one_by_one_or_together(words: tuple[str, ...], servers: list[str]) -> None:
    options = read(*words)

    assert (options.servers, options.are_servers_explicit) == (servers, True)


def test_the_environment_may_name_several(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALKINGSHORTS_SERVER", "a,b")
    options = read("batch", "w.json", "jobs.csv")

    assert (options.servers, options.are_servers_explicit) == (["a", "b"], False)
