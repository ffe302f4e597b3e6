"""The formulas, against counts of the real networks, which ran at full size on tensors without contents."""

import pytest
from talkingshorts.estimate.operations import (
    VOICE_SIZES,
    Operations,
    count_tokens,
    measure_decode,
    measure_encode,
    measure_infinitetalk,
    measure_s2v,
    measure_voice_frame,
    measure_wan,
)

PIXELS, S2V_PIXELS = 480 * 832, 512 * 832


def measure_s2v_vae() -> Operations:
    """Return what a later window of S2V decodes, with the motion before it, and encodes."""
    return measure_decode(80 + 73, S2V_PIXELS) + measure_encode(73, S2V_PIXELS)


@pytest.mark.parametrize(
    ("measured", "teraflops", "terabytes"),
    [
        pytest.param(measure_infinitetalk(count_tokens(21, PIXELS)), 1825, 1.19, id="InfiniteTalk"),
        pytest.param(measure_infinitetalk(count_tokens(21, PIXELS)) * 3, 5475, 3.5, id="InfiniteTalk, 3 branches"),
        pytest.param(measure_s2v(480, 832, 20, has_motion=False) * 2, 3790, 3.2, id="S2V, first window"),
        pytest.param(measure_s2v(480, 832, 20, has_motion=True) * 2, 4207, 3.4, id="S2V, later window"),
        pytest.param(measure_decode(81, PIXELS), 273, 1.44, id="decode 81"),
        pytest.param(measure_encode(81, PIXELS), 162, 0.88, id="encode 81"),
        pytest.param(measure_encode(9, PIXELS), 17, 0.095, id="encode 9"),
        pytest.param(measure_s2v_vae(), 707, 3.7, id="S2V's VAE"),
    ],
)
def test_a_video_costs_what_was_counted(measured: Operations, teraflops: float, terabytes: float) -> None:
    assert measured.flops / 1e12 == pytest.approx(teraflops, rel=0.01)
    assert measured.bytes / 1e12 == pytest.approx(terabytes, rel=0.03)


@pytest.mark.parametrize(
    ("name", "takes", "gigaflops", "gigabytes"),
    [
        ("VibeVoice-1.5B", 1, 17.5, 6.0),
        ("VibeVoice-7B", 1, 59.6, 24.4),
        ("VibeVoice-1.5B", 4, 4 * 17.5, 6.7),
        ("VibeVoice-7B", 4, 4 * 59.6, 25.3),
    ],
)
def test_a_frame_of_speech_costs_what_was_counted(name: str, takes: int, gigaflops: float, gigabytes: float) -> None:
    frame = measure_voice_frame(VOICE_SIZES[name], takes, diffusion_steps=10, branches=2)

    assert frame.flops / 1e9 == pytest.approx(gigaflops, rel=0.03)
    assert frame.bytes / 1e9 == pytest.approx(gigabytes, rel=0.03)
    assert frame.launches == pytest.approx(1889, rel=0.01)


def test_half_of_infinitetalks_forward_is_attention() -> None:
    one, two = (measure_infinitetalk(tokens).flops for tokens in (32760, 2 * 32760))

    attention = (two - 2 * one) / 2  # only what grows with the square is more than twice as much
    assert attention / one == pytest.approx(0.48, abs=0.01)


def test_only_s2v_multiplies_in_fp8_and_never_its_attention() -> None:
    s2v = measure_s2v(480, 832, 20, has_motion=True)

    assert measure_infinitetalk(32760).fp8_flops == measure_wan(32760, has_picture=False).fp8_flops == 0
    assert s2v.fp16_flops / s2v.flops == pytest.approx(0.55, abs=0.01)


def test_s2v_samples_sides_that_are_no_multiples_of_64_a_little_larger() -> None:
    assert measure_s2v(480, 832, 20, has_motion=False) == measure_s2v(512, 832, 20, has_motion=False)


WIDTH, INNER, LAYERS, TEXT, PICTURE, SOUND = 5120, 13824, 40, 512, 257, 32


def count_wan(tokens: int, context: int) -> tuple[int, int]:
    """Return the FLOP of Wan's linear layers, and of its attention."""
    linear = 2 * tokens * (6 * WIDTH**2 + 2 * WIDTH * INNER) + 4 * context * WIDTH**2
    return LAYERS * linear, LAYERS * 4 * tokens * (tokens + context) * WIDTH


def test_the_flop_of_a_forward_follow_from_the_networks_shape() -> None:
    tokens = 32760
    hearing = LAYERS * (4 * tokens * WIDTH**2 + 4 * tokens * SOUND * WIDTH)

    assert measure_wan(tokens, has_picture=False).flops == sum(count_wan(tokens, TEXT))
    assert measure_wan(tokens, has_picture=True).flops == sum(count_wan(tokens, TEXT + PICTURE))
    assert measure_infinitetalk(tokens).flops == sum(count_wan(tokens, TEXT + PICTURE)) + hearing


def test_s2vs_linear_layers_multiply_in_fp8() -> None:
    latents, frame = 20, 480 * 832 // 16**2 * 512 // 480
    linear, attention = count_wan((latents + 1) * frame, TEXT)

    forward = measure_s2v(480, 832, latents, has_motion=False)

    assert forward.fp8_flops == linear + 12 * 4 * latents * frame * WIDTH**2
    assert forward.fp16_flops == attention
