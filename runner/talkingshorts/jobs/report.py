"""What a job that has ended says of itself: its nodes' notes and reports, and the report beside its files."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from .. import __version__
from ..comfyui.client import Job, RemoteFile
from ..workflow.file import Workflow
from ..workflow.model_names import list_models
from .records import JobRecord

NOTE_CHARACTERS = 300


def read_notes(workflow: Workflow, outputs: dict[str, Any]) -> Iterator[str]:
    """Yield what nodes have to say beside their results: a text output that is no report, after its node's title."""
    for node_id, entries in outputs.items():
        for text in entries.get("text") or ():
            if isinstance(text, str) and not read_reports({node_id: {"text": [text]}}):
                yield f"{workflow.title(node_id)}: {text[:NOTE_CHARACTERS]}"


def read_reports(outputs: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return by file name the JSON reports that the nodes that save shorts and speech give under `text`."""
    reports = {}
    for text in (text for entries in outputs.values() for text in entries.get("text") or ()):
        with contextlib.suppress(TypeError, ValueError):
            report = json.loads(text)
            reports[PurePath(report["file"]).name] = report
    return reports


def note_wrong_endings(files: Sequence[RemoteFile], places: Sequence[str]) -> Iterator[str]:
    """Yield a note for each path or URL whose ending promises another kind of file than the workflow saved."""
    for file, place in zip(files, places, strict=True):
        ending = PurePath(file.filename).suffix
        if PurePath(place).suffix.lower() != ending.lower():
            yield f"{place} holds a {ending} file: the workflow saves that kind, and nothing is converted."


def template_fields(record: JobRecord, file: RemoteFile) -> dict[str, str]:
    """Return what a template for the path of a job's file may name."""
    name = PurePath(file.filename)
    return {
        "name": name.stem,
        "ext": name.suffix,
        "id": record.id,
        "seed": "" if record.seed is None else str(record.seed),
        "workflow": record.workflow.stem,
        "node": record.workflow.title(file.node_id),
    }


def build_report(record: JobRecord, job: Job, pack_version: str | None, files: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what stands in NAME.json. Its `prompt` lets the file itself be run again as a workflow."""
    return {
        "prompt_id": job.id,
        "workflow": record.workflow_name,
        "inputs": record.inputs,
        "seed": record.seed,
        "models": list_models(record.graph),
        "server": record.server,
        "server_version": record.server_version,
        "pack_version": pack_version,
        "runner_version": __version__,
        "started": _format_time(job.started_ms),
        "ended": _format_time(job.ended_ms),
        "files": files,
        "prompt": record.graph,
    }


def _format_time(milliseconds: int | None) -> str | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat()
