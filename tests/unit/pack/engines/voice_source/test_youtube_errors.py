# pyright: reportArgumentType=false
# (pyright's own stubs describe an older yt-dlp than the one installed.)

import pytest
from comfyui_talkingshorts.engines.voice_source.youtube_errors import make_source_error
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


def test_anything_else_is_passed_on_in_one_line() -> None:
    message = explain(ExtractorError("Something\nquite new", expected=True))

    assert "Something quite new" in message
    assert URL in message
