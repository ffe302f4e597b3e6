import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from comfyui_talkingshorts.engines.files import temporary
from comfyui_talkingshorts.engines.files.temporary import TemporaryFolder, remove_abandoned

HOLD = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("temporary", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
folder = module.TemporaryFolder()
print(folder.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return what stands for the system's temporary folder."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_is_there_for_the_block_and_leaves_nothing(place: Path) -> None:
    with TemporaryFolder() as folder:
        (folder.path / "voice").write_bytes(b"sound")
        assert folder.path.parent == place
        assert folder.path.stat().st_mode & 0o777 == 0o700

    assert list(place.iterdir()) == []


def test_a_folder_goes_with_what_holds_it(place: Path) -> None:
    folder = TemporaryFolder()
    assert folder.path.is_dir()
    del folder

    assert list(place.iterdir()) == []


def test_the_folder_of_a_killed_process_is_removed_and_that_of_a_living_one_is_not(place: Path) -> None:
    holders = [
        subprocess.Popen(
            [sys.executable, "-c", HOLD, temporary.__file__],
            env=os.environ | {"TMPDIR": str(place)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    living, killed = [Path(holder.stdout.readline().strip()) for holder in holders if holder.stdout]
    holders[1].send_signal(signal.SIGKILL)
    holders[1].wait()
    assert killed.is_dir()

    with TemporaryFolder():
        pass

    assert living.is_dir()
    assert sorted(path.name for path in place.iterdir()) == [living.name, f"{living.name}.lock"]
    holders[0].communicate()
    assert list(place.iterdir()) == []


def test_what_others_keep_there_is_left_alone(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "talkingshorts-notes").mkdir()
    foreign = place / "talkingshorts-tmp-1234"
    foreign.mkdir()
    monkeypatch.setattr(os, "getuid", lambda: foreign.stat().st_uid + 1)

    remove_abandoned()

    assert foreign.is_dir()
    assert (place / "talkingshorts-notes").is_dir()
