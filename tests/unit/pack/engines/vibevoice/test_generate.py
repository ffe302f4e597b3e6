"""From a prompt to speech. The tiny model begins to speak at once and, given one voice, ends after 12 frames.

It computes in float64 here: each frame depends on those before it, which makes the float noise of float32 grow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from comfyui_talkingshorts.core.script.dialogue import Line
from comfyui_talkingshorts.core.vibevoice.dpm_solver import plan_solver_steps
from comfyui_talkingshorts.engines.vibevoice.checkpoint import load_network
from comfyui_talkingshorts.engines.vibevoice.generate import AUDIO, AUDIO_BOS, AUDIO_EOS, EOS, Step, generate
from comfyui_talkingshorts.engines.vibevoice.model import VibeVoice, load_vibevoice
from comfyui_talkingshorts.engines.vibevoice.noise import SeededNoise
from comfyui_talkingshorts.engines.vibevoice.prompt import build_prompt, embed_controls, embed_prompt

CPU = torch.device("cpu")
HIDDEN = 64
STEPS = 3
FRAMES_OF_A_VOICE = 12


def load_exact(path: Path) -> VibeVoice:
    vibevoice = load_vibevoice(path, "fp32")
    vibevoice.model.double()
    return replace(vibevoice, dtype=torch.float64)


@pytest.fixture(scope="module")
def vibevoice(tiny_folder: Path) -> VibeVoice:
    return load_exact(tiny_folder)


@pytest.fixture(scope="module")
def segmented(tiny_folder: Path) -> VibeVoice:
    """Return a model that begins anew, with audio_bos, where the tiny one ends: it speaks in segments, endlessly."""
    vibevoice = load_exact(tiny_folder)
    vibevoice.model.token_rows = vibevoice.model.token_rows[[EOS, AUDIO_EOS, AUDIO, AUDIO_BOS]]
    return vibevoice


@pytest.fixture(scope="module")
def hesitant(tiny_folder: Path) -> VibeVoice:
    """Return a model that speaks on after audio_eos, and from then on ends every frame with one."""
    vibevoice = load_exact(tiny_folder)
    vibevoice.model.token_rows[AUDIO] += vibevoice.model.token_rows[EOS]
    vibevoice.model.token_rows[EOS] = 0
    return vibevoice


def embed(vibevoice: VibeVoice, extra_voices: Sequence[int] = (0,)) -> torch.Tensor:
    """Return prompts [takes, length, hidden] of one voice; a take ends half as late again for each extra voice."""
    prompt = build_prompt(vibevoice.tokenizer, [Line(0, "Hello there, and welcome.")], [2])
    voices = torch.randn(2, HIDDEN, generator=torch.Generator().manual_seed(4)).to(vibevoice.dtype)
    embedded = embed_prompt(vibevoice, prompt, voices)
    prompts = embedded.repeat(len(extra_voices), 1, 1)
    for take, count in enumerate(extra_voices):
        prompts[take, 1 : 1 + count] = embedded[-1]  # audio_bos
    return prompts


def speak(
    vibevoice: VibeVoice,
    seeds: Sequence[int] = (1,),
    extra_voices: Sequence[int] | None = None,
    guidance_scale: float = 1.3,
    max_frames: int = 40,
) -> list[Step]:
    prompts = embed(vibevoice, extra_voices or [0] * len(seeds))
    noises = [SeededNoise(seed, vibevoice.latent_size) for seed in seeds]
    controls = embed_controls(vibevoice, CPU)
    return list(generate(vibevoice.model, prompts, controls, noises, guidance_scale, STEPS, max_frames))


def sound_of(steps: Sequence[Step], take: int = 0) -> torch.Tensor:
    """Return [samples]: what the take said."""
    return torch.cat([step.frame.sound[take] for step in steps if step.frame is not None and step.speaks(take)])


def sound_alike(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Tell whether two sounds [samples] differ by less than 1 % (-40 dB)."""
    return one.shape == other.shape and bool((one - other).norm() < 0.01 * other.norm())


def tokens_of(steps: Sequence[Step], take: int = 0) -> list[int | None]:
    return [step.tokens[take] for step in steps]


