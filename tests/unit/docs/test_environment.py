"""The table of environment variables lists what the code reads, and nothing else."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from support.checkout import ROOT
from support.pages import list_rows

RUNNER, PACK = ROOT / "runner" / "talkingshorts", ROOT / "custom_nodes" / "comfyui_talkingshorts"
LOOKS_LIKE_A_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+|PYTHON[A-Z]+")

READ_BY_LIBRARIES = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_ENDPOINT_URL", "XDG_DATA_HOME"}
"""What is read where no line of ours names it."""

SHELLS_OWN = {"PATH"}
"""What is extended, not read."""


def list_variables_of_python(path: Path) -> Iterator[str]:
    """Yield what a file may read from the environment.

    In a file that looks there, that is each text with the shape of a variable's name; elsewhere, the project's own.
    """
    text = path.read_text(encoding="utf-8")
    if "environ" not in text and "getenv" not in text:
        yield from re.findall(r'"(TALKINGSHORTS_[A-Z0-9_]+)"', text)
        return
    tree = ast.parse(text)
    given = {id(key) for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("os.environ.get", "os.getenv"):
            yield from (str(word.value) for word in node.args[:1] if isinstance(word, ast.Constant))
        elif isinstance(node, ast.Constant) and LOOKS_LIKE_A_VARIABLE.fullmatch(str(node.value)):
            yield from () if id(node) in given else (str(node.value),)


def list_variables_of_containers() -> set[str]:
    docker = ROOT / "docker"
    shells = "".join((docker / name).read_text() for name in ("entrypoint.sh", "n8n-start.sh"))
    compose, proxy = (docker / "compose.yaml").read_text(), (docker / "haproxy.cfg").read_text()
    return {
        *re.findall(r"\$\{([A-Z][A-Z0-9_]+)", shells + compose + proxy),
        *re.findall(r"\$([A-Z][A-Z0-9_]+)", proxy),
        *re.findall(r"^#? ?([A-Z][A-Z0-9_]+)=", (docker / ".env.example").read_text(), re.MULTILINE),
    }


def list_variables_of_the_code() -> set[str]:
    in_python = {
        name for folder in (RUNNER, PACK) for path in folder.rglob("*.py") for name in list_variables_of_python(path)
    }
    in_tests = {
        name
        for path in (ROOT / "tests").rglob("*.py")
        for name in re.findall(r'environ\.get\("(TALKINGSHORTS_\w+)"', path.read_text(encoding="utf-8"))
    }
    makefile = (ROOT / "Makefile").read_text()
    in_make = {
        name
        for pattern in (r"^override (\w+) :=", r"\b(TALKINGSHORTS_\w+)=")
        for name in re.findall(pattern, makefile, re.MULTILINE)
    }
    in_n8n = {
        name
        for path in (ROOT / "workflows" / "n8n").glob("*.json")
        for name in re.findall(r"\$env\.(\w+)", path.read_text(encoding="utf-8"))
    }
    return (in_python | in_tests | in_make | in_n8n | list_variables_of_containers()) - SHELLS_OWN


def list_variables_of_the_table() -> set[str]:
    rows = list_rows(ROOT / "docs" / "environment.md", "# Environment variables")
    in_names = {name for cells in rows for name in re.findall(r"`([A-Z][A-Z0-9_]+)`", cells[0])}
    in_words = {name for cells in rows for name in re.findall(r"`((?:PIP|PYTHON)[A-Z_]+)`", cells[2])}
    return in_names | in_words


def test_every_variable_that_the_code_reads_is_in_the_table() -> None:
    assert list_variables_of_the_code() - list_variables_of_the_table() == set()


def test_every_variable_in_the_table_is_read() -> None:
    assert list_variables_of_the_table() - list_variables_of_the_code() - READ_BY_LIBRARIES == set()


def test_the_packs_own_page_lists_what_the_pack_reads() -> None:
    rows = list_rows(PACK / "README.md", "## Settings")
    listed = {name for cells in rows for name in re.findall(r"`(TALKINGSHORTS_\w+)`", cells[0])}

    assert listed == {name for path in PACK.rglob("*.py") for name in list_variables_of_python(path)}


def test_every_row_says_what_it_does_and_who_reads_it() -> None:
    for name, _, meaning, reader in list_rows(ROOT / "docs" / "environment.md", "# Environment variables"):
        assert "" not in (meaning, reader), name
