"""What a graph computes on the GPU, stage by stage: which forwards it makes, and the memory that they take."""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass

from ..errors import ValidationError
from ..shipped.models import load_model_list
from ..workflow.file import Workflow
from ..workflow.model_names import find_model_fields
from .graph import find_source, find_upstream, list_running, read_amount, read_value, read_whole
from .operations import (
    VOICE_SIZES,
    Operations,
    count_tokens,
    measure_decode,
    measure_encode,
    measure_infinitetalk,
    measure_s2v,
    measure_voice_frame,
    measure_wan,
    peak_bytes,
)

USUAL_SECONDS = 8.0
"""How long the speech is where neither the command line nor the graph says so."""

LONGEST_SECONDS = 86_400.0

BUCKET_PIXELS = {"bucket_480": 640 * 640, "bucket_720": 960 * 960}
"""About how many pixels a talking video has whose shape follows the portrait's."""

PROGRAMS_BYTES = 4e9
"""The RAM that Python, torch and ComfyUI take beside the weights."""

_TALKING_FPS, _S2V_FPS, _VOICE_FRAMES_A_SECOND = 25, 16, 7.5
_SIDE_STEP = 16
_FRAMES_PER_LATENT = 4
_TAKES_FOR_A_TARGET = 4
_S2V_LEADING_FRAMES, _S2V_MOTION_FRAMES = 3, 73

_VOICE, _TALKING, _S2V = "TalkingShortsCloneVoice", "TalkingShortsTalkingVideo", "TalkingShortsSpeechToVideo"
_SAMPLING, _DECODING, _STARTING = "SamplerCustomAdvanced", "VAEDecode", "WanImageToVideo"
_EMPTY_LATENTS = {"EmptyHunyuanLatentVideo", _STARTING}
_MODEL_LOADERS = {"UNETLoader"}


@dataclass(frozen=True)
class Stage:
    """What one node computes: its network's forwards, in windows, and the video VAE's work beside them.

    `weight_bytes` are those of its network, `peak_bytes` what a forward takes beside them on the GPU.
    """

    name: str
    windows: int
    forwards: int
    network: Operations
    vae: Operations
    weight_bytes: float
    peak_bytes: float

    @property
    def operations(self) -> Operations:
        return self.network + self.vae

    @property
    def gpu_bytes(self) -> float:
        """The GPU memory with which no weight has to wait in RAM."""
        return self.weight_bytes + self.peak_bytes


@dataclass(frozen=True)
class Plan:
    """The stages of a graph, for a speech of so many seconds; None where nobody speaks.

    `model_bytes` are those of all models that the graph loads.
    """

    speech_seconds: float | None
    stages: tuple[Stage, ...]
    model_bytes: float

    @property
    def ram_bytes(self) -> float:
        """The RAM that holds the weights of one stage at a time, beside the programs."""
        return max(stage.weight_bytes for stage in self.stages) + PROGRAMS_BYTES

    @property
    def gpu_bytes(self) -> float:
        """The GPU memory with which no weight has to wait in RAM."""
        return max(stage.gpu_bytes for stage in self.stages)


def plan_work(workflow: Workflow, seconds: float | None = None) -> Plan:
    """Return what the workflow computes for a speech of so many seconds; None: as long as its target, else 8.

    Raises ValidationError for a graph that has nothing to estimate, or whose sizes or models aren't known.
    """
    running = list_running(workflow)
    length = _find_seconds(workflow, running) if seconds is None else seconds
    if length > LONGEST_SECONDS:
        raise ValidationError(f"{length:g} seconds of speech are more than a day. Give at most {LONGEST_SECONDS:g}.")
    makers: dict[str, Callable[[Workflow, str, float], Stage]] = {
        _VOICE: _plan_voice,
        _TALKING: _plan_talking,
        _S2V: _plan_s2v,
        _SAMPLING: _plan_sampling,
        _DECODING: _plan_decoding,
        _STARTING: _plan_starting,
    }
    stages = [makers[kind](workflow, node, length) for node in running if (kind := workflow.class_type(node)) in makers]
    if not any(stage.forwards for stage in stages):
        raise ValidationError(
            f"{workflow.name} has nothing whose cost is known: an estimate counts Clone Voice, Make Talking Video, "
            "Make Speech Video, and what SamplerCustomAdvanced samples with Wan 14B. A draft needs no GPU."
        )
    graph = {node_id: workflow.graph[node_id] for node_id in running}
    names = dict.fromkeys(name for _, _, name in find_model_fields(graph))
    speaks = any(workflow.class_type(node) in (_VOICE, _TALKING, _S2V) for node in running)
    return Plan(length if speaks else None, tuple(stages), sum(_model_bytes(workflow, name) for name in names))


