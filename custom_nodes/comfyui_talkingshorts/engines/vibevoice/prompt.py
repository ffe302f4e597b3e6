"""The prompt that VibeVoice continues with speech: voices to speak with, and who says what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from ...core.script.dialogue import Line
from .model import VibeVoice
from .tokenizer import SpeechTokenizer

_TASK = (
    " Transform the text provided by various speakers into speech output, "
    "utilizing the distinct voice of each respective speaker.\n"
)


@dataclass(frozen=True)
class Prompt:
    """Token ids, of which those at `audio_positions` stand for the references' frames, voice after voice."""

    ids: tuple[int, ...]
    audio_positions: tuple[int, ...]


def build_prompt(tokenizer: SpeechTokenizer, lines: Sequence[Line], reference_frames: Sequence[int]) -> Prompt:
    """Return the prompt for lines spoken by voices whose references have `reference_frames` frames each (or none).

    It is tokenized piece by piece and ends with the token that begins the speech, as VibeVoice was trained.
    Source: microsoft/VibeVoice, vibevoice/processor/vibevoice_processor.py.
    """
    ids = tokenizer.encode(_TASK)
    audio_positions: list[int] = []
    if reference_frames:
        ids += tokenizer.encode(" Voice input:\n")
    for voice, frames in enumerate(reference_frames):
        ids += [*tokenizer.encode(f" Speaker {voice}:"), tokenizer.audio_bos_id]
        audio_positions += range(len(ids), len(ids) + frames)
        ids += [*[tokenizer.audio_id] * frames, tokenizer.audio_eos_id, *tokenizer.encode("\n")]
    ids += tokenizer.encode(" Text input:\n")
    for line in lines:
        ids += tokenizer.encode(f" Speaker {line.speaker}: {line.text}\n")
    ids += [*tokenizer.encode(" Speech output:\n"), tokenizer.audio_bos_id]
    return Prompt(tuple(ids), tuple(audio_positions))


def embed_prompt(vibevoice: VibeVoice, prompt: Prompt, voices: torch.Tensor) -> torch.Tensor:
    """Return what the language model reads, [length, hidden], with the embedded voices [frames, hidden] put in."""
    embeddings = _look_up(vibevoice, prompt.ids, voices.device)
    embeddings[list(prompt.audio_positions)] = voices
    return embeddings


def embed_controls(vibevoice: VibeVoice, device: torch.device) -> torch.Tensor:
    """Return [4, hidden]: audio_bos, audio_eos, audio and eos as the language model reads them."""
    return _look_up(vibevoice, vibevoice.tokenizer.control_ids, device)


def _look_up(vibevoice: VibeVoice, ids: Sequence[int], device: torch.device) -> torch.Tensor:
    table = vibevoice.embed_tokens
    return F.embedding(torch.tensor(ids, device=table.device), table).to(device, vibevoice.dtype)
