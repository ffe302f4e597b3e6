"""Finds the reference data, and names a test after each of its arrays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from golden.vibevoice_set import VibeVoiceSet

if TYPE_CHECKING:
    from golden.infinitetalk_components import ComponentSet


def _set_folder(config: pytest.Config, kind: str) -> Path:
    """Return where the data of a kind is: of infinitetalk_components in infinitetalk/components."""
    return Path(str(config.getoption("--golden"))).resolve().joinpath(*kind.split("_"))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    kind = collection_path.stem.removeprefix("test_")
    return True if collection_path.stem.startswith("test_") and not _set_folder(config, kind).is_dir() else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "vibevoice_array" in metafunc.fixturenames:
        golden = VibeVoiceSet(_set_folder(metafunc.config, "vibevoice"))
        metafunc.parametrize("vibevoice_array", [*golden.expected_names, *golden.names_from_stereo])
    if "component" in metafunc.fixturenames:
        from golden.infinitetalk_components import ComponentSet

        golden = ComponentSet(_set_folder(metafunc.config, "infinitetalk_components"))
        metafunc.parametrize("component", golden.names)


@pytest.fixture(scope="session")
def infinitetalk_components(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ComponentSet:
    """ComfyUI, which it imports, is on the path only when every conftest is loaded."""
    from golden.infinitetalk_components import ComponentSet

    folder = _set_folder(request.config, "infinitetalk_components")
    return ComponentSet(folder, tmp_path_factory.mktemp("checkpoints"))


@pytest.fixture(scope="session")
def vibevoice_set(request: pytest.FixtureRequest) -> VibeVoiceSet:
    return VibeVoiceSet(_set_folder(request.config, "vibevoice"))
