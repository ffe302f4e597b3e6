import importlib.util

import pytest
from talkingshorts.managed import environment
from talkingshorts.managed.provision import SetupError


def test_a_python_without_the_venv_module_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ensurepip" else object())
    with pytest.raises(SetupError, match=r"apt install python3\.\d+-venv"):
        environment.require_venv_module("/usr/bin/python3")


@pytest.mark.parametrize(
    ("line", "news"),
    [
        (
            "  Downloading torch-2.11.0-cp311-cp311-manylinux_2_28_x86_64.whl (530.6 MB)\n",
            "downloading torch (530.6 MB)",
        ),
        ("Downloading https://host/a/b/deno-2.9.8-py3-none-any.whl (42.0 MB)\n", "downloading deno (42.0 MB)"),
        ("  Using cached torch-2.11.0-cp311.whl (1.2 GB)\n", "downloading torch (1.2 GB)"),
        ("  Downloading einops-0.8.2-py3-none-any.whl (65 kB)\n", None),
        ("  Downloading scipy-1.17.1-cp311.whl (3.0 MB)\n", None),
        ("WARNING: Location 'file:///x/simple/torch/' is ignored: it is neither a file nor a directory.\n", None),
        ("Collecting torch==2.11.0\n", None),
        ("Installing collected packages: a, b, c\n", "installing 3 packages"),
    ],
)
def test_of_pips_output_a_person_sees_what_takes_time(line: str, news: str | None) -> None:
    assert environment.progress_line(line) == news


NO_MATCH = (
    "ERROR: Could not find a version that satisfies the requirement torch==2.11.0 (from versions: none)\n"
    "ERROR: No matching distribution found for torch==2.11.0\n"
)
CONFLICT = (
    "ERROR: Cannot install setuptools==84 and torch==2.11.0 because these package versions have conflicting "
    "dependencies.\n\nThe conflict is caused by:\n    The user requested setuptools==84\n    torch 2.11.0 depends on "
    "setuptools<82\n\nTo fix this you could try to:\n"
    "ERROR: ResolutionImpossible: for help visit https://pip.pypa.io/en/latest/topics/dependency-resolution/\n"
)


@pytest.mark.parametrize(
    ("output", "log", "exit_code", "told"),
    [
        (NO_MATCH, "", 1, ["No matching distribution found for torch==2.11.0"]),
        (
            NO_MATCH,
            "2026-01-01T00:00:00,000 Could not fetch URL https://i/simple/torch/: 403 Client Error: Forbidden for url: "
            "https://i/simple/torch/ - skipping\n"
            "2026-01-01T00:00:00,000 Could not fetch URL https://j/torch/: 404 Client Error: Not Found - skipping",
            1,
            ["No matching distribution found", "403 Client Error: Forbidden"],
        ),
        (
            NO_MATCH,
            "Retrying (Retry(total=4)) after connection broken by 'NewConnectionError('<x>: Failed to establish "
            "a new connection: [Errno 111] Connection refused')': /simple/torch/",
            1,
            ["(Failed to establish a new connection: [Errno 111] Connection refused)"],
        ),
        (CONFLICT, "", 1, ["setuptools==84 and torch==2.11.0", "torch 2.11.0 depends on setuptools<82"]),
        ("Collecting torch\n", "", -9, ["signal 9", "memory"]),
        ("/x/.venv/bin/python: No module named pip\n", "", 1, ["No module named pip"]),
    ],
)
def test_why_pip_failed_is_told_in_one_line(output: str, log: str, exit_code: int, told: list[str]) -> None:
    reason = environment.explain_pip_failure(output, log, exit_code)
    assert "\n" not in reason
    for words in told:
        assert words in reason
