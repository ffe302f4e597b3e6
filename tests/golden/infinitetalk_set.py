"""A set of whole videos made by InfiniteTalk's official code, and each of them made anew: in process and by ComfyUI.

A set holds the checkpoints, the inputs, `conditioning.npz` (what the encoders make of picture and prompts) and one
`cases/<name>.npz` a video, each with a .json that says what it is and how close is close enough. Nothing of a set's
sizes, names or settings is taken as given.
"""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from comfyui_talkingshorts.core.infinitetalk.flow_schedule import plan_sigmas
from comfyui_talkingshorts.core.infinitetalk.windows import Window, plan_windows
from comfyui_talkingshorts.core.long_video.size import Size
from comfyui_talkingshorts.core.sound import Sound
from comfyui_talkingshorts.engines.infinitetalk.audio_features import read_features, write_features
from comfyui_talkingshorts.engines.infinitetalk.guider import Guidance
from comfyui_talkingshorts.engines.infinitetalk.sampling import TalkingSampler, TalkingSampling
from comfyui_talkingshorts.engines.infinitetalk.speech import prepare_speech
from comfyui_talkingshorts.engines.long_video.picture_fit import fit_picture
from comfyui_talkingshorts.engines.long_video.wav2vec2 import SAMPLE_RATE_HZ
from PIL import Image
from support.tiny.talking_models import encode_prompt, load_models, make_loader_nodes, take_talking_models


@dataclass(frozen=True)
class Take:
    """A video made anew. `features` [T, 12, 768]; `latents` [1, 16, latents, h, w] a window, in the model's space."""

    frames: np.ndarray
    latents: Sequence[np.ndarray]
    features: np.ndarray


