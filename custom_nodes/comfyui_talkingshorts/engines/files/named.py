"""Find the files that the texts of a graph name, where ComfyUI would look for them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import folder_paths

from ...core.graph_key import read_stamp

# Linux takes no longer one, and nobody types one. Some graphs hold whole pictures as text: to look for a file of such a
# name would take minutes.
_LONGEST_PATH = 4096


def find_paths(name: str) -> Iterator[str]:
    """Yield the paths at which ComfyUI would look for a file of this name: among its models and in its input folder."""
    if len(name) > _LONGEST_PATH:
        return
    for folder in folder_paths.folder_names_and_paths:
        path = folder_paths.get_full_path(folder, name)
        if path is not None:
            yield path
    with contextlib.suppress(ValueError):  # a text that would lead out of the folder
        yield folder_paths.get_annotated_filepath(name)


def find_model_folder_files(name: str) -> Iterator[str]:
    """Yield every file of the folders of this name among ComfyUI's models: some models are a folder."""
    if len(name) > _LONGEST_PATH or "\0" in name:
        return
    parts = Path(name).parts
    if not parts or ".." in parts or Path(name).is_absolute():
        return
    for roots, _ in folder_paths.folder_names_and_paths.values():
        for root in roots:
            for folder, _, names in os.walk(Path(root, name), followlinks=True):
                yield from (os.path.join(folder, file) for file in names)  # noqa: PTH118


class FileWatch:
    """Remembers how every file was when a graph named it first.

    ComfyUI keeps what it loaded, whatever becomes of the file: what is made after a file changed may still be made of
    the old one.
    """

    def __init__(self) -> None:
        self._first_stamps: dict[str, tuple[int, int]] = {}

    def find_paths(self, name: str) -> Iterator[str]:
        """Yield every file that the name may mean, with blanks around it or not, after taking note of how it is."""
        paths = {path for text in {name, name.strip()} for path in (*find_paths(text), *find_model_folder_files(text))}
        for path in sorted(paths):
            stamp = read_stamp(path)
            if stamp is not None:
                self._first_stamps.setdefault(path, stamp)
                yield path

    def has_changed(self, path: str) -> bool:
        """Return whether the file is another than when it was named first."""
        return self._first_stamps[path] != read_stamp(path)
