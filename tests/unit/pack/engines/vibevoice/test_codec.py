"""The codec computes frame by frame what transformers' own modules compute of the whole."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from comfyui_talkingshorts.engines.vibevoice.codec import Block, StreamingCodec, stream_decoder, stream_encoder

CPU = torch.device("cpu")
LATENT = 6
# Resampling ratios, and blocks before and after each.
SHAPES = [([2], [1, 1]), ([4, 2], [1, 2, 1]), ([2, 3, 5], [2, 1, 1, 3]), ([8, 5, 5, 4, 2, 2], [1, 1, 1, 1, 1, 1, 2])]

pytestmark = pytest.mark.usefixtures("without_gradients")
shapes = pytest.mark.parametrize(("ratios", "depths"), SHAPES)


@pytest.fixture
def without_gradients() -> Any:
    with torch.inference_mode():
        yield


def make_native(ratios: list[int], depths: list[int]) -> tuple[Any, Any]:
    """Return a decoder and an encoder as transformers has them, with weights that let all layers matter."""
    from transformers.models.vibevoice_acoustic_tokenizer.configuration_vibevoice_acoustic_tokenizer import (
        VibeVoiceAcousticTokenizerConfig,
    )
    from transformers.models.vibevoice_acoustic_tokenizer.modeling_vibevoice_acoustic_tokenizer import (
        VibeVoiceAcousticTokenizerDecoderModel,
        VibeVoiceAcousticTokenizerEncoderModel,
    )

    config = VibeVoiceAcousticTokenizerConfig(
        hidden_size=LATENT, num_filters=2, downsampling_ratios=ratios, depths=depths
    )
    natives = (
        VibeVoiceAcousticTokenizerDecoderModel(config.decoder_config),
        VibeVoiceAcousticTokenizerEncoderModel(config.encoder_config),
    )
    generator = torch.Generator().manual_seed(3)
    for native in natives:
        for weight in native.parameters():
            spread = weight[0].numel() ** -0.5 if weight.ndim > 1 else 0.5
            weight.copy_(spread * torch.randn(weight.shape, generator=generator))
    return natives


def make_decoder(ratios: list[int], depths: list[int]) -> StreamingCodec:
    return stream_decoder(make_native(ratios, depths)[0])


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def stream(codec: StreamingCodec, x: torch.Tensor, at_once: int, state: list[torch.Tensor] | None = None) -> Any:
    """Return what the codec makes of x [takes, length, channels] when it gets so much of the length at a time."""
    state = state or codec.start(len(x), CPU, torch.float32)
    return torch.cat([codec(piece, state) for piece in x.split(at_once, dim=1)], dim=1)


@shapes
@pytest.mark.parametrize("frames_at_once", [1, 2, 7])
def test_latents_decoded_a_few_at_a_time_sound_as_if_decoded_together(
    ratios: list[int], depths: list[int], frames_at_once: int
) -> None:
    native, _ = make_native(ratios, depths)
    latents = noise(2, 7, LATENT)

    expected = native(latents.transpose(1, 2)).audio.transpose(1, 2)
    sound = stream(stream_decoder(native), latents, frames_at_once)

    assert sound.shape == (2, 7 * torch.tensor(ratios).prod(), 1)
    torch.testing.assert_close(sound, expected)
    assert expected.std() > 0.01


@shapes
@pytest.mark.parametrize("frames_at_once", [1, 2, 7])
def test_sound_encoded_a_few_frames_at_a_time_gives_the_features_of_the_whole(
    ratios: list[int], depths: list[int], frames_at_once: int
) -> None:
    _, native = make_native(ratios, depths)
    frame_samples = int(torch.tensor(ratios).prod())
    sound = noise(2, 7 * frame_samples, 1)

    expected = native(sound.transpose(1, 2)).latents
    features = stream(stream_encoder(native), sound, frames_at_once * frame_samples)

    assert features.shape == (2, 7, LATENT)
    torch.testing.assert_close(features, expected)
    assert expected.std() > 0.01


@shapes
def test_what_comes_later_changes_nothing_that_was_said(ratios: list[int], depths: list[int]) -> None:
    decoder = make_decoder(ratios, depths)
    one, other = noise(1, 5, LATENT), noise(1, 5, LATENT)
    other[:, 3:] += 1

    one_sound, other_sound = stream(decoder, one, 1), stream(decoder, other, 1)

    kept = 3 * int(torch.tensor(ratios).prod())
    assert torch.equal(one_sound[:, :kept], other_sound[:, :kept])
    assert not torch.allclose(one_sound[:, kept:], other_sound[:, kept:])


def test_a_state_is_the_silence_before_the_first_frame() -> None:
    decoder = make_decoder([4, 2], [1, 2, 1])

    state = decoder.start(3, CPU, torch.float16)

    assert all(tensor.shape[0] == 3 and not tensor.any() for tensor in state)
    assert {tensor.dtype for tensor in state} == {torch.float16}


def test_a_state_moves_on_in_place() -> None:
    decoder = make_decoder([4, 2], [1, 2, 1])
    state = decoder.start(1, CPU, torch.float32)
    addresses = [tensor.data_ptr() for tensor in state]

    decoder(noise(1, 1, LATENT), state)

    assert [tensor.data_ptr() for tensor in state] == addresses
    assert all(tensor.any() for tensor in state)


def test_a_take_that_starts_over_forgets_its_sound_and_no_other_takes() -> None:
    decoder = make_decoder([4, 2], [1, 2, 1])
    latents = noise(2, 4, LATENT)
    whole = stream(decoder, latents, 1)
    state = decoder.start(2, CPU, torch.float32)

    stream(decoder, latents[:, :2], 1, state)
    for tensor in state:
        tensor[1] = 0
    rest = stream(decoder, latents[:, 2:], 1, state)

    torch.testing.assert_close(rest[:1], whole[:1, 16:])
    torch.testing.assert_close(rest[1:], stream(decoder, latents[1:, 2:], 1))
    assert not torch.allclose(rest[1:], whole[1:, 16:])


@pytest.mark.parametrize("kind", ["decoder", "encoder"])
def test_takes_side_by_side_do_not_touch_each_other(kind: str) -> None:
    decoder, encoder = make_native([4, 2], [1, 2, 1])
    codec = stream_decoder(decoder) if kind == "decoder" else stream_encoder(encoder)
    x, at_once = (noise(3, 5, LATENT), 1) if kind == "decoder" else (noise(3, 5 * 8, 1), 8)

    together = stream(codec, x, at_once)

    for take in range(3):
        torch.testing.assert_close(together[take : take + 1], stream(codec, x[take : take + 1], at_once))


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this PyTorch comes without oneDNN")
def test_only_many_rows_are_multiplied_by_onednn() -> None:
    decoder = make_decoder([8, 5, 5, 4, 2, 2], [1, 1, 1, 1, 1, 1, 2])
    rows: dict[int, bool] = {}
    for layer in decoder.layers:
        if isinstance(layer, Block):
            layer.ffn.register_forward_pre_hook(lambda _, given: rows.update({given[0].shape[1]: given[0].is_mkldnn}))

    stream(decoder, noise(1, 1, LATENT), 1)

    assert rows == {1: False, 2: False, 4: False, 16: False, 80: False, 400: True, 3200: True}


def test_an_upsampling_kernel_of_another_width_is_not_taken_for_one_of_two_frames() -> None:
    native, _ = make_native([4, 2], [1, 1, 1])
    native.conv_layers[0].convtr.convtr = torch.nn.ConvTranspose1d(8, 4, kernel_size=6, stride=2)

    with pytest.raises(NotImplementedError, match="kernel of 6 at stride 2"):
        stream_decoder(native)