def plan_window_frames(frames: int, window_frames: int, motion_frames: int, is_last_shortened: bool) -> list[int]:
    """Return how many frames each window of a talking video samples, as Make Talking Video plans them."""
    windows: list[int] = []
    done = 0
    while done < frames:
        pinned = motion_frames if windows else 0
        needed = _round_to_latents(pinned + frames - done)
        windows.append(min(window_frames, needed) if is_last_shortened else window_frames)
        done += windows[-1] - pinned
    return windows


def count_branches(text_scale: float, audio_scale: float) -> int:
    """Return how many forwards a step of a talking video takes: one, and one for each scale that isn't 1."""
    return 1 + (not math.isclose(text_scale, 1)) + (not math.isclose(audio_scale, 1))


def _find_seconds(workflow: Workflow, running: Sequence[str]) -> float:
    targets = [read_amount(workflow, node, "target_seconds", 0) for node in running if _is_voice(workflow, node)]
    return next((target for target in targets if target), USUAL_SECONDS)


def _is_voice(workflow: Workflow, node: str) -> bool:
    return workflow.class_type(node) == _VOICE


def _plan_voice(workflow: Workflow, node: str, seconds: float) -> Stage:
    loader = find_source(workflow, node, "vibevoice")
    name = str(read_value(workflow, loader, "model"))
    weights = _model_bytes(workflow, name, VOICE_SIZES)
    frames = math.ceil(_VOICE_FRAMES_A_SECOND * seconds)
    takes = _TAKES_FOR_A_TARGET if read_amount(workflow, node, "target_seconds", 0) else 1
    branches = 1 if read_amount(workflow, node, "guidance_scale", 1.3) == 1 else 2
    steps = read_whole(workflow, node, "diffusion_steps", 10)
    frame = measure_voice_frame(VOICE_SIZES[name], takes, steps, branches)
    return Stage(workflow.title(node), 0, frames, frame * frames, Operations(), weights, 1e9)


def _plan_talking(workflow: Workflow, node: str, seconds: float) -> Stage:
    pixels = _read_talking_pixels(workflow, node)
    window_frames = read_whole(workflow, node, "window_frames", 81)
    motion_frames = read_whole(workflow, node, "motion_frames", 9)
    for field, count in (("window_frames", window_frames), ("motion_frames", motion_frames)):
        if count != _round_to_latents(count):
            raise ValidationError(f"{workflow.describe(node)}: {field} is {count}: give 1, 5, 9, ... frames.")
    if motion_frames >= window_frames:
        raise ValidationError(
            f"{workflow.describe(node)}: motion_frames is {motion_frames}: give fewer than the "
            f"window's {window_frames}."
        )
    frames = math.ceil(_TALKING_FPS * seconds)
    is_shortened = read_value(workflow, node, "short_last_window", False) is True
    windows = plan_window_frames(frames, window_frames, motion_frames, is_shortened)
    branches = sum(_list_branches(workflow, node))
    network, vae = Operations(), measure_encode(window_frames, pixels)
    for length in windows:
        network += measure_infinitetalk(count_tokens(_count_latents(length), pixels)) * branches
        vae += measure_decode(length, pixels)
    vae += measure_encode(motion_frames, pixels) * (len(windows) - 1)
    patch = find_source(workflow, node, "model_patch")
    weights = _network_bytes(workflow, node) + _model_bytes(workflow, read_value(workflow, patch, "name"))
    peak = peak_bytes(count_tokens(_count_latents(window_frames), pixels))
    return Stage(workflow.title(node), len(windows), branches * len(windows), network, vae, weights, peak)


def _read_talking_pixels(workflow: Workflow, node: str) -> int:
    mode = read_value(workflow, node, "size_mode", "bucket_480")
    return BUCKET_PIXELS.get(str(mode)) or _read_pixels(workflow, node)


def _list_branches(workflow: Workflow, node: str) -> Iterator[int]:
    """Yield how many forwards each step takes: sound guides for the first part of the steps alone."""
    steps = read_whole(workflow, node, "steps", 40)
    text_scale, audio_scale = (read_amount(workflow, node, f"{kind}_scale") for kind in ("text", "audio"))
    end = read_amount(workflow, node, "guidance_end", 1)
    for step in range(steps):
        yield count_branches(text_scale, audio_scale if step < end * steps else 1)


