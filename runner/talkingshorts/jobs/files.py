"""Bring home what a job made, with a report of it beside."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from ..comfyui.client import ComfyClient, Job, RemoteFile
from ..display.events import Downloading, Notice, Uploading
from ..results.destination import choose_destination
from ..results.fetch import choose_paths, download, report_path, write_report
from .follow import Show
from .records import JobRecord
from .report import build_report, note_wrong_endings, read_reports, template_fields

DOWNLOAD_NEWS_SECONDS = 0.5


def fetch_files(
    client: ComfyClient, record: JobRecord, job: Job, files: Sequence[RemoteFile], show: Show
) -> tuple[list[str], str]:
    """Return the paths or URLs of the job's files, and that of the report, once all of them are whole there.

    The record learns the files' full names. Raises MissingFileError when the server has lost one, UnreachableError,
    and UsageError when a place can't be written to.
    """
    destination = choose_destination(record.output, record.id)
    reports = read_reports(job.outputs)
    paths = choose_paths(destination.template, [template_fields(record, file) for file in files])
    names = list(map(destination.name, paths))
    local = [
        download(client, file, path, reports.get(file.filename, {}).get("sha256"), _tell_bytes(show, file.filename))
        for file, path in zip(files, paths, strict=True)
    ]
    for note in note_wrong_endings(files, list(map(destination.show, paths))):
        show(Notice(note))
    report = report_path(paths)
    pack_version = next((entry["pack_version"] for entry in reports.values() if "pack_version" in entry), None)
    entries = [file.report() | {"path": name} for file, name in zip(local, names, strict=True)]
    write_report(report, build_report(record, job, pack_version, entries))
    destination.store([*paths, report], lambda url, size: show(Uploading(url, size)))
    record.files = names
    return list(map(destination.show, paths)), destination.show(report)


def _tell_bytes(show: Show, filename: str) -> Callable[[int, int | None], None]:
    """Return what to call with the bytes of a file that have arrived; it shows them a few times a second."""
    told = time.monotonic()

    def tell(received: int, total: int | None) -> None:
        nonlocal told
        if time.monotonic() - told >= DOWNLOAD_NEWS_SECONDS:
            told = time.monotonic()
            show(Downloading(filename, received, total))

    return tell
