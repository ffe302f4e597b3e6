from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from comfyui_talkingshorts.core.vibevoice.reference_excerpt import (
    FRAME_SECONDS,
    LONGEST_EXCERPT_SECONDS,
    Excerpt,
    VoiceTracks,
    choose_excerpt,
    find_speech,
)

SPEECH_DB, QUIET_DB = -20.0, -70.0


def frames(seconds: float) -> int:
    return round(seconds / FRAME_SECONDS)


def talk(*parts: tuple[str, float], pauses_db: float = QUIET_DB, voice: int = 0) -> VoiceTracks:
    """Tracks of ("talk" | "pause", seconds) in turn: speech at -20 dB, pauses at pauses_db."""
    is_speech = np.concatenate([np.full(frames(seconds), kind == "talk") for kind, seconds in parts])
    return VoiceTracks(
        speech=is_speech.astype(np.float32),
        level_db=np.where(is_speech, SPEECH_DB, pauses_db),
        clipped=np.zeros(is_speech.size),
        voice=np.where(is_speech, voice, -1),
    )


def sentences(seconds: float, pauses_db: float = QUIET_DB, voice: int = 0) -> VoiceTracks:
    """Sentences of 2.6 s with pauses of 0.4 s, which the tracks start and end with."""
    parts = [("pause", 0.4)] + [("talk", 2.6), ("pause", 0.4)] * round(seconds / 3)
    return talk(*parts, pauses_db=pauses_db, voice=voice)


def chain(*tracks: VoiceTracks) -> VoiceTracks:
    return VoiceTracks(
        *(np.concatenate([getattr(one, name) for one in tracks]) for name in ("speech", "level_db", "clipped", "voice"))
    )


def seconds_of(excerpt: Excerpt) -> tuple[float, float]:
    return excerpt.start * FRAME_SECONDS, excerpt.end * FRAME_SECONDS


def test_speech_starts_when_it_is_likely_and_goes_on_until_it_is_unlikely() -> None:
    probability = np.array([0.4, 0.1, 0.4, 0.6, 0.4, 0.3, 0.9])
    assert find_speech(probability).tolist() == [False, False, True, True, True, False, True]


def test_a_clean_recording_of_less_than_30_seconds_is_kept_whole_but_for_its_edges() -> None:
    excerpt = choose_excerpt(sentences(24))
    assert seconds_of(excerpt) == pytest.approx((0.4, 24), abs=0.3)
    assert excerpt.snr_db == pytest.approx(30)
    assert excerpt.main_voice_share == 1
    assert excerpt.clipped_share == 0
    assert excerpt.level_range_db == pytest.approx(0, abs=1e-9)


def test_of_a_long_clean_recording_the_earliest_30_seconds_are_taken() -> None:
    start, end = seconds_of(choose_excerpt(sentences(300)))
    assert start == pytest.approx(0.4, abs=0.05)
    assert LONGEST_EXCERPT_SECONDS - 3 <= end - start <= LONGEST_EXCERPT_SECONDS


def test_it_starts_and_ends_where_sentences_do() -> None:
    tracks = sentences(300)
    excerpt = choose_excerpt(tracks)
    assert tracks.speech[[excerpt.start - 1, excerpt.start, excerpt.end - 1, excerpt.end]].tolist() == [0, 1, 1, 0]
    assert excerpt.room_before == excerpt.room_after == frames(0.4)


@pytest.mark.parametrize("dirty_first", [True, False])
def test_talk_over_music_is_left_out_where_there_is_enough_without(dirty_first: bool) -> None:
    dirty, clean = sentences(30, pauses_db=SPEECH_DB - 8), sentences(15)
    excerpt = choose_excerpt(chain(dirty, clean) if dirty_first else chain(clean, dirty))
    start, end = seconds_of(excerpt)
    assert (start, end) == pytest.approx((30.8, 45.4) if dirty_first else (0.4, 15.0), abs=0.5)
    assert excerpt.snr_db > 25


def test_music_throughout_leaves_nothing_but_talk_over_music() -> None:
    excerpt = choose_excerpt(sentences(20, pauses_db=SPEECH_DB - 5))
    assert excerpt.end - excerpt.start > frames(15)
    assert excerpt.snr_db == pytest.approx(5, abs=0.1)


def test_the_voice_that_talks_most_is_chosen() -> None:
    excerpt = choose_excerpt(chain(sentences(12, voice=1), sentences(18, voice=0)))
    assert seconds_of(excerpt) == pytest.approx((12.8, 30.4), abs=0.7)
    assert excerpt.main_voice_share == 1


def test_a_voice_that_talks_most_but_over_music_gives_way_to_a_clean_one() -> None:
    over_music = sentences(30, pauses_db=SPEECH_DB - 8, voice=1)
    assert choose_excerpt(chain(over_music, sentences(12))).start * FRAME_SECONDS > 30


def test_a_voice_that_talks_most_in_some_noise_does_not() -> None:
    in_noise = sentences(24, pauses_db=SPEECH_DB - 18, voice=1)
    assert choose_excerpt(chain(in_noise, sentences(12))).end * FRAME_SECONDS < 25


def test_voices_in_turns_are_told_by_their_share() -> None:
    turns = [sentences(3, voice=number) for number in (0, 1, 0, 1, 0)]
    assert choose_excerpt(chain(*turns)).main_voice_share == pytest.approx(0.6, abs=0.01)


def test_clipped_talk_is_left_out() -> None:
    loud = sentences(24)
    loud = replace(loud, clipped=0.1 * loud.speech)
    excerpt = choose_excerpt(chain(loud, sentences(12)))
    assert excerpt.start * FRAME_SECONDS > 24
    assert excerpt.clipped_share == 0


def test_a_word_that_the_recording_breaks_off_is_left_out() -> None:
    tracks = talk(("talk", 1.0), ("pause", 0.4), ("talk", 10.0), ("pause", 0.4), ("talk", 1.0))
    assert seconds_of(choose_excerpt(tracks)) == pytest.approx((1.4, 11.4), abs=0.1)


def test_a_word_that_rises_from_silence_at_the_edge_is_kept() -> None:
    tracks = talk(("talk", 1.0), ("pause", 0.4), ("talk", 10.0), ("pause", 0.4), ("talk", 1.0))
    tracks.level_db[[0, -1]] = SPEECH_DB - 40
    assert seconds_of(choose_excerpt(tracks)) == pytest.approx((0, 12.8), abs=0.1)


def test_silences_within_words_are_no_pauses() -> None:
    tracks = talk(*[("talk", 0.5), ("pause", 0.15)] * 40)
    excerpt = choose_excerpt(tracks)
    assert excerpt.end - excerpt.start > frames(24)


def test_talk_without_a_pause_is_cut_at_its_softest_moment() -> None:
    tracks = talk(("talk", 32.0))
    soft = frames(8.0)
    tracks.level_db[soft] -= 15
    tracks.voice[:soft] = 1
    assert choose_excerpt(tracks).start == soft


def test_an_uneven_level_is_told() -> None:
    soft = sentences(9)
    soft = replace(soft, level_db=np.where(soft.speech > 0, SPEECH_DB - 20, QUIET_DB))
    assert choose_excerpt(chain(soft, sentences(9))).level_range_db == pytest.approx(20, abs=0.1)


def test_a_single_word_is_an_excerpt() -> None:
    excerpt = choose_excerpt(talk(("talk", 0.3)))
    assert excerpt.speech_seconds == pytest.approx(0.3, abs=0.02)
    assert excerpt.room_before == excerpt.room_after == 0
