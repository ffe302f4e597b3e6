"""Finds the reference data, and names a test after each of its arrays."""

from __future__ import annotations

from pathlib import Path

import pytest
from golden.vibevoice_set import VibeVoiceSet


def _set_folder(config: pytest.Config, kind: str) -> Path:
    return Path(str(config.getoption("--golden"))).resolve() / kind


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    kind = collection_path.stem.removeprefix("test_")
    return True if collection_path.stem.startswith("test_") and not _set_folder(config, kind).is_dir() else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "vibevoice_array" in metafunc.fixturenames:
        golden = VibeVoiceSet(_set_folder(metafunc.config, "vibevoice"))
        metafunc.parametrize("vibevoice_array", [*golden.expected_names, *golden.names_from_stereo])


@pytest.fixture(scope="session")
def vibevoice_set(request: pytest.FixtureRequest) -> VibeVoiceSet:
    return VibeVoiceSet(_set_folder(request.config, "vibevoice"))
