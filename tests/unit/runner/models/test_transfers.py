from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
from support.fakes.model_host import CONTENT, Shop
from talkingshorts.errors import CancelledError, UsageError
from talkingshorts.models import transfers
from talkingshorts.models.files import LocalModel, part_path
from talkingshorts.models.transfers import Transfers, estimate_seconds_left, require_space
from talkingshorts.shipped.models import ModelFile

GB = 10**9


def local(file: ModelFile, path: Path) -> LocalModel:
    return LocalModel(file, path, "missing", 0)


def test_what_is_kept_of_a_file_needs_no_more_space(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    file, path = shop.files["a.safetensors"], shop.path("a.safetensors")
    part_path(path).parent.mkdir(parents=True)
    part_path(path).write_bytes(CONTENT[:400])
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(GB, GB, 102_000))

    require_space([local(file, path)])
    with pytest.raises(UsageError, match="--to FOLDER"):
        require_space([local(file, path), local(file, shop.path("x"))])


def test_several_files_arrive_at_once_and_are_shown_as_one(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfers, "SHOW_SECONDS", 0.001)
    shop.host.held |= {"/a.safetensors", "/b.safetensors"}
    models = [local(file, shop.path(file.name)) for file in shop.files.values()]
    both: list[tuple[str, ...]] = []

    def show(event: Any) -> None:
        if getattr(event, "files", ()) == ("vae/a.safetensors", "vae/b.safetensors"):
            both.append(event.files)
            shop.host.release.set()

    assert Transfers(models, jobs=2).run(show) == []
    assert both
    assert all(model.path.exists() for model in models)


def test_one_job_takes_one_file_after_the_other(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfers, "SHOW_SECONDS", 0.001)
    seen: set[int] = set()
    models = [local(file, shop.path(file.name)) for file in shop.files.values()]

    Transfers(models, jobs=1).run(lambda event: seen.add(len(getattr(event, "files", ()))))

    assert seen <= {0, 1}
    assert all(model.path.exists() for model in models)


def test_ctrl_c_before_all_transfers_have_begun_keeps_what_has_arrived(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def press_ctrl_c(thread: threading.Thread) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", press_ctrl_c)
    models = [local(file, shop.path(file.name)) for file in shop.files.values()]

    with pytest.raises(CancelledError, match="What has arrived is kept"):
        Transfers(models, jobs=2).run(lambda event: None)


def test_the_time_left_goes_by_the_pace_since_the_start() -> None:
    assert estimate_seconds_left(1 * GB, 5 * GB, 10.0) == 40.0
    assert estimate_seconds_left(0, 5 * GB, 10.0) is None
    assert estimate_seconds_left(1 * GB, 5 * GB, 0.1) is None
