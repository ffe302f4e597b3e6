"""How fast a talking video is made around the model, against a chain of ComfyUI's own nodes, and in how much memory.

`python -m benchmarks.talking` makes three windows with tiny random weights both ways and prints one JSON object. Its
seconds are those that the process computed, the encoder's threads among them: others may work on the machine.
`python -m benchmarks.talking --memory FRAMES` makes a video that long, and prints the peak of memory in megabytes.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from .ratio import ROOT, Ratio, compare, run_module

RUNS = 3
STEPS, WINDOWS, FRAMES = 4, 3, 200
WINDOW_FRAMES, MOTION_FRAMES = 81, 9
SIDE = 128
SHORT_FRAMES, LONG_FRAMES = 200, 2000


def measure() -> Iterator[Ratio]:
    """Yield the ratios on this machine's CPU, measured in processes of their own."""
    seconds = json.loads(run_module("benchmarks.talking"))
    yield compare("talking video, over the native chain", seconds["ours"], seconds["theirs"], "s", 0.7)
    yield compare(
        "beside the model a window, over the native chain",
        seconds["our_overhead"],
        seconds["their_overhead"],
        "s",
        0.9,
    )
    megabytes = [float(run_module("benchmarks.talking", "--memory", str(n))) for n in (LONG_FRAMES, SHORT_FRAMES)]
    yield compare(f"memory of {LONG_FRAMES} frames, over {SHORT_FRAMES}", megabytes[0], megabytes[1], "MB", 1.05)


@dataclass
class Stopwatch:
    """The seconds that the video model computes on the thread that calls it, and how often."""

    seconds: float = 0.0
    forwards: int = 0
    started: float = 0.0

    def start(self, *_: Any) -> None:
        self.started = time.thread_time()

    def stop(self, *_: Any) -> None:
        self.seconds += time.thread_time() - self.started
        self.forwards += 1


@contextlib.contextmanager
def _watch(network: torch.nn.Module) -> Iterator[Stopwatch]:
    watch = Stopwatch()
    hooks = network.register_forward_pre_hook(watch.start), network.register_forward_hook(watch.stop)
    try:
        yield watch
    finally:
        for hook in hooks:
            hook.remove()