class NativeSpeaker:
    """The same speech the slow way: transformers' own modules, which read and encode everything again at every step."""

    def __init__(self, vibevoice: VibeVoice, folder: Path, seed: int, guidance_scale: float) -> None:
        self.network: Any = load_network(folder, torch.float64)
        self.noise = SeededNoise(seed, vibevoice.latent_size)
        self.controls = embed_controls(vibevoice, CPU)
        self.rows = vibevoice.model.token_rows
        self.guidance_scale = guidance_scale
        self.unconditional: list[torch.Tensor] = []

    @torch.inference_mode()
    def speak(self, prompt: torch.Tensor, max_frames: int) -> tuple[list[int], torch.Tensor]:
        """Return the tokens and the sound [samples]."""
        text, segment = prompt, prompt[:0]  # the segment: whatever was followed by a frame
        latents: list[torch.Tensor] = []
        so_far, said = torch.zeros(0, dtype=torch.float64), []
        tokens: list[int] = []
        while tokens.count(AUDIO) < max_frames and EOS not in tokens:
            condition = self.read(text)
            tokens.append(int((self.rows @ condition).argmax()))
            following = self.controls[tokens[-1]]
            if tokens[-1] == AUDIO:
                segment = torch.cat([segment, text[-1:]])
                self.unconditional.append(self.read(segment))
                latents.append(self.denoise(condition, self.unconditional[-1]))
                sound = self.decode(latents)[-3200:]
                so_far, said = torch.cat([so_far, sound]), [*said, sound]
                following = self.encode(latents[-1], so_far)
            elif tokens[-1] == AUDIO_EOS:
                latents, so_far = [], torch.zeros(0, dtype=torch.float64)
            elif tokens[-1] == AUDIO_BOS:
                segment = prompt[:0]
            text = torch.cat([text, following[None]])
        return tokens, torch.cat(said)

    def read(self, text: torch.Tensor) -> torch.Tensor:
        return self.network.model.language_model(inputs_embeds=text[None], use_cache=False).last_hidden_state[0, -1]

    def denoise(self, conditional: torch.Tensor, unconditional: torch.Tensor) -> torch.Tensor:
        head = self.network.model.diffusion_head
        latent = self.noise.for_frame().double()
        previous_clean = torch.zeros_like(latent)
        for step in plan_solver_steps(STEPS):
            timesteps = torch.full((2,), step.timestep, dtype=torch.float64)
            towards, away = head(latent.repeat(2, 1), timesteps, torch.stack([conditional, unconditional]))
            clean = step.alpha * latent - step.sigma * (away + self.guidance_scale * (towards - away))
            latent = step.keep * latent + step.clean_weight * clean + step.previous_weight * previous_clean
            previous_clean = clean
        return latent

    def decode(self, latents: Sequence[torch.Tensor]) -> torch.Tensor:
        parts = self.network.model
        unscaled = torch.stack(list(latents)) / parts.latent_scaling_factor - parts.latent_bias_factor
        return parts.audio_tower.decoder(unscaled.T[None]).audio[0, 0]

    def encode(self, latent: torch.Tensor, so_far: torch.Tensor) -> torch.Tensor:
        parts = self.network.model
        semantic = parts.semantic_tokenizer_encoder(so_far[None, None]).latents[0, -1]
        return parts.multi_modal_projector(latent) + parts.semantic_connector(semantic)


class TestTheSpeech:
    @pytest.mark.parametrize("guidance_scale", [1.3, 3.0])
    def test_is_what_transformers_own_modules_say(
        self, guidance_scale: float, vibevoice: VibeVoice, tiny_folder: Path
    ) -> None:
        native = NativeSpeaker(vibevoice, tiny_folder, 7, guidance_scale)
        tokens, sound = native.speak(embed(vibevoice)[0], max_frames=40)

        steps = speak(vibevoice, [7], guidance_scale=guidance_scale)

        assert tokens_of(steps) == tokens == [*[AUDIO] * FRAMES_OF_A_VOICE, AUDIO_EOS, EOS]
        assert sound_alike(sound_of(steps), sound.float())
        assert sound.std() > 0.01

    def test_begins_each_segment_as_if_nothing_had_been_said(self, segmented: VibeVoice, tiny_folder: Path) -> None:
        native = NativeSpeaker(segmented, tiny_folder, 7, 1.3)
        tokens, sound = native.speak(embed(segmented)[0], max_frames=22)

        steps = speak(segmented, [7], max_frames=22)

        assert tokens_of(steps) == tokens
        assert tokens.count(AUDIO_BOS) == 2
        assert sound_alike(sound_of(steps), sound.float())

    def test_that_goes_on_after_its_end_is_as_the_original_would_go_on(
        self, hesitant: VibeVoice, tiny_folder: Path
    ) -> None:
        """What is followed by no frame, the unconditional row never reads."""
        native = NativeSpeaker(hesitant, tiny_folder, 7, 3.0)
        tokens, sound = native.speak(embed(hesitant)[0], max_frames=17)

        steps = speak(hesitant, [7], guidance_scale=3.0, max_frames=17)
        unconditional = torch.stack([step.condition[1] for step in steps if step.frame is not None])

        assert tokens_of(steps) == tokens == [*[AUDIO] * FRAMES_OF_A_VOICE, *[AUDIO_EOS, AUDIO] * 5]
        assert sound_alike(sound_of(steps), sound.float())
        torch.testing.assert_close(unconditional, torch.stack(native.unconditional), rtol=0, atol=1e-3)

    def test_is_the_same_for_the_same_seed_whatever_ran_before(self, vibevoice: VibeVoice) -> None:
        first = sound_of(speak(vibevoice))
        speak(vibevoice, [5, 6])
        torch.randn(7)

        assert torch.equal(sound_of(speak(vibevoice)), first)

    def test_is_another_for_another_seed(self, vibevoice: VibeVoice) -> None:
        assert not sound_alike(sound_of(speak(vibevoice, [1])), sound_of(speak(vibevoice, [2])))

    def test_leaves_torchs_own_random_numbers_and_settings_alone(self, vibevoice: VibeVoice) -> None:
        torch.manual_seed(1)
        before = torch.get_rng_state()
        prompts, controls = embed(vibevoice), embed_controls(vibevoice, CPU)
        running = generate(vibevoice.model, prompts, controls, [SeededNoise(1, 8)], 1.3, STEPS, 40)

        next(running)

        assert torch.equal(torch.get_rng_state(), before)
        assert not torch.is_inference_mode_enabled()
        assert torch.is_grad_enabled()


