"""The node that loads the model that clones voices."""

from __future__ import annotations

from pathlib import Path

import folder_paths
from comfy_api.latest import io

from ..core.errors import ModelError
from ..core.vibevoice.checkpoint_files import REMEDY, fingerprint_checkpoint, list_checkpoints

VibeVoiceType = io.Custom("VIBEVOICE")

_FOLDER = "vibevoice"
_NO_MODEL = "put a model in models/vibevoice"
_DTYPES = ["auto", "bf16", "fp16", "fp32", "fp8"]


class LoadVibeVoice(io.ComfyNode):
    """The name of a model in, the model out. ComfyUI's node cache is the only one that keeps it."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="TalkingShortsLoadVibeVoice",
            display_name="Load VibeVoice",
            category="talking shorts",
            description=(
                "Loads a VibeVoice model, which speaks a script in a cloned voice. It takes a folder as downloaded "
                "from Hugging Face, or a single .safetensors file with its .config.json beside it, in models/vibevoice."
            ),
            search_aliases=["vibevoice", "voice clone model", "tts model", "text to speech model", "load voice model"],
            inputs=[
                io.Combo.Input(
                    "model",
                    options=list(_find_models()) or [_NO_MODEL],
                    tooltip="A folder or file in models/vibevoice. The 1.5B model takes about 5 GB of video memory, "
                    "the 7B model 17 GB, or 10 GB as fp8; with less, its weights stream in from RAM, more slowly.",
                ),
                io.Combo.Input(
                    "dtype",
                    options=_DTYPES,
                    default="auto",
                    advanced=True,
                    tooltip="auto: bf16 where the device handles it well, else fp32 (fp16 for the 7B on a GPU). fp8 "
                    "keeps the language model's weights in 8 bits: half the memory, about half as fast, slightly "
                    "less exact.",
                ),
            ],
            outputs=[
                VibeVoiceType.Output("vibevoice", tooltip="The model. Connect it to Clone Voice."),
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, model: str | None = None, dtype: str | None = None) -> str:
        path = _find_models().get(model or "")
        return "" if path is None else fingerprint_checkpoint(path)

    @classmethod
    def execute(cls, model: str, dtype: str) -> io.NodeOutput:
        path = _find_models().get(model)
        if path is None:
            raise ModelError(f"There is no model {model!r} in {' or '.join(map(str, _roots()))}. {REMEDY}")
        from ..engines.vibevoice.model import load_vibevoice  # not at ComfyUI's start

        return io.NodeOutput(load_vibevoice(path, dtype))


def _roots() -> list[Path]:
    return [Path(root) for root in folder_paths.get_folder_paths(_FOLDER)]


def _find_models() -> dict[str, Path]:
    """Return the models by name. Where two folders hold the same name, the first counts, as everywhere in ComfyUI."""
    found: dict[str, Path] = {}
    for root in _roots():
        for name in list_checkpoints(root):
            found.setdefault(name, root / name)
    return found


def _register_folder() -> None:
    folder_paths.add_model_folder_path(_FOLDER, str(Path(folder_paths.models_dir) / _FOLDER))
    # ComfyUI leaves the extensions empty, which stands for every file there is; another pack may have named some.
    roots, extensions = folder_paths.folder_names_and_paths[_FOLDER]
    folder_paths.folder_names_and_paths[_FOLDER] = (roots, {*extensions, ".safetensors"})


_register_folder()
