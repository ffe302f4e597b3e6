import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from support.checkout import ROOT
from support.fakes.comfyui import describe_nodes, serve_fake_comfyui
from talkingshorts import doctor
from talkingshorts.jobs.reach import ServerChoice
from talkingshorts.managed import server
from talkingshorts.shipped.models import list_presets, load_model_list
from talkingshorts.shorts.quality import Machine

H200 = {"name": "H200", "type": "cuda", "vram_total": 150 * 10**9}
LAPTOP_GPU = {"name": "RTX 4060", "type": "cuda", "vram_total": 8 * 10**9}
MANAGED = ServerChoice()
NO_DRIVER, RTX = doctor.NvidiaDriver(), doctor.NvidiaDriver(("RTX 4090",), "12.4")
MAC = {"name": "Apple GPU", "type": "mps", "vram_total": 64 * 10**9}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TALKINGSHORTS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COMFYUI_DIR", str(tmp_path / "ComfyUI"))
    monkeypatch.setenv("COMFYUI_PYTHON", sys.executable)
    return tmp_path / "home"


@pytest.fixture
def comfyui(home: Path) -> Path:
    folder = home.parent / "ComfyUI"
    folder.mkdir()
    (folder / "main.py").touch()
    (folder / "comfyui_version.py").write_text('__version__ = "0.30.0"')
    return folder


def seen(**changed: Any) -> dict[str, Any]:
    return {
        "python": "3.11.7",
        "packages": {"torch": "2.11.0", "yt-dlp": "2026.1"},
        "devices": [],
        "torch": {"version": "2.11.0", "cuda": None, "hip": None, "ram_total": 64 * 10**9},
        "trouble": None,
    } | changed


def by_check(rows: list[doctor.Finding]) -> dict[str, doctor.Finding]:
    assert all(row.keys() == {"check", "ok", "detail", "remedy"} for row in rows)
    assert all(row["remedy"] for row in rows if row["ok"] is False)
    return {row["check"]: row for row in rows}


def test_a_complete_installation_has_nothing_wrong(comfyui: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "look", lambda python: seen())
    rows = by_check(doctor.run_doctor(MANAGED))
    assert [name for name, row in rows.items() if row["ok"] is False] == []
    assert rows["ComfyUI"]["detail"] == f"0.30.0 in {comfyui}"
    assert rows["yt-dlp"]["detail"] == "2026.1"
    assert "draft" in rows["quality"]["detail"]


def test_looking_makes_nothing_and_starts_nothing(comfyui: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "look", lambda python: seen())
    rows = by_check(doctor.run_doctor(MANAGED))
    assert rows["managed server"]["ok"] is None
    assert not home.exists()


def test_without_comfyui_the_remedy_is_set_up(home: Path) -> None:
    row = by_check(doctor.run_doctor(MANAGED))["ComfyUI"]
    assert row["ok"] is False
    assert "make setup" in row["remedy"]


def test_an_installation_of_another_version_is_reported(comfyui: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "look", lambda python: seen())
    monkeypatch.setattr(doctor, "is_outdated", lambda: True)
    row = by_check(doctor.run_doctor(MANAGED))["installation"]
    assert row["ok"] is False
    assert "other requirements" in row["detail"]


def test_a_pack_that_is_linked_at_the_first_start_is_no_failure_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor.home, "checkout_dir", lambda: None)
    assert doctor.pack_row(tmp_path / "base")["ok"] is None
    monkeypatch.setattr(doctor.home, "checkout_dir", lambda: tmp_path)
    assert doctor.pack_row(tmp_path / "base")["ok"] is None
    assert doctor.pack_row(tmp_path / ".comfyui" / "base")["ok"] is False


