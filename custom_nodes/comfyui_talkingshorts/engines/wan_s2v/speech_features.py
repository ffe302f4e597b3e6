"""The audio features of Wan S2V: the states of all layers of wav2vec2 large, a set for each video frame."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import torch
from comfy import model_management

from ...core.sound import Sound, count_video_frames
from ...core.wan_s2v.windows import LEADING_FRAMES, S2V_FPS
from ..long_video.wav2vec2 import FIELD_SAMPLES, HOP_SAMPLES, SAMPLE_RATE_HZ, require_wav2vec2, resample_mono

_LAYERS, _CHANNELS = 24, 1024
_SAMPLES_PER_FRAME = SAMPLE_RATE_HZ // S2V_FPS

# The official code counts 50 states a second, and picks those of the video's frames out of 30.
_STEPS_PER_SECOND, _PICKED_PER_SECOND = 50, 30

# Speech of up to 40 s is encoded as a whole, as in the official code. Of longer speech a window's own part is encoded,
# with 8 s to either side: attention over all of it would take memory that grows with the square of its length.
_LONGEST_WHOLE_STEPS = 40 * _STEPS_PER_SECOND
_MARGIN_STEPS = 8 * _STEPS_PER_SECOND
# A second, for which the first convolution takes 6.5 MB, three times over.
_PIECE_STEPS = _STEPS_PER_SECOND


def normalize_speech(sound: Sound) -> np.ndarray:
    """Return [1000 * (LEADING_FRAMES + video frames)] float32 at 16 kHz, of mean 0 and variance 1: silence, the
    mean of the channels, and silence up to a whole frame.

    Source: AudioEncoder.extract_audio_feat in Wan-Video/Wan2.2, wan/modules/s2v/audio_encoder.py.
    """
    frames = count_video_frames(sound, S2V_FPS)
    padded = np.zeros((LEADING_FRAMES + frames) * _SAMPLES_PER_FRAME, np.float32)
    spoken = padded[LEADING_FRAMES * _SAMPLES_PER_FRAME :]
    resampled = resample_mono(sound)[: spoken.size]
    spoken[: resampled.size] = resampled
    mean, variance = padded.mean(dtype=np.float64), padded.var(dtype=np.float64)
    return ((padded - mean) / np.sqrt(variance + 1e-7)).astype(np.float32)


class SpeechEncoder:
    """wav2vec2 large over one speech, as far as a window needs it: memory doesn't grow with the speech."""

    def __init__(self, audio_encoder: Any, speech: np.ndarray) -> None:
        """Take the AUDIO_ENCODER and what normalize_speech returns. Raises ModelError for another encoder."""
        self._model = require_wav2vec2(
            audio_encoder,
            _LAYERS,
            _CHANNELS,
            f"Wan S2V needs the wav2vec2 large encoder ({_LAYERS} layers of {_CHANNELS}): load "
            "wav2vec2_large_english_fp16.safetensors with Load Audio Encoder.",
        )
        self._encoder = audio_encoder
        self._speech = torch.from_numpy(speech)
        self._steps = (speech.size - FIELD_SAMPLES) // HOP_SAMPLES + 1
        self._picked = int(self._steps / _STEPS_PER_SECOND * _PICKED_PER_SECOND)

    @torch.inference_mode()
    def encode(self, first_frame: int, frames: int) -> torch.Tensor:
        """Return [1, 25, 1024, frames] float32 on the CPU, for frames of 1/16 s of the prepared speech.

        The 25 are what enters the first layer and what leaves each of the 24. Past the end of the speech it is zeros.
        Source: linear_interpolation and get_audio_embed_bucket_fps in Wan-Video/Wan2.2, wan/modules/s2v/
        audio_encoder.py, which interpolate the states to 30 a second, and take of these the one nearest to each frame.
        """
        numbers = np.arange(first_frame, first_frame + frames) * (_PICKED_PER_SECOND / S2V_FPS)
        picked = np.round(numbers).astype(int)
        positions = picked[picked < self._picked] * ((self._steps - 1) / (self._picked - 1))
        features = torch.zeros(1, _LAYERS + 1, _CHANNELS, frames)
        if positions.size:
            before = positions.astype(int)
            after = np.minimum(before + 1, self._steps - 1)
            states = self._encode_steps(before[0], after[-1] + 1)
            share = torch.from_numpy((positions - before).astype(np.float32))[:, None]
            chosen = states[:, before - before[0]].lerp(states[:, after - before[0]], share)
            features[0, :, :, : positions.size] = chosen.transpose(1, 2)
        return features

    def _encode_steps(self, first_step: int, end_step: int) -> torch.Tensor:
        """Return the states of some steps: [25, steps, 1024] float32 on the CPU."""
        if self._steps <= _LONGEST_WHOLE_STEPS:
            return self._whole[:, first_step:end_step]
        start = max(first_step - _MARGIN_STEPS, 0)
        passage = self._encode_passage(start, min(end_step + _MARGIN_STEPS, self._steps))
        return passage[:, first_step - start : end_step - start]

    @cached_property
    def _whole(self) -> torch.Tensor:
        return self._encode_passage(0, self._steps)

    def _encode_passage(self, first_step: int, end_step: int) -> torch.Tensor:
        model_management.load_model_gpu(self._encoder.patcher)
        steps = torch.cat(
            [
                self._convolve(start, min(start + _PIECE_STEPS, end_step))
                for start in range(first_step, end_step, _PIECE_STEPS)
            ],
            dim=1,
        )
        _, states = self._model.encoder(self._model.feature_projection(steps))
        return torch.cat(states).to("cpu", torch.float32)

    def _convolve(self, first_step: int, end_step: int) -> torch.Tensor:
        """Return [1, steps, 512], the same in pieces as in one: each step hears its own 400 samples alone."""
        samples = self._speech[None, first_step * HOP_SAMPLES : (end_step - 1) * HOP_SAMPLES + FIELD_SAMPLES]
        return self._model.feature_extractor(samples.to(self._encoder.load_device))