class InfiniteTalkSet:
    """The set in a folder. Its checkpoints are unpacked into `base`, the base directory of a ComfyUI."""

    def __init__(self, folder: Path, base: Path | None = None) -> None:
        self.folder, self._base = folder, base
        self.cases: dict[str, dict[str, Any]] = {
            path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("cases/*.json"))
        }
        self.case_arrays = cache(self._read_case_arrays)
        self.take = cache(self._make)

    @property
    def windows(self) -> list[tuple[str, int]]:
        """Every case with each of its windows."""
        return [(name, window) for name, case in self.cases.items() for window in range(len(case["windows_of_output"]))]

    @cached_property
    def conditioning_facts(self) -> dict[str, dict[str, Any]]:
        """Each array of the conditioning, described."""
        return json.loads((self.folder / "conditioning.json").read_text())["arrays"]

    @cached_property
    def conditioning(self) -> dict[str, np.ndarray]:
        with np.load(self.folder / "conditioning.npz") as arrays:
            return dict(arrays)

    @property
    def any_case(self) -> dict[str, Any]:
        """A case, for what all of a set's cases share."""
        return next(iter(self.cases.values()))

    @cached_property
    def base(self) -> Path:
        """The base directory of a ComfyUI: `models/` and `input/` as on a user's disk."""
        assert self._base is not None
        with tarfile.open(self.folder / self.any_case["inputs"]["checkpoints"]) as archive:
            archive.extractall(self._base, filter="data")
        inputs = self._base / "input"
        inputs.mkdir()
        for path in (self.folder / "inputs").iterdir():
            (inputs / path.name).write_bytes(path.read_bytes())
        return self._base

    @property
    def models_dir(self) -> Path:
        return self.base / "models"

    @cached_property
    def loaded(self) -> dict[str, Any]:
        """What ComfyUI's own loaders make of the checkpoints, by kind."""
        return load_models(self.models_dir)

    def encode_text(self, prompt: str) -> list[Any]:
        """Return CONDITIONING."""
        return encode_prompt(self.loaded["text_encoders"], prompt)

    def picture_of(self, case: dict[str, Any]) -> np.ndarray:
        """Return the portrait in the video's size: [height, width, 3] uint8."""
        with Image.open(self.folder / case["inputs"]["image"]) as picture:
            return fit_picture(np.asarray(picture.convert("RGB")), Size(case["height"], case["width"]))

    def sound_of(self, case: dict[str, Any]) -> Sound:
        """Return the sound as ComfyUI reads it."""
        from comfy_extras.nodes_audio import load

        waveform, rate = load(str(self.folder / case["inputs"]["audio"]))
        return Sound(waveform.numpy(), rate)

    def sampler_of(self, case: dict[str, Any], features_path: Path) -> TalkingSampler:
        return TalkingSampler(
            take_talking_models(self.loaded),
            (self.encode_text(case["prompt"]), self.encode_text(case["negative"])),
            self.picture_of(case),
            features_path,
            self.windows_of(case),
            TalkingSampling(
                sigmas=torch.from_numpy(plan_sigmas(case["steps"], case["shift"])),
                guidance=Guidance(case["text"], case["audio"], end=1.0, batch="auto", is_projected=case["apg"]),
                seed=case["seed"],
                window_frames=case["frames_per_window"],
                colour_strength=case["colour"],
                vae_tiling="auto",
            ),
        )

    def _make(self, name: str) -> Take:
        case, features_path = self.cases[name], self.base / f"{name}.npy"
        write_features(self.loaded["audio_encoders"], prepare_speech(self.sound_of(case)), case["T"], features_path)
        sampler = self.sampler_of(case, features_path)
        process_in = self.loaded["diffusion_models"].model.process_latent_in
        parts, latents, motion = [], [], None
        for index in range(len(self.windows_of(case))):
            made = sampler.sample(index, motion, lambda: None)
            motion = made.motion
            parts.append(np.floor(255 * made.kept.clamp(0, 1).numpy()).astype(np.uint8))
            latents.append(process_in(made.latents).numpy())
        return Take(np.concatenate(parts), latents, read_features(features_path, np.arange(case["T"])))

    def windows_of(self, case: dict[str, Any]) -> list[Window]:
        return plan_windows(case["T"], case["frames_per_window"], case["motion_frames"])

    def graph_of(self, name: str) -> dict[str, Any]:
        """Return the API graph that makes a case's video through the node, losslessly, and saves it."""
        case = self.cases[name]
        graph = make_loader_nodes(self.models_dir)
        graph["portrait"] = {"class_type": "LoadImage", "inputs": {"image": Path(case["inputs"]["image"]).name}}
        graph["speech"] = {"class_type": "LoadAudio", "inputs": {"audio": Path(case["inputs"]["audio"]).name}}
        for prompt in ("prompt", "negative"):
            inputs = {"clip": ["text_encoders", 0], "text": case[prompt]}
            graph[prompt] = {"class_type": "CLIPTextEncode", "inputs": inputs}
        graph["talk"] = {"class_type": "TalkingShortsTalkingVideo", "inputs": _node_inputs(case)}
        save = {"video": ["talk", 0], "filename_prefix": f"golden/{name}"}
        graph["save"] = {"class_type": "TalkingShortsSaveShort", "inputs": save}
        return graph

    def _read_case_arrays(self, name: str) -> dict[str, np.ndarray]:
        with np.load(self.folder / "cases" / f"{name}.npz") as arrays:
            return dict(arrays)


def _node_inputs(case: dict[str, Any]) -> dict[str, Any]:
    links = {
        "model": "diffusion_models",
        "model_patch": "model_patches",
        "vae": "vae",
        "audio_encoder": "audio_encoders",
        "clip_vision": "clip_vision",
        "speech": "speech",
        "portrait": "portrait",
        "positive": "prompt",
        "negative": "negative",
    }
    return {name: [node, 0] for name, node in links.items()} | {
        "size_mode": "custom",
        "width": case["width"],
        "height": case["height"],
        "steps": case["steps"],
        "schedule": "official",
        "shift": case["shift"],
        "text_scale": case["text"],
        "audio_scale": case["audio"],
        "seed": case["seed"],
        "window_frames": case["frames_per_window"],
        "motion_frames": case["motion_frames"],
        "color_strength": case["colour"],
        "apg": case["apg"],
        "crf": 0,
        "resume": False,
    }


