"""VibeVoice as ComfyUI's memory management holds it: what lies on the GPU, what streams there, what stays in RAM."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from ...core.errors import ModelError
from .checkpoint import load_network, read_hidden_size
from .codec import stream_decoder, stream_encoder
from .file_backed import FileBacked, forget_filed
from .tokenizer import SpeechTokenizer, load_tokenizer

if TYPE_CHECKING:
    from comfy.model_patcher import ModelPatcher
    from transformers import VibeVoiceForConditionalGeneration

SAMPLE_RATE_HZ = 24000

# The 7B is 3584 wide. In fp32 it wouldn't fit on any card that has no bf16.
_WIDEST_IN_FP32 = 2048
_PLAIN_DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}


class SpeechModel(FileBacked):
    """The part of a VibeVoice that computes: what ComfyUI moves between RAM and GPU.

    It has no embedding table and, of the lm_head, no more than `token_rows` [4, hidden]: the rows of audio_bos,
    audio_eos, audio and eos, the only tokens that the model may say. `language_model` is a Qwen2Model that takes
    inputs_embeds only.
    """

    token_rows: torch.Tensor
    latent_scaling_factor: torch.Tensor
    latent_bias_factor: torch.Tensor

    def __init__(self, network: VibeVoiceForConditionalGeneration, control_ids: Sequence[int]) -> None:
        """Take the network apart: it is of no use afterwards."""
        super().__init__()
        self.device: torch.device | None = None  # ComfyUI's ModelPatcher keeps it
        parts = network.model
        self.language_model = parts.language_model
        self.language_model.embed_tokens = None
        self.acoustic_encoder = stream_encoder(parts.audio_tower.encoder)
        self.acoustic_decoder = stream_decoder(parts.audio_tower.decoder)
        self.semantic_encoder = stream_encoder(parts.semantic_tokenizer_encoder)
        self.multi_modal_projector = parts.multi_modal_projector
        self.semantic_connector = parts.semantic_connector
        self.diffusion_head = parts.diffusion_head
        self.register_buffer("latent_scaling_factor", parts.latent_scaling_factor.detach())
        self.register_buffer("latent_bias_factor", parts.latent_bias_factor.detach())
        self.register_buffer("token_rows", network.lm_head.weight.detach()[list(control_ids)])


@dataclass(frozen=True)
class VibeVoice:
    """A loaded VibeVoice: the model in ComfyUI's hands, and what it needs beside it.

    `embed_tokens` [vocabulary, hidden] stays in RAM: a prompt looks up a few hundred of its 150,000 rows, which would
    take 0.5 GB (1.5B) or 1.1 GB (7B) of the GPU. `dtype` is what the model computes in, and
    `encoded_voices` keeps the latents of references, by their hash.
    """

    patcher: ModelPatcher
    embed_tokens: torch.Tensor
    tokenizer: SpeechTokenizer
    name: str
    dtype: torch.dtype
    samples_per_frame: int
    latent_size: int
    vae_std: float
    encoded_voices: dict[str, torch.Tensor] = field(default_factory=dict)

    @property
    def model(self) -> SpeechModel:
        return self.patcher.model

    def move_to_device(self, working_bytes: int = 0) -> torch.device:
        """Make room on ComfyUI's device for the model and `working_bytes`, move the model there, return the device.

        When all doesn't fit, as much as does is moved: all but the language model's linear layers always is, since it
        computes many times for each frame.
        """
        import comfy.model_management

        device = self.patcher.load_device
        lacking_bytes = sum(tensor.nbytes for _, _, tensor in self._list_lacking(device))
        comfy.model_management.load_models_gpu([self.patcher], memory_required=working_bytes + lacking_bytes)
        # Where not all fits, ComfyUI leaves behind, or takes back to make room, what it can't stream.
        for module, name, tensor in self._list_lacking(device):
            setattr(module, name, _moved(tensor, device))
        self._give_up_only_linear_layers(device)
        return device

    def _give_up_only_linear_layers(self, device: torch.device) -> None:
        """Let ComfyUI take back no more than what streams: to it, the rest isn't loaded, and not its to unload."""
        streaming_bytes = 0
        modules: Iterator[Any] = self.model.modules()
        for module in modules:
            if not _streams(module):
                module.comfy_patched_weights = False
            else:
                streaming_bytes += sum(tensor.nbytes for _, tensor in _own_tensors(module) if _is_on(device, tensor))
        if self.patcher.model.model_lowvram:
            self.patcher.model.model_loaded_weight_memory = streaming_bytes

    def _list_lacking(self, device: torch.device) -> list[tuple[nn.Module, str, torch.Tensor]]:
        """Return what can't stream and isn't on the device: module, name and tensor."""
        return [
            (module, name, tensor)
            for module in self.model.modules()
            if not _streams(module)
            for name, tensor in _own_tensors(module)
            if not _is_on(device, tensor)
        ]


