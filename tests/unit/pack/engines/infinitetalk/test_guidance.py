from __future__ import annotations

import pytest
import torch
from comfyui_talkingshorts.engines.infinitetalk.guidance import Branch, ProjectedGuidance, combine, plan_branches

SHAPE = (16, 3, 4, 4)


def predict(branches: tuple[Branch, ...] = tuple(Branch), seed: int = 0, batch: int | None = None) -> dict:
    generator = torch.Generator().manual_seed(seed)
    shape = SHAPE if batch is None else (batch, *SHAPE)
    drawn = {branch: torch.randn(shape, generator=generator) for branch in Branch}
    return {branch: drawn[branch] for branch in branches}


@pytest.mark.parametrize(
    ("text_scale", "audio_scale", "branches"),
    [
        (5, 4, (Branch.PROMPT, Branch.NEGATIVE, Branch.SILENT_NEGATIVE)),
        (5, 1, (Branch.PROMPT, Branch.NEGATIVE)),
        (1, 4, (Branch.PROMPT, Branch.SILENT_PROMPT)),
        (1, 1, (Branch.PROMPT,)),
    ],
)
def test_only_branches_that_count_are_run(text_scale: float, audio_scale: float, branches: tuple[Branch, ...]) -> None:
    assert plan_branches(text_scale, audio_scale) == branches


def test_three_branches_give_the_official_sum() -> None:
    made = predict(plan_branches(5, 4))
    c, d, u = made.values()

    torch.testing.assert_close(combine(made, 5, 4), u + 5 * (c - d) + 4 * (d - u), atol=1e-5, rtol=0)


def test_two_branches_give_the_official_sum() -> None:
    made = predict(plan_branches(1, 4))
    c, n = made.values()

    torch.testing.assert_close(combine(made, 1, 4), n + 4 * (c - n), atol=1e-5, rtol=0)


def test_the_silent_branch_that_is_spared_would_have_counted_nothing() -> None:
    made = predict()
    c, d, u = made[Branch.PROMPT], made[Branch.NEGATIVE], made[Branch.SILENT_NEGATIVE]

    torch.testing.assert_close(
        combine(predict(plan_branches(5, 1)), 5, 1), u + 5 * (c - d) + 1 * (d - u), atol=1e-5, rtol=0
    )


def test_one_branch_is_the_prediction_itself() -> None:
    made = predict((Branch.PROMPT,))

    assert torch.equal(combine(made, 1, 1), made[Branch.PROMPT])


@pytest.mark.parametrize(("text_scale", "audio_scale"), [(5, 4), (5, 1), (1, 4), (0, 2)])
def test_where_all_branches_agree_guidance_changes_nothing(text_scale: float, audio_scale: float) -> None:
    agreed = dict.fromkeys(plan_branches(text_scale, audio_scale), torch.randn(SHAPE))

    torch.testing.assert_close(combine(agreed, text_scale, audio_scale), agreed[Branch.PROMPT])
    torch.testing.assert_close(
        ProjectedGuidance().combine(agreed, text_scale, audio_scale), agreed[Branch.PROMPT], atol=1e-5, rtol=0
    )


def test_projected_guidance_leaves_the_part_along_the_prediction_as_it_is() -> None:
    made = predict(plan_branches(5, 4))
    change = ProjectedGuidance().combine(made, 5, 4) - made[Branch.PROMPT]

    assert change.norm() > 1
    assert float((change * made[Branch.PROMPT]).sum() / change.norm() / made[Branch.PROMPT].norm()) == pytest.approx(
        0, abs=1e-6
    )


def test_a_long_direction_is_shortened_to_the_threshold() -> None:
    made = {Branch.PROMPT: torch.zeros(SHAPE), Branch.SILENT_PROMPT: torch.full(SHAPE, 10.0)}

    assert float(ProjectedGuidance(norm_threshold=55).combine(made, 1, 2).norm()) == pytest.approx(55, rel=1e-5)


def test_momentum_runs_over_the_steps_of_one_window_only() -> None:
    window, first, second = ProjectedGuidance(), predict(seed=1), predict(seed=2)
    before = window.combine(first, 5, 4)

    assert torch.equal(before, ProjectedGuidance().combine(first, 5, 4))
    assert not torch.allclose(window.combine(second, 5, 4), ProjectedGuidance().combine(second, 5, 4))


def test_each_member_of_a_batch_is_guided_by_itself() -> None:
    batch = predict(batch=2)
    alone = {branch: tensor[1] for branch, tensor in batch.items()}

    torch.testing.assert_close(
        ProjectedGuidance().combine(batch, 5, 4)[1], ProjectedGuidance().combine(alone, 5, 4), atol=1e-5, rtol=0
    )
