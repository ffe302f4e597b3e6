"""From references and a script to finished speech. The tiny model says 12 frames (1.6 s), whatever the script."""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from comfyui_talkingshorts.core.errors import InputError, ModelError, SourceError
from comfyui_talkingshorts.core.progress import OnProgress, ignore_progress
from comfyui_talkingshorts.core.script.prepared import PreparedLine, PreparedScript
from comfyui_talkingshorts.core.sound import Sound
from comfyui_talkingshorts.engines.draft.voice import speak_draft
from comfyui_talkingshorts.engines.vibevoice import clone, takes, voices
from comfyui_talkingshorts.engines.vibevoice.clone import TAKES_FOR_A_TARGET, CloneSettings, clone_voice
from comfyui_talkingshorts.engines.vibevoice.model import VibeVoice, load_vibevoice
from comfyui_talkingshorts.engines.vibevoice.reference_audio import prepare_reference
from comfyui_talkingshorts.engines.vibevoice.takes import Take
from comfyui_talkingshorts.engines.vibevoice.voices import encode_voice_once

RATE = 24000
FRAME = 3200
SENTENCE = "The weather is fine today, and I like it a lot."
READING = "The quick brown fox jumps over the lazy dog. She sells sea shells by the sea shore, doesn't she?"


@cache
def voice(speaker: int = 0) -> Sound:
    """Return a few seconds of one of the draft's voices."""
    return speak_draft("The quick brown fox jumps over the lazy dog.", speaker)[0]


def noise(seconds: float, level: float = 0.1) -> np.ndarray:
    """Return [samples] that the cutter takes for speech, at a level by which they are known again."""
    samples = np.random.default_rng(0).uniform(-1, 1, round(seconds * RATE))
    return (level * samples).astype(np.float32)


def say(
    vibevoice: VibeVoice,
    script: str = SENTENCE,
    references: Mapping[int, Sound] | None = None,
    seed: int = 1,
    target_seconds: float = 0.0,
    on_progress: OnProgress = ignore_progress,
) -> tuple[Sound, str | None]:
    settings = CloneSettings(seed, 1.3, 1, target_seconds)
    return clone_voice(vibevoice, references or {0: voice()}, script, settings, on_progress)


@dataclass
class Reader:
    """Stands in for the model: gives the same takes whenever it is asked, and notes what it was asked."""

    takes: Sequence[Take]
    lines: list[tuple[PreparedLine, ...]] = field(default_factory=list)
    seeds: list[list[int]] = field(default_factory=list)
    voices: list[list[torch.Tensor]] = field(default_factory=list)

    def read(
        self,
        vibevoice: VibeVoice,
        voices: Sequence[torch.Tensor],
        script: PreparedScript,
        seeds: Sequence[int],
        guidance_scale: float,
        diffusion_steps: int,
        on_frame: Callable[[], None],
    ) -> list[Take]:
        self.lines.append(script.lines)
        self.seeds.append(list(seeds))
        self.voices.append(list(voices))
        on_frame()
        return list(self.takes)[: len(seeds)]


@pytest.fixture
def read_by(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Reader]:
    """Let the given takes be read instead of the model's own."""

    def install(*given: Take) -> Reader:
        reader = Reader(given or [Take(noise(1.6), True)] * TAKES_FOR_A_TARGET)
        monkeypatch.setattr(clone, "read_takes", reader.read)
        return reader

    return install


@pytest.fixture
def own_vibevoice(tiny_folder: Path) -> VibeVoice:
    """Return a model that the test may break."""
    return load_vibevoice(tiny_folder, "fp32")


