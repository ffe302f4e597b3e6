"""How fast the voice engine makes frames of speech, against transformers' own `generate()` on the same weights.

`python -m benchmarks.voice` builds a mid-size VibeVoice with random weights (hidden 512, 8 layers; the codec and the
vocabulary have their real sizes) and prints one JSON object. On a GPU, `--full 1.5B` or `--full 7B` builds the real
dimensions, and the numbers are seconds of computing for a second of speech.
"""

from __future__ import annotations

import argparse
import copy
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from .ratio import ROOT, Ratio, compare, run_module

if TYPE_CHECKING:
    from comfyui_talkingshorts.engines.vibevoice.model import VibeVoice
    from transformers import VibeVoiceForConditionalGeneration

PROMPT_TOKENS = 300
FRAMES = 12
RUNS = 5
GUIDANCE_SCALE = 1.3
DIFFUSION_STEPS = 10
FRAMES_PER_SECOND = 7.5


@dataclass(frozen=True)
class Size:
    """The dimensions of a language model."""

    hidden: int
    layers: int
    heads: int
    key_heads: int
    feed_forward: int
    vocabulary: int


SIZES = {
    "mid": Size(512, 8, 8, 2, 2048, 151936),
    "1.5B": Size(1536, 28, 12, 2, 8960, 151936),
    "7B": Size(3584, 28, 28, 4, 18944, 152064),
}


def measure() -> list[Ratio]:
    """Return the ratios on this machine's CPU, measured in a process of their own: the model takes 5 GB."""
    seconds = json.loads(run_module("benchmarks.voice"))
    return [
        compare("VibeVoice frame, over transformers' generate()", seconds["ours"], seconds["theirs"], "s", 0.5),
        compare(
            "operations a frame, over transformers' generate()",
            seconds["our_operations"],
            seconds["their_operations"],
            "",
            1.0,
        ),
    ]


class _Scheduler:
    """Our solver behind the interface of diffusers' schedulers, which `generate()` asks for."""

    timesteps: torch.Tensor | None = None

    def set_timesteps(self, num_inference_steps: int) -> None:
        from comfyui_talkingshorts.core.vibevoice.dpm_solver import plan_solver_steps

        self._steps = iter(plan_solver_steps(num_inference_steps))
        self.timesteps = torch.tensor([step.timestep for step in plan_solver_steps(num_inference_steps)])
        self._previous: torch.Tensor | float = 0.0

    def step(self, velocity: torch.Tensor, timestep: torch.Tensor, sample: torch.Tensor) -> SimpleNamespace:
        step = next(self._steps)
        clean = step.alpha * sample - step.sigma * velocity
        next_sample = step.keep * sample + step.clean_weight * clean + step.previous_weight * self._previous
        self._previous = clean
        return SimpleNamespace(prev_sample=next_sample)


