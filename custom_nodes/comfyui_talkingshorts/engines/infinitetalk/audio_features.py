"""The audio features of InfiniteTalk: wav2vec2's hidden states, one set a video frame."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from comfy import model_management
from comfy.audio_encoders.wav2vec2 import Wav2Vec2Model
from comfy.ops import cast_bias_weight, uncast_bias_weight

from ...core.progress import OnProgress, ignore_progress
from ..files.whole import replacing
from ..long_video.wav2vec2 import FIELD_SAMPLES, HOP_SAMPLES, require_wav2vec2

LAYERS, CHANNELS = 12, 768

# Of the first convolution alone.
_FIRST_HOP_SAMPLES, _FIRST_FIELD_SAMPLES = 5, 10
# A second, for which the first convolution takes 6.5 MB, three times over.
_PIECE_STEPS = 50
_BLOCK_FRAMES = 100

# All that the official code can make a video of is encoded as a whole. Of longer speech 8 s are encoded at a time, with
# six seconds or more to either side, so that it takes hardly more memory than a few seconds do.
LONGEST_WHOLE_FRAMES = 1000
_KEPT_FRAMES = 200
_PASSAGE_FRAMES = 500


@dataclass(frozen=True)
class Passage:
    """Frames that are encoded together, and which of them are kept."""

    start_frame: int
    end_frame: int
    kept_start_frame: int
    kept_end_frame: int


def write_features(
    audio_encoder: Any, speech: np.ndarray, frames: int, path: Path, on_progress: OnProgress = ignore_progress
) -> None:
    """Write the features of all frames to a .npy file, [frames, 12, 768] float32, in memory that doesn't grow with it.

    An hour takes 3.3 GB of disk. Raises ModelError, OSError when the disk is full; the file appears when complete.
    """
    header = {"descr": "<f4", "fortran_order": False, "shape": (frames, LAYERS, CHANNELS)}
    with replacing(path) as partial, partial.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        done = 0
        for block in encode_speech(audio_encoder, speech, frames):
            file.write(block.data)
            done += len(block)
            on_progress(done, frames)


def read_features(path: Path, indices: np.ndarray) -> np.ndarray:
    """Return the features at indices of any shape: [..., 12, 768] float32.

    The file is mapped only as long as it takes: pages once read count as memory in use.
    """
    return np.load(path, mmap_mode="r")[indices]


@torch.inference_mode()
def encode_speech(audio_encoder: Any, speech: np.ndarray, frames: int) -> Iterator[np.ndarray]:
    """Yield the features of all frames in order, in blocks [n, 12, 768] float32.

    speech is mono at 16 kHz, 400 samples or more, spanning the frames. What the convolutions make of it is interpolated
    to 25 steps a second BEFORE the transformer: as InfiniteTalk was trained, and unlike ComfyUI's own node.
    Source: MeiGen-AI/InfiniteTalk, src/audio_analysis/wav2vec2.py.
    Raises ModelError unless the AUDIO_ENCODER is a wav2vec2 base.
    """
    model = require_wav2vec2_base(audio_encoder)
    model_management.load_model_gpu(audio_encoder.patcher)
    encoder = _PassageEncoder(model, speech, frames, audio_encoder.load_device)
    for passage in plan_passages(frames):
        # A passage's states aren't kept here while those of the next are computed: 40 MB.
        yield from _cut_into_blocks(encoder.encode(passage), passage)


def _cut_into_blocks(hidden: Sequence[torch.Tensor], passage: Passage) -> Iterator[np.ndarray]:
    for start in range(passage.kept_start_frame, passage.kept_end_frame, _BLOCK_FRAMES):
        end = min(start + _BLOCK_FRAMES, passage.kept_end_frame)
        block = slice(start - passage.start_frame, end - passage.start_frame)
        yield torch.stack([states[0, block] for states in hidden], dim=1).float().cpu().numpy()


def require_wav2vec2_base(audio_encoder: Any) -> Wav2Vec2Model:
    """Return the network of an AUDIO_ENCODER. Raises ModelError unless it is a wav2vec2 of 12 layers of 768."""
    return require_wav2vec2(
        audio_encoder,
        LAYERS,
        CHANNELS,
        f"InfiniteTalk needs the wav2vec2 base encoder ({LAYERS} layers of {CHANNELS}): load "
        "wav2vec2-chinese-base_fp16.safetensors with Load Audio Encoder.",
    )


def plan_passages(frames: int) -> list[Passage]:
    """Return what the transformer encodes at a time: all of up to 40 s, else overlapping passages of 40 s."""
    if frames <= LONGEST_WHOLE_FRAMES:
        return [Passage(0, frames, 0, frames)]
    passages = []
    for kept_start in range(0, frames, _KEPT_FRAMES):
        margin = (_PASSAGE_FRAMES - _KEPT_FRAMES) // 2
        start = min(max(kept_start - margin, 0), frames - _PASSAGE_FRAMES)
        kept_end = min(kept_start + _KEPT_FRAMES, frames)
        passages.append(Passage(start, start + _PASSAGE_FRAMES, kept_start, kept_end))
    return passages


class _PassageEncoder:
    """wav2vec2 over one speech, a passage at a time."""

    def __init__(self, model: Wav2Vec2Model, speech: np.ndarray, frames: int, device: torch.device) -> None:
        self._model, self._speech, self._device = model, torch.from_numpy(speech), device
        self._layers: list[Any] = list(model.feature_extractor.conv_layers)
        self._steps = (speech.size - FIELD_SAMPLES) // HOP_SAMPLES + 1
        self._steps_per_frame = (self._steps - 1) / max(frames - 1, 1)
        self._mean, self._variance = self._measure_first_convolution()

    def encode(self, passage: Passage) -> tuple[torch.Tensor, ...]:
        """Return the states after each of the 12 layers: [1, frames of the passage, 768]."""
        _, states = self._model.encoder(self._model.feature_projection(self._interpolate_steps(passage)[None]))
        return states[1:]

    def _interpolate_steps(self, passage: Passage) -> torch.Tensor:
        """Return the convolutions' steps, interpolated to frames with the first and last aligned: [frames, 512]."""
        positions = np.arange(passage.start_frame, passage.end_frame) * self._steps_per_frame
        before = np.minimum(positions.astype(int), self._steps - 1)
        after = np.minimum(before + 1, self._steps - 1)
        steps = self._convolve(before[0], after[-1] + 1)
        share = torch.from_numpy((positions - before).astype(np.float32)).to(steps)[:, None]
        return steps[before - before[0]].lerp(steps[after - before[0]], share)

    def _convolve(self, first_step: int, end_step: int) -> torch.Tensor:
        """Return [steps, 512], the same in pieces as in one."""
        pieces = []
        for start in range(first_step, end_step, _PIECE_STEPS):
            end = min(start + _PIECE_STEPS, end_step)
            samples = self._samples(start * HOP_SAMPLES, (end - 1) * HOP_SAMPLES + FIELD_SAMPLES)
            first, *others = self._layers
            states = torch.nn.functional.gelu(self._normalize(first.layer_norm, first.conv(samples)))
            for layer in others:
                states = layer(states)
            pieces.append(states[0].T)
        return torch.cat(pieces)

    def _normalize(self, norm: torch.nn.GroupNorm, states: torch.Tensor) -> torch.Tensor:
        """Return what the norm, a group a channel, would give over all of the speech."""
        weight, bias, stream = cast_bias_weight(norm, states, offloadable=True)
        normalized = torch.nn.functional.batch_norm(states, self._mean, self._variance, weight, bias, eps=norm.eps)
        uncast_bias_weight(norm, weight, bias, stream)
        return normalized

    def _measure_first_convolution(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return mean and variance of each of its channels over all of the speech: [512] each."""
        steps = (self._speech.numel() - _FIRST_FIELD_SAMPLES) // _FIRST_HOP_SAMPLES + 1
        piece = _PIECE_STEPS * HOP_SAMPLES // _FIRST_HOP_SAMPLES
        total = squares = torch.zeros((), dtype=torch.float64)
        for start in range(0, steps, piece):
            end = min(start + piece, steps)
            samples = self._samples(start * _FIRST_HOP_SAMPLES, (end - 1) * _FIRST_HOP_SAMPLES + _FIRST_FIELD_SAMPLES)
            states = self._layers[0].conv(samples)[0]
            variance, mean = (part.cpu().double() for part in torch.var_mean(states, dim=-1, correction=0))
            total = total + (end - start) * mean
            squares = squares + (end - start) * (variance + mean.square())
        mean = total / steps
        variance = squares / steps - mean.square()
        return mean.to(self._device, torch.float32), variance.to(self._device, torch.float32)

    def _samples(self, start: int, end: int) -> torch.Tensor:
        return self._speech[None, None, start:end].to(self._device)
