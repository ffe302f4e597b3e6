"""The DPM-Solver++ that VibeVoice's diffusion head is sampled with, as numbers: no tensors, no model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TRAINING_STEPS = 1000
_LARGEST_BETA = 0.999


@dataclass(frozen=True)
class SolverStep:
    """One step of the solver, as weights.

    The head predicts velocity v at `timestep` from the noisy latent x. Then
    clean = alpha * x - sigma * v, and the next x = keep * x + clean_weight * clean + previous_weight * previous clean.
    """

    timestep: int
    alpha: float
    sigma: float
    keep: float
    clean_weight: float
    previous_weight: float


def plan_solver_steps(step_count: int) -> list[SolverStep]:
    """Return the steps of DPM-Solver++ 2M (midpoint) for v prediction on a cosine schedule, the last of first order.

    Timesteps are evenly spaced from 999 down; the last step ends without noise, at the clean latent itself.
    Source: Lu et al., "DPM-Solver++", arXiv 2211.01095, algorithm 2; schedule and spacing as in diffusers'
    DPMSolverMultistepScheduler(beta_schedule="squaredcos_cap_v2", prediction_type="v_prediction").
    """
    timesteps = np.linspace(0, TRAINING_STEPS - 1, step_count + 1).round()[:0:-1].astype(int)
    alphas, sigmas = _noise_levels(timesteps)
    # Half the log of the signal-to-noise ratio: what the solver integrates over. The end has no noise at all.
    half_log_snr = [*(np.log(alphas) - np.log(sigmas)), np.inf]
    steps = []
    for index, timestep in enumerate(timesteps):
        next_alpha, next_sigma = (alphas[index + 1], sigmas[index + 1]) if index + 1 < step_count else (1.0, 0.0)
        width = half_log_snr[index + 1] - half_log_snr[index]
        whole = -next_alpha * np.expm1(-width)
        curved = 0.0
        if 0 < index < step_count - 1:
            curved = whole * width / (2 * (half_log_snr[index] - half_log_snr[index - 1]))
        steps.append(
            SolverStep(
                timestep=int(timestep),
                alpha=float(alphas[index]),
                sigma=float(sigmas[index]),
                keep=float(next_sigma / sigmas[index]),
                clean_weight=float(whole + curved),
                previous_weight=float(-curved),
            )
        )
    return steps


def _noise_levels(timesteps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (alpha, sigma) at the timesteps: alpha**2 is the share of signal left, after Nichol and Dhariwal 2021."""
    edges = np.arange(TRAINING_STEPS + 1) / TRAINING_STEPS
    signal = np.cos((edges + 0.008) / 1.008 * np.pi / 2) ** 2
    betas = np.minimum(1 - signal[1:] / signal[:-1], _LARGEST_BETA)
    left = np.cumprod(1 - betas)[timesteps]
    return np.sqrt(left), np.sqrt(1 - left)
