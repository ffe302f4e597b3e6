import pytest
from comfyui_talkingshorts.core.infinitetalk.windows import plan_windows
from comfyui_talkingshorts.core.wan_s2v.windows import plan_s2v_windows
from talkingshorts.errors import ValidationError
from talkingshorts.estimate.graph import set_values
from talkingshorts.estimate.plan import Plan, Stage, count_branches, plan_window_frames, plan_work
from talkingshorts.shipped.workflows import get_workflow, list_workflows
from talkingshorts.workflow.file import Workflow, load_workflow


def plan(name: str, *settings: tuple[str, str], seconds: float | None = None) -> Plan:
    return plan_work(set_values(load_workflow(get_workflow(name).path), settings), seconds)


def find_stage(planned: Plan, name: str) -> Stage:
    return next(stage for stage in planned.stages if name in stage.name)


def test_a_short_of_8_seconds_takes_3_windows_and_360_forwards() -> None:
    talking = find_stage(plan("talking_short"), "Talking")

    assert (talking.windows, talking.forwards) == (3, 360)
    assert talking.network.flops / 1e15 == pytest.approx(657, rel=0.01)


def test_4_steps_of_one_branch_take_12() -> None:
    talking = find_stage(plan("talking_short_fast"), "Talking")

    assert (talking.windows, talking.forwards) == (3, 12)
    assert talking.network.flops / 1e15 == pytest.approx(22, rel=0.01)


def test_the_talking_model_and_its_patch_are_22_gb() -> None:
    talking = find_stage(plan("talking_short"), "Talking")

    assert talking.weight_bytes / 1e9 == pytest.approx(21.8, abs=0.1)
    assert talking.peak_bytes / 1e9 == pytest.approx(3.4, abs=0.1)


@pytest.mark.parametrize(
    ("settings", "forwards"),
    [
        ([("43:38.guidance_end", "0.5")], 3 * (20 * 3 + 20 * 2)),
        ([("43:38.text_scale", "1")], 3 * 40 * 2),
        ([("43:38.audio_scale", "1")], 3 * 40 * 2),
        ([("steps", "10")], 3 * 10 * 3),
        ([("43:38.window_frames", "49")], 5 * 40 * 3),
        ([("target_seconds", "3")], 40 * 3),
    ],
)
def test_the_graphs_inputs_decide(settings: list[tuple[str, str]], forwards: int) -> None:
    assert find_stage(plan("talking_short", *settings), "Talking").forwards == forwards


def test_a_shorter_last_window_costs_less() -> None:
    shorter = plan("talking_short", ("43:38.short_last_window", "true"))

    assert find_stage(shorter, "Talking").network.flops < find_stage(plan("talking_short"), "Talking").network.flops


@pytest.mark.parametrize("graph", ["talking_video", "s2v"])
def test_1080_costs_what_1088_costs(graph: str) -> None:
    usual, computed = (plan(graph, ("width", side), ("height", "1920")) for side in ("1080", "1088"))

    assert usual == computed


@pytest.mark.parametrize("mode", ["bucket_480", "bucket_720"])
def test_a_bucket_decides_the_size(mode: str) -> None:
    side = {"bucket_480": "640", "bucket_720": "960"}[mode]
    by_mode = plan("talking_short", ("43:38.size_mode", mode))
    by_size = plan("talking_short", ("43:38.width", side), ("43:38.height", side))

    assert find_stage(by_mode, "Talking") == find_stage(by_size, "Talking")


def test_the_seconds_given_come_before_the_target_and_that_before_8() -> None:
    assert plan("talking_short", seconds=20).speech_seconds == 20
    assert plan("talking_short", ("target_seconds", "12.5")).speech_seconds == 12.5
    assert plan("talking_short", ("target_seconds", "0")).speech_seconds == 8
    assert plan("talking_video").speech_seconds == 8


def test_a_target_takes_four_takes_of_the_speech() -> None:
    four, one = plan("voice_clone"), plan("voice_clone", ("target_seconds", "0"))

    assert four.stages[0].network.flops == pytest.approx(4 * one.stages[0].network.flops)
    assert four.stages[0].forwards == one.stages[0].forwards == 60


def test_the_larger_voice_costs_more() -> None:
    larger = plan("voice_clone", ("TalkingShortsLoadVibeVoice#1.model", "VibeVoice-7B"))

    assert larger.stages[0].weight_bytes > 3 * plan("voice_clone").stages[0].weight_bytes


def test_a_split_schedule_is_shared_by_both_models() -> None:
    planned = plan("i2v", ("steps", "5"))

    assert find_stage(planned, "High").forwards == 2 * 3
    assert find_stage(planned, "Low").forwards == 2 * 2
    assert planned.speech_seconds is None


@pytest.mark.parametrize("name", [shipped.name for shipped in list_workflows() if shipped.name != "draft"])
def test_every_shipped_graph_has_its_costs(name: str) -> None:
    planned = plan(name)

    assert planned.model_bytes > 0
    assert planned.ram_bytes > max(stage.weight_bytes for stage in planned.stages)


@pytest.mark.parametrize("frames", [1, 80, 81, 82, 153, 200, 1000])
@pytest.mark.parametrize("is_last_shortened", [False, True])
@pytest.mark.parametrize("lengths", [(81, 9), (49, 1), (33, 13)])
def test_windows_are_those_of_the_node(frames: int, is_last_shortened: bool, lengths: tuple[int, int]) -> None:
    planned = plan_windows(frames, *lengths, is_last_shortened)

    assert plan_window_frames(frames, *lengths, is_last_shortened) == [window.frames for window in planned]


@pytest.mark.parametrize("frames", [1, 77, 78, 128, 157, 158, 1000])
def test_s2vs_windows_are_those_of_the_node(frames: int) -> None:
    assert plan("s2v", seconds=frames / 16).stages[0].windows == len(plan_s2v_windows(frames))


@pytest.mark.parametrize(("scales", "branches"), [((5, 4), 3), ((1, 4), 2), ((5, 1), 2), ((1, 1), 1)])
def test_each_scale_that_is_not_1_takes_a_forward_more(scales: tuple[float, float], branches: int) -> None:
    assert count_branches(*scales) == branches


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ([("43:34.unet_name", "mine.safetensors")], "what 'mine.safetensors' costs isn't known"),
        ([("40:16.model", "clip_vision_h.safetensors")], "what 'clip_vision_h.safetensors' costs isn't known"),
        ([("43:38.window_frames", "80")], "window_frames is 80: give 1, 5, 9"),
        ([("43:38.motion_frames", "81")], "motion_frames is 81: give fewer"),
        ([("target_seconds", "100000")], "100000 seconds of speech are more than a day"),
    ],
)
def test_what_can_not_be_estimated_is_said(settings: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        plan("talking_short", *settings)


def test_a_draft_has_nothing_to_estimate() -> None:
    with pytest.raises(ValidationError, match=r"draft\.api\.json has nothing whose cost is known.*A draft needs"):
        plan("draft")


def test_a_graph_of_other_nodes_has_nothing_to_estimate() -> None:
    with pytest.raises(ValidationError, match="has nothing whose cost is known"):
        plan_work(Workflow("w", {"1": {"class_type": "KSampler", "inputs": {}}}))