class TestTheSpeech:
    @pytest.mark.parametrize("target_seconds", [2.0, 2.34567, 8.0])
    def test_lasts_exactly_as_long_as_wanted(self, target_seconds: float, tiny_vibevoice: VibeVoice) -> None:
        speech, _ = say(tiny_vibevoice, target_seconds=target_seconds)

        assert speech.samples.shape == (1, round(target_seconds * RATE))
        assert speech.samples.dtype == np.float32
        assert speech.sample_rate_hz == RATE

    def test_without_a_target_keeps_its_length_between_natural_edges(self, tiny_vibevoice: VibeVoice) -> None:
        speech, _ = say(tiny_vibevoice)

        assert speech.samples.shape == (1, 12 * FRAME + round(0.3 * RATE))
        assert not speech.samples[0, : round(0.1 * RATE)].any()
        assert np.sqrt(np.mean(speech.samples**2)) > 0.01

    def test_is_the_same_for_the_same_inputs_and_another_for_another_seed(self, tiny_vibevoice: VibeVoice) -> None:
        first, _ = say(tiny_vibevoice, seed=1)
        torch.manual_seed(5)
        again, _ = say(tiny_vibevoice, seed=1)
        other, _ = say(tiny_vibevoice, seed=2)

        assert np.array_equal(first.samples, again.samples)
        assert not np.allclose(first.samples, other.samples, atol=1e-3)

    def test_depends_on_the_voice(self, tiny_vibevoice: VibeVoice) -> None:
        one, _ = say(tiny_vibevoice, references={0: voice(0)})
        other, _ = say(tiny_vibevoice, references={0: voice(1)})

        assert not np.allclose(one.samples, other.samples, atol=1e-3)

    def test_draws_no_random_number_of_torchs_own(self, tiny_vibevoice: VibeVoice) -> None:
        torch.manual_seed(1)
        before = torch.get_rng_state()

        say(tiny_vibevoice)

        assert torch.equal(torch.get_rng_state(), before)

    def test_of_a_target_is_the_best_of_four_takes(self, tiny_vibevoice: VibeVoice, read_by: Any) -> None:
        lengths = {6.0: 0.05, 9.9: 0.1, 7.6: 0.2, 9.0: 0.4}
        reader = read_by(*(Take(noise(seconds, level), True) for seconds, level in lengths.items()))

        speech, _ = say(tiny_vibevoice, target_seconds=8.0)

        assert [len(seeds) for seeds in reader.seeds] == [TAKES_FOR_A_TARGET]
        assert np.abs(speech.samples).max() == pytest.approx(0.2, rel=0.35)

    def test_without_a_target_is_the_only_take(self, tiny_vibevoice: VibeVoice, read_by: Any) -> None:
        reader = read_by()

        say(tiny_vibevoice)

        assert [len(seeds) for seeds in reader.seeds] == [1]

    def test_is_no_take_that_was_cut_off_when_another_was_not(self, tiny_vibevoice: VibeVoice, read_by: Any) -> None:
        cut_off, finished = Take(noise(7.7, 0.2), False), Take(noise(6.0, 0.4), True)
        read_by(cut_off, finished, cut_off, cut_off)

        speech, note = say(tiny_vibevoice, target_seconds=8.0)

        assert np.abs(speech.samples).max() == pytest.approx(0.4, rel=0.35)
        assert "stopped" not in (note or "")

    def test_is_no_take_that_says_nothing_when_another_does(self, tiny_vibevoice: VibeVoice, read_by: Any) -> None:
        nothing = Take(np.zeros(0, np.float32), True)
        read_by(nothing, nothing, Take(noise(5.0), True), nothing)

        speech, _ = say(tiny_vibevoice, target_seconds=8.0)

        assert np.abs(speech.samples).max() > 0.05

    def test_has_a_note_when_the_model_did_not_come_to_an_end(self, endless: VibeVoice) -> None:
        speech, note = say(endless)

        assert "was cut off: the speech may ramble. Try another seed." in (note or "")
        assert speech.seconds > 5

    @pytest.mark.parametrize(
        ("target_seconds", "silence_seconds"), [(0.0, None), (8.0, None), (9.5, None), (12.0, "4.4"), (60.0, "52.4")]
    )
    def test_has_a_note_of_the_seconds_that_stay_silent(
        self, target_seconds: float, silence_seconds: str | None, tiny_vibevoice: VibeVoice, read_by: Any
    ) -> None:
        read_by(*[Take(noise(7.0), True)] * TAKES_FOR_A_TARGET)

        _, note = say(tiny_vibevoice, target_seconds=target_seconds)

        told = re.search(r"target_seconds [\d.]+: ([\d.]+) s are silence", note or "")
        assert (told and told[1]) == silence_seconds

    def test_has_the_notes_of_the_references_and_the_script(self, tiny_vibevoice: VibeVoice) -> None:
        _, note = say(tiny_vibevoice, "Hello everybody, nice to see you all here today.")

        assert re.search(r'opens with "Hello".*Only \d\.\d s of the reference', note or "")


