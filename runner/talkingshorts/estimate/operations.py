"""How much one forward of each network computes and moves, by the sizes that it depends on.

The FLOP follow from the networks' shapes. The bytes of a forward, and both figures of the video VAE, are fitted to
counts of the real networks at full size, which were run on tensors without contents.
"""

from __future__ import annotations

from dataclasses import dataclass

# Wan 2.1 and 2.2 14B.
_WIDTH, _FEED_FORWARD, _LAYERS = 5120, 13824, 40
_TEXT_TOKENS, _PICTURE_TOKENS = 512, 257
_PATCH_PIXELS = 16

# InfiniteTalk: each latent of a window looks at 32 tokens of sound, in all layers. Wan S2V: in 12 of them.
_SOUND_TOKENS, _S2V_SOUND_LAYERS = 32, 12
_S2V_SIDE_PIXELS = 64

# What a forward moves: for each token, and the weights, which are read in fp8, written in fp16, and read again.
_WAN_BYTES_A_TOKEN, _S2V_BYTES_A_TOKEN = 34e6, 45.5e6
_WAN_WEIGHTS_BYTES = 72e9
_PEAK_BYTES_A_TOKEN = 104e3

# Wan 2.1's VAE, for a pixel of a frame. The first frame is a latent of its own and costs about half of another.
_DECODE_FLOPS, _DECODE_BYTES = 8.49e6, 44.8e3
_ENCODE_FLOPS, _ENCODE_BYTES = 5.04e6, 27.4e3
_FIRST_FRAME_SAVES = 0.5

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
    context = _TEXT_TOKENS + _PICTURE_TOKENS * has_picture
    linear = _layer_flops(tokens) + 4 * context * _WIDTH**2
    attention = 4 * tokens * (tokens + context) * _WIDTH
    return Operations(fp16_flops=_LAYERS * (linear + attention), bytes=tokens * _WAN_BYTES_A_TOKEN + _WAN_WEIGHTS_BYTES)


def measure_infinitetalk(tokens: int) -> Operations:
    """Return what one forward of Wan 2.1 I2V 14B with InfiniteTalk takes for one branch."""
    sound = 4 * tokens * _WIDTH**2 + 4 * tokens * _SOUND_TOKENS * _WIDTH
    return measure_wan(tokens, has_picture=True) + Operations(fp16_flops=_LAYERS * sound)


def measure_s2v(width: int, height: int, latents: int, has_motion: bool) -> Operations:
    """Return what one forward of Wan 2.2 S2V 14B takes for one branch. Its linear layers multiply in fp8.

    Beside the latents it sees the reference picture and, from the second window on, the motion before: the last latent
    whole, two at a quarter, and sixteen, four at once, at a sixteenth.
    """
    frame = count_tokens(1, _round_up(width) * _round_up(height))
    motion = frame + frame // 4 + frame // 4 if has_motion else 0
    tokens = (latents + 1) * frame + motion
    sound = _S2V_SOUND_LAYERS * 4 * latents * frame * _WIDTH**2
    linear = _LAYERS * (_layer_flops(tokens) + 4 * _TEXT_TOKENS * _WIDTH**2) + sound
    attention = _LAYERS * 4 * tokens * (tokens + _TEXT_TOKENS) * _WIDTH
    return Operations(fp16_flops=attention, fp8_flops=linear, bytes=tokens * _S2V_BYTES_A_TOKEN)


def measure_decode(frames: int, pixels: int) -> Operations:
    """Return what the video VAE takes to decode 4n+1 frames of so many pixels."""
    amount = (frames - _FIRST_FRAME_SAVES) * pixels
    return Operations(fp16_flops=amount * _DECODE_FLOPS, bytes=amount * _DECODE_BYTES)


def measure_encode(frames: int, pixels: int) -> Operations:
    """Return what the video VAE takes to encode 4n+1 frames of so many pixels."""
    amount = (frames - _FIRST_FRAME_SAVES) * pixels
    return Operations(fp16_flops=amount * _ENCODE_FLOPS, bytes=amount * _ENCODE_BYTES)


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
    return tokens * _PEAK_BYTES_A_TOKEN


def _layer_flops(tokens: int) -> int:
    """Return the FLOP of a layer's products with the tokens: attention's four, text's two, and the feed-forward."""
    return 2 * tokens * (6 * _WIDTH**2 + 2 * _WIDTH * _FEED_FORWARD)


def _round_up(side: int) -> int:
    return -(-side // _S2V_SIDE_PIXELS) * _S2V_SIDE_PIXELS
