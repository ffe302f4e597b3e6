import json
from pathlib import Path
from typing import Any

import pytest
from support.checkout import ROOT
from support.fakes.comfyui import FakeComfyUI, describe_nodes
from talkingshorts.cli.main import main
from talkingshorts.cli.make import read_make_options
from talkingshorts.cli.parser import build_parser
from talkingshorts.comfyui.client import ComfyClient
from talkingshorts.errors import ValidationError
from talkingshorts.jobs.request import Request
from talkingshorts.shorts.quality import Machine, choose_request, explain_unfit, read_machine
from talkingshorts.shorts.request import build_requests
from talkingshorts.workflow.model_names import list_models

WORKFLOWS = ROOT / "workflows"
GRAPH = json.loads((WORKFLOWS / "talking_short_fast.api.json").read_text())
LORA = "lightx2v_I2V_14B_480p_cfg_step_distill_rank64_bf16.safetensors"
TEXT_ENCODER = "umt5_xxl_fp8_e4m3fn_scaled.safetensors"
CLONING = ("--script", "Hi.", "--voice", "https://youtu.be/x", "--voice-rights")
GB = 10**9


def gpu(gigabytes: float, kind: str = "cuda", name: str = "cuda:0 NVIDIA RTX 9 : cudaMallocAsync") -> dict[str, Any]:
    return {"name": name, "type": kind, "vram_total": int(gigabytes * GB)}


CPU = gpu(64, "cpu", "cpu")


@pytest.fixture
def fake(fake: FakeComfyUI) -> FakeComfyUI:
    fake.nodes = describe_nodes(GRAPH)
    return fake


def choose(fake: FakeComfyUI, *arguments: str) -> tuple[Request, str]:
    requests = build_requests(read_make_options(build_parser().parse_args(["make", *(arguments or CLONING)])))
    return choose_request(ComfyClient(fake.url), requests)


@pytest.mark.parametrize(
    ("device", "workflow", "reason"),
    [
        (gpu(25.3), "talking_short.api.json", "Best: NVIDIA RTX 9 (25 GB) and all models are there."),
        (gpu(22.5), "talking_short.api.json", "Best:"),
        (gpu(16.9), "talking_short_fast.api.json", "Fast: NVIDIA RTX 9 (17 GB) and all models are there."),
        (gpu(12.6), "talking_short_fast.api.json", "stream in from RAM"),
        (gpu(8.4), "draft.api.json", "Draft: fast needs a GPU with 12 GB, and NVIDIA RTX 9 (8 GB) is smaller."),
        (gpu(64, "mps", "mps"), "draft.api.json", "Draft: fast needs a CUDA GPU, and ComfyUI has none."),
        (CPU, "draft.api.json", "CUDA GPU"),
    ],
)
def test_the_gpu_decides_what_is_made(fake: FakeComfyUI, device: dict[str, Any], workflow: str, reason: str) -> None:
    fake.devices = [device]
    request, said = choose(fake)

    assert request.workflow.name == workflow
    assert reason in said
    assert "\n" not in said


def test_comfyui_computes_on_the_first_device_that_it_names() -> None:
    assert read_machine({"devices": [gpu(8), gpu(80)]}).gpu_bytes == 8 * GB
    assert read_machine({"system": {"ram_total": 5}}) == Machine(ram_bytes=5)


@pytest.mark.parametrize(
    ("version", "name"),
    [("2.11.0+rocm7.1", "cuda:0 Instinct : native"), ("2.11.0", "cuda:0 AMD Radeon RX 7900 XTX : native")],
)
def test_a_gpu_of_amd_is_not_taken_for_one_that_cuda_knows(fake: FakeComfyUI, version: str, name: str) -> None:
    stats = {"system": {"pytorch_version": version}, "devices": [gpu(25, name=name)]}
    assert read_machine(stats).is_rocm
    assert not read_machine({"system": {"pytorch_version": "2.11.0+cu130"}, "devices": [gpu(25)]}).is_rocm

    fake.devices = [gpu(25, name="cuda:0 AMD Radeon RX 7900 XTX : native")]
    request, said = choose(fake)
    assert request.workflow.name == "draft.api.json"
    assert said == "Draft: fast isn't tried out on ROCm, which AMD Radeon RX 7900 XTX (25 GB) computes with."
    assert choose(fake, *CLONING, "--quality", "fast")[1].endswith("it isn't tried out on ROCm.")


