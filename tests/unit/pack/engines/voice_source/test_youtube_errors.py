# pyright: reportArgumentType=false
# (pyright's own stubs describe an older yt-dlp than the one installed.)

import io

import pytest
from comfyui_talkingshorts.engines.voice_source.youtube_errors import make_source_error
from yt_dlp.networking import Response
from yt_dlp.networking.exceptions import HTTPError, TransportError
from yt_dlp.utils import DownloadError, ExtractorError, GeoRestrictedError

URL = "https://www.youtube.com/watch?v=abc"


def explain(error: Exception) -> str:
    """Return what the user reads when yt-dlp ends with `error`."""
    wrapped = DownloadError(f"\x1b[0;31mERROR:\x1b[0m {error}", (type(error), error, None))
    message = str(make_source_error(wrapped, URL))
    assert "\x1b" not in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("said", "told", "remedy"),
    [
        ("Private video. Sign in if you've been granted access to this video", "private", "COOKIES"),
        ("Video unavailable. This video has been removed by the uploader", "removed", "another video"),
        ("Video unavailable", "removed or doesn't exist", "Check the address"),
        ("Sign in to confirm your age. This video may be inappropriate for some users.", "age", "COOKIES"),
        ("Sign in to confirm you're not a bot. Use --cookies-from-browser or --cookies", "bot", "COOKIES"),
        ("Join this channel to get access to members-only content like this video", "members", "COOKIES"),
        ("This live event will begin in 3 hours.", "hasn't begun", "finished"),
        ("Premieres in 20 minutes", "hasn't begun", "finished"),
        ("The uploader has not made this video available in your country", "country", "HTTPS_PROXY"),
        ("This video is DRM protected", "DRM", "another one"),
        ("Requested format is not available. Use --list-formats", "no sound", "another video"),
        ("This live event has ended.", "is over", "Come back later"),
        ("This live stream recording is not available.", "removed or doesn't exist", "another video"),
        (
            "This video is available to this channel's members on level: Friends (or any higher level).",
            "for members",
            "COOKIES",
        ),
        (
            "This video is available to this channel\u2019s members on level: Friends. Join this YouTube channel",
            "for members",
            "COOKIES",
        ),
        (
            "Video unavailable. Playback on other websites has been disabled by the video owner",
            "on the site itself only",
            "yt-dlp[default]",
        ),
        (
            "Video unavailable. This video contains content from SME, who has blocked it from display on this website"
            " or application",
            "on the site itself only",
            "yt-dlp[default]",
        ),
        ("This video contains content from SME, who has blocked it on copyright grounds", "copyright", "another one"),
        ("This video is only available for registered users", "signed in", "COOKIES"),
        ("This video isn\u2019t available anymore", "removed or doesn't exist", "Check the address"),
        ("The page needs to be reloaded.", "no longer accepts this version", "yt-dlp[default]"),
        ("YouTube is no longer supported in this application or device", "too old", "yt-dlp[default]"),
        ("The following content may contain suicide or self-harm topics.", "signed in", "COOKIES"),
        ("Something went wrong. Refresh or try again later.", "an error of its own", "later"),
        ("An error occurred. Please try again later.", "an error of its own", "later"),
        ("The read operation timed out", "stopped answering for 20 s", "check your network"),
    ],
)
def test_what_youtube_says_is_told_with_the_remedy(said: str, told: str, remedy: str) -> None:
    message = explain(ExtractorError(said, expected=True, ie="youtube", video_id="abc"))

    assert told in message
    assert remedy in message


def test_a_region_lock_is_told_whatever_the_words() -> None:
    assert "country" in explain(GeoRestrictedError("Nope", countries=["DE"]))


def test_an_outdated_yt_dlp_is_told_with_the_command_that_upgrades_it() -> None:
    message = explain(ExtractorError("Unable to extract player response", ie="youtube", video_id="abc"))

    assert "yt-dlp no longer understands" in message
    assert 'install --upgrade "yt-dlp[default]"' in message
    assert "please report" not in message


def test_a_player_response_that_fails_to_come_may_be_a_refusal_of_the_network() -> None:
    message = explain(ExtractorError("Failed to extract any player response", ie="youtube", video_id="abc"))

    assert "yt-dlp no longer understands" in message
    assert 'install --upgrade "yt-dlp[default]"' in message
    assert "refuses this network. Set HTTPS_PROXY" in message


@pytest.mark.parametrize(
    ("status", "told", "remedy"),
    [
        (404, "nothing at this address", "Check it"),
        (410, "any more, or yt-dlp is too old", "yt-dlp[default]"),
        (403, "lets nobody in", "COOKIES"),
        (429, "too many requests", "HTTPS_PROXY"),
        (503, "503", "later"),
    ],
)
def test_what_the_server_answers_is_told_with_the_remedy(status: int, told: str, remedy: str) -> None:
    answer = HTTPError(Response(io.BytesIO(), URL, {}, status))
    message = explain(ExtractorError("Unable to download API page", cause=answer, expected=True))

    assert told in message
    assert remedy in message


@pytest.mark.parametrize("words", ["The read operation timed out", "Read timed out. (read timeout=20.0)"])
def test_a_connection_that_stays_silent_is_told_with_the_remedy(words: str) -> None:
    message = explain(ExtractorError(f"Unable to download webpage: {words}", cause=TransportError(words)))

    assert "didn't answer within 20 s" in message
    assert "check your network" in message


def test_anything_else_is_passed_on_in_one_line() -> None:
    message = explain(ExtractorError("Something\nquite new", expected=True))

    assert "Something quite new" in message
    assert URL in message