def test_neighbouring_seeds_and_chunks_share_no_take(tiny_vibevoice: VibeVoice, read_by: Any) -> None:
    reader = read_by(*[Take(noise(20.0), True)] * TAKES_FOR_A_TARGET)

    for seed in (0, 1, 2, 2**64 - 1):
        say(tiny_vibevoice, READING * 14, seed=seed, target_seconds=100.0)

    used = [seed for seeds in reader.seeds for seed in seeds]
    assert len(reader.seeds) == 2 * 4  # chunks, seeds
    assert len(set(used)) == len(used)


class TestProgress:
    @pytest.mark.parametrize(
        ("script", "target_seconds"),
        [(SENTENCE, 0.0), (SENTENCE, 4.0), ("Yes.", 0.0), (READING * 20, 0.0)],
        ids=["one take", "four takes", "a word", "chunks"],
    )
    def test_grows_steadily_and_ends_full(self, script: str, target_seconds: float, tiny_vibevoice: VibeVoice) -> None:
        require_steady(tiny_vibevoice, script, target_seconds)

    def test_grows_steadily_when_the_model_goes_on_and_on(self, endless: VibeVoice) -> None:
        require_steady(endless, SENTENCE, 0.0)

    def test_that_raises_ends_the_work_at_once(self, tiny_vibevoice: VibeVoice) -> None:
        class Stopped(BaseException):
            pass

        stopped, calls = Stopped(), []

        def stop(done: int, total: int) -> None:
            calls.append(done)
            if done == 5:
                raise stopped

        expected, _ = say(tiny_vibevoice)
        with pytest.raises(Stopped) as caught:
            say(tiny_vibevoice, on_progress=stop)

        assert caught.value is stopped
        assert calls == [1, 2, 3, 4, 5]
        assert not torch.is_inference_mode_enabled()
        assert np.array_equal(say(tiny_vibevoice)[0].samples, expected.samples)


def require_steady(vibevoice: VibeVoice, script: str, target_seconds: float) -> None:
    told: list[tuple[int, int]] = []
    say(vibevoice, script, target_seconds=target_seconds, on_progress=lambda done, total: told.append((done, total)))

    shares = [done / total for done, total in told]
    assert len(told) >= 12
    assert all(0 < done <= total for done, total in told)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert shares == sorted(shares)
    assert shares[0] < 0.2
    assert shares[-1] == 1


