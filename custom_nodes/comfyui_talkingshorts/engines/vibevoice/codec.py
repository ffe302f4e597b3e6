"""Run VibeVoice's audio codec frame by frame: latents to sound, and sound to semantic features.

Sound flows as [takes, samples, channels]: the layout that the codec's linear layers, most of its work, want.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import nn

if TYPE_CHECKING:
    from transformers.models.vibevoice_acoustic_tokenizer.modeling_vibevoice_acoustic_tokenizer import (
        VibeVoiceAcousticTokenizerCausalConv1d,
        VibeVoiceAcousticTokenizerCausalConvTranspose1d,
        VibeVoiceAcousticTokenizerConvNext1dLayer,
        VibeVoiceAcousticTokenizerDecoderModel,
        VibeVoiceAcousticTokenizerEncoderModel,
    )


# With fewer rows the way to oneDNN takes longer than it saves.
_ROWS_FOR_ONEDNN = 128


class CausalConv(nn.Module):
    """A convolution that sees the past only. Its state is the input [takes, past, channels] before this call's."""

    def __init__(self, native: VibeVoiceAcousticTokenizerCausalConv1d) -> None:
        super().__init__()
        self.conv = native.conv
        self.past = native.left_pad
        self.channels = native.in_channels

    def forward(self, x: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        return self.conv(_continue(state, x).transpose(1, 2)).transpose(1, 2).contiguous()


class Upsample(nn.Module):
    """A transposed convolution whose kernel spans two input frames, as one linear layer on this frame and the last.

    The native module computes a whole kernel's length of frames again for every new one: on a CPU, half the time of
    the decoder.
    """

    def __init__(self, native: VibeVoiceAcousticTokenizerCausalConvTranspose1d) -> None:
        super().__init__()
        kernel, bias = native.convtr.weight.detach(), native.convtr.bias
        self.stride = native.stride
        self.past = 1
        self.channels, out_channels, width = kernel.shape
        if width != 2 * self.stride or bias is None:
            raise NotImplementedError(f"an upsampling kernel of {width} at stride {self.stride}, or without bias")
        now, before = kernel.permute(2, 1, 0).split(self.stride)
        weight = torch.cat([now, before], dim=-1).reshape(self.stride * out_channels, 2 * self.channels)
        self.linear = nn.Linear(2 * self.channels, self.stride * out_channels, device="meta")
        self.linear.weight = nn.Parameter(weight, requires_grad=False)
        self.linear.bias = nn.Parameter(bias.detach().repeat(self.stride), requires_grad=False)

    def forward(self, x: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        frames = _continue(state, x)
        takes, length, _ = x.shape
        return self.linear(torch.cat([x, frames[:, :-1]], dim=-1)).view(takes, length * self.stride, -1)


class Block(nn.Module):
    """A ConvNeXt block: depthwise convolution, then a feed-forward layer, each on a residual path."""

    def __init__(self, native: VibeVoiceAcousticTokenizerConvNext1dLayer) -> None:
        super().__init__()
        self.norm, self.mixer, self.gamma = native.norm, native.mixer.conv, native.gamma
        self.ffn_norm, self.ffn, self.ffn_gamma = native.ffn_norm, native.ffn, native.ffn_gamma
        self.past = native.mixer.left_pad
        self.channels = native.mixer.in_channels

    def forward(self, x: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        normed = F.rms_norm(x, x.shape[-1:], self.norm.weight, self.norm.variance_epsilon)
        # As a picture of one row in channels-last order: no copy into another layout, and the fastest kernels.
        row = _continue(state, normed).transpose(1, 2).unsqueeze(2)
        mixed = F.conv2d(row, self.mixer.weight.unsqueeze(2), self.mixer.bias, groups=self.channels)
        x = torch.addcmul(x, mixed.squeeze(2).transpose(1, 2), self.gamma)
        normed = F.rms_norm(x, x.shape[-1:], self.ffn_norm.weight, self.ffn_norm.variance_epsilon)
        return torch.addcmul(x, _feed_forward(self.ffn, normed), self.ffn_gamma)


CodecLayer = CausalConv | Upsample | Block


class StreamingCodec(nn.Module):
    """The layers of an encoder or a decoder, in the order in which sound passes them."""

    def __init__(self, layers: Iterable[CodecLayer]) -> None:
        super().__init__()
        self.layers: Sequence[CodecLayer] = nn.ModuleList(layers)  # pyright: ignore[reportAttributeAccessIssue]

    def start(self, takes: int, device: torch.device, dtype: torch.dtype) -> list[torch.Tensor]:
        """Return the state before the first frame: silence, [takes, past, channels] for each layer."""
        return [torch.zeros(takes, layer.past, layer.channels, device=device, dtype=dtype) for layer in self.layers]

    def forward(self, x: torch.Tensor, state: list[torch.Tensor]) -> torch.Tensor:
        """Return the output [takes, frames out, channels] for x [takes, frames in, channels]; `state` moves on."""
        for layer, past in zip(self.layers, state, strict=True):
            x = layer(x, past)
        return x


def stream_decoder(native: VibeVoiceAcousticTokenizerDecoderModel) -> StreamingCodec:
    """Return latents [takes, frames, latent] -> sound [takes, frames * 3200, 1], with the native decoder's weights."""
    layers: list[CodecLayer] = [CausalConv(native.stem.conv), *_blocks(native.stem)]
    stages: Any = native.conv_layers
    for stage in stages:
        layers += [Upsample(stage.convtr), *_blocks(stage)]
    return StreamingCodec([*layers, CausalConv(native.head)])


def stream_encoder(native: VibeVoiceAcousticTokenizerEncoderModel) -> StreamingCodec:
    """Return sound [takes, frames * 3200, 1] -> features [takes, frames, features], with the native weights."""
    layers: list[CodecLayer] = [CausalConv(native.stem.conv), *_blocks(native.stem)]
    stages: Any = native.conv_layers
    for stage in stages:
        layers += [CausalConv(stage.conv), *_blocks(stage)]
    return StreamingCodec([*layers, CausalConv(native.head)])


def _blocks(native: Any) -> list[Block]:
    """Return the blocks of a native stem or stage, which transformers leaves untyped."""
    return [Block(block) for block in native.stage]


def _feed_forward(ffn: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Return ffn(x). On a CPU many rows go through oneDNN: MKL, PyTorch's own choice, is half as fast on AMD's."""
    is_for_mkl = x.device.type == "cpu" and x.dtype == torch.float32
    if is_for_mkl and x.shape[:-1].numel() >= _ROWS_FOR_ONEDNN and torch.backends.mkldnn.is_available():
        return ffn(x.to_mkldnn()).to_dense()
    return ffn(x)


def _continue(state: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Return x after its past, and move the state to the end of x, in place so that a captured graph finds it."""
    longer = torch.cat([state, x], dim=1)
    state.copy_(longer[:, longer.shape[1] - state.shape[1] :])
    return longer