@pytest.mark.parametrize("arguments", [CLONING, (*CLONING, "--quality", "fast"), (*CLONING, "--quality", "best")])
def test_a_gpu_that_comfyui_does_not_see_is_told_before_anything_is_made(
    fake: FakeComfyUI, arguments: tuple[str, ...]
) -> None:
    fake.devices = [CPU]
    said = choose(fake, *arguments)[1]

    assert "An NVIDIA GPU needs driver 580 or newer; `talkingshorts doctor`" in said
    assert "--quality" not in arguments or "take days on a CPU" in said


@pytest.mark.parametrize(
    ("gigabytes", "ram_gigabytes", "workflow"),
    [(25, 16, "draft.api.json"), (25, 33, "talking_short.api.json"), (80, 16, "talking_short.api.json")],
)
def test_models_wait_in_enough_ram_unless_all_stay_on_the_gpu(
    fake: FakeComfyUI, gigabytes: int, ram_gigabytes: int, workflow: str
) -> None:
    fake.devices, fake.ram_bytes = [gpu(gigabytes)], ram_gigabytes * GB

    assert choose(fake)[0].workflow.name == workflow


def test_the_larger_voice_model_is_not_taken_where_ram_is_short(fake: FakeComfyUI) -> None:
    fake.devices, fake.ram_bytes = [gpu(25)], 16 * GB
    fake.nodes["TalkingShortsLoadVibeVoice"]["input"]["required"]["model"][1]["options"].append("VibeVoice-7B")

    assert "VibeVoice-1.5B" in list_models(choose(fake, *CLONING, "--quality", "best")[0].workflow.graph)


@pytest.mark.parametrize(
    ("preset", "gigabytes", "ram_gigabytes", "is_fit"),
    [
        ("voice_clone", 6.4, 8, True),
        ("voice_clone", 4, 64, False),
        ("vibevoice_7b", 16.9, 33, True),
        ("vibevoice_7b", 16.9, 16, False),
        ("vibevoice_7b", 12.6, 33, False),
        ("s2v", 12.6, 33, True),
    ],
)
def test_a_preset_fits_by_gpu_and_ram(preset: str, gigabytes: float, ram_gigabytes: int, is_fit: bool) -> None:
    machine = Machine("RTX 9", int(gigabytes * GB), ram_gigabytes * GB)

    assert (explain_unfit(preset, machine) == "") is is_fit


def test_weights_stream_to_a_small_gpu_only_from_enough_ram(fake: FakeComfyUI) -> None:
    fake.devices, fake.ram_bytes = [gpu(16)], 16 * GB
    request, said = choose(fake)

    assert request.workflow.name == "draft.api.json"
    assert "fast needs 32 GB of RAM beside NVIDIA RTX 9 (16 GB), and there are 16 GB" in said


def test_best_is_made_without_the_models_that_only_fast_needs(fake: FakeComfyUI) -> None:
    fake.devices, fake.nodes = [gpu(80)], describe_nodes(GRAPH, {LORA})

    assert choose(fake)[0].workflow.name == "talking_short.api.json"


def test_missing_models_make_a_draft_and_are_named_with_the_command_that_gets_them(fake: FakeComfyUI) -> None:
    fake.devices, fake.nodes = [gpu(25)], describe_nodes(GRAPH, {TEXT_ENCODER, "VibeVoice-1.5B"})
    request, said = choose(fake)

    assert request.workflow.name == "draft.api.json"
    assert said == (
        "Draft: best would fit NVIDIA RTX 9 (25 GB), but 2 model files are missing "
        f"({TEXT_ENCODER}, VibeVoice-1.5B: 12.1 GB): talkingshorts models download best"
    )


def test_a_server_that_lacks_a_node_makes_a_draft(fake: FakeComfyUI) -> None:
    fake.devices = [gpu(25)]
    del fake.nodes["TalkingShortsTalkingVideo"]

    assert "no node TalkingShortsTalkingVideo: update" in choose(fake)[1]


@pytest.mark.parametrize(("device", "reason"), [(CPU, "slow"), (gpu(8), "stream in from RAM"), (gpu(80), "80 GB")])
@pytest.mark.parametrize("quality", ["fast", "best"])
def test_the_quality_that_is_asked_for_is_made_on_any_machine(
    fake: FakeComfyUI, device: dict[str, Any], reason: str, quality: str
) -> None:
    fake.devices = [device]
    request, said = choose(fake, *CLONING, "--quality", quality)

    assert request.workflow.name.startswith("talking_short")
    assert said.startswith(f"{quality.capitalize()}, as asked for")
    assert reason in said


