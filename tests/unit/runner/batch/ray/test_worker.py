"""The worker on a node, which keeps a ComfyUI in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.fakes.comfyui import FakeComfyUI
from support.fakes.ray_worker import WorkerHere
from talkingshorts.batch.ray.worker import claim_folder
from talkingshorts.managed import server


def test_a_comfyui_that_ended_is_started_again_by_its_worker(
    comfyui: FakeComfyUI, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts: list[str] = []

    def start() -> str:
        starts.append(comfyui.url)
        return comfyui.url

    worker = WorkerHere(start)
    monkeypatch.setattr(server, "own_server_runs", lambda folder: True)
    worker.start()
    worker.start()
    assert len(starts) == 1

    monkeypatch.setattr(server, "own_server_runs", lambda folder: False)
    worker.start()
    assert len(starts) == 2


def test_workers_on_one_node_have_folders_of_their_own_and_a_freed_one_is_taken_again(home: Path) -> None:
    first, first_claim = claim_folder(home / "ray")
    second, second_claim = claim_folder(home / "ray")
    first_claim.close()
    third, third_claim = claim_folder(home / "ray")

    assert [folder.name for folder in (first, second, third)] == ["1", "2", "1"]
    second_claim.close()
    third_claim.close()