class TestSeveralTakes:
    def test_sound_as_each_alone_though_they_end_at_different_times(self, vibevoice: VibeVoice) -> None:
        seeds, extra_voices = [1, 2, 3], [2, 0, 1]

        steps = speak(vibevoice, seeds, extra_voices)

        for take in range(3):
            alone = speak(vibevoice, seeds[take : take + 1], extra_voices[take : take + 1])
            tokens = tokens_of(steps, take)
            assert tokens == tokens_of(alone) + [None] * (len(tokens) - len(alone))
            assert sound_alike(sound_of(steps, take), sound_of(alone))
        assert [tokens_of(steps, take).count(AUDIO) for take in range(3)] == [24, 12, 18]

    def test_sound_as_each_alone_though_their_segments_break_at_different_times(self, segmented: VibeVoice) -> None:
        steps = speak(segmented, [1, 2], [0, 1], max_frames=40)

        for take in range(2):
            alone = speak(segmented, [take + 1], [take], max_frames=40)
            length = sound_of(alone).numel() - 10 * 3200  # how far both get depends on the slower one
            assert sound_alike(sound_of(steps, take)[:length], sound_of(alone)[:length])
            assert tokens_of(steps, take).count(AUDIO_BOS) >= 2
        assert tokens_of(steps, 0).index(AUDIO_EOS) != tokens_of(steps, 1).index(AUDIO_EOS)

    def test_differ_by_their_noise_alone(self, vibevoice: VibeVoice) -> None:
        steps = speak(vibevoice, [1, 1, 2])

        assert sound_alike(sound_of(steps, 0), sound_of(steps, 1))
        assert not sound_alike(sound_of(steps, 0), sound_of(steps, 2))


class TestTheTokens:
    def test_are_those_that_the_whole_lm_head_would_pick_of_the_four(
        self, vibevoice: VibeVoice, tiny_folder: Path
    ) -> None:
        lm_head = load_network(tiny_folder, torch.float64).lm_head.weight
        control_ids = list(vibevoice.tokenizer.control_ids)

        for step in speak(vibevoice, [1, 2]):
            logits = F.linear(step.condition[:2], lm_head)
            barred = torch.full_like(logits, -torch.inf)
            barred[:, control_ids] = logits[:, control_ids]
            picked = [control_ids[token] for token in step.tokens if token is not None]
            assert picked == barred.argmax(dim=-1).tolist()
            torch.testing.assert_close(step.logits, logits[:, control_ids].float())

    def test_come_to_no_more_frames_than_allowed(self, endless: VibeVoice) -> None:
        for max_frames in (1, 30):
            tokens = tokens_of(speak(endless, max_frames=max_frames))
            assert tokens == [AUDIO] * max_frames

    def test_come_to_an_end_when_the_model_says_nothing(self, tiny_folder: Path) -> None:
        silent = load_vibevoice(tiny_folder, "fp32")
        silent.model.token_rows = torch.zeros_like(silent.model.token_rows)  # of equals the first: audio_bos

        steps = speak(silent, max_frames=5)

        assert set(tokens_of(steps)) == {AUDIO_BOS}
        assert len(steps) < 100
        assert all(step.frame is None for step in steps)


class TestGuidance:
    def test_of_1_needs_no_unconditional_rows(self, vibevoice: VibeVoice) -> None:
        def count_rows(guidance_scale: float) -> set[int]:
            return {len(step.condition) for step in speak(vibevoice, [1, 2], guidance_scale=guidance_scale)}

        assert count_rows(1.0) == {2}
        assert count_rows(1.3) == {4}

    def test_of_1_is_what_hardly_any_guidance_comes_to(self, vibevoice: VibeVoice) -> None:
        without = sound_of(speak(vibevoice, guidance_scale=1.0))
        hardly_any = sound_of(speak(vibevoice, guidance_scale=1.0 + 1e-6))
        much = sound_of(speak(vibevoice, guidance_scale=3.0))

        assert sound_alike(hardly_any, without)
        assert not sound_alike(much, without)


def test_a_seed_gives_these_numbers_on_every_machine() -> None:
    assert SeededNoise(2**64 - 1, 3).for_frame().tolist() == pytest.approx([1.2197630, -0.3929795, 1.0230751])


def test_the_noise_of_a_reference_has_a_scale_of_its_own() -> None:
    """As in training: one normal number for a whole voice times one for each value, not one spread for all voices."""
    noise = SeededNoise(3, 64)

    spreads = [float(noise.for_reference(voice, 50).std()) for voice in range(200)]

    assert min(spreads) < 0.1
    assert max(spreads) > 2.0
    assert torch.tensor(spreads).square().mean() == pytest.approx(1.0, rel=0.3)
