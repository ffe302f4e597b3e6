"""Lets each branch of a guided step hear its own sound, batched or one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from comfy.ldm.modules import attention as comfy_attention
from comfy.ldm.wan.model_multitalk import MultiTalkCrossAttnPatch, MultiTalkGetAttnMapPatch
from comfy.model_patcher import ModelPatcher
from comfy.patcher_extension import WrappersMP

from ...core.errors import ModelError
from .guidance import Branch

_NATIVE_WRAPPER = "infinite_talk_outer_sample"
_TOKENS = "talkingshorts_tokens"


class AudioAttention:
    """InfiniteTalk's audio cross-attention as a patch of the video model, run after each block's text cross-attention.

    ComfyUI's own patch gives every branch of a batch the same sound, and fails when there is more than one.
    """

    def __init__(self, model_patch: ModelPatcher) -> None:
        self._model_patch = model_patch
        self._branches: Sequence[Branch] = ()
        self._tokens: Mapping[Branch, torch.Tensor] = {}
        self._stacked: dict[tuple[int, ...], torch.Tensor] = {}
        untraced: Any = torch.compiler.disable(self._attend)
        self._hear: Callable[[dict[str, Any]], torch.Tensor] = self._attend if _is_traced_whole() else untraced

    def set_tokens(self, branches: Sequence[Branch], tokens: Mapping[Branch, torch.Tensor]) -> None:
        """Set what a window's branches hear: tokens [latent frames, 32, width], and the order of the branches."""
        self._branches, self._tokens = branches, tokens
        self._stacked = {}

    def models(self) -> list[ModelPatcher]:
        """Return what ComfyUI has to load beside the video model."""
        return [self._model_patch]

    def __call__(self, arguments: dict[str, Any]) -> torch.Tensor:
        return self._hear(arguments)

    def hand_over_tokens(
        self,
        apply_model: Callable[..., torch.Tensor],
        x: torch.Tensor,
        timestep: torch.Tensor,
        c_concat: torch.Tensor | None,
        c_crossattn: torch.Tensor | None,
        control: Any,
        options: dict[str, Any],
        **conditions: Any,
    ) -> torch.Tensor:
        """Wrap a forward (APPLY_MODEL), and give the patch the tokens of the branches in it.

        A compiled model would keep those of the branches that it saw first, for ComfyUI lets nothing in the
        transformer's options be guarded: only tensors there are looked up anew.
        """
        options = {**options, _TOKENS: self._stack(options["cond_or_uncond"])}
        return apply_model(x, timestep, c_concat, c_crossattn, control, options, **conditions)

    def _attend(self, arguments: dict[str, Any]) -> torch.Tensor:
        x, options = arguments["x"], arguments["transformer_options"]
        block = self._model_patch.model.blocks[options["block_index"]]
        tokens = options[_TOKENS].to(x)
        return x + block.audio_cross_attn(block.norm_x(x), tokens, shape=options["grid_sizes"])

    def _stack(self, branches: Sequence[int]) -> torch.Tensor:
        """Return the tokens of the branches that share a forward: [branches * latent frames, 32, width]."""
        key = tuple(branches)
        if key not in self._stacked:
            self._stacked[key] = torch.cat([self._tokens[self._branches[index]] for index in key])
        return self._stacked[key]


def attach_audio(model: ModelPatcher, model_patch: ModelPatcher) -> tuple[ModelPatcher, AudioAttention]:
    """Return a clone of the video model that hears, and what tells it what to hear.

    It takes the place of any InfiniteTalk patch that the model carries already. Raises ModelError when the two don't
    belong together.
    """
    _require_fit(model, model_patch)
    _store_in_half(model_patch)
    clone = model.clone()
    patches = clone.model_options["transformer_options"].get("patches", {})
    for name, native in (("attn1_patch", MultiTalkGetAttnMapPatch), ("attn2_patch", MultiTalkCrossAttnPatch)):
        patches[name] = [patch for patch in patches.get(name, []) if not isinstance(patch, native)]
    clone.remove_wrappers_with_key(WrappersMP.OUTER_SAMPLE, _NATIVE_WRAPPER)
    attention = AudioAttention(model_patch)
    clone.set_model_attn2_patch(attention)
    clone.add_wrapper_with_key(WrappersMP.APPLY_MODEL, "talkingshorts", attention.hand_over_tokens)
    return clone, attention


def _store_in_half(model_patch: ModelPatcher) -> None:
    """Store the matrices of the patch's blocks as fp16, as the file has them; those that this would change stay.

    Unless ComfyUI streams weights from their files, it makes them fp32: 9.95 GB in place of 5.1.
    """
    layers = [layer for layer in model_patch.model.blocks.modules() if isinstance(layer, torch.nn.Linear)]
    large = [layer for layer in layers if layer.weight.dtype == torch.float32]
    if model_patch.is_dynamic() or not large:
        return
    if model_patch.loaded_size():
        model_patch.detach()
    for layer in large:
        half = layer.weight.detach().half()
        if torch.equal(half.float(), layer.weight):
            layer.weight = torch.nn.Parameter(half, requires_grad=False)
    model_patch.size = 0  # ComfyUI measures it anew.


def _is_traced_whole() -> bool:
    """Return whether torch.compile makes one graph of the video model.

    Another attention than PyTorch's may break it inside the blocks. One graph then stands for all blocks, and as
    ComfyUI guards nothing in the transformer's options, all would hear through the first block of the patch.
    """
    return comfy_attention.optimized_attention is comfy_attention.attention_pytorch


def _require_fit(model: ModelPatcher, model_patch: ModelPatcher) -> None:
    network = model.model.diffusion_model
    patch_embedding = getattr(network, "patch_embedding", None)
    channels = None if patch_embedding is None else patch_embedding.weight.shape[1]
    if channels != 36 or getattr(network, "img_emb", None) is None:
        raise ModelError(
            f"The model is {type(network).__name__} with {channels} input channels. InfiniteTalk needs Wan 2.1 I2V 14B "
            "(36 channels and an image embedding), such as Wan2_1-I2V-14B-480p_fp8_e4m3fn_scaled_KJ.safetensors."
        )
    if model.get_additional_models_with_key("multigpu"):
        raise ModelError(
            "The model is split over several GPUs, and InfiniteTalk's patch is on one: connect the model from before "
            "MultiGPU CFG Split."
        )
    if not hasattr(model_patch.model, "audio_proj"):
        raise ModelError(
            f"The model patch is {type(model_patch.model).__name__}, not InfiniteTalk. Load "
            "wan2.1_infiniteTalk_single_fp16.safetensors with Load Model Patch."
        )
    width, patch_width = network.dim, model_patch.model.blocks[0].norm_x.weight.shape[0]
    if width != patch_width:
        raise ModelError(
            f"The model is {width} wide and the InfiniteTalk patch {patch_width}: they don't match. "
            "The patch is for Wan 2.1 I2V 14B."
        )
