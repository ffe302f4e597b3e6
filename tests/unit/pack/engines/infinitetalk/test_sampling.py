"""A window is sampled alike however its branches share forwards, by models as users give them, or refused in words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import torch
from comfy import model_management
from comfy.model_patcher import ModelPatcher
from comfyui_talkingshorts.core.errors import ModelError, VideoError
from comfyui_talkingshorts.engines.infinitetalk.audio_attention import attach_audio
from comfyui_talkingshorts.engines.infinitetalk.sampling import TalkingModels, TalkingWindow
from support.tiny.talks import HEIGHT, WIDTH, add_lora, paint, watch_forwards
from support.tiny.wan import video_model, write_checkpoint

Sample = Callable[..., TalkingWindow]
WINDOW_FRAMES = 9
SCALES = {1: {"text_scale": 1.0, "audio_scale": 1.0}, 2: {"text_scale": 1.0}, 3: {}}


def assert_same(got: TalkingWindow, want: TalkingWindow) -> None:
    torch.testing.assert_close(got.latents, want.latents, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("branches", [1, 2, 3])
def test_branches_give_the_same_frames_in_one_forward_and_one_by_one(
    branches: int, sample: Sample, models: TalkingModels
) -> None:
    with watch_forwards(models.model) as batched:
        together = sample(batch="batched", **SCALES[branches])
    with watch_forwards(models.model) as sequential:
        apart = sample(batch="sequential", **SCALES[branches])

    assert batched == [branches] * 2
    assert sequential == [1] * branches * 2
    assert_same(apart, together)


@pytest.mark.parametrize("free_bytes", [0, 1e12], ids=["little", "plenty"])
def test_auto_shares_forwards_when_there_is_memory(
    free_bytes: float, sample: Sample, models: TalkingModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ModelPatcher, "get_free_memory", lambda *_: free_bytes)

    with watch_forwards(models.model) as batches:
        sample(batch="auto")

    assert batches == ([3] * 2 if free_bytes else [1] * 6)


def test_batched_shares_forwards_whatever_memory_comfyui_estimates(
    sample: Sample, models: TalkingModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ModelPatcher, "get_free_memory", lambda *_: 1)

    with watch_forwards(models.model) as batches:
        sample(batch="batched")

    assert batches == [3] * 2
    assert "memory_required" not in vars(models.model.model)


def test_branches_run_one_by_one_from_where_memory_runs_out(
    sample: Sample, models: TalkingModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    want = sample()
    forward = models.model.model.diffusion_model.forward
    batches = []

    def run_out(x: torch.Tensor, *arguments: Any, **options: Any) -> Any:
        batches.append(x.shape[0])
        if x.shape[0] > 1:
            raise model_management.OOM_EXCEPTION("CUDA out of memory.")
        return forward(x, *arguments, **options)

    monkeypatch.setattr(models.model.model.diffusion_model, "forward", run_out)
    got = sample()

    assert batches == [3, 1, 1, 1, 1, 1, 1]
    assert_same(got, want)


def test_another_error_of_the_model_is_raised_as_it_is(
    sample: Sample, models: TalkingModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any, **options: Any) -> Any:
        raise RuntimeError("shape mismatch")

    monkeypatch.setattr(models.model.model.diffusion_model, "forward", fail)
    with pytest.raises(RuntimeError, match="shape mismatch"):
        sample()


def test_the_end_of_audio_guidance_spares_forwards_after_it_alone(sample: Sample, models: TalkingModels) -> None:
    with watch_forwards(models.model) as batches:
        half = sample(steps=4, end=0.5)

    assert batches == [3, 3, 2, 2]
    assert not torch.equal(half.latents, sample(steps=4).latents)
    assert_same(sample(steps=4, end=0.0), sample(steps=4, audio_scale=1.0))


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("is_projected", [False, True])
def test_a_window_begins_with_the_latents_that_it_was_given(
    index: int, is_projected: bool, sample: Sample, models: TalkingModels
) -> None:
    window = sample(index, is_projected=is_projected)
    motion = torch.rand(5, HEIGHT, WIDTH, 3, generator=torch.Generator().manual_seed(1))
    image = torch.full((WINDOW_FRAMES, HEIGHT, WIDTH, 3), 0.5)
    image[0] = torch.from_numpy(paint().copy()) / 255
    with torch.inference_mode():
        given = models.vae.encode(motion) if index else models.vae.encode(image)[:, :, :1]

    length = given.shape[2]
    torch.testing.assert_close(window.latents[:, :, :length], given, rtol=1e-5, atol=1e-5)
    assert window.latents[:, :, length:].std() > 0.1


def test_what_is_past_the_end_of_the_video_is_never_decoded(
    sample: Sample, models: TalkingModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode, decoded = models.vae.decode, []

    def watch(latents: torch.Tensor) -> torch.Tensor:
        decoded.append(latents.shape[2])
        return decode(latents)

    monkeypatch.setattr(models.vae, "decode", watch)
    window = sample(frames=4)

    assert decoded == [2]
    assert window.latents.shape[2] == 3
    with torch.inference_mode():
        torch.testing.assert_close(window.kept, decode(window.latents)[0][:4])


def test_a_model_that_went_through_the_native_node_gives_the_same_frames(
    sample: Sample, models: TalkingModels, talking_models: dict[str, Any], prompts: tuple[list[Any], list[Any]]
) -> None:
    from comfy_extras.nodes_wan import WanInfiniteTalkToVideo

    with torch.inference_mode():
        native = WanInfiniteTalkToVideo.execute(
            cast(Any, {"mode": "single_speaker"}),
            *(models.model, models.model_patch, *prompts, models.vae, WIDTH, HEIGHT, WINDOW_FRAMES),
            talking_models["audio_encoders"].encode_audio(torch.rand(1, 1, 16000), 16000),
            motion_frame_count=5,
            start_image=torch.rand(1, HEIGHT, WIDTH, 3),
            audio_scale=3.0,
        ).args[0]

    assert torch.equal(sample(model=native).latents, sample().latents)


def test_the_model_that_was_given_stays_as_it_was(sample: Sample, models: TalkingModels) -> None:
    options = models.model.model_options
    before = repr(options), repr(models.model.patches), repr(models.model.wrappers)

    sample()

    assert models.model.model_options is options
    assert (repr(options), repr(models.model.patches), repr(models.model.wrappers)) == before


@pytest.mark.parametrize("batch", ["batched", "sequential"])
def test_easycache_skips_steps_of_all_branches_alike(batch: str, sample: Sample, models: TalkingModels) -> None:
    from comfy_extras.nodes_easycache import EasyCacheNode

    cached = EasyCacheNode.execute(models.model, 3.0, 0.0, 1.0, False).args[0]
    with watch_forwards(models.model) as batches:
        window = sample(steps=6, model=cached, batch=batch)

    assert torch.isfinite(window.latents).all()
    assert batches == {"batched": [3] * 3, "sequential": [1] * 9}[batch]


def test_easycache_goes_on_skipping_after_the_end_of_audio_guidance(sample: Sample, models: TalkingModels) -> None:
    from comfy_extras.nodes_easycache import EasyCacheNode

    cached = EasyCacheNode.execute(models.model, 30.0, 0.0, 1.0, False).args[0]
    with watch_forwards(models.model) as batches:
        sample(steps=6, model=cached, end=0.5)

    assert batches == [3, 3]


def test_a_lora_of_the_model_counts(sample: Sample, models: TalkingModels) -> None:
    tuned = add_lora(models.model)
    want = sample()

    assert (sample(model=tuned).latents - want.latents).abs().max() > 0.01
    assert torch.equal(sample().latents, want.latents)


def load_video_model(path: Path, **sizes: Any) -> ModelPatcher:
    from comfy.sd import load_diffusion_model

    write_checkpoint(path, video_model(**sizes))
    return load_diffusion_model(str(path))


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ({"in_dim": 16, "has_image": False}, "with 16 input channels"),
        ({"dim": 160, "heads": 2}, "160 wide and the InfiniteTalk patch 80"),
    ],
    ids=["text to video", "another width"],
)
def test_a_video_model_that_does_not_fit_is_refused(
    sizes: dict[str, Any], words: str, sample: Sample, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match=words):
        sample(model=load_video_model(tmp_path / "model.safetensors", **sizes))


def test_a_model_of_another_kind_is_refused(sample: Sample) -> None:
    other = SimpleNamespace(model=SimpleNamespace(diffusion_model=torch.nn.Linear(1, 1)))

    with pytest.raises(ModelError, match=r"The model is Linear .* needs Wan 2\.1 I2V 14B"):
        sample(model=other)


def test_a_model_that_is_split_over_gpus_is_refused(sample: Sample, models: TalkingModels) -> None:
    split = models.model.clone()
    split.set_additional_models("multigpu", [models.model.clone()])

    with pytest.raises(ModelError, match=r"split over several GPUs.*before MultiGPU CFG Split"):
        sample(model=split)


def test_a_model_patch_of_another_kind_is_refused(models: TalkingModels) -> None:
    with pytest.raises(ModelError, match="not InfiniteTalk"):
        attach_audio(models.model, models.model)


def test_what_is_no_picture_is_never_decoded(
    sample: Sample, models: TalkingModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models.model.model.diffusion_model, "forward", lambda x, *_, **__: x[:, :16] * torch.nan)
    monkeypatch.setattr(models.vae, "decode", pytest.fail)

    with pytest.raises(VideoError, match=r"Window 1 .*\(NaN\).*weight_dtype"):
        sample()
