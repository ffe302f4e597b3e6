"""Keeps a video's colours those of its portrait."""

from __future__ import annotations

import torch

# In Lab units, of which L has 100: what rounding alone makes of a frame of one colour stays below.
_FLAT_STD = 1e-3


class ColourMatch:
    """Gives each frame the Lab mean and standard deviation of a reference picture, channel by channel.

    Source: match_and_blend_colors in MeiGen-AI/InfiniteTalk, wan/utils/multitalk_utils.py (Reinhard et al. 2001, in
    CIE Lab, D65). OpenCV's Lab is an approximation, off by up to three levels of 255.
    """

    def __init__(self, reference: torch.Tensor, strength: float, device: torch.device) -> None:
        """Take the reference, [height, width, 3] float 0..1, the strength 0..1, and where to compute."""
        self._strength, self._device = strength, device
        _, self._mean, self._std = _measure(self._channels_first(reference))

    def correct(self, frames: torch.Tensor) -> None:
        """Change frames, [frames, height, width, 3] float 0..1 (what lies beyond is clipped), in place.

        One at a time: twenty times a frame's memory suffices. A channel that is the same all over takes the
        reference's mean.
        """
        if self._strength == 0:
            return
        for frame in frames:
            frame.copy_(self._correct(self._channels_first(frame))[0].movedim(0, -1))

    def _channels_first(self, picture: torch.Tensor) -> torch.Tensor:
        return picture.to(self._device, torch.float32).movedim(-1, 0)[None].clamp(0, 1)

    def _correct(self, frame: torch.Tensor) -> torch.Tensor:
        from kornia.color import lab_to_rgb

        lab, mean, std = _measure(frame)
        scale = torch.where(std < _FLAT_STD, 0, self._std / std)
        corrected = lab_to_rgb((lab - mean) * scale + self._mean)
        return frame.lerp(corrected, self._strength)


def _measure(picture: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return a picture [1, 3, height, width] in Lab, and mean and standard deviation: [1, 3, 1, 1] each."""
    from kornia.color import rgb_to_lab

    lab = rgb_to_lab(picture)
    std, mean = torch.std_mean(lab, dim=(-2, -1), correction=0, keepdim=True)
    return lab, mean, std
