"""Where speech is in a sound, and which parts of it are by the same voice."""

from __future__ import annotations

import threading
from functools import cache
from typing import Any

import numpy as np
import torch
import torchaudio
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

SAMPLE_RATE_HZ = 16000
FRAME_SAMPLES = 512

# The network remembers what came before: chunks that are analysed side by side start early, to remember alike.
_CHUNK_FRAMES = 1280
_RUN_UP_FRAMES = 64

_MFCC_HOP = 160
_MFCC_COUNT = 13
_PIECE_FRAMES = 64
_DIFFERENT_VOICES = 2.9
_VARIANCE_FLOOR = 1e-3

# The network holds what it remembers of the sound.
_network_lock = threading.Lock()


def detect_speech(samples: np.ndarray) -> np.ndarray:
    """Return the probability of speech in each whole frame of 512 samples: [frames] float32.

    samples: [samples] float32 at 16 kHz, at a usual level. By silero-vad (github.com/snakers4/silero-vad, MIT), whose
    network comes in its package. Music and noise are no speech to it.
    """
    frames = samples.size // FRAME_SAMPLES
    chunk_samples, run_up = min(_CHUNK_FRAMES, frames) * FRAME_SAMPLES, _RUN_UP_FRAMES * FRAME_SAMPLES
    analysed = samples[: frames * FRAME_SAMPLES]
    padded = np.pad(analysed, (run_up, -analysed.size % chunk_samples))
    chunks = np.lib.stride_tricks.sliding_window_view(padded, run_up + chunk_samples)[::chunk_samples]
    with _network_lock, torch.inference_mode():
        probability = _load_network().audio_forward(torch.from_numpy(chunks.copy()), SAMPLE_RATE_HZ)
    return probability[:, _RUN_UP_FRAMES:].flatten()[:frames].numpy()


def tell_voices_apart(samples: np.ndarray, is_speech: np.ndarray) -> np.ndarray:
    """Return [frames] the number of the voice that speaks, -1 where nobody does: int, frames of 512 samples.

    samples: [samples] float32 at 16 kHz. Speech is taken in pieces of 2 s. Two pieces are as far apart as one Gaussian
    over the cepstra of both fits worse than one for each (the generalised likelihood ratio of Gish, Siu & Rohlicek
    1991), per cepstrum; average linkage then joins them. Speakers in different rooms or of different sex are told
    apart; alike voices at one microphone mostly aren't, nor is anyone who speaks for less than a piece.
    """
    voice = np.full(is_speech.size, -1)
    frames = np.flatnonzero(is_speech)
    if frames.size < 2 * _PIECE_FRAMES:
        voice[frames] = 0
        return voice
    pieces = np.array_split(frames, frames.size // _PIECE_FRAMES)
    cepstra = _measure_cepstra(samples)
    distances = _measure_distances([cepstra[_cepstra_of(piece, len(cepstra))] for piece in pieces])
    numbers = fcluster(linkage(squareform(distances, checks=False), "average"), _DIFFERENT_VOICES, "distance")
    for piece, number in zip(pieces, numbers, strict=True):
        voice[piece] = number - 1
    return voice


@cache
def _load_network() -> Any:
    """Return silero's network, 2 MB, whose import sets the number of threads for the whole process."""
    threads = torch.get_num_threads()
    from silero_vad import load_silero_vad

    torch.set_num_threads(threads)
    return load_silero_vad()


def _measure_cepstra(samples: np.ndarray) -> np.ndarray:
    """Return [time, 12] MFCCs every 10 ms, without the one that tells loudness."""
    transform = torchaudio.transforms.MFCC(
        SAMPLE_RATE_HZ,
        _MFCC_COUNT,
        log_mels=True,
        melkwargs={"n_fft": 512, "hop_length": _MFCC_HOP, "n_mels": 40, "f_min": 100.0, "f_max": 7000.0},
    )
    return transform(torch.from_numpy(samples))[1:].T.numpy()


def _cepstra_of(frames: np.ndarray, count: int) -> np.ndarray:
    """Return the indices of the cepstra within the frames."""
    first = -(-frames * FRAME_SAMPLES // _MFCC_HOP)
    indices = (first[:, None] + np.arange(FRAME_SAMPLES // _MFCC_HOP)).ravel()
    return indices[indices < count]


def _measure_distances(pieces: list[np.ndarray]) -> np.ndarray:
    """Return [pieces, pieces] generalised likelihood ratios per cepstrum, 0 on the diagonal."""
    counts = np.array([len(piece) for piece in pieces])
    means = np.stack([piece.mean(0, dtype=np.float64) for piece in pieces])
    moments = np.stack([piece.T.astype(np.float64) @ piece / len(piece) for piece in pieces])
    share = counts[:, None] / (counts[:, None] + counts)
    both = _log_volumes(_mix(means, share[..., None]), _mix(moments, share[..., None, None]))
    each = _mix(_log_volumes(means, moments), share)
    distances = np.maximum(both - each, 0.0)
    np.fill_diagonal(distances, 0.0)
    return (distances + distances.T) / 2


def _mix(values: np.ndarray, share: np.ndarray) -> np.ndarray:
    return share * values[:, None] + (1 - share) * values[None]


def _log_volumes(means: np.ndarray, moments: np.ndarray) -> np.ndarray:
    covariances = moments - means[..., :, None] * means[..., None, :]
    return np.linalg.slogdet(covariances + _VARIANCE_FLOOR * np.eye(means.shape[-1]))[1]
