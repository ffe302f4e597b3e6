import numpy as np
import pytest
import torch
from comfyui_talkingshorts.core.errors import InputError
from comfyui_talkingshorts.core.sound import Phoneme, Sound
from comfyui_talkingshorts.nodes.shared.audio import audio_from_sound, sound_from_audio


def test_a_sound_passes_between_nodes_with_its_phonemes() -> None:
    samples = np.random.default_rng(0).uniform(-1, 1, (2, 100)).astype(np.float32)
    sound = Sound(samples, 22050, (Phoneme("", 0.0), Phoneme("a", 0.002)))

    audio = audio_from_sound(sound)
    passed = sound_from_audio(audio)

    assert audio["waveform"].shape == (1, 2, 100)
    assert audio["waveform"].dtype == torch.float32
    assert np.array_equal(passed.samples, samples)
    assert (passed.sample_rate_hz, passed.phonemes) == (22050, sound.phonemes)


def test_of_several_clips_the_first_is_taken_and_no_phonemes_are_made_up() -> None:
    waveform = torch.stack([torch.full((1, 8), 0.5), torch.zeros(1, 8)]).to(torch.float64)

    sound = sound_from_audio({"waveform": waveform, "sample_rate": 8000})

    assert np.array_equal(sound.samples, np.full((1, 8), 0.5, np.float32))
    assert sound.phonemes is None


@pytest.mark.parametrize(
    ("waveform", "word"),
    [
        (torch.zeros(1, 1, 0), "empty"),
        (torch.full((1, 1, 4), torch.nan), "NaN"),
        (torch.full((1, 1, 4), torch.inf), "infinite"),
    ],
)
def test_audio_that_holds_no_sound_is_refused(waveform: torch.Tensor, word: str) -> None:
    with pytest.raises(InputError, match=word):
        sound_from_audio({"waveform": waveform, "sample_rate": 8000})
