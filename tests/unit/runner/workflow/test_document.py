"""JSON documents are named for what they are, where something else is wanted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from talkingshorts.errors import ValidationError
from talkingshorts.workflow.document import API_GRAPH, CANVAS_GRAPH, name_document
from talkingshorts.workflow.file import load_workflow

N8N = {"name": "x", "nodes": [], "connections": {}}
OPENAPI = {"openapi": "3.1.0", "info": {}, "paths": {}}


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (N8N, "a workflow of n8n"),
        (OPENAPI, "an OpenAPI description"),
        ({"swagger": "2.0"}, "an OpenAPI description"),
        ({"nodes": [], "links": []}, CANVAS_GRAPH),
        ({"1": {"class_type": "SaveImage", "inputs": {}}}, API_GRAPH),
        ({"script": "Hi.", "seed": 1}, ""),
        ({}, ""),
        ([], ""),
        ("text", ""),
    ],
)
def test_a_document_is_named(document: Any, kind: str) -> None:
    assert name_document(document) == kind


@pytest.mark.parametrize(("document", "kind"), [(N8N, "a workflow of n8n"), (OPENAPI, "an OpenAPI description")])
def test_a_document_of_another_program_is_no_workflow(document: Any, kind: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps(document))

    with pytest.raises(ValidationError, match=rf"x\.json is {kind}, not a workflow of ComfyUI\.$"):
        load_workflow(tmp_path / "x.json")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.jpg", b"\xff\xd8\xff\xe0", "is a JPEG picture, not a workflow.$"),
        ("x.pdf", b"%PDF-1.7", "is a PDF, not a workflow.$"),
        ("jobs.csv", b"script,seed\nHi,1\n", "neither JSON.*: a batch takes the workflow first, then the table.$"),
        ("jobs.jsonl", b'{"a": 1}\n{"a": 2}\n', "neither JSON.*: a batch takes the workflow first, then the table.$"),
        ("x.json", b'{"1": \xff}', r"neither JSON.*\(its letters aren't UTF-8\)\.$"),
    ],
)
def test_a_file_that_is_no_workflow_is_named_for_what_it_is(
    name: str, content: bytes, words: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)

    with pytest.raises(ValidationError, match=words):
        load_workflow(tmp_path / name)
