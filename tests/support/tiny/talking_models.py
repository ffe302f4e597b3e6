"""The models of a talking video, a folder for each kind, loaded by ComfyUI's own nodes: in process or in a graph."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.tiny.encoders import fit_encoders_to_files

# kind of model, which is also its folder and its node's id -> the node that loads it, and the node's inputs
_LOADERS = {
    "diffusion_models": ("UNETLoader", "unet_name", {"weight_dtype": "default"}),
    "model_patches": ("ModelPatchLoader", "name", {}),
    "vae": ("VAELoader", "vae_name", {}),
    "text_encoders": ("CLIPLoader", "clip_name", {"type": "wan"}),
    "clip_vision": ("CLIPVisionLoader", "clip_name", {}),
    "audio_encoders": ("AudioEncoderLoader", "audio_encoder_name", {}),
}


def make_loader_nodes(models_dir: Path) -> dict[str, Any]:
    """Return the part of an API graph that loads the models: a node for each kind there is, named by it."""
    return {
        kind: {"class_type": node, "inputs": {file_input: _file_name(models_dir, kind), **inputs}}
        for kind, (node, file_input, inputs) in _LOADERS.items()
        if (models_dir / kind).is_dir()
    }


def load_models(models_dir: Path) -> dict[str, Any]:
    """Return what ComfyUI's loader nodes give, by kind, of the kinds there are.

    UMT5 and CLIP vision H may be of any size.
    """
    # comfy.sd first: the loaders lean on it.
    import comfy.sd  # noqa: F401
    import folder_paths
    from comfy_extras.nodes_audio_encoder import AudioEncoderLoader
    from comfy_extras.nodes_model_patch import ModelPatchLoader
    from nodes import CLIPLoader, CLIPVisionLoader, UNETLoader, VAELoader

    fit_encoders_to_files()
    load: dict[str, Callable[[str], Any]] = {
        "diffusion_models": lambda name: UNETLoader().load_unet(name, "default")[0],
        "model_patches": lambda name: ModelPatchLoader().load_model_patch(name)[0],
        "vae": lambda name: VAELoader().load_vae(name)[0],
        "text_encoders": lambda name: CLIPLoader().load_clip(name, "wan")[0],
        "clip_vision": lambda name: CLIPVisionLoader().load_clip(name)[0],
        "audio_encoders": lambda name: AudioEncoderLoader.execute(name)[0],
    }
    kinds = [kind for kind in load if (models_dir / kind).is_dir()]
    for kind in kinds:
        folder_paths.add_model_folder_path(kind, str(models_dir / kind), is_default=True)
    try:
        return {kind: load[kind](_file_name(models_dir, kind)) for kind in kinds}
    finally:
        for kind in kinds:
            folder_paths.folder_names_and_paths[kind][0].remove(str(models_dir / kind))


def take_talking_models(models: dict[str, Any]) -> Any:
    """Return the TalkingModels among what load_models gives."""
    from comfyui_talkingshorts.engines.infinitetalk.sampling import TalkingModels

    kinds = ("diffusion_models", "model_patches", "vae", "clip_vision", "audio_encoders")
    return TalkingModels(*(models[kind] for kind in kinds))


def encode_prompt(text_encoder: Any, prompt: str) -> list[Any]:
    """Return a prompt's CONDITIONING."""
    import torch

    with torch.inference_mode():
        return text_encoder.encode_from_tokens_scheduled(text_encoder.tokenize(prompt))


def _file_name(models_dir: Path, kind: str) -> str:
    return next((models_dir / kind).iterdir()).name