class _OperationCounter(TorchDispatchMode):
    """Counts what a GPU would launch: every operation that isn't merely another view of a tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, function: Any, types: Any, arguments: Any = (), options: Any = None) -> Any:
        self.count += not function.is_view
        return function(*arguments, **(options or {}))


def build_network(size: Size, device: torch.device, dtype: torch.dtype) -> VibeVoiceForConditionalGeneration:
    """Return a VibeVoice with random weights that never stops speaking."""
    from transformers import VibeVoiceConfig, VibeVoiceForConditionalGeneration

    codec = {"layer_scale_init_value": 0.5, "initializer_range": 0.02}
    config = VibeVoiceConfig(
        text_config={
            "model_type": "qwen2",
            "hidden_size": size.hidden,
            "num_hidden_layers": size.layers,
            "num_attention_heads": size.heads,
            "num_key_value_heads": size.key_heads,
            "intermediate_size": size.feed_forward,
            "vocab_size": size.vocabulary,
            "tie_word_embeddings": True,
        },
        diffusion_head_config={"hidden_size": size.hidden, "intermediate_size": 3 * size.hidden},
        audio_config={"model_type": "vibevoice_acoustic_tokenizer", **codec},
        semantic_model_config={"model_type": "vibevoice_acoustic_tokenizer_encoder", "hidden_size": 128, **codec},
    )
    torch.manual_seed(0)
    with device:
        network = VibeVoiceForConditionalGeneration._from_config(config, dtype=dtype).eval().requires_grad_(False)
    last = network.model.language_model.layers[-1].self_attn
    # A large bias of the last values points all hidden states one way, which the rows of the control tokens read.
    last.v_proj.bias.normal_(0, 3)
    bias = last.v_proj.bias.view(size.key_heads, -1).repeat_interleave(size.heads // size.key_heads, 0).reshape(-1)
    direction = last.o_proj.weight @ bias
    direction /= direction.norm()
    rows = network.lm_head.weight
    rows[[config.audio_bos_token_id, config.audio_eos_token_id, config.eos_token_id]] = -direction
    rows[config.audio_token_id] = direction
    return network


def _speak_ours(vibevoice: VibeVoice, prompt: torch.Tensor, controls: torch.Tensor, frames: int) -> int:
    from comfyui_talkingshorts.engines.vibevoice.generate import generate
    from comfyui_talkingshorts.engines.vibevoice.noise import SeededNoise

    noise = SeededNoise(0, vibevoice.latent_size)
    steps = generate(vibevoice.model, prompt, controls, [noise], GUIDANCE_SCALE, DIFFUSION_STEPS, frames)
    made = sum(step.frame.sound.isfinite().all().item() for step in steps if step.frame is not None)
    return int(made)


def _speak_theirs(network: Any, ids: torch.Tensor, frames: int) -> int:
    sounds = network.generate(
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=frames,
        guidance_scale=GUIDANCE_SCALE,
        noise_scheduler=_Scheduler(),
        num_diffusion_steps=DIFFUSION_STEPS,
    )
    return sounds[0].shape[-1] // 3200


def _time(work: Callable[[int], int], device: torch.device) -> float:
    """Return the seconds that a frame takes: on a CPU, on which others work too, those that this process computed."""
    read_seconds = time.process_time if device.type == "cpu" else time.perf_counter
    start = read_seconds()
    made = work(FRAMES)
    if device.type == "cuda":
        torch.cuda.synchronize()
    assert made == FRAMES, f"{made} frames instead of {FRAMES}"
    return (read_seconds() - start) / FRAMES


def _count_operations(work: Callable[[int], int]) -> int:
    """Return the operations of one frame more."""
    counts = []
    for frames in (2, 3):
        with _OperationCounter() as counter:
            work(frames)
        counts.append(counter.count)
    return counts[1] - counts[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", choices=["1.5B", "7B"])
    arguments = parser.parse_args()
    sys.path[:0] = [str(ROOT / "custom_nodes")]
    sys.path.append(str(ROOT / ".comfyui" / "ComfyUI"))
    device = torch.device("cuda" if arguments.full else "cpu")
    torch.set_num_threads(1)  # which two cores share badly, and steadier
    print(json.dumps(_measure_size(SIZES[arguments.full or "mid"], device)))


@torch.no_grad()
def _measure_size(size: Size, device: torch.device) -> dict[str, float]:
    import comfy.cli_args

    comfy.cli_args.args.cpu = device.type == "cpu"
    from comfyui_talkingshorts.engines.vibevoice.model import assemble
    from comfyui_talkingshorts.engines.vibevoice.prompt import embed_controls
    from comfyui_talkingshorts.engines.vibevoice.tokenizer import load_tokenizer

    dtype = torch.float32 if device.type == "cpu" else torch.bfloat16
    network = build_network(size, device, dtype)
    ids = torch.randint(0, 1000, (1, PROMPT_TOKENS), device=device)
    ids[0, -1] = network.config.audio_bos_token_id
    prompt = network.model.language_model.embed_tokens(ids)
    # The engine takes its network apart: it gets a copy that shares the weights.
    shared = copy.deepcopy(network, {id(weight): weight for weight in network.parameters()})
    vibevoice = assemble(shared, load_tokenizer(Path("/nonexistent")), "random", dtype)
    vibevoice.move_to_device()
    controls = embed_controls(vibevoice, device)

    def ours(frames: int) -> int:
        return _speak_ours(vibevoice, prompt, controls, frames)

    def theirs(frames: int) -> int:
        return _speak_theirs(network, ids, frames)

    operations = _count_operations(ours), _count_operations(theirs)
    seconds = [(_time(ours, device), _time(theirs, device)) for _ in range(RUNS)]
    # What else the machine does slows both of a pair: the middle pair is told.
    our_seconds, their_seconds = sorted(seconds, key=lambda pair: pair[0] / pair[1])[RUNS // 2]
    return {
        "ours": our_seconds,
        "theirs": their_seconds,
        "our_operations": operations[0],
        "their_operations": operations[1],
        "seconds_per_second": our_seconds * FRAMES_PER_SECOND,
    }


if __name__ == "__main__":
    main()