def test_models_that_lack_for_the_quality_asked_for_are_an_error_that_names_them(fake: FakeComfyUI) -> None:
    fake.nodes = describe_nodes(GRAPH, {LORA})
    with pytest.raises(ValidationError, match=rf"--quality fast .*\({LORA}: .*: talkingshorts models download fast$"):
        choose(fake, *CLONING, "--quality", "fast")


def test_a_draft_that_is_asked_for_asks_nothing_back(fake: FakeComfyUI) -> None:
    request, said = choose(fake, *CLONING, "--quality", "draft")

    assert (request.workflow.name, said, fake.asked) == ("draft.api.json", "", 0)


@pytest.mark.parametrize(
    ("gigabytes", "arguments", "voice"),
    [
        (25, CLONING, "VibeVoice-7B"),
        (25, (*CLONING, "--quality", "best"), "VibeVoice-7B"),
        (25, (*CLONING, "--quality", "fast"), "VibeVoice-1.5B"),
        (16, (*CLONING, "--quality", "best"), "VibeVoice-1.5B"),
    ],
)
def test_best_clones_with_the_larger_voice_model_where_it_is_and_fits(
    fake: FakeComfyUI, gigabytes: int, arguments: tuple[str, ...], voice: str
) -> None:
    fake.devices = [gpu(gigabytes)]
    fake.nodes["TalkingShortsLoadVibeVoice"]["input"]["required"]["model"][1]["options"].append("VibeVoice-7B")
    request, said = choose(fake, *arguments)

    assert voice in list_models(request.workflow.graph)
    assert ("VibeVoice-7B" in said) == (voice == "VibeVoice-7B")


def test_the_larger_voice_model_stands_in_for_the_one_that_is_not_there(fake: FakeComfyUI) -> None:
    fake.devices, fake.nodes = [gpu(80)], describe_nodes(GRAPH, {"VibeVoice-1.5B"})
    fake.nodes["TalkingShortsLoadVibeVoice"]["input"]["required"]["model"][1]["options"] = ["VibeVoice-7B"]

    assert choose(fake)[0].workflow.name == "talking_short.api.json"


def test_every_machine_is_fit_for_a_draft() -> None:
    assert explain_unfit("draft", Machine()) == ""


def make(*arguments: str) -> int:
    return main(["make", "-o", "x.mp4", *arguments])


def test_make_runs_the_quality_that_fits_and_says_why_in_one_line(
    fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.devices = [gpu(25)]
    assert make(*CLONING) == 0

    assert json.loads(Path("x.json").read_text())["workflow"] == "talking_short.api.json"
    captured = capsys.readouterr()
    assert captured.out == "x.mp4\n"
    assert captured.err.startswith("Best: NVIDIA RTX 9 (25 GB)")


@pytest.mark.parametrize(
    ("arguments", "reason"), [(CLONING[:2], "Draft: no voice"), (CLONING[:4], "Draft: your voice isn't cloned.")]
)
def test_make_says_why_no_voice_is_cloned(
    fake: FakeComfyUI, arguments: tuple[str, ...], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.devices = [gpu(25)]
    fake.nodes = describe_nodes(json.loads((WORKFLOWS / "draft.api.json").read_text()))
    assert make(*arguments) == 0

    assert reason in capsys.readouterr().err.splitlines()[0]


def test_make_ends_with_3_when_models_lack_for_the_quality_asked_for(
    fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.nodes = describe_nodes(GRAPH, {TEXT_ENCODER})
    assert make(*CLONING, "--quality", "best") == 3

    assert TEXT_ENCODER in capsys.readouterr().err
    assert fake.posted == []


@pytest.mark.parametrize("wrong", [("--voice", "no.wav"), ("--portrait", "no.png"), ("-o", "x.gif")])
def test_a_wrong_command_line_is_told_before_a_server_is_asked(fake: FakeComfyUI, wrong: tuple[str, str]) -> None:
    assert make(*CLONING, *wrong) == 2
    assert fake.asked == 0


def test_make_sets_further_inputs_of_the_workflow_that_it_chooses(fake: FakeComfyUI) -> None:
    fake.devices = [gpu(25)]
    assert make(*CLONING, "-s", "steps=8") == 0

    assert json.loads(Path("x.json").read_text())["inputs"]["steps"] == 8


def test_make_refuses_to_set_an_input_that_the_workflow_it_chooses_lacks(
    fake: FakeComfyUI, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.devices = [CPU]
    fake.nodes = describe_nodes(json.loads((WORKFLOWS / "draft.api.json").read_text()))
    assert make(*CLONING, "-s", "steps=8") == 3

    assert "The workflow draft.api.json has no input 'steps'" in capsys.readouterr().err
    assert (fake.uploaded, fake.posted) == ([], [])