def _plan_s2v(workflow: Workflow, node: str, seconds: float) -> Stage:
    width, height = (_read_side(workflow, node, side) for side in ("width", "height"))
    latents = _count_latents(read_whole(workflow, node, "chunk_frames", 77))
    made = latents * _FRAMES_PER_LATENT
    windows = math.ceil((math.ceil(_S2V_FPS * seconds) + _S2V_LEADING_FRAMES) / made)
    forwards = read_whole(workflow, node, "steps", 20) * _count_cfg_branches(workflow, node)
    first, later = (measure_s2v(width, height, latents, has_motion) * forwards for has_motion in (False, True))
    pixels = width * height
    vae = measure_encode(1, pixels) + measure_decode(made + 1, pixels)
    motion = _S2V_MOTION_FRAMES
    vae += (measure_encode(motion, pixels) + measure_decode(made + motion, pixels)) * (windows - 1)
    network = first + later * (windows - 1)
    peak = peak_bytes(count_tokens(latents + 3, pixels))
    return Stage(workflow.title(node), windows, forwards * windows, network, vae, _network_bytes(workflow, node), peak)


def _plan_sampling(workflow: Workflow, node: str, seconds: float) -> Stage:
    guider = find_source(workflow, node, "guider")
    latents, pixels = _read_latents(workflow, node)
    tokens = count_tokens(latents, pixels)
    forwards = _count_steps(workflow, node) * _count_cfg_branches(workflow, guider)
    network = measure_wan(tokens, has_picture=False) * forwards
    weights = _network_bytes(workflow, guider)
    return Stage(workflow.title(node), 1, forwards, network, Operations(), weights, peak_bytes(tokens))


def _plan_decoding(workflow: Workflow, node: str, seconds: float) -> Stage:
    latents, pixels = _read_latents(workflow, node, "samples")
    return _make_vae_stage(workflow, node, measure_decode(_count_frames(latents), pixels))


def _plan_starting(workflow: Workflow, node: str, seconds: float) -> Stage:
    frames = read_whole(workflow, node, "length", 81)
    return _make_vae_stage(workflow, node, measure_encode(frames, _read_pixels(workflow, node)))


def _make_vae_stage(workflow: Workflow, node: str, vae: Operations) -> Stage:
    loader = find_source(workflow, node, "vae")
    weights = _model_bytes(workflow, read_value(workflow, loader, "vae_name"))
    return Stage(workflow.title(node), 1, 0, Operations(), vae, weights, 0)


def _count_steps(workflow: Workflow, node: str) -> int:
    """Return the steps of one sampler; of a split schedule, those of the half that it gets."""
    split = find_source(workflow, node, "sigmas")
    if workflow.class_type(split) != "SplitSigmas":
        return read_whole(workflow, find_upstream(workflow, node, ["sigmas"], {"BasicScheduler"}), "steps")
    steps = read_whole(workflow, find_upstream(workflow, split, ["sigmas"], {"BasicScheduler"}), "steps")
    is_second_half = workflow.graph[node]["inputs"]["sigmas"][1:] == [1]
    return steps // 2 if is_second_half else math.ceil(steps / 2)


def _count_cfg_branches(workflow: Workflow, node: str) -> int:
    return 1 if math.isclose(read_amount(workflow, node, "cfg", 1), 1) else 2


def _read_latents(workflow: Workflow, node: str, field: str = "latent_image") -> tuple[int, int]:
    """Return how many latents are sampled or decoded, and the pixels of their frames."""
    source = find_upstream(workflow, node, [field, "latent_image", "samples"], _EMPTY_LATENTS)
    return _count_latents(read_whole(workflow, source, "length", 81)), _read_pixels(workflow, source)


def _read_pixels(workflow: Workflow, node: str) -> int:
    return _read_side(workflow, node, "width") * _read_side(workflow, node, "height")


def _read_side(workflow: Workflow, node: str, name: str) -> int:
    """Return a side in pixels as it is computed: of 1080, 1088 are."""
    side = read_whole(workflow, node, name)
    return side + -side % _SIDE_STEP


def _network_bytes(workflow: Workflow, node: str) -> float:
    loader = find_upstream(workflow, node, ["model"], _MODEL_LOADERS)
    return _model_bytes(workflow, read_value(workflow, loader, "unet_name"))


def _model_bytes(workflow: Workflow, name: str, known: Container[str] | None = None) -> float:
    """Return the size of a model's files. Raises ValidationError for one that isn't among the shipped graphs' models.

    `known`: those of them that will do.
    """
    sizes = [file.bytes for file in load_model_list() if file.loader_name == name]
    if not sizes or (known is not None and name not in known):
        raise ValidationError(
            f"{workflow.name}: what {name!r} costs isn't known. An estimate knows the models of the shipped graphs: "
            "talkingshorts models list"
        )
    return sum(sizes)


def _count_latents(frames: int) -> int:
    return (frames - 1) // _FRAMES_PER_LATENT + 1


def _count_frames(latents: int) -> int:
    return (latents - 1) * _FRAMES_PER_LATENT + 1


def _round_to_latents(frames: int) -> int:
    return _count_frames(-(-(frames - 1) // _FRAMES_PER_LATENT) + 1)
