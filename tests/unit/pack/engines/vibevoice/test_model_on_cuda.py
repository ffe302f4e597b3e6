"""VibeVoice on a GPU that has no room for all of it, whatever happened there before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from comfyui_talkingshorts.core.script.prepared import PreparedLine, PreparedScript
from comfyui_talkingshorts.engines.vibevoice import takes
from comfyui_talkingshorts.engines.vibevoice.generate import AUDIO
from comfyui_talkingshorts.engines.vibevoice.model import VibeVoice, load_vibevoice
from comfyui_talkingshorts.engines.vibevoice.prompt import embed_controls
from comfyui_talkingshorts.engines.vibevoice.takes import read_takes
from comfyui_talkingshorts.engines.vibevoice.voices import encode_voice_once
from support.pretended_cuda import CUDA, Memory, PretendedCuda, pretend_cuda
from support.tiny.vibevoice import write_tiny_vibevoice
from torch import nn

PLENTY_BYTES = 10**9
ENCODING_BYTES, SPEAKING_BYTES, FOUR_TAKES_BYTES = 0, 100_000, 400_000
FRAMES = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_vibevoice(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="module")
def sizes(folder: Path) -> tuple[int, int]:
    """Return the bytes of what may stream, and of what must lie on the GPU."""
    streaming, staying = split_tensors(load_vibevoice(folder, "bf16"))
    return sum(tensor.nbytes for tensor in streaming), sum(tensor.nbytes for tensor in staying)


@pytest.fixture(autouse=True)
def small_reserve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the room that computing asks for be as tiny as the model is."""
    monkeypatch.setattr(takes, "_ACTIVATION_BYTES", FOUR_TAKES_BYTES)


def split_tensors(vibevoice: VibeVoice) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Return the weights of the language model's linear layers, and all other tensors."""
    streaming, staying = [], []
    for name, tensor in [*vibevoice.model.named_parameters(), *vibevoice.model.named_buffers()]:
        (streaming if name.startswith("language_model") and "proj" in name else staying).append(tensor)
    return streaming, staying


def require_ready(vibevoice: VibeVoice) -> None:
    """Fail unless all that can't stream lies on the GPU."""
    _, staying = split_tensors(vibevoice)
    assert {tensor.device for tensor in staying} == {CUDA}


