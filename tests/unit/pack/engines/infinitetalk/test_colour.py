from __future__ import annotations

import pytest
import torch
from comfyui_talkingshorts.engines.infinitetalk.colour import ColourMatch
from kornia.color import rgb_to_lab

CPU = torch.device("cpu")


def picture(low: float, high: float, seed: int = 0, height: int = 24, width: int = 16) -> torch.Tensor:
    return low + (high - low) * torch.rand(height, width, 3, generator=torch.Generator().manual_seed(seed))


def look(frame: torch.Tensor) -> torch.Tensor:
    """Lab mean and standard deviation of each channel."""
    lab = rgb_to_lab(frame.movedim(-1, 0)[None])
    return torch.stack(torch.std_mean(lab, dim=(0, 2, 3), correction=0))


def corrected(frames: torch.Tensor, reference: torch.Tensor, strength: float = 1.0) -> torch.Tensor:
    changed = frames.clone()
    ColourMatch(reference, strength, CPU).correct(changed)
    return changed


def test_each_frame_gets_the_references_colours() -> None:
    reference = picture(0.3, 0.7)
    frames = torch.stack([picture(0.1, 0.5, seed=1), picture(0.4, 0.6, seed=2)])

    for frame in corrected(frames, reference):
        torch.testing.assert_close(look(frame), look(reference), atol=0.2, rtol=0)


def test_the_reference_itself_is_left_as_it_is() -> None:
    reference = picture(0.2, 0.8)

    torch.testing.assert_close(corrected(reference[None], reference)[0], reference, atol=1e-4, rtol=0)


def test_half_the_strength_goes_half_the_way() -> None:
    frames, reference = picture(0.1, 0.4, seed=1)[None], picture(0.4, 0.8)
    whole = corrected(frames, reference)

    torch.testing.assert_close(corrected(frames, reference, 0.5), (frames + whole) / 2, atol=1e-5, rtol=0)


def test_no_strength_changes_nothing() -> None:
    frames = picture(-0.2, 1.2, seed=1)[None]

    assert torch.equal(corrected(frames, picture(0.4, 0.8), 0.0), frames)


def test_what_lies_beyond_black_and_white_is_clipped_first() -> None:
    frames, reference = picture(-0.5, 1.5, seed=1)[None], picture(0.2, 0.8)

    assert torch.equal(corrected(frames, reference), corrected(frames.clamp(0, 1), reference))


@pytest.mark.parametrize("level", [0.0, 0.3, 0.77, 1.0])
def test_a_frame_of_one_colour_takes_the_references_mean(level: float) -> None:
    reference = picture(0.3, 0.7)
    frame = corrected(torch.full((1, 240, 160, 3), level), reference)[0]

    torch.testing.assert_close(look(frame)[1], look(reference)[1], atol=0.2, rtol=0)
    assert float(frame.std(dim=(0, 1)).max()) < 1e-3


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_frames_of_half_precision_are_corrected_in_full(dtype: torch.dtype) -> None:
    frames, reference = picture(0.1, 0.5, seed=1)[None].to(dtype), picture(0.3, 0.7)
    changed = corrected(frames, reference)

    assert changed.dtype == dtype
    assert torch.equal(changed, corrected(frames.float(), reference).to(dtype))
