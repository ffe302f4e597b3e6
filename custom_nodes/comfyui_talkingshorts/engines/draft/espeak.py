"""Speech from espeak-ng, in process: the C library of the espeakng-loader wheel, bound with ctypes."""

from __future__ import annotations

import ctypes
import re
import threading
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ...core.errors import TalkingShortsError
from ...core.sound import Phoneme, Sound
from ..files.temporary import TemporaryFolder

SLOWEST_WORDS_PER_MINUTE = 80
FASTEST_WORDS_PER_MINUTE = 450
HIGHEST_PITCH = 99
SAMPLE_RATE_HZ = 22050

_OUTPUT_SYNCHRONOUS = 2
_INITIALIZE_PHONEME_EVENTS = 0x0001
_INITIALIZE_PHONEME_IPA = 0x0002
_INITIALIZE_DONT_EXIT = 0x8000
_CHARS_UTF8 = 1
_POSITION_CHARACTER = 1
_PARAMETER_RATE, _PARAMETER_VOLUME, _PARAMETER_PITCH, _PARAMETER_RANGE = 1, 2, 3, 4
_EVENT_LIST_END, _EVENT_PHONEME = 0, 7
# Above this, loud vowels reach full scale, and espeak's gain control then carries over into the next utterance.
_VOLUME = 60
_BUFFER_MILLISECONDS = 200
# The library copies the path of its data into 160 characters, and appends file names to it.
_LONGEST_DATA_PATH = 120
_LANGUAGE_SWITCH = re.compile(r"\([\w-]+\)")
_lock = threading.Lock()
_folders_kept_until_exit: list[TemporaryFolder] = []


class _EventId(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _EventId),
    )


_SynthCallback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))


def speak(text: str, *, voice: str, words_per_minute: int, pitch: int, pitch_range: int) -> Sound:
    """Return the text spoken: [1, samples] at 22,050 Hz with its phonemes (IPA; "" is a pause).

    voice: an espeak voice, with "+variant" if wanted; pitch and pitch_range: 0 to 99, 50 is the voice's own.
    The text is plain: espeak reads no markup and no phoneme codes in it. The same arguments give the same samples for
    a voice without flutter. Safe to call from several threads, which take turns.
    Raises TalkingShortsError when espeak doesn't start, or doesn't know the voice.
    """
    with _lock:
        library, sample_rate_hz = _library()
        _check(library.espeak_SetVoiceByName(voice.encode()), f"has no voice {voice!r}")
        for parameter, value in (
            (_PARAMETER_RATE, min(max(words_per_minute, SLOWEST_WORDS_PER_MINUTE), FASTEST_WORDS_PER_MINUTE)),
            (_PARAMETER_VOLUME, _VOLUME),
            (_PARAMETER_PITCH, min(max(pitch, 0), HIGHEST_PITCH)),
            (_PARAMETER_RANGE, min(max(pitch_range, 0), HIGHEST_PITCH)),
        ):
            library.espeak_SetParameter(parameter, value, 0)
        # The noise of consonants is random, and starts from the clock otherwise.
        library.espeak_ng_SetRandSeed(1)
        samples, phonemes = _synthesize(library, text, sample_rate_hz)
    return Sound(samples[None], sample_rate_hz, phonemes)


def _synthesize(library: Any, text: str, sample_rate_hz: int) -> tuple[np.ndarray, tuple[Phoneme, ...]]:
    chunks: list[np.ndarray] = []
    phonemes: list[Phoneme] = []

    def collect(samples: Any, count: int, events: Any) -> int:
        if samples and count:
            chunks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        for event in _until_end(events):
            if event.type == _EVENT_PHONEME:
                phonemes.append(Phoneme(_symbol(event.id.string), event.sample / sample_rate_hz))
        return 0

    callback = _SynthCallback(collect)
    library.espeak_SetSynthCallback(callback)
    encoded = text.encode() + b"\0"
    status = library.espeak_Synth(encoded, len(encoded), 0, _POSITION_CHARACTER, 0, _CHARS_UTF8, None, None)
    _check(status, "failed to speak")
    samples = np.concatenate([np.zeros(0, np.int16), *chunks]).astype(np.float32) / 32768
    return samples, tuple(phonemes)


def _until_end(events: Any) -> Any:
    index = 0
    while events[index].type != _EVENT_LIST_END:
        yield events[index]
        index += 1


def _symbol(encoded: bytes) -> str:
    """A switch of language comes as a phoneme such as "(en)"; a long symbol comes cut at 8 bytes, mid-character too."""
    return _LANGUAGE_SWITCH.sub("", encoded.decode(errors="ignore"))


@cache
def _library() -> tuple[Any, int]:
    """Return the initialised library and its sample rate in Hz."""
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    library.espeak_Synth.argtypes = (
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_uint,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_uint,
        ctypes.c_void_p,
        ctypes.c_void_p,
    )
    library.espeak_ng_SetRandSeed.argtypes = (ctypes.c_long,)
    options = _INITIALIZE_PHONEME_EVENTS | _INITIALIZE_PHONEME_IPA | _INITIALIZE_DONT_EXIT
    data_path = _short_path(Path(espeakng_loader.get_data_path()))
    sample_rate_hz = library.espeak_Initialize(
        _OUTPUT_SYNCHRONOUS, _BUFFER_MILLISECONDS, str(data_path).encode(), options
    )
    if sample_rate_hz <= 0:
        raise TalkingShortsError(
            f"The draft voice can't start: espeak-ng found no usable data in {data_path}. "
            "Install the pack's requirements again (package espeakng-loader)."
        )
    return library, sample_rate_hz


def _short_path(path: Path) -> Path:
    if len(str(path).encode()) <= _LONGEST_DATA_PATH:
        return path
    folder = TemporaryFolder()
    _folders_kept_until_exit.append(folder)
    link = folder.path / path.name
    link.symlink_to(path, target_is_directory=True)
    return link


def _check(status: int, what: str) -> None:
    if status != 0:
        raise TalkingShortsError(
            f"espeak-ng {what} (status {status}). Install the pack's requirements again (package espeakng-loader)."
        )