def load_vibevoice(path: Path, dtype_choice: str) -> VibeVoice:
    """Return the model in a folder or file; the choice is auto, bf16, fp16, fp32 or fp8.

    Raises ModelError, with the remedy, when it can't be loaded.
    """
    folder = path if path.is_dir() else path.parent
    dtype = choose_dtype(dtype_choice, read_hidden_size(path))
    network = load_network(path, dtype)
    return assemble(
        network, load_tokenizer(folder), path.stem if path.is_file() else path.name, dtype, dtype_choice == "fp8"
    )


def choose_dtype(choice: str, hidden_size: int) -> torch.dtype:
    """Return what a model of this width computes in: for `auto` and `fp8` bf16, as VibeVoice was trained.

    Where the device isn't good at bf16 (GPUs older than Ampere, the CPU) it is fp32, or for the 7B fp16, if the device
    is good at that: fp16 holds no number beyond 65,504, which a Qwen2.5 may come to. Raises ModelError where fp8 is
    chosen and the device knows no 8-bit floats.
    """
    import comfy.model_management

    if choice in _PLAIN_DTYPES:
        return _PLAIN_DTYPES[choice]
    device = comfy.model_management.get_torch_device()
    if choice == "fp8" and not comfy.model_management.supports_cast(device, torch.float8_e4m3fn):
        raise ModelError(
            f"The device {device.type} doesn't support 8-bit floats (fp8). Set the loader's dtype to auto."
        )
    if comfy.model_management.should_use_bf16(device):
        return torch.bfloat16
    is_fp16_better = hidden_size > _WIDEST_IN_FP32 and comfy.model_management.should_use_fp16(device)
    return torch.float16 if is_fp16_better else torch.float32


def assemble(
    network: VibeVoiceForConditionalGeneration,
    tokenizer: SpeechTokenizer,
    name: str,
    dtype: torch.dtype,
    is_fp8: bool = False,
) -> VibeVoice:
    """Return the network, whose weights are `dtype`, as a model in ComfyUI's hands. The network is taken apart.

    With is_fp8 the language model's linear layers keep their weights in 8 bits. Raises ModelError when the tokenizer
    has ids that the model doesn't know.
    """
    import comfy.model_management
    from comfy.model_patcher import ModelPatcher

    embed_tokens = network.model.language_model.embed_tokens.weight.detach()
    if max(tokenizer.control_ids) >= len(embed_tokens):
        raise ModelError(
            f"The tokenizer doesn't belong to {name}: it has token {max(tokenizer.control_ids)}, and the model knows "
            f"{len(embed_tokens)} tokens. Put the tokenizer.json of this very model into its folder."
        )
    audio_config: Any = network.config.audio_config
    model = SpeechModel(network, tokenizer.control_ids)
    _make_streamable(model.language_model, is_fp8)
    return VibeVoice(
        # Not ComfyUI's dynamic patcher: it keeps the weights out of the modules, where fast code can't reach them.
        patcher=ModelPatcher(
            model,
            load_device=comfy.model_management.get_torch_device(),
            offload_device=comfy.model_management.unet_offload_device(),
        ),
        embed_tokens=embed_tokens,
        tokenizer=tokenizer,
        name=name,
        dtype=dtype,
        samples_per_frame=audio_config.hop_length,
        latent_size=audio_config.hidden_size,
        vae_std=audio_config.vae_std,
    )


def _make_streamable(language_model: nn.Module, is_fp8: bool) -> None:
    """Make the linear layers ComfyUI's own, which fetch their weight for each use when it isn't on the device."""
    import comfy.ops

    class StreamingLinear(FileBacked, comfy.ops.disable_weight_init.Linear):
        pass

    for module in list(language_model.modules()):
        if type(module) is nn.Linear:
            module.__class__ = StreamingLinear
            if is_fp8:
                module.weight = _quantized(module.weight)
                forget_filed(module)


def _quantized(weight: torch.Tensor) -> nn.Parameter:
    """Return the weight in 8-bit floats with one scale; a product with it turns it back to its dtype on the way.

    One scale is enough: a float's error is a share of its own size (e4m3: 2.4 % RMS), not of the largest weight's.
    """
    import comfy.model_management
    from comfy.quant_ops import QuantizedTensor

    # On a GPU this takes a moment, on a CPU minutes for the 7B model.
    there = weight.detach().to(comfy.model_management.get_torch_device())
    quantized = QuantizedTensor.from_float(there, "TensorCoreFP8E4M3Layout", scale="recalculate")
    return nn.Parameter(quantized.to(weight.device), requires_grad=False)


def _streams(module: nn.Module) -> bool:
    return hasattr(module, "comfy_cast_weights")


def _is_on(device: torch.device, tensor: torch.Tensor) -> bool:
    """Tell whether the tensor is on the device, which may be named without an index: what is on "mps" is on mps:0."""
    return tensor.device.type == device.type and device.index in (None, tensor.device.index)


def _own_tensors(module: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    yield from module.named_parameters(recurse=False)
    yield from module.named_buffers(recurse=False)


def _moved(tensor: torch.Tensor, device: torch.device) -> torch.Tensor:
    moved = tensor.detach().to(device)
    return nn.Parameter(moved, requires_grad=False) if isinstance(tensor, nn.Parameter) else moved