def compute_conditioning(golden: InfiniteTalkSet, name: str) -> np.ndarray:
    """Return an array of the conditioning as ComfyUI's loaders and the engines make it."""
    case = golden.any_case
    if noise := re.fullmatch(r"noise(\d+)_first(\d+)", name):
        window, count = map(int, noise.groups())
        return _draw_noise(case, window)[:count]
    if text := re.fullmatch("text_(positive|negative)", name):
        prompt = case[{"positive": "prompt", "negative": "negative"}[text[1]]]
        return golden.encode_text(prompt)[0][0][0].numpy()
    picture = golden.picture_of(case)
    if name == "reference_u8":
        return picture
    portrait = torch.from_numpy(picture.copy()).float() / 255
    with torch.inference_mode():
        if name == "clip_vision":
            seen = golden.loaded["clip_vision"].encode_image(portrait[None], crop=False)
            return seen.penultimate_hidden_states[0].numpy()
        if name == "y_latent":
            image = torch.full((case["frames_per_window"], *portrait.shape), 0.5)
            image[0] = portrait
            encoded = golden.loaded["vae"].encode(image)
            return golden.loaded["diffusion_models"].model.process_latent_in(encoded)[0].numpy()
    raise LookupError(f"no computation is known for {name}")


def _draw_noise(case: dict[str, Any], window: int) -> np.ndarray:
    from comfy.sample import prepare_noise

    latents = (case["frames_per_window"] - 1) // 4 + 1
    empty = torch.zeros(1, 16, latents, case["height"] // 8, case["width"] // 8)
    noise: Any = prepare_noise(empty, case["seed"] + window)
    return noise.flatten().numpy()


def measure_psnr_db(got: np.ndarray, want: np.ndarray) -> float:
    """Return the peak signal-to-noise ratio of uint8 pictures; equal ones have an infinite one."""
    error = np.mean((got.astype(np.float64) - want) ** 2)
    return float("inf") if error == 0 else float(10 * np.log10(255**2 / error))


def measure_distance(got: np.ndarray, want: np.ndarray) -> float:
    """Return the L2 norm of the difference, in norms of what is wanted."""
    want = want.astype(np.float64)
    return float(np.linalg.norm(got - want) / np.linalg.norm(want))


def allowed_distance(golden: InfiniteTalkSet, name: str, array: str) -> float:
    """Return how far from a case's array is close enough, as its entry says: more where resamplers differ."""
    case = golden.cases[name]
    tolerance = case["arrays"][array]["tolerance"]
    is_resampled = golden.sound_of(case).sample_rate_hz != SAMPLE_RATE_HZ
    resampled = re.search(r"\(([\d.e-]+) for the .* case\)", tolerance) if is_resampled else None
    limit = resampled or re.search(r"<= ([\d.e-]+)", tolerance)
    assert limit, tolerance
    return float(limit[1])


def allowed_difference(golden: InfiniteTalkSet, array: str) -> float:
    """Return the largest absolute difference that an array of the conditioning allows."""
    tolerance = golden.conditioning_facts[array]["tolerance"]
    return 0.0 if tolerance.startswith("exact") else float(tolerance.split()[0])


def convert_to_luma(frames: np.ndarray) -> np.ndarray:
    """Return the luma [frames, height, width] uint8 that FFmpeg makes of RGB frames on their way to yuv420p."""
    return np.stack([_read_luma(av.VideoFrame.from_ndarray(frame, format="rgb24")) for frame in frames])


def decode_luma(path: Path) -> np.ndarray:
    """Return the luma of a video: [frames, height, width] uint8."""
    with av.open(str(path)) as container:
        return np.stack([_read_luma(frame) for frame in container.decode(video=0)])


def _read_luma(frame: av.VideoFrame) -> np.ndarray:
    return frame.reformat(format="yuv420p").to_ndarray()[: frame.height]