def test_an_old_comfyui_is_reported(comfyui: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (comfyui / "comfyui_version.py").write_text('__version__ = "0.3.60"')
    monkeypatch.setattr(doctor, "look", lambda python: seen())
    assert by_check(doctor.run_doctor(MANAGED))["ComfyUI"]["ok"] is False


def test_a_missing_package_and_a_broken_torch_are_reported(comfyui: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = seen(packages={"torch": "2.11.0", "deno": None}, trouble="ImportError: libcudart.so")
    monkeypatch.setattr(doctor, "look", lambda python: broken)
    rows = by_check(doctor.run_doctor(MANAGED))
    assert rows["deno"]["ok"] is False
    assert rows["torch works"]["detail"] == "ImportError: libcudart.so"


def test_a_python_that_cannot_be_run_is_reported(comfyui: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMFYUI_PYTHON", "/nowhere/python")
    row = by_check(doctor.run_doctor(MANAGED))["ComfyUI's Python"]
    assert row["ok"] is False
    assert "/nowhere/python: No such file" in row["detail"]


def test_every_requirement_of_the_pack_is_looked_for() -> None:
    requirements = ROOT / "custom_nodes" / "comfyui_talkingshorts" / "requirements.txt"
    wanted = {re.split(r"[\[<>=]", line)[0] for line in requirements.read_text().split()}

    assert wanted | {"torch"} == set(doctor.PACKAGES)


def test_packages_are_looked_for_in_comfyuis_python(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "PACKAGES", {"pytest": "pytest", "no-such-package": "no_such_package"})
    monkeypatch.setattr(doctor, "LOOK", doctor.LOOK.replace("import psutil, torch", "raise ImportError('torch')"))
    found = doctor.look(Path(sys.executable))
    assert isinstance(found, dict)
    nobody_needs = dict.fromkeys(doctor.ATTENTION_PACKAGES)
    assert found["packages"] == {"pytest": pytest.__version__, "no-such-package": None, **nobody_needs}
    assert found["trouble"] == "ImportError: torch"


def build(**changed: Any) -> dict[str, Any]:
    return {"version": "2.11.0", "cuda": "13.0", "hip": None, "architectures": ["sm_75", "sm_90", "sm_120"]} | changed


def look_at(
    devices: list[dict[str, Any]], nvidia: doctor.NvidiaDriver = NO_DRIVER, *, has_amd: bool = False, **changed: Any
) -> Any:
    return doctor.gpu_row(seen(devices=devices, torch=build(**changed)), nvidia, has_amd=has_amd)


def test_a_gpu_that_torch_computes_on_is_named_with_the_cuda_that_torch_is_built_for() -> None:
    row = look_at([H200])
    assert (row["ok"], row["detail"]) == (True, "H200 (150 GB), torch for CUDA 13.0")


@pytest.mark.parametrize(
    ("packages", "has_xformers", "detail"),
    [
        ({}, False, "PyTorch's"),
        (
            {"sageattention": "1.0.6"},
            False,
            "PyTorch's. SageAttention 1.0.6 is used where TALKINGSHORTS_ATTENTION=sage",
        ),
        ({"xformers": "0.0.35"}, True, "xformers 0.0.35, since it is installed"),
        ({"xformers": "0.0.35"}, False, "xformers 0.0.35 is installed, but isn't built for torch 2.11.0"),
    ],
)
def test_attention_is_comfyuis_own_choice(packages: dict[str, str], has_xformers: bool, detail: str) -> None:
    row = doctor.attention_row(seen(packages=packages, torch=build(has_xformers=has_xformers)))

    assert row["ok"] is None
    assert detail in row["detail"]


def test_sageattention_that_is_asked_for_must_be_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALKINGSHORTS_ATTENTION", "sage")

    row = doctor.attention_row(seen())
    assert row["ok"] is False
    assert "-m pip install sageattention==1.0.6" in row["remedy"]
    assert doctor.attention_row(seen(packages={"sageattention": "1.0.6"}))["ok"] is True


def test_an_attention_that_nobody_knows_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALKINGSHORTS_ATTENTION", "flash")

    row = doctor.attention_row(seen())
    assert (row["ok"], "TALKINGSHORTS_ATTENTION is 'flash'" in row["detail"]) == (False, True)


def test_attention_is_told_where_there_is_a_gpu(comfyui: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for devices, is_told in (([], False), ([H200], True)):
        on_cuda = seen(devices=devices, torch=build(ram_total=64 * 10**9))
        monkeypatch.setattr(doctor, "look", lambda python, on_cuda=on_cuda: on_cuda)
        assert ("attention" in by_check(doctor.run_doctor(MANAGED))) is is_told


def test_no_gpu_is_no_failure() -> None:
    assert look_at([])["ok"] is None


@pytest.mark.parametrize(
    ("nvidia", "cuda", "detail", "remedy"),
    [
        (RTX, None, "RTX 4090, but torch 2.11.0 is built without CUDA", "built for CUDA"),
        (
            RTX,
            "13.0",
            "the driver knows CUDA up to 12.4, and torch is built for 13.0",
            "Update the NVIDIA driver to 580 or newer, or install a torch built for CUDA 12 in ComfyUI's Python",
        ),
        (RTX, "12.4", "torch for CUDA 12.4 finds none of them", "CUDA_VISIBLE_DEVICES"),
        (RTX, "12.9", "torch for CUDA 12.9 finds none of them", "CUDA_VISIBLE_DEVICES"),
        (doctor.NvidiaDriver(("RTX 4090",)), "13.0", "finds none of them", "CUDA_VISIBLE_DEVICES"),
    ],
)
def test_what_keeps_torch_from_a_gpu_is_a_failure_with_a_remedy(
    nvidia: doctor.NvidiaDriver, cuda: str | None, detail: str, remedy: str
) -> None:
    row = look_at([], nvidia, cuda=cuda)
    assert row["ok"] is False
    assert detail in row["detail"]
    assert remedy in row["remedy"]


@pytest.mark.parametrize(
    ("capability", "architectures", "is_known"),
    [
        ([12, 0], ["sm_80", "sm_90"], False),
        ([12, 0], ["sm_80", "sm_120"], True),
        ([12, 1], ["sm_120"], True),
        ([8, 9], ["sm_80", "sm_86"], True),
        ([8, 0], ["sm_86"], False),
        ([12, 0], ["sm_90", "compute_90"], True),
        ([9, 0], ["sm_90a"], True),
        ([6, 1], ["sm_75", "sm_120"], False),
    ],
)
def test_a_gpu_needs_a_torch_with_code_for_it(capability: list[int], architectures: list[str], is_known: bool) -> None:
    row = look_at([H200 | {"capability": capability}], architectures=architectures)
    assert row["ok"] is is_known


def test_a_new_gpu_needs_a_newer_cuda_and_an_old_one_an_older() -> None:
    new = look_at([H200 | {"name": "RTX 5090", "capability": [12, 0]}], architectures=["sm_90"], cuda="12.6")
    assert new["detail"] == "RTX 5090 is sm_120, and torch 2.11.0 is built for sm_90"
    assert "CUDA 12.8 or newer" in new["remedy"]
    assert "CUDA 12.6, an older CUDA" in look_at([H200 | {"capability": [6, 1]}])["remedy"]


def test_a_gpu_on_which_torch_fails_is_a_failure() -> None:
    row = look_at([H200], failure="CUDA error: out of memory")
    assert (row["ok"], row["detail"]) == (False, "H200, but torch fails on it: CUDA error: out of memory")


@pytest.mark.parametrize("trouble", [{"capability": [6, 1]}, {"capability": [9, 0]}])
def test_a_gpu_that_torch_cannot_compute_on_makes_drafts(
    comfyui: Path, monkeypatch: pytest.MonkeyPatch, trouble: dict[str, Any]
) -> None:
    monkeypatch.setattr(doctor, "_find_lacking", lambda files: [])
    torch = build(ram_total=64 * 10**9)
    monkeypatch.setattr(doctor, "look", lambda python: seen(devices=[H200 | trouble], torch=torch))
    quality = by_check(doctor.run_doctor(MANAGED))["quality"]["detail"]
    assert quality.endswith(": draft" if trouble["capability"] == [6, 1] else ": best")


def test_other_makers_gpus_are_named_without_a_promise() -> None:
    amd = look_at([LAPTOP_GPU | {"capability": None}], cuda=None, hip="6.4")
    assert amd["ok"] is True
    assert "not tried out on ROCm" in amd["detail"]
    assert look_at([MAC], cuda=None)["detail"] == "Apple GPU (64 GB)"


def test_an_amd_gpu_under_a_torch_for_cuda_is_named_as_unused() -> None:
    row = look_at([], has_amd=True)
    assert row["ok"] is None
    assert "an AMD GPU, for which torch 2.11.0 isn't built; fast and best are not tried out on ROCm" in row["detail"]
    assert look_at([], RTX, has_amd=True)["ok"] is False


TORCH_WITH_GPU = """
class version: cuda, hip = "13.0", None
class Properties: name, total_memory, major, minor = "P40", 24 * 10**9, 6, 1
class cuda:
    is_available = staticmethod(lambda: True)
    get_arch_list = staticmethod(lambda: ["sm_75"])
    device_count = staticmethod(lambda: 1)
    get_device_properties = staticmethod(lambda index: Properties)
def ones(count, device): raise RuntimeError("no kernel image\\nCompile with more")
__version__ = "2.11.0"
"""


def test_looking_runs_a_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "torch.py").write_text(TORCH_WITH_GPU)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = doctor.look(Path(sys.executable))
    assert isinstance(found, dict)
    assert found["torch"]["failure"] == "no kernel image"
    assert [device["capability"] for device in found["devices"]] == [[6, 1]]


def test_the_driver_is_asked_for_its_gpus_and_its_cuda(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nvidia-smi"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert doctor.ask_nvidia_driver() == NO_DRIVER
    lines = ["CUDA Version                              : 12.4", "    Product Name                          : RTX 4090"]
    program.write_text("#!/bin/sh\n" + "\n".join(f"echo '{line}'" for line in lines))
    program.chmod(0o755)
    assert doctor.ask_nvidia_driver() == RTX


GPU, SMALL_GPU = Machine("RTX 4090", 25 * 10**9, 64 * 10**9), Machine("RTX 4060", 8 * 10**9, 64 * 10**9)


def test_a_preset_that_is_whole_and_fits_is_in_order() -> None:
    row = doctor.preset_row("best", GPU, {}, 0)
    assert (row["ok"], row["detail"]) == (True, "all files are here; fits RTX 4090 (25 GB)")


def test_missing_models_are_no_failure_and_come_with_the_command_that_gets_them() -> None:
    row = doctor.preset_row("best", GPU, {"a": 10**9, "b": 2 * 10**9}, 5 * 10**9)
    assert row["ok"] is None
    words = "2 model files are missing (a, b: 3.0 GB): talkingshorts models download best; fits RTX 4090"
    assert words in row["detail"]
    assert row["remedy"] == "talkingshorts models download best"


def test_a_disk_that_is_too_small_for_the_missing_models_is_pointed_out() -> None:
    assert "the disk has only 2.0 GB free" in doctor.preset_row("i2v", GPU, {"a": 3 * 10**9}, 2 * 10**9)["detail"]


def test_a_preset_that_does_not_fit_says_what_it_needs() -> None:
    row = doctor.preset_row("best", SMALL_GPU, {}, 0)
    assert row["ok"] is None
    assert "best needs a GPU with 24 GB, and RTX 4060 (8 GB) is smaller" in row["detail"]
    assert doctor.preset_row("voice_clone", SMALL_GPU, {}, 0)["ok"] is True


@pytest.mark.parametrize(
    ("machine", "missing", "quality"),
    [(GPU, "", "best"), (GPU, "VibeVoice", "draft"), (SMALL_GPU, "", "draft"), (Machine(), "", "draft")],
)
def test_the_quality_is_the_best_that_fits_and_whose_models_are_here(
    machine: Machine, missing: str, quality: str
) -> None:
    lacking = lambda files: {file.name: file.bytes for file in files if missing and missing in file.name}  # noqa: E731
    assert doctor.preset_rows(machine, lacking, None)[0]["detail"].endswith(f": {quality}")


def test_every_preset_of_the_list_has_a_row(comfyui: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "look", lambda python: seen())
    rows = by_check(doctor.run_doctor(MANAGED))
    assert {f"models {preset}" for preset in list_presets(load_model_list())} <= rows.keys()
    assert rows["models best"]["ok"] is None


def test_a_model_on_the_disk_is_not_missing(comfyui: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (comfyui / "models" / "vibevoice" / "VibeVoice-7B").mkdir(parents=True)
    (part,) = (file for file in load_model_list() if file.name == "VibeVoice-7B/model-00001-of-00010.safetensors")
    with (comfyui / "models" / part.relative_path).open("wb") as file:
        file.truncate(part.bytes)
    monkeypatch.setattr(doctor, "look", lambda python: seen())
    words = "1 model file is missing (VibeVoice-7B: 16.8 GB): talkingshorts models download vibevoice_7b"
    assert words in by_check(doctor.run_doctor(MANAGED))["models vibevoice_7b"]["detail"]


GRAPH = json.loads((ROOT / "workflows" / "talking_short.api.json").read_text())


def test_a_named_server_is_looked_at_in_place_of_this_machine() -> None:
    with serve_fake_comfyui() as fake:
        fake.devices, fake.nodes = [H200], describe_nodes(GRAPH)
        rows = by_check(doctor.run_doctor(ServerChoice(fake.url)))
    assert "ComfyUI 0.30.0" in rows["server"]["detail"]
    assert rows["node pack"]["ok"] is True
    assert rows["GPU"]["detail"] == "H200 (150 GB)"
    assert rows["quality"]["detail"].endswith(": best")
    assert rows["models best"]["ok"] is True
    words = "_bf16.safetensors: 738.0 MB): talkingshorts models download fast"
    assert words in rows["models fast"]["detail"]
    assert "disk" not in rows


def test_a_named_server_without_the_pack_is_a_failure() -> None:
    with serve_fake_comfyui() as fake:
        row = by_check(doctor.run_doctor(ServerChoice(fake.url)))["node pack"]
    assert row["ok"] is False
    assert "comfyui_talkingshorts" in row["remedy"]


@pytest.mark.parametrize(("token", "is_let_in"), [("secret", True), ("wrong", False), (None, False)])
def test_a_guarded_server_is_asked_with_the_token(token: str | None, is_let_in: bool) -> None:
    with serve_fake_comfyui() as guarded:
        guarded.token = "secret"
        row = doctor.run_doctor(ServerChoice(guarded.url, token))[0]
    assert row["ok"] == is_let_in
    assert is_let_in or "token" in row["detail"]


def test_a_named_server_that_is_not_there_is_reported() -> None:
    (row,) = doctor.run_doctor(ServerChoice(f"http://127.0.0.1:{server.free_port()}"))
    assert row["ok"] is False