class TestALongScript:
    def test_is_read_in_chunks_with_pauses_between(self, tiny_vibevoice: VibeVoice) -> None:
        speech, _ = say(tiny_vibevoice, READING * 21)  # 135 s: three or four chunks of 1.6 s

        chunks = speech.seconds / (12 * FRAME / RATE + 0.35)
        assert 3 <= chunks <= 4.2

    def test_meets_its_target_too(self, tiny_vibevoice: VibeVoice) -> None:
        speech, _ = say(tiny_vibevoice, READING * 21, target_seconds=100.0)

        assert speech.samples.shape == (1, 100 * RATE)

    def test_takes_no_more_memory_than_one_chunk_but_for_its_sound(
        self, tiny_vibevoice: VibeVoice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[int] = []
        move = VibeVoice.move_to_device

        def note(vibevoice: VibeVoice, working_bytes: int = 0) -> torch.device:
            asked.append(working_bytes)
            return move(vibevoice, working_bytes)

        monkeypatch.setattr(VibeVoice, "move_to_device", note)
        frames = count_frames_alive(monkeypatch)

        def measure(script: str) -> int:
            asked.clear()
            say(tiny_vibevoice, script)
            return max(asked)

        assert measure(READING * 20) <= 1.1 * measure(READING * 7)
        assert max(frames) <= 2


class TestPauses:
    SCRIPT = f"{SENTENCE} [pause 2s] {SENTENCE} [pause 500ms]"

    def test_are_silence_between_readings_of_exactly_their_length(
        self, tiny_vibevoice: VibeVoice, read_by: Any
    ) -> None:
        reader = read_by(Take(noise(3.0), True))

        speech, _ = say(tiny_vibevoice, self.SCRIPT)

        assert [[line.text for line in lines] for lines in reader.lines] == [[SENTENCE], [SENTENCE]]
        assert [gap for gap in gaps_seconds(speech) if gap > 0.2] == pytest.approx([2.0], abs=0.03)
        assert speech.seconds == pytest.approx(2 * 3.0 + 2.0 + 0.5 + 0.3, abs=0.2)

    @pytest.mark.parametrize("target_seconds", [8.6, 9.0, 12.0])
    def test_keep_their_length_when_the_speech_is_stretched_to_a_target(
        self, target_seconds: float, tiny_vibevoice: VibeVoice, read_by: Any
    ) -> None:
        read_by(*[Take(noise(3.0), True)] * TAKES_FOR_A_TARGET)

        speech, _ = say(tiny_vibevoice, self.SCRIPT, target_seconds=target_seconds)

        assert speech.samples.shape == (1, round(target_seconds * RATE))
        assert [gap for gap in gaps_seconds(speech) if gap > 0.2] == pytest.approx([2.0], abs=0.03)

    def test_before_the_first_words_are_silence_too(self, tiny_vibevoice: VibeVoice) -> None:
        speech, _ = say(tiny_vibevoice, f"[pause 1s] {SENTENCE}")

        assert not speech.samples[0, : round(1.1 * RATE)].any()

    def test_too_long_for_the_target_are_refused_before_anything_is_read(
        self, tiny_vibevoice: VibeVoice, read_by: Any
    ) -> None:
        reader = read_by()

        with pytest.raises(InputError, match=r"11 words and 9\.0 s of pauses .*Shorten its pauses"):
            say(tiny_vibevoice, f"{SENTENCE} [pause 9s]", target_seconds=8.0)
        assert not reader.lines

    def test_are_no_silence_to_tell_of(self, tiny_vibevoice: VibeVoice, read_by: Any) -> None:
        read_by(*[Take(noise(3.0), True)] * TAKES_FOR_A_TARGET)

        _, note = say(tiny_vibevoice, self.SCRIPT, target_seconds=9.0)

        assert "are silence" not in (note or "")


def gaps_seconds(sound: Sound) -> list[float]:
    loud = np.flatnonzero(np.abs(sound.mono) > 0.01)
    return [float(gap) / RATE for gap in np.diff(loud) if gap > 0.02 * RATE]


def test_what_is_not_said_is_in_the_note(tiny_vibevoice: VibeVoice) -> None:
    assert "Not said, as stage directions: [laughs]." in (say(tiny_vibevoice, f"[laughs] {SENTENCE}")[1] or "")


def count_frames_alive(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list to which every step adds how many frames, of all that were made, are still held by somebody."""
    alive: weakref.WeakSet[Any] = weakref.WeakSet()
    counts: list[int] = []
    generate = takes.generate

    def watched(*arguments: Any) -> Iterator[Any]:
        for step in generate(*arguments):
            if step.frame is not None:
                alive.add(step.frame)
            counts.append(len(alive))
            yield step

    monkeypatch.setattr(takes, "generate", watched)
    return counts


class TestAVeryShortScript:
    def test_is_read_in_company_and_cut_out_of_it(self, tiny_vibevoice: VibeVoice, read_by: Any) -> None:
        pause = np.zeros(round(0.4 * RATE), np.float32)
        company = np.concatenate([noise(2.7), pause, noise(0.7, 0.3), pause, noise(2.6)])
        reader = read_by(Take(company, True))

        speech, _ = say(tiny_vibevoice, "Yes indeed.")

        (lines,) = reader.lines
        assert [line.text for line in lines][1:2] == ["Yes indeed."]
        assert len(lines) == 3
        assert speech.seconds == pytest.approx(0.7 + 0.3, abs=0.2)
        assert np.abs(speech.samples).max() == pytest.approx(0.3, rel=0.1)

    def test_is_read_alone_when_it_cannot_be_cut_out(self, tiny_vibevoice: VibeVoice, read_by: Any) -> None:
        reader = read_by(Take(noise(3.0, 0.2), True))

        speech, _ = say(tiny_vibevoice, "Yes indeed.")

        assert [len(lines) for lines in reader.lines] == [3, 1]
        assert reader.lines[1][0].text == "Yes indeed."
        assert speech.seconds == pytest.approx(3.3, abs=0.1)

    def test_of_two_voices_has_company_enough(self, tiny_vibevoice: VibeVoice, read_by: Any) -> None:
        reader = read_by()

        say(tiny_vibevoice, "Speaker 1: Yes.\nSpeaker 2: No.", {0: voice(), 1: voice(1)})

        assert [[line.text for line in lines] for lines in reader.lines] == [["Yes.", "No."]]

    def test_is_spoken_by_the_model(self, tiny_vibevoice: VibeVoice) -> None:
        speech, _ = say(tiny_vibevoice, "Yes indeed.", target_seconds=4.0)

        assert speech.samples.shape == (1, 4 * RATE)


class TestVoices:
    def test_are_numbered_without_gaps_in_the_order_of_their_speakers(
        self, tiny_vibevoice: VibeVoice, read_by: Any
    ) -> None:
        reader = read_by()
        references = {0: voice(0), 1: voice(2), 2: voice(1)}

        say(tiny_vibevoice, f"Speaker 3: {SENTENCE}\nSpeaker 1: {READING}", references)

        assert [line.speaker for line in reader.lines[0]] == [1, 0, 0]
        wanted = [encode_voice_once(tiny_vibevoice, prepare_reference(voice(n), FRAME).samples) for n in (0, 1)]
        assert all(torch.equal(got, want) for got, want in zip(reader.voices[0], wanted, strict=True))

    @pytest.mark.parametrize(
        ("script", "connected", "wanted"),
        [
            (f"Speaker 1: {SENTENCE}\nSpeaker 2: {SENTENCE}", 0, "Speaker 2, but nothing is connected to reference_2"),
            (f"Speaker 4: {SENTENCE}", 2, "Speaker 4, but nothing is connected to reference_4"),
            (SENTENCE, 1, r"Speaker 1, but nothing is connected to reference\."),
        ],
    )
    def test_that_are_not_there_are_asked_for_by_the_name_of_their_input(
        self, script: str, connected: int, wanted: str, tiny_vibevoice: VibeVoice
    ) -> None:
        with pytest.raises(InputError, match=wanted):
            say(tiny_vibevoice, script, {connected: voice()})

    def test_that_nobody_speaks_with_are_not_even_looked_at(self, tiny_vibevoice: VibeVoice) -> None:
        silence = Sound(np.zeros((1, RATE), np.float32), RATE)

        say(tiny_vibevoice, SENTENCE, {0: voice(), 1: silence})

        with pytest.raises(SourceError, match="reference: The reference audio is silent"):
            say(tiny_vibevoice, SENTENCE, {0: silence})
        with pytest.raises(SourceError, match="reference_2: The reference audio is silent"):
            say(tiny_vibevoice, f"Speaker 2: {SENTENCE}", {0: voice(), 1: silence})

    def test_are_encoded_once_by_each_model(
        self, own_vibevoice: VibeVoice, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        encoded: list[int] = []
        encode = voices.encode_voice

        def count(*arguments: Any) -> torch.Tensor:
            encoded.append(len(encoded))
            return encode(*arguments)

        monkeypatch.setattr(voices, "encode_voice", count)

        first, _ = say(own_vibevoice)
        again, _ = say(own_vibevoice)
        say(own_vibevoice, "Another script altogether, for the same voice.", seed=2)
        assert len(encoded) == 1
        assert np.array_equal(first.samples, again.samples)

        say(own_vibevoice, references={0: voice(1)})
        assert len(encoded) == 2
        say(load_vibevoice(tiny_folder, "fp32"))
        assert len(encoded) == 3

    def test_of_the_distant_past_are_forgotten(self, own_vibevoice: VibeVoice) -> None:
        clips = [noise(FRAME / RATE, 0.01 * (n + 1)) for n in range(20)]

        for clip in clips:
            encode_voice_once(own_vibevoice, clip)

        assert len(own_vibevoice.encoded_voices) == 16
        newest = encode_voice_once(own_vibevoice, clips[-1])
        assert any(newest is kept for kept in own_vibevoice.encoded_voices.values())

    def test_are_encoded_alike_in_pieces_and_as_a_whole(
        self, tiny_vibevoice: VibeVoice, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        samples = noise(20 * FRAME / RATE)
        in_pieces = voices.encode_voice(tiny_vibevoice.model, samples, FRAME, torch.device("cpu"))

        monkeypatch.setattr(voices, "_FRAMES_AT_ONCE", 1000)
        whole = voices.encode_voice(tiny_vibevoice.model, samples, FRAME, torch.device("cpu"))

        assert in_pieces.shape == (20, 8)
        torch.testing.assert_close(in_pieces, whole, atol=1e-4, rtol=1e-4)


class TestIsRefused:
    def test_a_script_too_long_for_its_target_with_the_words_that_would_fit(self, tiny_vibevoice: VibeVoice) -> None:
        told: list[int] = []

        with pytest.raises(InputError, match=r"its 95 words take about.*target_seconds is 10.*to about \d+ words"):
            say(tiny_vibevoice, f"{READING} " * 5, target_seconds=10.0, on_progress=lambda *_: told.append(1))

        assert not told

    def test_speech_that_turns_out_too_long_for_its_target(self, tiny_vibevoice: VibeVoice, read_by: Any) -> None:
        read_by(*[Take(noise(6.0), True)] * TAKES_FOR_A_TARGET)

        with pytest.raises(InputError, match=r"its 11 words take 5\.6 s at the fastest.*target_seconds is 4"):
            say(tiny_vibevoice, target_seconds=4.0)

    def test_a_seed_below_zero(self, tiny_vibevoice: VibeVoice) -> None:
        with pytest.raises(InputError, match="seed is -1"):
            say(tiny_vibevoice, seed=-1)

    @pytest.mark.parametrize("script", ["", " \n", "?!", "🙂"])
    def test_a_script_that_says_nothing(self, script: str, tiny_vibevoice: VibeVoice) -> None:
        with pytest.raises(InputError, match="holds nothing that can be said"):
            say(tiny_vibevoice, script)

    @pytest.mark.parametrize("target_seconds", [-1.0, 0.1, 4000.0, float("nan")])
    def test_a_target_that_no_speech_can_have(self, target_seconds: float, tiny_vibevoice: VibeVoice) -> None:
        with pytest.raises(InputError, match="target_seconds is"):
            say(tiny_vibevoice, target_seconds=target_seconds)

    @pytest.mark.parametrize("part", ["language_model", "diffusion_head", "acoustic_decoder", "acoustic_encoder"])
    def test_what_is_no_number(self, part: str, own_vibevoice: VibeVoice) -> None:
        for weight in getattr(own_vibevoice.model, part).parameters():
            weight.fill_(torch.nan)

        with pytest.raises(ModelError, match=r"values that are not numbers in torch\.float32.*bf16 or fp32"):
            say(own_vibevoice)

    def test_a_model_that_never_speaks(self, own_vibevoice: VibeVoice) -> None:
        own_vibevoice.model.token_rows.zero_()  # of equals the first: audio_bos

        with pytest.raises(ModelError, match=r"said nothing with seed 1\. Try another seed"):
            say(own_vibevoice)

    def test_a_model_that_speaks_silence(self, own_vibevoice: VibeVoice) -> None:
        for weight in own_vibevoice.model.acoustic_decoder.parameters():
            weight.zero_()

        with pytest.raises(ModelError, match="said nothing with seed 1"):
            say(own_vibevoice, target_seconds=4.0)


class TestTheNode:
    @pytest.fixture
    def node(self) -> Any:
        from comfyui_talkingshorts.nodes.clone_voice import CloneVoice

        return CloneVoice

    def test_asks_for_the_model_only_once_there_is_a_voice_and_the_right_to_it(self, node: Any) -> None:
        inputs = {"vibevoice": None, "script": SENTENCE, "seed": 1}

        assert node.check_lazy_status(voice_rights=False, reference={}, **inputs) == []
        assert node.check_lazy_status(voice_rights=True, reference=None, **inputs) == []
        assert node.check_lazy_status(voice_rights=True, reference={}, **inputs) == ["vibevoice"]

    def test_refuses_a_voice_without_the_right_to_it(self, node: Any) -> None:
        with pytest.raises(InputError, match=r"voice_rights is off.*turn voice_rights on to confirm"):
            node.execute(reference=None, script=SENTENCE, voice_rights=False, seed=1)

    def test_hands_over_each_speakers_reference(self, node: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        handed: list[Any] = []
        speech = Sound(np.zeros((1, RATE), np.float32), RATE)
        monkeypatch.setattr(clone, "clone_voice", lambda *arguments: (handed.extend(arguments), (speech, None))[1])

        def audio(level: float) -> dict[str, Any]:
            return {"waveform": torch.full((1, 1, 10), level), "sample_rate": RATE}

        output = node.execute(audio(0.1), SENTENCE, True, 3, "a model", reference_3=audio(0.3))

        model, references, script, settings, _ = handed
        assert (model, script) == ("a model", SENTENCE)
        assert {speaker: round(float(sound.samples[0, 0]), 3) for speaker, sound in references.items()} == {
            0: 0.1,
            2: 0.3,
        }
        assert settings == CloneSettings(seed=3, guidance_scale=1.3, diffusion_steps=10, target_seconds=0.0)
        assert output.args[0]["waveform"].shape == (1, 1, RATE)