def take_the_place(size_bytes: int) -> object:
    """Load another model, which ComfyUI makes room for; return it, that it stays there."""
    import comfy.model_management
    from comfy.model_patcher import ModelPatcher

    other = nn.Linear(size_bytes // 4, 1, bias=False)
    patcher = ModelPatcher(other, load_device=CUDA, offload_device=torch.device("cpu"))
    comfy.model_management.load_models_gpu([patcher])
    return patcher


def speak(
    cuda: PretendedCuda, vibevoice: VibeVoice, take_count: int, words: str = "Hello there."
) -> list[tuple[int, int]]:
    """Encode a voice and say the first frames of a script with it: return the syncs and copies until each."""
    cuda.answer = AUDIO
    voice = encode_voice_once(vibevoice, np.zeros(3200 * 2, np.float32))
    script = PreparedScript.from_lines([PreparedLine(0, words, "en")], "en")
    marks: list[tuple[int, int]] = []

    def stop_after_some() -> None:
        marks.append((cuda.syncs, len(cuda.copies)))
        if len(marks) == FRAMES:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        read_takes(vibevoice, [voice], script, range(take_count), 1.3, 2, stop_after_some)
    return marks


@pytest.mark.parametrize(
    ("share", "dtype"), [(0.0, "bf16"), (0.25, "bf16"), (0.5, "bf16"), (0.75, "bf16"), (1.2, "bf16"), (0.25, "fp8")]
)
def test_what_cannot_stream_is_on_the_gpu_whenever_the_model_computes(
    share: float, dtype: str, folder: Path, sizes: tuple[int, int]
) -> None:
    streaming_bytes, staying_bytes = sizes
    with pretend_cuda(staying_bytes + FOUR_TAKES_BYTES + share * streaming_bytes) as cuda:
        vibevoice = load_vibevoice(folder, dtype)
        for working_bytes in (ENCODING_BYTES, SPEAKING_BYTES, SPEAKING_BYTES, FOUR_TAKES_BYTES, FOUR_TAKES_BYTES):
            assert vibevoice.move_to_device(working_bytes) == CUDA
            require_ready(vibevoice)
            assert cuda.free_bytes >= working_bytes

        for other_bytes in (20_000, staying_bytes):
            other = take_the_place(other_bytes)
            vibevoice.move_to_device(SPEAKING_BYTES)
            require_ready(vibevoice)
            del other


@pytest.mark.parametrize("take_count", [1, 4])
def test_a_model_that_does_not_fit_speaks(take_count: int, folder: Path, sizes: tuple[int, int]) -> None:
    streaming_bytes, staying_bytes = sizes
    with pretend_cuda(staying_bytes + FOUR_TAKES_BYTES + streaming_bytes / 2) as cuda:
        vibevoice = load_vibevoice(folder, "bf16")
        for words in ("Hello there.", "Hello there, and welcome to the second part of the very same long script."):
            speak(cuda, vibevoice, take_count, words)
        streaming, _ = split_tensors(vibevoice)
        assert torch.device("cpu") in {tensor.device for tensor in streaming}


@pytest.mark.parametrize("memory", ["none", "all"])
def test_a_model_speaks_as_comfyui_is_told_to_use_the_memory(memory: Memory, folder: Path) -> None:
    with pretend_cuda(PLENTY_BYTES, memory) as cuda:
        vibevoice = load_vibevoice(folder, "bf16")
        speak(cuda, vibevoice, 1)
        require_ready(vibevoice)


@pytest.mark.parametrize("take_count", [1, 4])
def test_a_frame_waits_for_the_gpu_twice_and_copies_next_to_nothing(take_count: int, folder: Path) -> None:
    with pretend_cuda(PLENTY_BYTES) as cuda:
        *_, (syncs_before, copies_before), (syncs, copies) = speak(cuda, load_vibevoice(folder, "bf16"), take_count)

        assert syncs - syncs_before <= 2
        assert copies - copies_before <= 3
        assert sum(cuda.copies[copies_before:]) <= 100 * take_count


def test_a_model_leaves_the_gpu_for_the_files_it_came_from(folder: Path, sizes: tuple[int, int]) -> None:
    import comfy.model_management

    streaming_bytes, staying_bytes = sizes
    with pretend_cuda(PLENTY_BYTES) as cuda:
        vibevoice = load_vibevoice(folder, "bf16")
        vibevoice.move_to_device()
        loaded = len(cuda.copies)
        assert not vibevoice.patcher.model.model_lowvram

        vibevoice.move_to_device(PLENTY_BYTES - staying_bytes - streaming_bytes // 2)

        assert vibevoice.patcher.model.model_lowvram
        assert cuda.copies[loaded:] == []

        comfy.model_management.unload_all_models()

        assert cuda.used_bytes == 0
        assert sum(cuda.copies[loaded:]) < staying_bytes / 4  # what was computed from several tensors of the files


def test_a_layer_in_fp8_comes_back_in_fp8(folder: Path) -> None:
    with pretend_cuda(PLENTY_BYTES):
        layer = load_vibevoice(folder, "fp8").model.language_model.layers[0].self_attn.q_proj
        size_bytes = layer.weight.nbytes

        layer.to(CUDA).to(torch.device("cpu"))

        assert layer.weight.device == torch.device("cpu")
        assert layer.weight.nbytes == size_bytes


def test_words_are_looked_up_where_the_embedding_table_is(folder: Path) -> None:
    with pretend_cuda(PLENTY_BYTES):
        vibevoice = load_vibevoice(folder, "bf16")
        for device in (torch.device("cpu"), CUDA):
            there = replace(vibevoice, embed_tokens=vibevoice.embed_tokens.to(device))
            assert embed_controls(there, CUDA).device == CUDA


def test_a_device_without_an_index_holds_what_lies_on_the_first_of_its_kind(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import comfy.model_management

    asked: list[float] = []
    load = comfy.model_management.load_models_gpu
    with pretend_cuda(PLENTY_BYTES):
        monkeypatch.setattr(
            comfy.model_management,
            "load_models_gpu",
            lambda patchers, memory_required: (asked.append(memory_required), load(patchers, memory_required)),
        )
        vibevoice = load_vibevoice(folder, "bf16")
        vibevoice.patcher.load_device = torch.device(
            "cuda"
        )  # whose tensors are on cuda:0, as those of mps are on mps:0
        for _ in range(2):
            vibevoice.move_to_device(1000)

    assert asked[0] > 1000
    assert asked[1] == 1000
