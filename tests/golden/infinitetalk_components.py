"""Single steps of InfiniteTalk's algorithm as its official code takes them, and each taken anew by the engines.

A set's `components/` holds .json files, some with an .npz of the same name beside it; the checkpoints are packed one
folder up. A set may hold some of the files, and some of their arrays: what is there is checked.
"""

from __future__ import annotations

import json
import re
import tarfile
from collections.abc import Callable
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from comfyui_talkingshorts.core.infinitetalk.buckets import choose_bucket
from comfyui_talkingshorts.core.infinitetalk.flow_schedule import plan_sigmas
from comfyui_talkingshorts.core.infinitetalk.windows import Window, index_audio, plan_windows
from comfyui_talkingshorts.core.long_video.size import Size
from comfyui_talkingshorts.engines.infinitetalk.audio_features import encode_speech
from comfyui_talkingshorts.engines.infinitetalk.audio_tokens import project_audio
from comfyui_talkingshorts.engines.infinitetalk.colour import ColourMatch
from comfyui_talkingshorts.engines.infinitetalk.guidance import Branch, ProjectedGuidance, combine
from comfyui_talkingshorts.engines.infinitetalk.speech import level_speech
from comfyui_talkingshorts.engines.long_video.picture_fit import fit_picture

BRANCH_NAMES = {
    "c": Branch.PROMPT,
    "d": Branch.NEGATIVE,
    "u": Branch.SILENT_NEGATIVE,
    "n": Branch.SILENT_PROMPT,
}


class ComponentSet:
    """The components in a folder. What needs a model unpacks it into `scratch`."""

    def __init__(self, folder: Path, scratch: Path | None = None) -> None:
        self.folder, self._scratch = folder, scratch
        self.facts: dict[str, Any] = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
        self.arrays = cache(self._read_arrays)
        self.features = cache(self._encode_features)

    @property
    def names(self) -> list[str]:
        """Name every value to check as `file/value`."""
        names = [
            f"{file}/{name}"
            for file, facts in self.facts.items()
            for name, entry in facts.get("arrays", {}).items()
            if "tolerance" in entry
        ]
        names += [f"windows/{frames}" for frames in self.facts.get("windows", {}).get("lengths", {})]
        for mode in ("480", "720"):
            entries = self.facts.get("buckets", {}).get(mode, [])
            names += [f"buckets/{mode}_{entry['height']}x{entry['width']}" for entry in entries]
        return sorted(names)

    @cached_property
    def models(self) -> Path:
        """The `models/` tree as on a user's disk, of what hears."""
        assert self._scratch is not None
        with tarfile.open(self.folder.parent / "checkpoints.tar.xz") as archive:
            wanted = [member for member in archive if re.search("/(audio_encoders|model_patches)/", member.name)]
            archive.extractall(self._scratch, wanted, filter="data")
        return self._scratch / "models"

    @cached_property
    def audio_encoder(self) -> Any:
        name = self._offer("audio_encoders")
        from comfy_extras.nodes_audio_encoder import AudioEncoderLoader

        return AudioEncoderLoader.execute(name)[0]

    @cached_property
    def audio_projector(self) -> Any:
        name = self._offer("model_patches")
        from comfy_extras.nodes_model_patch import ModelPatchLoader

        return ModelPatchLoader().load_model_patch(name)[0].model.audio_proj

    def _offer(self, kind: str) -> str:
        """Return the name of the one model of a kind, once ComfyUI's loaders, which lean on comfy.sd, find it."""
        import comfy.sd  # noqa: F401
        import folder_paths

        folder = self.models / kind
        folder_paths.add_model_folder_path(kind, str(folder), is_default=True)
        return next(folder.iterdir()).name

    def _read_arrays(self, file: str) -> dict[str, np.ndarray]:
        with np.load(self.folder / f"{file}.npz") as arrays:
            return dict(arrays)

    def _encode_features(self, clip: str) -> np.ndarray:
        arrays = self.arrays("wav2vec")
        frames = len(arrays[f"{clip}_features_l2"])
        return np.concatenate(list(encode_speech(self.audio_encoder, arrays[f"{clip}_normalised"], frames)))


def compute(golden: ComponentSet, name: str) -> tuple[Any, Any, str]:
    """Return what the engines make of a value's inputs, what the official code made of them, and how close they be."""
    file, _, value = name.partition("/")
    if file == "windows":
        return _windows(int(value)), golden.facts["windows"]["lengths"][value]["windows"], "exact"
    if file == "buckets":
        return *_bucket(golden, value), "exact"
    for pattern, function in _COMPUTATIONS.items():
        if match := re.fullmatch(pattern, name):
            with torch.inference_mode():
                got = np.asarray(function(golden, *match.groups()))
            return got, golden.arrays(file)[value], golden.facts[file]["arrays"][value]["tolerance"]
    raise LookupError(f"no computation is known for {name}")