def _make_inputs(frames: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture [side, side, 3] uint8, and noise for so many frames that swells as speech does: [1, samples]."""
    random = np.random.default_rng(1)
    noise = 0.1 * random.standard_normal((1, 640 * frames)) * np.sin(np.linspace(0, frames, 640 * frames))
    return random.integers(0, 256, (side, side, 3), np.uint8), noise.astype(np.float32)


class _Silent:
    """A watcher that says nothing."""

    def tell(self, note: str) -> None: ...

    def begin(self, windows: int, steps: int, finished_windows: int, work: Any, needed_bytes: float) -> None: ...

    def end_step(self) -> None: ...

    def end_window(self, last_frame: torch.Tensor) -> None: ...


def _talk_ours(models: dict[str, Any], prompt: list[Any], frames: int, side: int, steps: int, folder: Path) -> None:
    from comfyui_talkingshorts.core.sound import Sound
    from comfyui_talkingshorts.engines.infinitetalk.talking_video import TalkingSettings, make_talking_video
    from comfyui_talkingshorts.engines.long_video.inputs import Subject, Workplace
    from support.tiny.talking_models import take_talking_models

    picture, noise = _make_inputs(frames, side)
    settings = TalkingSettings(
        size_mode="custom",
        width=side,
        height=side,
        steps=steps,
        schedule="official",
        shift=7.0,
        text_scale=1.0,
        audio_scale=1.0,
        seed=1,
    )
    subject = Subject(picture, Sound(noise, 16000), prompt, prompt)
    workplace = Workplace({}, "1", folder / "sessions", folder / "ours.mp4")
    make_talking_video(take_talking_models(models), subject, settings, workplace, _Silent())


@torch.inference_mode()
def _talk_natively(models: dict[str, Any], prompt: list[Any], folder: Path) -> None:
    """Do what users wire up: a node a window that continues from the frames so far, a sampler and a decoder each."""
    import comfy.sample
    from comfy.samplers import sampler_object
    from comfy_api.latest import InputImpl, Types
    from comfy_extras.nodes_wan import WanInfiniteTalkToVideo
    from comfyui_talkingshorts.core.infinitetalk.flow_schedule import plan_sigmas

    picture, noise = _make_inputs(FRAMES, SIDE)
    image, waveform = torch.from_numpy(picture)[None] / 255, torch.from_numpy(noise)[None]
    heard = models["audio_encoders"].encode_audio(waveform, 16000)
    seen = models["clip_vision"].encode_image(image)
    sigmas = torch.from_numpy(plan_sigmas(STEPS, 7.0))
    video = None
    for window in range(WINDOWS):
        model, positive, negative, latent, trim = WanInfiniteTalkToVideo.execute(
            cast(Any, {"mode": "single_speaker"}),
            *(models["diffusion_models"], models["model_patches"], prompt, prompt, models["vae"], SIDE, SIDE),
            WINDOW_FRAMES,
            heard,
            MOTION_FRAMES,
            start_image=image,
            previous_frames=video,
            audio_scale=1.0,
            clip_vision_output=seen,
        ).args
        empty = latent["samples"]
        draft = comfy.sample.prepare_noise(empty, window)
        euler = sampler_object("euler")
        sampled = comfy.sample.sample_custom(
            model, draft, 1.0, euler, sigmas, positive, negative, empty, disable_pbar=True, seed=window
        )
        frames = models["vae"].decode(sampled)[0]
        video = frames if video is None else torch.cat([video, frames[trim:]])
    assert video is not None
    audio: Any = {"waveform": waveform, "sample_rate": 16000}
    parts = Types.VideoComponents(images=video[:FRAMES], audio=audio, frame_rate=Fraction(25))
    InputImpl.VideoFromComponents(parts).save_to(str(folder / "theirs.mp4"))


def _time(work: Callable[[], None], network: torch.nn.Module) -> tuple[float, float]:
    """Return the seconds that the work takes, and those of them a window that the model doesn't."""
    with _watch(network) as watch:
        start = time.process_time()
        work()
        seconds = time.process_time() - start
    assert watch.forwards == WINDOWS * STEPS, f"{watch.forwards} forwards instead of {WINDOWS * STEPS}"
    return seconds, (seconds - watch.seconds) / WINDOWS


def _compare(models: dict[str, Any], prompt: list[Any], folder: Path) -> dict[str, float]:
    network = models["diffusion_models"].model.diffusion_model

    def ours() -> None:
        _talk_ours(models, prompt, FRAMES, SIDE, STEPS, folder)

    def theirs() -> None:
        _talk_natively(models, prompt, folder)

    ours()  # both ways find the models loaded
    pairs = [(_time(ours, network), _time(theirs, network)) for _ in range(RUNS)]
    # What else the machine does slows both of a pair: the middle pair is told.
    (our_seconds, our_overhead), (their_seconds, their_overhead) = sorted(
        pairs, key=lambda pair: pair[0][0] / pair[1][0]
    )[RUNS // 2]
    return {
        "ours": our_seconds,
        "theirs": their_seconds,
        "our_overhead": our_overhead,
        "their_overhead": their_overhead,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory", type=int, metavar="FRAMES")
    arguments = parser.parse_args()
    sys.path[:0] = [str(ROOT / "custom_nodes"), str(ROOT / "tests")]
    sys.path.append(str(ROOT / ".comfyui" / "ComfyUI"))
    torch.set_num_threads(1)  # which two cores share badly, and steadier
    import comfy.cli_args

    comfy.cli_args.args.cpu = True
    from support.tiny.talking_models import encode_prompt, load_models
    from support.tiny.wan import write_tiny_talking_models

    with tempfile.TemporaryDirectory() as folder:
        write_tiny_talking_models(Path(folder) / "models")
        models = load_models(Path(folder) / "models")
        prompt = encode_prompt(models["text_encoders"], "a woman talks")
        if arguments.memory is None:
            print(json.dumps(_compare(models, prompt, Path(folder))))
            return
        _talk_ours(models, prompt, arguments.memory, 64, 1, Path(folder))
        print(_read_peak_megabytes())


def _read_peak_megabytes() -> float:
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


if __name__ == "__main__":
    main()
