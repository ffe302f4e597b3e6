"""VibeVoice's autoregressive loop: from a prompt to speech, several takes side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from .diffusion import LatentSampler
from .frame import Frame, FrameMaker
from .language_model import Context, forget_all, forget_last, read_prompt, read_token
from .model import SpeechModel
from .noise import Noise

# The rows of SpeechModel.token_rows: the only tokens that the model may say.
AUDIO_BOS, AUDIO_EOS, AUDIO, EOS = range(4)
# Tokens beside the frames of speech: segments that begin and end.
_SPARE_STEPS = 64


@dataclass(frozen=True)
class Step:
    """What one step of the loop decided: for each take a token (None once it ended) and, if any take speaks, a frame.

    `logits` [takes, 4] float32; `condition` [takes or 2 * takes, hidden]: what the frame was made from.
    """

    tokens: tuple[int | None, ...]
    logits: torch.Tensor
    condition: torch.Tensor
    frame: Frame | None

    def speaks(self, take: int) -> bool:
        return self.tokens[take] == AUDIO


def count_columns(prompt_length: int, max_frames: int) -> int:
    """Return how many tokens a take may come to, prompt and all."""
    return prompt_length + max_frames + _SPARE_STEPS


@torch.inference_mode()
def generate(
    model: SpeechModel,
    prompt: torch.Tensor,
    token_embeddings: torch.Tensor,
    noises: Sequence[Noise],
    guidance_scale: float,
    diffusion_steps: int,
    max_frames: int,
) -> Iterator[Step]:
    """Yield the steps of speech after a prompt [takes, length, hidden], until every take ends or has max_frames.

    `token_embeddings` [4, hidden] are those of the tokens that the model may say. With guidance (a scale other than 1)
    each take also runs unconditionally, as another row of the same batch: from the beginning of its segment, without
    the prompt. A take's noise, and so its speech, doesn't depend on the others.
    Source: microsoft/VibeVoice, vibevoice/modular/modeling_vibevoice_inference.py.
    """
    takes, length, _ = prompt.shape
    device, dtype = prompt.device, prompt.dtype
    branches = 1 if guidance_scale == 1 else 2
    columns = count_columns(length, max_frames)
    context = Context(model.language_model, branches * takes, columns, device, dtype)
    sampler = LatentSampler(model.diffusion_head, diffusion_steps, guidance_scale, device)
    maker = FrameMaker(model, sampler, takes, device)
    read_prompt(model.language_model, prompt[:, :-1], context)
    embedding = prompt[:, -1]
    active = set(range(takes))
    frames = 0
    for _ in range(max_frames + _SPARE_STEPS):
        condition = read_token(model.language_model, embedding.repeat(branches, 1), context)
        logits = F.linear(condition[:takes].float(), model.token_rows.float())
        choices = logits.argmax(dim=-1).tolist()
        tokens = tuple(token if take in active else None for take, token in enumerate(choices))
        embedding = token_embeddings[choices]
        frame = None
        if AUDIO in tokens:
            frame = _make_frame(maker, noises, tokens, condition)
            speaks = torch.tensor([token == AUDIO for token in tokens], device=device)
            embedding = torch.where(speaks[:, None], frame.embedding, embedding)
            frames += 1
        yield Step(tokens, logits, condition, frame)

        active -= {take for take, token in enumerate(tokens) if token == EOS}
        if not active or frames == max_frames:
            return
        for take in active:
            _follow_segment(tokens[take], take, maker, context, takes if branches == 2 else None)


def _make_frame(
    maker: FrameMaker, noises: Sequence[Noise], tokens: Sequence[int | None], condition: torch.Tensor
) -> Frame:
    """Return the frame of the takes that speak. Those that don't, but may again, remember what they did before it."""
    nothing = torch.zeros(maker.latent_size)
    noise = torch.stack([noises[take].for_frame() if token == AUDIO else nothing for take, token in enumerate(tokens)])
    pausing = [take for take, token in enumerate(tokens) if token not in (AUDIO, None)]
    remembered = [state[pausing] for state in maker.state] if pausing else []
    frame = maker.make(noise.to(condition.device), condition)
    for state, before in zip(maker.state, remembered, strict=False):
        state[pausing] = before
    return frame


def _follow_segment(
    token: int | None, take: int, maker: FrameMaker, context: Context, takes_with_unconditional: int | None
) -> None:
    """Let the take's codec and unconditional row follow its token.

    The end of a segment resets the codec. The unconditional row reads the frames of its segment and nothing else.
    """
    if token == AUDIO_EOS:
        maker.start_segment(take)
    if takes_with_unconditional is None or token == AUDIO:
        return
    unconditional = takes_with_unconditional + take
    forget_last(context, unconditional)
    if token == AUDIO_BOS:
        forget_all(context, unconditional)
