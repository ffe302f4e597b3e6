"""Finds the reference data, and names a test after each of its arrays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from golden.vibevoice_set import VibeVoiceSet
from support.servers.managed_home import managed_home
from support.servers.on_comfyui import ComfyUI
from support.tiny.encoders import link_into
from talkingshorts.managed.server import ensure_server

if TYPE_CHECKING:
    from golden.infinitetalk_components import ComponentSet
    from golden.infinitetalk_set import InfiniteTalkSet


def _set_folder(config: pytest.Config, kind: str) -> Path:
    """Return where the data of a kind is: of infinitetalk_components in infinitetalk/components."""
    return Path(str(config.getoption("--golden"))).resolve().joinpath(*kind.split("_"))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    kind = collection_path.stem.removeprefix("test_")
    # Whole videos need the checkpoints; a set of components alone holds none.
    folder = _set_folder(config, "infinitetalk_cases" if kind == "infinitetalk" else kind)
    return True if collection_path.stem.startswith("test_") and not folder.is_dir() else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "vibevoice_array" in metafunc.fixturenames:
        golden = VibeVoiceSet(_set_folder(metafunc.config, "vibevoice"))
        metafunc.parametrize("vibevoice_array", [*golden.expected_names, *golden.names_from_stereo])
    if "component" in metafunc.fixturenames:
        from golden.infinitetalk_components import ComponentSet

        golden = ComponentSet(_set_folder(metafunc.config, "infinitetalk_components"))
        metafunc.parametrize("component", golden.names)
    if "infinitetalk_set" in metafunc.fixturenames:
        _parametrize_videos(metafunc)


def _parametrize_videos(metafunc: pytest.Metafunc) -> None:
    from golden.infinitetalk_set import InfiniteTalkSet

    golden = InfiniteTalkSet(_set_folder(metafunc.config, "infinitetalk"))
    if "infinitetalk_array" in metafunc.fixturenames:
        metafunc.parametrize("infinitetalk_array", golden.conditioning_facts)
    if "infinitetalk_case" in metafunc.fixturenames:
        metafunc.parametrize("infinitetalk_case", golden.cases)
    if "infinitetalk_window" in metafunc.fixturenames:
        names = [f"{case}-window{window}" for case, window in golden.windows]
        metafunc.parametrize("infinitetalk_window", golden.windows, ids=names)


@pytest.fixture(scope="session")
def infinitetalk_components(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ComponentSet:
    """ComfyUI, which it imports, is on the path only when every conftest is loaded."""
    from golden.infinitetalk_components import ComponentSet

    folder = _set_folder(request.config, "infinitetalk_components")
    return ComponentSet(folder, tmp_path_factory.mktemp("checkpoints"))


@pytest.fixture(scope="session")
def vibevoice_set(request: pytest.FixtureRequest) -> VibeVoiceSet:
    return VibeVoiceSet(_set_folder(request.config, "vibevoice"))


@pytest.fixture(scope="session")
def golden_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home folder of a ComfyUI of its own, with a set's models in it."""
    return tmp_path_factory.mktemp("golden_home")


@pytest.fixture(scope="session")
def infinitetalk_set(request: pytest.FixtureRequest, golden_home: Path) -> InfiniteTalkSet:
    from golden.infinitetalk_set import InfiniteTalkSet

    return InfiniteTalkSet(_set_folder(request.config, "infinitetalk"), golden_home / "base")


@pytest.fixture(scope="module")
def golden_comfyui(infinitetalk_set: InfiniteTalkSet, golden_home: Path) -> Iterator[ComfyUI]:
    """On the CPU, where ComfyUI computes in float32, as the reference data was."""
    link_into(infinitetalk_set.base)
    with managed_home(golden_home):
        yield ComfyUI(ensure_server(print), infinitetalk_set.base)
