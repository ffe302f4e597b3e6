"""The tokenizer of VibeVoice's scripts: Qwen2.5's, with three of its tokens for pictures standing for sound."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...core.errors import ModelError

_AUDIO_BOS, _AUDIO_EOS, _AUDIO, _EOS = "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|endoftext|>"

# Qwen2.5's, in the order of their ids, which follow those of vocab.json: that file doesn't hold them.
_ADDED_TOKENS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
)


@dataclass(frozen=True)
class SpeechTokenizer:
    """Turns text into token ids, and knows the ids of the tokens that steer the sound."""

    audio_bos_id: int
    audio_eos_id: int
    audio_id: int
    eos_id: int
    _tokenizer: Any

    @property
    def control_ids(self) -> tuple[int, int, int, int]:
        """The only tokens that the model ever picks: audio_bos, audio_eos, audio, eos."""
        return self.audio_bos_id, self.audio_eos_id, self.audio_id, self.eos_id

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text and of nothing else: a control token's name in it is text like any other."""
        return self._tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True)


def load_tokenizer(folder: Path) -> SpeechTokenizer:
    """Return the tokenizer of the model's folder (tokenizer.json or vocab.json and merges.txt), else ComfyUI's Qwen2.5.

    Nothing is downloaded. Raises ModelError when it is damaged or lacks a control token.
    """
    from transformers import Qwen2Tokenizer

    source = folder if _holds_tokenizer(folder) else _comfyui_tokenizer_folder()
    try:
        tokenizer = Qwen2Tokenizer.from_pretrained(str(source), local_files_only=True)
    except Exception as error:  # tokenizers raises bare Exception for a damaged file
        raise ModelError(f"The tokenizer in {source} can't be read ({error}). Download its files again.") from error
    if not any((source / name).is_file() for name in ("tokenizer.json", "tokenizer_config.json")):
        tokenizer.add_tokens(list(_ADDED_TOKENS), special_tokens=True)
    vocabulary = tokenizer.get_vocab()
    lacking = [token for token in (_AUDIO_BOS, _AUDIO_EOS, _AUDIO, _EOS) if token not in vocabulary]
    if lacking:
        raise ModelError(
            f"The tokenizer in {source} lacks {', '.join(lacking)}. Put the tokenizer files of Qwen2.5 "
            "(tokenizer.json) there, or remove its own: ComfyUI's Qwen2.5 tokenizer then takes their place."
        )
    return SpeechTokenizer(
        audio_bos_id=vocabulary[_AUDIO_BOS],
        audio_eos_id=vocabulary[_AUDIO_EOS],
        audio_id=vocabulary[_AUDIO],
        eos_id=vocabulary[_EOS],
        _tokenizer=tokenizer,
    )


def _holds_tokenizer(folder: Path) -> bool:
    return (folder / "tokenizer.json").is_file() or all(
        (folder / name).is_file() for name in ("vocab.json", "merges.txt")
    )


def _comfyui_tokenizer_folder() -> Path:
    import comfy.text_encoders

    return Path(comfy.text_encoders.__path__[0]) / "qwen25_tokenizer"
