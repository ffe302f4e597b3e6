"""Say a script in a cloned voice: from references and words to finished speech."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np
import torch

from ...core.errors import InputError, ModelError, SourceError
from ...core.limits import require_seed
from ...core.progress import OnProgress
from ...core.script.pace import require_target
from ...core.script.prepared import PreparedLine, PreparedScript
from ...core.script.speech_length import MAX_STRETCH, choose_take, estimate_frames, require_script_fits
from ...core.sound import Sound
from ...core.vibevoice.script_chunks import chunk_script, split_at_silences
from ...core.vibevoice.short_script import PaddedScript, pad_short_script
from .model import SAMPLE_RATE_HZ, VibeVoice
from .reference_audio import Reference, prepare_reference
from .script import explain_opening, prepare_for_vibevoice
from .speech_edit import cut_padding, fit_speech, join_speech, trim_edges
from .takes import Take, read_takes
from .voices import encode_voice_once

TAKES_FOR_A_TARGET = 4
_CHUNK_PAUSE_SECONDS = 0.35
_UNTOLD_SILENCE_SECONDS = 2.0


@dataclass(frozen=True)
class CloneSettings:
    """How to speak. `target_seconds` 0 is the natural length."""

    seed: int
    guidance_scale: float
    diffusion_steps: int
    target_seconds: float


def clone_voice(
    vibevoice: VibeVoice,
    references: Mapping[int, Sound],
    script: str,
    settings: CloneSettings,
    on_progress: OnProgress,
) -> tuple[Sound, str | None]:
    """Return the script spoken in the voices of the references (by speaker, from 0): mono, 24 kHz, and a note.

    With a target several takes are read side by side, and the one nearest to it is stretched by at most 8 % and padded
    with silence to exactly that length. Long scripts are read in chunks. The same inputs give the same speech on one
    machine. What on_progress(frames made, frames expected) raises ends the work.
    Raises InputError for a seed beyond 64 bits, and for a script that says nothing, doesn't fit its target, or wants a
    voice that isn't there; SourceError for a reference that no voice can be cloned from; ModelError when the model
    doesn't speak.
    """
    require_seed(settings.seed)
    require_target(settings.target_seconds)
    prepared = prepare_for_vibevoice(script)
    require_script_fits(prepared.seconds, prepared.words, settings.target_seconds, prepared.silence_seconds)
    references_used = _prepare_references(prepared, references, vibevoice.samples_per_frame)
    voices = [encode_voice_once(vibevoice, reference.samples) for reference in references_used]
    passages = _read_passages(vibevoice, voices, prepared.renumber_speakers(), settings, on_progress)
    speeches = [_join_takes(takes) for takes in passages]
    silences_seconds = [prepared.lead_seconds, *(line.silence_seconds for line in _find_last_lines(prepared))]
    fitted = fit_speech(speeches, SAMPLE_RATE_HZ, settings.target_seconds, prepared.words, silences_seconds)
    longest_seconds = (1 + MAX_STRETCH) * sum(speech.size for speech in speeches) / SAMPLE_RATE_HZ
    silence_seconds = fitted.size / SAMPLE_RATE_HZ - prepared.silence_seconds - longest_seconds
    notes = [
        *prepared.notes,
        explain_opening(prepared),
        *(reference.note for reference in references_used),
        _explain_cut_off([take for takes in passages for take in takes]),
        _explain_silence(silence_seconds, settings.target_seconds),
    ]
    return Sound(fitted[None], SAMPLE_RATE_HZ), " ".join(filter(None, notes)) or None


def _find_last_lines(script: PreparedScript) -> list[PreparedLine]:
    return [passage.lines[-1] for passage in split_at_silences(script)]


def _join_takes(takes: Sequence[Take]) -> np.ndarray:
    if len(takes) == 1:
        return takes[0].samples
    joined = join_speech((take.samples for take in takes), SAMPLE_RATE_HZ, _CHUNK_PAUSE_SECONDS)
    return trim_edges(joined, SAMPLE_RATE_HZ)


class _Progress:
    """Counts frames against an estimate that is mended as chunks turn out longer or shorter."""

    def __init__(self, estimates: Sequence[int], on_progress: OnProgress) -> None:
        self._left = list(estimates)
        self._made = 0
        self._on_progress = on_progress

    def count_frame(self) -> None:
        self._made += 1
        self._left[0] = max(self._left[0] - 1, 1)
        self._on_progress(self._made, self._made + sum(self._left))

    def end_chunk(self) -> None:
        del self._left[0]
        self._on_progress(self._made, self._made + sum(self._left))


def _prepare_references(
    script: PreparedScript, references: Mapping[int, Sound], samples_per_frame: int
) -> list[Reference]:
    """Return the reference of each of the script's speakers."""
    speakers = sorted({line.speaker for line in script.lines})
    for speaker in speakers:
        if speaker not in references:
            raise InputError(
                f"The script has lines for Speaker {speaker + 1}, but nothing is connected to {_name_input(speaker)}. "
                "Connect audio of that voice, or give the lines to another speaker."
            )
    return [_prepare_reference(speaker, references[speaker], samples_per_frame) for speaker in speakers]


