"""The talking video is, window by window, the one that InfiniteTalk's official code makes of the same weights."""

from __future__ import annotations

import numpy as np
from golden.infinitetalk_set import (
    InfiniteTalkSet,
    allowed_difference,
    allowed_distance,
    compute_conditioning,
    convert_to_luma,
    decode_luma,
    measure_distance,
    measure_psnr_db,
)
from support.servers.on_comfyui import ComfyUI, run_graph


def test_infinitetalk_conditioning(infinitetalk_set: InfiniteTalkSet, infinitetalk_array: str) -> None:
    want = infinitetalk_set.conditioning[infinitetalk_array]
    got = compute_conditioning(infinitetalk_set, infinitetalk_array)

    assert got.shape == want.shape
    difference = np.abs(got.astype(np.float64) - want).max()
    assert difference <= allowed_difference(infinitetalk_set, infinitetalk_array)


def test_infinitetalk_features(infinitetalk_set: InfiniteTalkSet, infinitetalk_case: str) -> None:
    """The array's name says which of the channels it holds: those from 5 on, each 96th."""
    arrays = infinitetalk_set.case_arrays(infinitetalk_case)
    name = next(name for name in arrays if name.startswith("features"))
    first, step = map(int, name.split("_ch")[1].split("_"))
    got = infinitetalk_set.take(infinitetalk_case).features[..., first::step]

    assert got.shape == arrays[name].shape
    allowed = allowed_distance(infinitetalk_set, infinitetalk_case, name)
    assert measure_distance(got, arrays[name]) <= allowed


def test_infinitetalk_latents(infinitetalk_set: InfiniteTalkSet, infinitetalk_case: str) -> None:
    got = np.concatenate(infinitetalk_set.take(infinitetalk_case).latents)
    want = infinitetalk_set.case_arrays(infinitetalk_case)["latents"]

    assert got.shape == want.shape
    distances = [measure_distance(*windows) for windows in zip(got, want, strict=True)]
    assert max(distances) <= allowed_distance(infinitetalk_set, infinitetalk_case, "latents")


def test_infinitetalk_window(infinitetalk_set: InfiniteTalkSet, infinitetalk_window: tuple[str, int]) -> None:
    name, window = infinitetalk_window
    case = infinitetalk_set.cases[name]
    got, want = infinitetalk_set.take(name).frames, infinitetalk_set.case_arrays(name)["frames"]

    assert got.shape == want.shape
    frames = slice(*case["windows_of_output"][window])
    assert measure_psnr_db(got[frames], want[frames]) >= case["psnr_min_db_per_window"]


def test_infinitetalk_node(infinitetalk_set: InfiniteTalkSet, golden_comfyui: ComfyUI, infinitetalk_case: str) -> None:
    case = infinitetalk_set.cases[infinitetalk_case]

    job = run_graph(golden_comfyui, infinitetalk_set.graph_of(infinitetalk_case))

    assert job["status"] == "completed", job
    [short] = job["outputs"]["save"]["images"]
    got = decode_luma(golden_comfyui.base / "output" / short["subfolder"] / short["filename"])
    want = convert_to_luma(infinitetalk_set.case_arrays(infinitetalk_case)["frames"])
    assert got.shape == want.shape
    worst = min(measure_psnr_db(got[slice(*frames)], want[slice(*frames)]) for frames in case["windows_of_output"])
    assert worst >= case["psnr_min_db_per_window"]
