from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from comfyui_talkingshorts.core.vibevoice.dpm_solver import SolverStep, plan_solver_steps

STEP_COUNTS = [1, 2, 3, 5, 10, 20, 100]


def denoise(
    step_count: int, noisy: np.ndarray, predict_clean: Callable[[np.ndarray, SolverStep], np.ndarray]
) -> np.ndarray:
    """Run the solver from a latent at the first timestep, with a head that predicts the velocity of predict_clean."""
    latent, previous_clean = noisy, np.zeros_like(noisy)
    for step in plan_solver_steps(step_count):
        velocity = (step.alpha * latent - predict_clean(latent, step)) / step.sigma
        clean = step.alpha * latent - step.sigma * velocity
        latent = step.keep * latent + step.clean_weight * clean + step.previous_weight * previous_clean
        previous_clean = clean
    return latent


def next_levels(steps: list[SolverStep]) -> list[tuple[float, float]]:
    return [*((step.alpha, step.sigma) for step in steps[1:]), (1.0, 0.0)]


@pytest.mark.parametrize(
    ("step_count", "timesteps"),
    [
        (1, [999]),
        (2, [999, 500]),
        (5, [999, 799, 599, 400, 200]),
        (10, [999, 899, 799, 699, 599, 500, 400, 300, 200, 100]),
    ],
)
def test_timesteps_are_evenly_spaced_from_the_noisiest_down(step_count: int, timesteps: list[int]) -> None:
    assert [step.timestep for step in plan_solver_steps(step_count)] == timesteps


@pytest.mark.parametrize("step_count", STEP_COUNTS)
def test_every_step_is_less_noisy_than_the_one_before(step_count: int) -> None:
    steps = plan_solver_steps(step_count)

    assert len(steps) == step_count
    assert all(step.alpha**2 + step.sigma**2 == pytest.approx(1) for step in steps)
    sigmas = [step.sigma for step in steps]
    assert sigmas == sorted(set(sigmas), reverse=True)
    assert steps[0].sigma > 0.9999


def test_the_schedule_is_a_cosine() -> None:
    half_way = plan_solver_steps(2)[1]

    assert half_way.alpha == pytest.approx(np.cos((0.501 + 0.008) / 1.008 * np.pi / 2), rel=1e-3)


@pytest.mark.parametrize("step_count", STEP_COUNTS)
def test_a_signal_that_does_not_change_keeps_its_share_and_the_noise_its_own(step_count: int) -> None:
    steps = plan_solver_steps(step_count)

    for step, (next_alpha, next_sigma) in zip(steps, next_levels(steps), strict=True):
        assert step.keep * step.sigma == pytest.approx(next_sigma)
        assert step.keep * step.alpha + step.clean_weight + step.previous_weight == pytest.approx(next_alpha)


@pytest.mark.parametrize("step_count", STEP_COUNTS)
def test_the_first_and_the_last_step_look_at_no_earlier_one(step_count: int) -> None:
    steps = plan_solver_steps(step_count)

    assert steps[0].previous_weight == 0
    assert steps[-1].previous_weight == 0
    assert all(step.previous_weight < 0 < step.clean_weight for step in steps[1:-1])


def test_the_last_step_ends_at_what_the_head_takes_for_clean() -> None:
    last = plan_solver_steps(10)[-1]

    assert (last.keep, last.clean_weight) == (0.0, 1.0)


@pytest.mark.parametrize("step_count", STEP_COUNTS)
def test_data_that_is_a_single_point_is_met_whatever_the_noise(step_count: int) -> None:
    point = np.array([0.3, -2.0, 5.0])
    noisy = np.random.default_rng(1).normal(size=(4, 3))

    found = denoise(step_count, noisy, lambda latent, step: np.broadcast_to(point, latent.shape))

    assert found == pytest.approx(np.broadcast_to(point, (4, 3)))


def test_twice_the_steps_leave_a_quarter_of_the_error_on_data_that_is_a_bell_curve() -> None:
    """Its flow is known: what is noised stays a bell curve, and a point keeps its place in it."""
    first = plan_solver_steps(10)[0]
    noisy = np.array([np.hypot(first.alpha, first.sigma)])

    errors = [
        abs(denoise(step_count, noisy, lambda latent, step: step.alpha * latent).item() - 1.0)
        for step_count in (10, 20, 40)
    ]

    assert errors[0] < 0.03
    assert errors[1] < errors[0] / 4
    assert errors[2] < errors[1] / 4
