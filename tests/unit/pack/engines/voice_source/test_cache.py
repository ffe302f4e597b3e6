import os
from pathlib import Path

import numpy as np
import pytest
from comfyui_talkingshorts.core.sound import Sound
from comfyui_talkingshorts.core.voice_source import FileSource, Piece, WebSource
from comfyui_talkingshorts.engines.voice_source.cache import Voice, VoiceCache, make_cache_key
from comfyui_talkingshorts.engines.voice_source.voice import load_voice
from support.media import make_media, make_sweep

PIECE = Piece(2, 1)


def ignore_progress(done: int, total: int) -> None:
    pass


@pytest.mark.parametrize("channels", [1, 2, 3, 6, 8])
def test_a_kept_sound_comes_back_bit_for_bit(channels: int, tmp_path: Path) -> None:
    loud = 3 * make_sweep(44100, channels, 0.5)
    cache = VoiceCache(tmp_path / "voices")

    cache.store("key", Voice(Sound(loud, 44100), 2.0, "A talk: “ä”"))
    kept = cache.load("key")

    assert kept is not None
    assert (kept.title, kept.start_seconds) == ("A talk: “ä”", 2.0)
    assert kept.sound.sample_rate_hz == 44100
    np.testing.assert_array_equal(kept.sound.samples, loud)


def test_nothing_is_kept_under_another_key(tmp_path: Path) -> None:
    VoiceCache(tmp_path).store("key", Voice(Sound(make_sweep(8000, 1, 0.1), 8000), 2.0, "title"))

    assert VoiceCache(tmp_path).load("other") is None


@pytest.mark.parametrize("suffix", [".wav", ".json"])
@pytest.mark.parametrize("damage", [b"", b"garbage", None])
def test_a_damaged_entry_counts_as_missing(suffix: str, damage: bytes | None, tmp_path: Path) -> None:
    cache = VoiceCache(tmp_path)
    cache.store("key", Voice(Sound(make_sweep(8000, 1, 1), 8000), 2.0, "title"))
    path = tmp_path / f"key{suffix}"
    path.write_bytes(path.read_bytes()[:-3] if damage is None else damage)

    assert cache.load("key") is None


def test_a_store_leaves_no_partial_file(tmp_path: Path) -> None:
    VoiceCache(tmp_path).store("key", Voice(Sound(make_sweep(8000, 1, 0.1), 8000), 2.0, "title"))

    assert sorted(path.name for path in tmp_path.iterdir()) == ["key.json", "key.wav"]


def test_the_oldest_entries_make_room(tmp_path: Path) -> None:
    sound = Sound(make_sweep(8000, 1, 1), 8000)
    cache = VoiceCache(tmp_path, max_bytes=70_000)
    for age, key in enumerate(("newer", "older")):
        cache.store(key, Voice(sound, 2.0, key))
        os.utime(tmp_path / f"{key}.wav", (1000 - age, 1000 - age))

    cache.store("newest", Voice(sound, 2.0, "newest"))

    assert cache.load("older") is None
    assert cache.load("newer") is not None
    assert cache.load("newest") is not None


def test_an_entry_that_is_used_outlives_one_that_is_not(tmp_path: Path) -> None:
    sound = Sound(make_sweep(8000, 1, 1), 8000)
    cache = VoiceCache(tmp_path, max_bytes=70_000)
    for age, key in enumerate(("unused", "used")):
        cache.store(key, Voice(sound, 2.0, key))
        os.utime(tmp_path / f"{key}.wav", (1000 - age, 1000 - age))
    cache.load("used")

    cache.store("newest", Voice(sound, 2.0, "newest"))

    assert cache.load("used") is not None
    assert cache.load("unused") is None


def test_a_sound_left_by_a_killed_run_makes_room_too(tmp_path: Path) -> None:
    (tmp_path / "orphan.wav").write_bytes(bytes(100_000))
    os.utime(tmp_path / "orphan.wav", (1000, 1000))

    VoiceCache(tmp_path, max_bytes=70_000).store("newest", Voice(Sound(make_sweep(8000, 1, 1), 8000), 2.0, "newest"))

    assert sorted(path.name for path in tmp_path.iterdir()) == ["newest.json", "newest.wav"]


def test_a_folder_that_cannot_be_written_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    VoiceCache(tmp_path / "file" / "voices").store("key", Voice(Sound(make_sweep(8000, 1, 0.1), 8000), 2.0, "title"))


def test_a_voice_that_can_not_be_kept_is_used_all_the_same(full_disk: Path) -> None:
    VoiceCache(full_disk).store("key", Voice(Sound(np.zeros((1, 8000), np.float32), 8000), 2.0, "title"))

    assert list(full_disk.iterdir()) == []


def test_the_key_knows_address_and_segment() -> None:
    source = WebSource("https://example.org/a")

    assert make_cache_key(source, Piece(1, 2)) == make_cache_key(source, Piece(1.0, 2.0))
    assert make_cache_key(source, Piece(1, 2)) != make_cache_key(source, Piece(2, 1))
    assert make_cache_key(source, PIECE) != make_cache_key(source, Piece(2, 1, may_move=True))
    assert make_cache_key(source, PIECE) != make_cache_key(WebSource("https://example.org/b"), PIECE)


def test_a_file_is_cut_once_and_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "A talk.wav"
    path.write_bytes(make_media("wav", "pcm_s16le"))
    cuts: list[int] = []

    def load() -> Voice:
        return load_voice(FileSource(path), PIECE, tmp_path / "voices", lambda done, total: cuts.append(done))

    fresh = load()
    cuts_when_fresh = len(cuts)
    kept = load()
    assert len(cuts) == cuts_when_fresh > 0
    os.utime(path, (1000, 1000))
    load()

    assert fresh.title == "A talk"
    np.testing.assert_array_equal(kept.sound.samples, fresh.sound.samples)
    assert len(cuts) > cuts_when_fresh


def test_a_damaged_entry_is_fetched_again(tmp_path: Path) -> None:
    path = tmp_path / "talk.wav"
    path.write_bytes(make_media("wav", "pcm_s16le"))
    fresh = load_voice(FileSource(path), PIECE, tmp_path / "voices", ignore_progress)
    kept = next((tmp_path / "voices").glob("*.wav"))
    kept.write_bytes(kept.read_bytes()[:100])

    again = load_voice(FileSource(path), PIECE, tmp_path / "voices", ignore_progress)

    np.testing.assert_array_equal(again.sound.samples, fresh.sound.samples)
