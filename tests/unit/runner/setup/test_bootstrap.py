import shutil
import sys
from pathlib import Path

import pytest
from support.fakes.environment import (
    BROKEN_WHEEL,
    CTRL_C_WHILE_FETCHING,
    CTRL_C_WHILE_INSTALLING,
    DISK_FULL,
    KILLED,
    OFFLINE,
    make_fake_environment,
)
from talkingshorts import home
from talkingshorts.managed import environment, provision
from talkingshorts.managed.environment import UNFINISHED, Environment
from talkingshorts.managed.provision import SetupError
from talkingshorts.setup import bootstrap, browser
from talkingshorts.setup.bootstrap import Setup


class Workshop:
    """A checkout in whose environment a script stands for Python, and so for pip."""

    def __init__(self, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.checkout = checkout
        self.said: list[str] = []
        for name in ("build", "torch", "constraints", "test", "serve", "comfyui"):
            self.write(f"requirements/{name}.txt", f"{name}==1.0\n")
        self.write("requirements/package.json", "{}")
        self.write("requirements/n8n/package.json", "{}")
        self.write("custom_nodes/comfyui_talkingshorts/requirements.txt", "av>=16\n")
        self.write("pyproject.toml", "")
        self.write(".comfyui/ComfyUI/main.py", "")
        self.write(".comfyui/ComfyUI/comfyui_version.py", f'__version__ = "{provision.COMFYUI_VERSION}"')
        self.write(".comfyui/ComfyUI/requirements.txt", "torch\n")
        monkeypatch.setattr(home, "checkout_dir", lambda: checkout)
        monkeypatch.setattr(Environment, "make", lambda made: make_fake_environment(made.venv))
        monkeypatch.setattr(environment, "FULL_INSTALL_BYTES", 0)
        monkeypatch.setattr(browser, "is_supported", lambda: True)

    def write(self, name: str, text: str) -> None:
        path = self.checkout / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def make_venv(self) -> None:
        make_fake_environment(self.venv)

    def let_pip(self, script: str) -> None:
        self.write("pip-does", script)

    def let_npm(self, script: str) -> None:
        self.write("npm-does", script)

    def listen(self, line: str) -> None:
        self.said.append(line)
        if "downloading ctrl_c" in line:
            raise KeyboardInterrupt

    def run(self, *, with_test_tools: bool = False, with_n8n: bool = False, with_service: bool = False) -> list[str]:
        """Set up, and return the pip calls that it took."""
        calls = self.checkout / "pip-calls"
        calls.unlink(missing_ok=True)
        Setup(self.checkout, self.listen).run(
            with_test_tools=with_test_tools, with_n8n=with_n8n, with_service=with_service
        )
        return calls.read_text().splitlines() if calls.exists() else []

    @property
    def venv(self) -> Path:
        return self.checkout / ".venv"

    @property
    def venv_python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def is_complete(self) -> bool:
        return self.venv_python.exists() and not (self.venv / UNFINISHED).exists()

    @property
    def work_files(self) -> set[str]:
        return {path.name for path in (self.checkout / ".comfyui").iterdir()}


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    for name in ("COMFYUI_DIR", "PIP_CACHE_DIR", "TALKINGSHORTS_HOME"):
        monkeypatch.delenv(name, raising=False)
    return Workshop(tmp_path / "my checkout", monkeypatch)


def test_a_fresh_checkout_is_set_up_and_a_second_run_does_nothing(workshop: Workshop) -> None:
    assert workshop.run()
    assert workshop.is_complete
    assert (workshop.checkout / ".comfyui/base/custom_nodes/comfyui_talkingshorts/requirements.txt").is_file()
    assert workshop.work_files == {"ComfyUI", "base", "setup.lock"}
    workshop.said.clear()
    assert workshop.run() == []
    assert workshop.said == []


def test_packages_are_installed_with_every_version_constrained(workshop: Workshop) -> None:
    for call in workshop.run(with_test_tools=True):
        assert call.endswith(" -c requirements/constraints.txt")


def test_what_the_service_needs_is_installed_when_it_is_asked_for(workshop: Workshop) -> None:
    assert not any("serve.txt" in call for call in workshop.run())
    assert ["serve.txt" in call for call in workshop.run(with_service=True)] == [True]
    assert workshop.run(with_service=True) == []
    workshop.write("requirements/serve.txt", "serve==2.0\n")
    assert len(workshop.run(with_service=True)) == 1


@pytest.mark.parametrize(
    "changed",
    [
        *("requirements/constraints.txt", "requirements/torch.txt", "pyproject.toml"),
        *("custom_nodes/comfyui_talkingshorts/requirements.txt", ".comfyui/ComfyUI/requirements.txt"),
    ],
)
def test_a_changed_requirement_is_installed_into_the_same_environment(workshop: Workshop, changed: str) -> None:
    workshop.run()
    (workshop.venv / "mine.txt").touch()
    workshop.write(changed, "changed>=2\n")
    assert " -e . " in workshop.run()[-1]
    assert (workshop.venv / "mine.txt").exists()
    assert workshop.run() == []


def test_an_environment_that_the_user_made_gets_the_build_tools_before_the_packages(workshop: Workshop) -> None:
    workshop.make_venv()
    (workshop.venv / UNFINISHED).unlink()
    (workshop.venv / "mine.txt").touch()
    first, *_, last = workshop.run()
    assert " install -r requirements/build.txt " in first
    assert " -e . " in last
    assert (workshop.venv / "mine.txt").exists()


def test_test_tools_have_a_stamp_of_their_own(workshop: Workshop) -> None:
    workshop.run()
    (call,) = workshop.run(with_test_tools=True)
    assert " install -r requirements/test.txt " in call
    assert workshop.run(with_test_tools=True) == []
    workshop.write("requirements/test.txt", "pytest==2.0\n")
    assert workshop.run() == []
    assert len(workshop.run(with_test_tools=True)) == 1


@pytest.mark.parametrize("changed", ["requirements/package.json", ".browser"])
def test_the_browser_of_the_tests_comes_with_them_and_again_when_it_is_gone(workshop: Workshop, changed: str) -> None:
    workshop.run()
    assert not (workshop.checkout / ".browser").exists()
    workshop.run(with_test_tools=True)
    assert (workshop.checkout / ".browser" / "chromium" / "fonts" / "fonts.conf").is_file()
    if changed == ".browser":
        shutil.rmtree(workshop.checkout / ".browser")
    else:
        workshop.write(changed, '{"private": true}')
    workshop.run(with_test_tools=True)
    assert (workshop.checkout / ".browser" / "package.json").read_text() == (
        workshop.checkout / "requirements" / "package.json"
    ).read_text()
    assert workshop.run(with_test_tools=True) == []


def test_a_refused_browser_is_told_with_npms_reason_and_leaves_none(workshop: Workshop) -> None:
    workshop.run()
    workshop.let_npm("echo 'npm error code E403'; echo 'npm error 403 Forbidden'; exit 1")
    with pytest.raises(
        SetupError, match=r"npm can't install the browser of the tests: 403 Forbidden\. Full log: .*log$"
    ):
        workshop.run(with_test_tools=True)
    assert not (workshop.checkout / ".browser").exists()
    workshop.let_npm("")
    assert len(workshop.run(with_test_tools=True)) == 1
    assert (workshop.checkout / ".browser").is_dir()


def test_n8n_comes_only_when_it_is_asked_for_and_a_second_run_does_nothing(workshop: Workshop) -> None:
    workshop.let_npm("mkdir -p node_modules/sqlite3")
    workshop.run(with_test_tools=True)
    assert not (workshop.checkout / ".n8n").exists()
    workshop.run(with_test_tools=True, with_n8n=True)
    assert (workshop.checkout / ".n8n" / "node_modules").is_dir()
    workshop.said.clear()
    workshop.run(with_test_tools=True, with_n8n=True)
    assert workshop.said == []


def test_where_the_browser_does_not_run_the_other_test_tools_do(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser, "is_supported", lambda: False)
    workshop.run(with_test_tools=True)
    assert any("need Linux on x86-64" in line for line in workshop.said)
    assert workshop.run(with_test_tools=True) == []


@pytest.mark.parametrize(
    "script", [OFFLINE, BROKEN_WHEEL, DISK_FULL, KILLED, CTRL_C_WHILE_FETCHING, CTRL_C_WHILE_INSTALLING]
)
def test_a_first_set_up_that_fails_leaves_no_environment(workshop: Workshop, script: str) -> None:
    workshop.let_pip(script)
    with pytest.raises((SetupError, KeyboardInterrupt)):
        workshop.run()
    assert not workshop.venv.exists()
    assert "discarded" not in workshop.work_files
    workshop.let_pip("")
    workshop.run()
    assert workshop.is_complete


@pytest.mark.parametrize("script", [OFFLINE, CTRL_C_WHILE_FETCHING])
def test_an_update_that_ends_while_fetching_keeps_the_complete_environment(workshop: Workshop, script: str) -> None:
    workshop.run()
    workshop.write("requirements/constraints.txt", "new==3.0\n")
    workshop.let_pip(script)
    with pytest.raises((SetupError, KeyboardInterrupt)):
        workshop.run()
    assert workshop.is_complete


def test_a_refused_download_is_told_with_pips_reason_and_the_log(workshop: Workshop) -> None:
    workshop.let_pip(OFFLINE)
    with pytest.raises(SetupError, match=r"No matching distribution found for x.*setup\.log"):
        workshop.run()


@pytest.mark.parametrize("script", [BROKEN_WHEEL, DISK_FULL, KILLED, CTRL_C_WHILE_INSTALLING])
def test_an_update_that_breaks_off_half_way_discards_the_environment(workshop: Workshop, script: str) -> None:
    workshop.run()
    workshop.write("requirements/constraints.txt", "new==3.0\n")
    workshop.let_pip(script)
    with pytest.raises((SetupError, KeyboardInterrupt)):
        workshop.run()
    assert not workshop.venv.exists()


def test_an_environment_of_a_killed_run_is_made_anew(workshop: Workshop) -> None:
    workshop.make_venv()
    (workshop.venv / "half-installed").touch()
    (workshop.checkout / ".comfyui" / "discarded").mkdir()
    workshop.run()
    assert workshop.is_complete
    assert not (workshop.venv / "half-installed").exists()
    assert "discarded" not in workshop.work_files


def test_an_environment_whose_python_is_gone_is_made_anew(workshop: Workshop) -> None:
    workshop.run()
    workshop.venv_python.unlink()
    workshop.venv_python.symlink_to("/nowhere/python3")
    workshop.run()
    assert workshop.is_complete


def test_an_environment_made_by_hand_is_kept_and_completed(workshop: Workshop) -> None:
    workshop.make_venv()
    (workshop.venv / UNFINISHED).unlink()
    (workshop.venv / "mine.txt").touch()
    workshop.run()
    assert (workshop.venv / "mine.txt").exists()


def test_refused_test_tools_leave_the_runner_usable(workshop: Workshop) -> None:
    workshop.run()
    workshop.let_pip(OFFLINE)
    with pytest.raises(SetupError, match=r"No matching distribution found for x.*setup\.log"):
        workshop.run(with_test_tools=True)
    assert workshop.is_complete
    assert workshop.run() == []


def test_a_full_disk_is_told_with_the_room_needed(workshop: Workshop) -> None:
    workshop.let_pip(DISK_FULL)
    with pytest.raises(SetupError, match=r"the disk ran full.* \d+\.\d GB are free"):
        workshop.run()


def test_too_little_room_is_found_out_before_anything_is_made(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "FULL_INSTALL_BYTES", shutil.disk_usage(workshop.checkout).total + 2**40)
    with pytest.raises(SetupError, match="set-up needs about"):
        workshop.run()
    assert not workshop.venv.exists()


def test_another_python_than_the_environments_is_refused_with_the_remedy(workshop: Workshop) -> None:
    workshop.run()
    workshop.write(".venv/pyvenv.cfg", "version = 3.9.1\n")
    with pytest.raises(SetupError, match=r"Python 3\.9.*rm -r \.venv"):
        workshop.run()
    assert workshop.is_complete


def test_the_users_own_comfyui_is_used_in_place_of_a_fetched_one(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.move(workshop.checkout / ".comfyui" / "ComfyUI", tmp_path / "mine")
    monkeypatch.setenv("COMFYUI_DIR", str(tmp_path / "mine"))
    assert f" -r {tmp_path}/mine/requirements.txt " in workshop.run()[-1]
    assert "ComfyUI" not in workshop.work_files


def test_a_comfyui_dir_without_comfyui_is_refused_before_anything_is_made(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMFYUI_DIR", str(workshop.checkout))
    with pytest.raises(SetupError, match="holds no ComfyUI"):
        workshop.run()
    assert not workshop.venv.exists()


def test_a_moved_checkout_is_installed_again(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    workshop.run()
    workshop.checkout = workshop.checkout.rename(workshop.checkout.with_name("moved"))
    monkeypatch.setattr(home, "checkout_dir", lambda: workshop.checkout)
    assert " -e . " in workshop.run()[-1]
    link = workshop.checkout / ".comfyui/base/custom_nodes/comfyui_talkingshorts"
    assert link.readlink() == workshop.checkout / "custom_nodes" / "comfyui_talkingshorts"


def test_pip_keeps_its_files_inside_the_checkout(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    monkeypatch.setenv("PIP_TARGET", "/somewhere")
    variables = Setup(workshop.checkout, print).environment.variables()
    assert Path(variables["TMPDIR"]).is_relative_to(workshop.checkout)
    assert Path(variables["PIP_CACHE_DIR"]).is_relative_to(workshop.checkout)
    assert variables.keys().isdisjoint({"PYTHONPATH", "PIP_TARGET"})


def test_the_users_own_pip_cache_is_used_and_left(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = workshop.checkout / "my-cache"
    cache.mkdir()
    monkeypatch.setenv("PIP_CACHE_DIR", str(cache))
    assert Setup(workshop.checkout, print).environment.variables()["PIP_CACHE_DIR"] == str(cache)
    workshop.run()
    assert cache.is_dir()


def test_an_interrupted_run_ends_with_130_and_one_line(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap.signal, "signal", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["bootstrap"])
    workshop.let_pip(CTRL_C_WHILE_FETCHING)
    monkeypatch.setattr(bootstrap, "_print_line", workshop.listen)
    assert bootstrap.main() == 130
    assert workshop.said[-1] == "set-up: interrupted; run it again to go on."


def test_a_file_in_the_way_ends_in_one_line(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap.signal, "signal", lambda *_: None)
    monkeypatch.setattr(sys, "argv", ["bootstrap"])
    (workshop.checkout / ".venv").touch()
    shutil.rmtree(workshop.checkout / ".comfyui")
    (workshop.checkout / ".comfyui").touch()
    assert bootstrap.main() == 1
    assert f"set-up: File exists: {workshop.checkout / '.comfyui'}" in capsys.readouterr().err
