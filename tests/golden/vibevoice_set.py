"""A set of VibeVoice reference values, and each of its arrays computed anew by the engines.

A set holds `checkpoint/`, the reference recordings, `expected.npz` with all arrays, and `expected.json`, which says of
each whether it is an input or expected, and how close is close enough. Nothing of a set's sizes is taken as given.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av
import numpy as np
import torch
import torch.nn.functional as F
from comfyui_talkingshorts.core.script.dialogue import Line, parse_dialogue
from comfyui_talkingshorts.core.sound import Sound
from comfyui_talkingshorts.core.vibevoice.dpm_solver import plan_solver_steps
from comfyui_talkingshorts.core.vibevoice.loudness import normalize_loudness
from comfyui_talkingshorts.engines.vibevoice.checkpoint import load_network
from comfyui_talkingshorts.engines.vibevoice.diffusion import (
    LatentSampler,
    embed_timesteps,
    modulate,
    predict_velocity,
)
from comfyui_talkingshorts.engines.vibevoice.frame import Frame
from comfyui_talkingshorts.engines.vibevoice.generate import Step, generate
from comfyui_talkingshorts.engines.vibevoice.language_model import Context, read_prompt
from comfyui_talkingshorts.engines.vibevoice.model import VibeVoice, assemble
from comfyui_talkingshorts.engines.vibevoice.prompt import Prompt, build_prompt, embed_controls, embed_prompt
from comfyui_talkingshorts.engines.vibevoice.reference_audio import mix_to_mono_24khz
from comfyui_talkingshorts.engines.vibevoice.tokenizer import load_tokenizer
from comfyui_talkingshorts.engines.vibevoice.voices import draw_latents, embed_voices, encode_voice
from safetensors.torch import save_file

CPU = torch.device("cpu")
_FROM_STEREO = "from_stereo_file"
_KEPT_TENSORS = "bfloat16_tensors.npz"


class RecordedNoise:
    """The noise of a generation, as its set recorded it."""

    def __init__(self, scale: np.ndarray, reference: np.ndarray, frames: np.ndarray) -> None:
        self._scale, self._reference = torch.from_numpy(scale), torch.from_numpy(reference)
        self._frames = iter(torch.from_numpy(frames[:, 0]))

    def for_reference(self, voice: int, frames: int) -> torch.Tensor:
        return self._scale[voice] * self._reference[voice, :frames]

    def for_frame(self) -> torch.Tensor:
        return next(self._frames)


class VibeVoiceSet:
    """The set in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.facts: dict[str, Any] = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
        with np.load(folder / "expected.npz") as arrays:
            self.arrays = dict(arrays)
        self.generated = cache(self._generate)
        self._written = TemporaryDirectory()

    @property
    def expected_names(self) -> list[str]:
        return [name for name, entry in self.facts["arrays"].items() if entry["role"] == "expected"]

    @property
    def names_from_stereo(self) -> list[str]:
        """The arrays that also are to be met from a stereo recording, by the engines' own downmix and resampler."""
        entries = self.facts["arrays"].items()
        return [f"{name} {_FROM_STEREO}" for name, entry in entries if f"tolerance_{_FROM_STEREO}" in entry]

    def tensor(self, name: str) -> torch.Tensor:
        return torch.from_numpy(self.arrays[name])

    @cached_property
    def vibevoice(self) -> VibeVoice:
        folder = self.folder / "checkpoint"
        if (folder / _KEPT_TENSORS).is_file():
            folder = _write_checkpoint(folder, Path(self._written.name))
        return assemble(load_network(folder, torch.float32), load_tokenizer(folder), "golden", torch.float32)

    @cached_property
    def model(self) -> Any:
        return self.vibevoice.patcher.model

    def prompt(self, name: str) -> Prompt:
        facts = self.facts["prompts"][name]
        lines = parse_dialogue(facts["script"])
        assert lines == [Line(speaker, text) for speaker, text in facts["lines"]]
        frames = [len(self.arrays[voice]) // self.facts["hop"] for voice in facts["voices"]]
        return build_prompt(self.vibevoice.tokenizer, lines, frames)

    def noise(self, name: str) -> RecordedNoise:
        frames = self.arrays.get(f"noise_{name}_frames", np.zeros((0, 2, 1), np.float32))
        return RecordedNoise(self.arrays[f"noise_{name}_scale"], self.arrays[f"noise_{name}_reference"], frames)

    def voice_means(self, prompt_name: str) -> list[torch.Tensor]:
        voices = self.facts["prompts"][prompt_name]["voices"]
        return [encode_voice(self.model, self.arrays[voice], self.facts["hop"], CPU) for voice in voices]

    def embedded_prompt(self, prompt_name: str, voices: torch.Tensor) -> torch.Tensor:
        """Return [1, length, hidden]."""
        return embed_prompt(self.vibevoice, self.prompt(prompt_name), voices)[None]

    def _generate(self, name: str) -> Sequence[Step]:
        facts, noise = self.facts["generation"][name], self.noise(name)
        voices = embed_voices(self.model, self.voice_means(facts["prompt"]), self.vibevoice.vae_std, noise, CPU)
        prompt = self.embedded_prompt(facts["prompt"], voices)
        return list(
            generate(
                self.model,
                prompt,
                embed_controls(self.vibevoice, CPU),
                [noise],
                facts["cfg_scale"],
                facts["diffusion_steps"],
                max_frames=len(facts["forced_tokens"]) + 8,
            )
        )


def _write_checkpoint(kept: Path, folder: Path) -> Path:
    """Return a folder with the files of a checkpoint whose tensors are kept as the bits of bfloat16."""
    shutil.copytree(kept, folder, dirs_exist_ok=True)
    with np.load(kept / _KEPT_TENSORS) as bits:
        tensors = {name: torch.from_numpy(bits[name]).view(torch.bfloat16) for name in bits}
    save_file(tensors, folder / "model.safetensors")
    return folder


def compute(golden: VibeVoiceSet, name: str) -> np.ndarray:
    """Return what the engines make of the inputs that the array's entry names."""
    if name.endswith(_FROM_STEREO):
        return _compute_from_stereo(golden, name.split(" ")[0])
    for pattern, function in _COMPUTATIONS.items():
        if match := re.fullmatch(pattern, name):
            with torch.inference_mode():
                return np.asarray(function(golden, *match.groups()))
    raise LookupError(f"no computation is known for the array {name}")


def _compute_from_stereo(golden: VibeVoiceSet, name: str) -> np.ndarray:
    mono, hop = _mono_of_stereo(golden), golden.facts["hop"]
    normalized = normalize_loudness(mono[: len(mono) // hop * hop])
    if name.endswith("_normalized"):
        return normalized
    encode = _acoustic_mean_of if name.startswith("acoustic_mean") else _semantic_features_of
    with torch.inference_mode():
        return encode(golden, normalized)


def look_up(golden: VibeVoiceSet, name: str) -> tuple[np.ndarray, dict[str, Any]]:
    """Return the reference values of an array, and how close to them is close enough."""
    array, _, source = name.partition(" ")
    return golden.arrays[array], golden.facts["arrays"][array]["tolerance" + (f"_{source}" if source else "")]


def is_close(got: np.ndarray, want: np.ndarray, tolerance: dict[str, Any]) -> bool:
    """Return whether an array is as close to the reference as its entry asks."""
    if tolerance["kind"] == "exact":
        return np.array_equal(got, want)
    if tolerance["kind"] == "allclose":
        limit = tolerance["atol"] + tolerance["rtol"] * np.abs(want)
        return got.shape == want.shape and bool((np.abs(got - want) <= limit).all())
    edges, length = tolerance["skip_edges"], min(len(got), len(want))
    difference = (got[:length] - want[:length])[edges : length - edges]
    power = np.mean(want[edges : length - edges] ** 2)
    is_long_enough = abs(len(got) - len(want)) <= tolerance["length_slack"]
    return bool(is_long_enough and np.mean(difference**2) <= tolerance["max"] ** 2 * power)


def _read_wav(path: Path) -> Sound:
    with av.open(str(path)) as container:
        rate = container.streams.audio[0].rate
        blocks = [frame.to_ndarray() for frame in container.decode(audio=0)]
        channels = container.streams.audio[0].channels
    packed = np.concatenate(blocks, axis=-1).reshape(-1, channels).T
    return Sound(packed.astype(np.float32) / 32768, rate)


def _mono_of_stereo(golden: VibeVoiceSet) -> np.ndarray:
    return mix_to_mono_24khz(_read_wav(next(golden.folder.glob("*stereo*.wav"))))


def _normalized_reference(golden: VibeVoiceSet, voice: str) -> np.ndarray:
    facts = golden.facts["references"][voice]
    # The one that was made from the stereo recording is given as exact samples; its file is rounded to 16 bits.
    file = golden.folder / facts["file"].split(" ")[0]
    samples = golden.arrays["stereo_mono24k"] if "stereo_mono24k" in facts["file"] else _read_wav(file).mono
    hop = golden.facts["hop"]
    return normalize_loudness(samples[: len(samples) // hop * hop])


def _acoustic_mean_of(golden: VibeVoiceSet, samples: np.ndarray) -> np.ndarray:
    return encode_voice(golden.model, samples, golden.facts["hop"], CPU).numpy()


def _semantic_features_of(golden: VibeVoiceSet, samples: np.ndarray) -> np.ndarray:
    encoder = golden.model.semantic_encoder
    return encoder(torch.from_numpy(samples)[None, :, None], encoder.start(1, CPU, torch.float32))[0].numpy()


def _decoded_audio(golden: VibeVoiceSet) -> np.ndarray:
    decoder = golden.model.acoustic_decoder
    state = decoder.start(1, CPU, torch.float32)
    frames = [decoder(latent[None, None], state) for latent in golden.tensor("decode_latents")]
    return torch.cat(frames, dim=1)[0, :, 0].numpy()


def _head_output(golden: VibeVoiceSet) -> np.ndarray:
    head = golden.model.diffusion_head
    rows = []
    inputs = (golden.tensor(name) for name in ("head_noisy", "head_t", "head_condition"))
    for noisy, timestep, condition in zip(*inputs, strict=True):
        modulations = modulate(head, embed_timesteps(head, timestep[None]), condition[None])
        rows.append(predict_velocity(head, noisy[None], [modulation[0] for modulation in modulations]))
    return torch.cat(rows).numpy()


def _trajectory(golden: VibeVoiceSet, steps: str) -> np.ndarray:
    sampler = LatentSampler(golden.model.diffusion_head, int(steps), golden.facts["cfg_scale"], CPU)
    condition = torch.stack([golden.tensor("dpm_pos_condition"), golden.tensor("dpm_neg_condition")])
    return torch.cat(list(sampler.denoise(golden.tensor("dpm_noise")[None], condition))).numpy()


def _audio_mask(golden: VibeVoiceSet, prompt_name: str) -> np.ndarray:
    prompt = golden.prompt(prompt_name)
    mask = np.zeros(len(prompt.ids), dtype=bool)
    mask[list(prompt.audio_positions)] = True
    return mask


def _audio_features(golden: VibeVoiceSet, prompt_name: str) -> np.ndarray:
    means, noise = golden.voice_means(prompt_name), golden.noise(prompt_name)
    return draw_latents(golden.model, means, golden.vibevoice.vae_std, noise, CPU).numpy()


def _audio_embeds(golden: VibeVoiceSet, prompt_name: str) -> np.ndarray:
    means, noise = golden.voice_means(prompt_name), golden.noise(prompt_name)
    return embed_voices(golden.model, means, golden.vibevoice.vae_std, noise, CPU).numpy()


def _prompt_hidden(golden: VibeVoiceSet, prompt_name: str) -> torch.Tensor:
    embeddings = golden.embedded_prompt(prompt_name, golden.tensor(f"audio_embeds_{prompt_name}"))
    context = Context(golden.model.language_model, 1, embeddings.shape[1], CPU, torch.float32)
    return read_prompt(golden.model.language_model, embeddings, context)[0]


def _generated_tokens(golden: VibeVoiceSet, name: str) -> list[int]:
    control_ids = golden.vibevoice.tokenizer.control_ids
    return [control_ids[token] for step in golden.generated(name) for token in step.tokens if token is not None]


def _of_frames(take: Callable[[Step, Frame], torch.Tensor]) -> Callable[[VibeVoiceSet, str], np.ndarray]:
    def collect(golden: VibeVoiceSet, name: str) -> np.ndarray:
        steps = golden.generated(name)
        return torch.stack([take(step, step.frame)[0] for step in steps if step.frame is not None]).numpy()

    return collect


_COMPUTATIONS: dict[str, Callable[..., Any]] = {
    r"stereo_mono24k": _mono_of_stereo,
    r"ref_(\w+)_normalized": _normalized_reference,
    r"normalize_(\w+)": lambda golden, name: normalize_loudness(golden.arrays[f"normalize_{name}_in"]),
    r"acoustic_mean_(\w+)": lambda golden, voice: _acoustic_mean_of(golden, golden.arrays[f"ref_{voice}_normalized"]),
    r"semantic_(\w+)": lambda golden, voice: _semantic_features_of(golden, golden.arrays[f"ref_{voice}_normalized"]),
    r"decode_audio": _decoded_audio,
    r"head_out": _head_output,
    r"dpm_timesteps_(\d+)": lambda golden, steps: [step.timestep for step in plan_solver_steps(int(steps))],
    r"dpm_trajectory_(\d+)": _trajectory,
    r"dpm_latent_(\d+)": lambda golden, steps: _trajectory(golden, steps)[-1],
    r"prompt_(\w+)_ids": lambda golden, name: golden.prompt(name).ids,
    r"prompt_(\w+)_audio_mask": _audio_mask,
    r"audio_features_(\w+)": _audio_features,
    r"audio_embeds_(\w+)": _audio_embeds,
    r"lm_hidden_(\w+)": lambda golden, name: _prompt_hidden(golden, name),
    r"lm_logits_(\w+)": lambda golden, name: F.linear(_prompt_hidden(golden, name), golden.model.token_rows),
    r"gen_(\w+)_tokens": _generated_tokens,
    r"gen_(\w+)_audio": lambda golden, name: _of_frames(lambda step, frame: frame.sound)(golden, name).reshape(-1),
    r"gen_(\w+)_latents": _of_frames(lambda step, frame: frame.latent),
    r"gen_(\w+)_semantic": _of_frames(lambda step, frame: frame.semantic),
    r"gen_(\w+)_pos_condition": _of_frames(lambda step, frame: step.condition),
    r"gen_(\w+)_neg_condition": _of_frames(lambda step, frame: step.condition[1:]),
    r"gen_(\w+)_logits": lambda golden, name: np.stack([step.logits[0].numpy() for step in golden.generated(name)]),
}
