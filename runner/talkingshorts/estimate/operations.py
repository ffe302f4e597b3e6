"""How much one forward of each network computes and moves, by the sizes that it depends on.

The FLOP follow from the networks' shapes. The bytes of a forward, and both figures of the video VAE, are fitted to
counts of the real networks at full size, which were run on tensors without contents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .data import load_costs

_PATCH_PIXELS = 16
_S2V_SIDE_PIXELS = 64

# VibeVoice's codec, for a frame; what another take side by side adds; and the kernels of a frame, one by one.
_CODEC_FLOPS, _CODEC_BYTES = 7e9, 1.7e9
_TAKE_BYTES = 0.27e9
_VOICE_LAUNCHES = 1890


@dataclass(frozen=True)
class Operations:
    """FLOP in fp16 and in fp8, bytes through the GPU's memory, and launches of kernels where those may be the limit."""

    fp16_flops: float = 0
    fp8_flops: float = 0
    bytes: float = 0
    launches: float = 0

    @property
    def flops(self) -> float:
        return self.fp16_flops + self.fp8_flops

    def __add__(self, other: Operations) -> Operations:
        return Operations(
            self.fp16_flops + other.fp16_flops,
            self.fp8_flops + other.fp8_flops,
            self.bytes + other.bytes,
            self.launches + other.launches,
        )

    def __mul__(self, count: float) -> Operations:
        return Operations(self.fp16_flops * count, self.fp8_flops * count, self.bytes * count, self.launches * count)


@dataclass(frozen=True)
class VoiceSize:
    """A VibeVoice: the language model's parameters without its embedding, and its width, which is the head's too."""

    parameters: float
    width: int


VOICE_SIZES = {"VibeVoice-1.5B": VoiceSize(1.31e9, 1536), "VibeVoice-7B": VoiceSize(6.53e9, 3584)}


def count_tokens(latents: int, pixels: int) -> int:
    """Return how many tokens Wan sees in so many latents of frames with so many pixels."""
    return latents * pixels // _PATCH_PIXELS**2


def measure_wan(tokens: int, has_picture: bool) -> Operations:
    """Return what one forward of Wan 14B takes for one branch. `has_picture`: it looks at CLIP's tokens, too (2.1)."""
    return _measure_forward("wan_with_picture" if has_picture else "wan", tokens)


def measure_infinitetalk(tokens: int) -> Operations:
    """Return what one forward of Wan 2.1 I2V 14B with InfiniteTalk takes for one branch."""
    return _measure_forward("infinitetalk", tokens)


def measure_s2v(width: int, height: int, latents: int, has_motion: bool) -> Operations:
    """Return what one forward of Wan 2.2 S2V 14B takes for one branch. Its linear layers multiply in fp8.

    Beside the latents it sees the reference picture and, from the second window on, the motion before: the last latent
    whole, two at a quarter, and sixteen, four at once, at a sixteenth.
    """
    frame = count_tokens(1, _round_up(width) * _round_up(height))
    motion = frame + frame // 4 + frame // 4 if has_motion else 0
    return _measure_forward("wan_s2v", (latents + 1) * frame + motion, sound_tokens=latents * frame)


def measure_decode(frames: int, pixels: int) -> Operations:
    """Return what the video VAE takes to decode 4n+1 frames of so many pixels."""
    return _measure_vae("decode", frames, pixels)


def measure_encode(frames: int, pixels: int) -> Operations:
    """Return what the video VAE takes to encode 4n+1 frames of so many pixels."""
    return _measure_vae("encode", frames, pixels)


def measure_voice_frame(size: VoiceSize, takes: int, diffusion_steps: int, branches: int) -> Operations:
    """Return what one of VibeVoice's 7.5 frames a second takes, for all takes side by side.

    The head has four layers: 36 matrices of width x width that each diffusion step reads, and 14 that all share.
    """
    head = size.width**2
    flops = _CODEC_FLOPS + branches * 2 * (size.parameters + diffusion_steps * 52 * head)
    moved = 2 * size.parameters + 2 * head * (36 * diffusion_steps + 14) + _CODEC_BYTES + (takes - 1) * _TAKE_BYTES
    return Operations(fp16_flops=takes * flops, bytes=moved, launches=_VOICE_LAUNCHES)


def peak_bytes(tokens: int) -> float:
    """Return the GPU memory that one forward for one branch takes beside the weights."""
    return tokens * load_costs()["peak_bytes_a_token"]


def _measure_forward(network: str, tokens: int, sound_tokens: int = 0) -> Operations:
    costs = load_costs()["networks"][network]
    return Operations(
        fp16_flops=_sum_powers(costs["fp16_flops"], tokens),
        fp8_flops=_sum_powers(costs["fp8_flops"], tokens) + costs["fp8_flops_a_sound_token"] * sound_tokens,
        bytes=_sum_powers(costs["bytes"], tokens),
    )


def _measure_vae(work: str, frames: int, pixels: int) -> Operations:
    """The first frame is a latent of its own and costs about half of another."""
    costs = load_costs()["vae"]
    amount = (frames - costs["first_frame_saves"]) * pixels
    return Operations(fp16_flops=amount * costs[work]["flops"], bytes=amount * costs[work]["bytes"])


def _sum_powers(coefficients: Sequence[float], tokens: int) -> float:
    return sum(coefficient * tokens**power for power, coefficient in enumerate(coefficients))


def _round_up(side: int) -> int:
    return -(-side // _S2V_SIDE_PIXELS) * _S2V_SIDE_PIXELS