def largest_excess(got: np.ndarray, want: np.ndarray, tolerance: str) -> float:
    """Return by how much the largest difference exceeds the tolerance, negative or 0 when close enough.

    Where the reference has no value (NaN), any will do. What the reference was rounded by, half an fp16 step, is more
    than its tolerance at values above 8, and is allowed on top.
    """
    allowed, kind = ("0", "abs") if tolerance.startswith("exact") else (*tolerance.split(), "abs")[:2]
    limit = float(allowed) * (np.abs(want) if kind == "rel" else 1)
    if want.dtype == np.float16:
        limit = limit + np.spacing(np.abs(want)) / 2
    difference = np.abs(got.astype(np.float64) - want.astype(np.float64))
    assert not np.isnan(got[~np.isnan(want)]).any()
    return float(np.nanmax(difference - limit))


def _windows(frames: int) -> list[dict[str, Any]]:
    return [_describe(window) for window in plan_windows(frames)]


def _describe(window: Window) -> dict[str, Any]:
    return {
        "audio_start": window.start_frame,
        "audio_end": window.end_frame,
        "motion_frames": window.motion_frames,
        "uses_frames": [window.kept.start, window.kept.stop],
        "output_frames": [window.output.start, window.output.stop],
    }


def _bucket(golden: ComponentSet, value: str) -> tuple[Size, Size]:
    mode, height, width = map(int, re.split("[_x]", value))
    entry = next(
        entry for entry in golden.facts["buckets"][str(mode)] if (entry["height"], entry["width"]) == (height, width)
    )
    return choose_bucket(height, width, f"bucket_{mode}"), Size(entry["bucket_height"], entry["bucket_width"])


def _audio_index(golden: ComponentSet, frames: str) -> np.ndarray:
    return np.stack([index_audio(window, int(frames)) for window in plan_windows(int(frames))])


def _predictions(golden: ComponentSet, file: str, text_scale: float) -> dict[Branch, torch.Tensor]:
    """Return the branches that the official code runs."""
    names = "cn" if text_scale == 1 else "cdu"
    return {BRANCH_NAMES[name]: torch.from_numpy(golden.arrays(file)[name]) for name in names}


def _guided(golden: ComponentSet, text_scale: str, audio_scale: str) -> np.ndarray:
    predictions = _predictions(golden, "guidance", float(text_scale))
    return combine(predictions, float(text_scale), float(audio_scale)).numpy()


def _projected(golden: ComponentSet, text: str, audio: str, momentum: str, threshold: str) -> np.ndarray:
    guidance, predictions = ProjectedGuidance(float(momentum), float(threshold)), _predictions(golden, "apg", int(text))
    steps = range(len(golden.arrays("apg")["c"]))
    velocities = [{branch: tensor[step] for branch, tensor in predictions.items()} for step in steps]
    return torch.stack([guidance.combine(step, float(text), float(audio)) for step in velocities]).numpy()


def _corrected(golden: ComponentSet, strength: str) -> np.ndarray:
    frames, reference = (torch.from_numpy(golden.arrays("colour")[name] + 1) / 2 for name in ("frames", "reference"))
    ColourMatch(reference, float(strength), torch.device("cpu")).correct(frames)
    return 2 * frames.numpy() - 1


def _cropped(golden: ComponentSet, number: str) -> np.ndarray:
    arrays = golden.arrays("crop")
    return fit_picture(arrays[f"in{number}"], Size(*arrays[f"out{number}"].shape[:2]))


def _normalised(golden: ComponentSet, clip: str) -> np.ndarray:
    return level_speech(golden.arrays("wav2vec")[f"{clip}_wave_i16"].astype(np.float32) / 32768)


def _audio_tokens(golden: ComponentSet, number: str) -> np.ndarray:
    features = golden.arrays("wav2vec")["speech_features"].astype(np.float32)
    window = plan_windows(len(features))[int(number)]
    heard = torch.from_numpy(features[index_audio(window, len(features))])
    return project_audio(golden.audio_projector, heard).numpy()


def _silent_tokens(golden: ComponentSet) -> np.ndarray:
    return project_audio(golden.audio_projector, torch.zeros(81, 5, 12, 768)).numpy()


_COMPUTATIONS: dict[str, Callable[..., Any]] = {
    r"audio_index/T(\d+)": _audio_index,
    r"sigmas/steps(\d+)_shift(\d+)": lambda golden, steps, shift: plan_sigmas(int(steps), float(shift)),
    r"guidance/out_t(\d+)_a(\d+)": _guided,
    r"apg/out_t(\d+)_a(\d+)_m([-.\d]+)_thr(\d+)": _projected,
    r"colour/out_([.\d]+)": _corrected,
    r"crop/out(\d+)": _cropped,
    r"wav2vec/(\w+)_normalised": _normalised,
    r"wav2vec/(\w+)_features": lambda golden, clip: golden.features(clip),
    r"wav2vec/(\w+)_features_f32_ch5_24": lambda golden, clip: golden.features(clip)[..., 5::24],
    r"wav2vec/(\w+)_features_l2": lambda golden, clip: np.linalg.norm(golden.features(clip), axis=-1),
    r"audio_proj/window(\d+)": _audio_tokens,
    r"audio_proj/zero": _silent_tokens,
}