def _prepare_reference(speaker: int, sound: Sound, samples_per_frame: int) -> Reference:
    try:
        return prepare_reference(sound, samples_per_frame)
    except SourceError as error:
        raise SourceError(f"{_name_input(speaker)}: {error}") from error


def _name_input(speaker: int) -> str:
    return "reference" if speaker == 0 else f"reference_{speaker + 1}"


def _read_passages(
    vibevoice: VibeVoice,
    voices: Sequence[torch.Tensor],
    script: PreparedScript,
    settings: CloneSettings,
    on_progress: OnProgress,
) -> list[list[Take]]:
    """Return, passage by passage, of each chunk the take that meets its share of the target best.

    Raises ModelError when none says anything.
    """
    passages = [
        [(chunk, pad_short_script(chunk)) for chunk in chunk_script(passage)] for passage in split_at_silences(script)
    ]
    estimates = [
        estimate_frames(padded.script.seconds if padded else chunk.seconds)
        for chunks in passages
        for chunk, padded in chunks
    ]
    progress = _Progress(estimates, on_progress)
    indices = count()
    spoken_seconds = max(settings.target_seconds - script.silence_seconds, 0.0)

    def read(script: PreparedScript, seeds: Sequence[int]) -> list[Take]:
        return read_takes(
            vibevoice, voices, script, seeds, settings.guidance_scale, settings.diffusion_steps, progress.count_frame
        )

    def read_chunk(chunk: PreparedScript, padded: PaddedScript | None) -> Take:
        seeds = _derive_seeds(settings, next(indices))
        cut_out = _cut_out_words(read(padded.script, seeds), padded) if padded else []
        takes = [take for take in cut_out or read(chunk, seeds) if take.samples.size]
        progress.end_chunk()
        if not takes:
            raise ModelError(
                f"{vibevoice.name} said nothing with seed {settings.seed}. Try another seed; if that doesn't help, "
                "its files may be of another version than its config.json."
            )
        return _choose_take(takes, spoken_seconds * (chunk.seconds / script.seconds))

    return [[read_chunk(chunk, padded) for chunk, padded in chunks] for chunks in passages]


def _cut_out_words(takes: Sequence[Take], padded: PaddedScript) -> list[Take]:
    """Return the takes of a padded script with the short text alone, but for those out of which it can't be cut."""
    words = [cut_padding(take.samples, SAMPLE_RATE_HZ, padded) for take in takes]
    return [replace(take, samples=samples) for take, samples in zip(takes, words, strict=True) if samples is not None]


def _choose_take(takes: Sequence[Take], target_seconds: float) -> Take:
    finished = [take for take in takes if take.is_complete] or takes
    return finished[choose_take([take.seconds for take in finished], target_seconds)]


def _derive_seeds(settings: CloneSettings, chunk: int) -> list[int]:
    """Return a seed for each take, so that neighbouring seeds of the user's share no take."""
    count = TAKES_FOR_A_TARGET if settings.target_seconds else 1
    return [
        int(np.random.SeedSequence([settings.seed, chunk, take]).generate_state(1, np.uint64)[0])
        for take in range(count)
    ]


def _explain_cut_off(takes: Sequence[Take]) -> str | None:
    if all(take.is_complete for take in takes):
        return None
    return "The model didn't stop by itself and was cut off: the speech may ramble. Try another seed."


def _explain_silence(silence_seconds: float, target_seconds: float) -> str | None:
    if not target_seconds or silence_seconds < _UNTOLD_SILENCE_SECONDS:
        return None
    return (
        f"The script is short for target_seconds {target_seconds:g}: {silence_seconds:.1f} s are silence. "
        "Write more, or set 0 for its natural length."
    )
