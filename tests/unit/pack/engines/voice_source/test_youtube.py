"""YouTube's own words, through yt-dlp's own extractor, as the user reads them."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from comfyui_talkingshorts.core.errors import SourceError
from comfyui_talkingshorts.core.sound import Sound
from comfyui_talkingshorts.core.voice_source import Piece
from comfyui_talkingshorts.engines.voice_source import youtube
from comfyui_talkingshorts.engines.voice_source.youtube import fetch_clip
from support.fakes.web import Page
from support.fakes.youtube import (
    PLAYER_SCRIPT,
    SOUND_HOST,
    VIDEO_ID,
    WATCH_URL,
    make_answer,
    make_pages,
    make_playable,
    serve_youtube,
)
from support.media import decode_whole, make_media

UPGRADE = f'"{sys.executable}" -m pip install --upgrade "yt-dlp[default]"'
WATCH, PLAYER = "www.youtube.com/watch", "www.youtube.com/youtubei/v1/player"


@pytest.fixture(autouse=True)
def _loopback_is_allowed_and_direct(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALKINGSHORTS_ALLOW_PRIVATE_HOSTS", "1")
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("TALKINGSHORTS_COOKIES", raising=False)


@pytest.fixture(scope="module")
def sound() -> bytes:
    return make_media("ipod", "aac")


def fetch(url: str = WATCH_URL) -> tuple[Sound, str]:
    voice = fetch_clip(url, Piece(8, 2), lambda done, total: None)
    return voice.sound, voice.title


def read_refusal(pages: dict[str, Page], monkeypatch: pytest.MonkeyPatch, url: str = WATCH_URL) -> str:
    """Return the one clear line with which the video is refused."""
    with serve_youtube(pages, monkeypatch), pytest.raises(SourceError) as refusal:
        fetch(url)
    message = str(refusal.value)
    assert "\n" not in message
    assert "\x1b" not in message
    assert "--cookies" not in message
    assert "github.com" not in message
    return message


def make_error_screen(reason: str, subreason: str) -> dict[str, Any]:
    words = {"reason": {"simpleText": reason}, "subreason": {"simpleText": subreason}}
    return {"errorScreen": {"playerErrorMessageRenderer": words}}


@pytest.mark.parametrize(
    "url",
    [
        WATCH_URL,
        f"{WATCH_URL}&t=8s&list=PLBsP89CPrMeM",
        f"https://youtu.be/{VIDEO_ID}?si=abc",
        f"https://www.youtube.com/shorts/{VIDEO_ID}",
        f"https://m.youtube.com/watch?v={VIDEO_ID}",
        f"https://music.youtube.com/watch?v={VIDEO_ID}",
    ],
)
def test_a_video_gives_its_sound_and_title(url: str, sound: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve_youtube(make_pages(make_playable(), sound), monkeypatch):
        clip, title = fetch(url)

    whole, rate_hz = decode_whole(sound)
    assert title == "A talk about the sea"
    assert clip.sample_rate_hz == rate_hz
    assert abs(clip.samples - whole[:, 8 * rate_hz : 10 * rate_hz]).max() < 2e-6


def make_clip_page(start_seconds: float, end_seconds: float) -> Page:
    """Return the page of a clip that a viewer made of the video."""
    loop = {"startTimeMs": str(int(1000 * start_seconds)), "endTimeMs": str(int(1000 * end_seconds))}
    button = {"buttonRenderer": {"command": {"commandExecutorCommand": {"commands": [{"loopCommand": loop}]}}}}
    popup = {"openPopupAction": {"popup": {"notificationActionRenderer": {"actionButton": button}}}}
    scrub = {"commandExecutorCommand": {"commands": [popup]}}
    clip = {"clipSectionRenderer": {"contents": [{"clipAttributionRenderer": {"onScrubExit": scrub}}]}}
    data = {
        "currentVideoEndpoint": {"watchEndpoint": {"videoId": VIDEO_ID}},
        "engagementPanels": [{"engagementPanelSectionListRenderer": {"content": clip}}],
    }
    return Page(f"<html><script>var ytInitialData = {json.dumps(data)};</script></html>".encode(), "text/html")


def test_a_clip_gives_the_part_that_it_is(sound: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = make_pages(make_playable(), sound) | {"www.youtube.com/clip/UgkxAbc": make_clip_page(3, 5.5)}

    with serve_youtube(pages, monkeypatch):
        chosen, given = (
            fetch_clip("https://www.youtube.com/clip/UgkxAbc", piece, lambda done, total: None)
            for piece in (Piece(40, 30, may_move=True), Piece(8, 2))
        )

    assert (chosen.start_seconds, chosen.sound.seconds) == (3, 2.5)
    assert (given.start_seconds, given.sound.seconds) == (8, 2)


def test_a_video_shorter_than_the_start_that_nobody_chose_gives_its_last_seconds(
    sound: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve_youtube(make_pages(make_playable(), sound), monkeypatch):
        voice = fetch_clip(WATCH_URL, Piece(40, 5, may_move=True), lambda done, total: None)

    assert voice.start_seconds == pytest.approx(7, abs=0.05)
    assert voice.sound.seconds == 5


BOT = make_answer("LOGIN_REQUIRED", "Sign in to confirm you\u2019re not a bot")
COUNTRY = "The uploader has not made this video available in your country"
MEMBERS = "Join this channel to get access to members-only content like this video, and other exclusive perks."
ANSWERS: dict[str, tuple[dict[str, Any], str, str]] = {
    "bot": (BOT, "whether you are a bot", "TALKINGSHORTS_COOKIES"),
    "captcha": (
        make_answer("ERROR", "Video unavailable", playability={"errorScreen": {"playerCaptchaViewModel": {"a": 1}}}),
        "whether you are a bot",
        "TALKINGSHORTS_COOKIES",
    ),
    "private": (
        make_answer(
            "LOGIN_REQUIRED",
            "This video is private",
            playability=make_error_screen("Private video", "Sign in if you've been granted access to this video"),
        ),
        "is private",
        "TALKINGSHORTS_COOKIES",
    ),
    "removed": (
        make_answer(
            "ERROR",
            "Video unavailable",
            playability=make_error_screen("Video unavailable", "This video has been removed by the uploader"),
        ),
        "removed",
        "another video",
    ),
    "unavailable": (make_answer("ERROR", "This video is unavailable"), "removed or doesn't exist", "Check the address"),
    "not available": (make_answer("UNPLAYABLE", "This video is not available"), "removed or doesn't", "address"),
    "account ended": (
        make_answer(
            "ERROR",
            "This video is no longer available because the YouTube account associated with it has been terminated.",
        ),
        "removed",
        "another video",
    ),
    "age": (
        make_answer(
            "LOGIN_REQUIRED",
            "Sign in to confirm your age",
            playability=make_error_screen(
                "Sign in to confirm your age", "This video may be inappropriate for some users."
            ),
        ),
        "age-restricted",
        "TALKINGSHORTS_COOKIES",
    ),
    "age, to be verified": (
        make_answer("AGE_VERIFICATION_REQUIRED", "This video is age-restricted and only available on YouTube"),
        "age-restricted",
        "TALKINGSHORTS_COOKIES",
    ),
    "country": (
        make_answer("UNPLAYABLE", "Video unavailable", playability=make_error_screen("Video unavailable", COUNTRY)),
        "isn't shown in this country",
        "HTTPS_PROXY",
    ),
    "country, by a claim": (
        make_answer("UNPLAYABLE", "Video unavailable. This video contains content from SME, who has blocked it in your"
                    " country on copyright grounds"),
        "isn't shown in this country",
        "HTTPS_PROXY",
    ),
    "members": (make_answer("UNPLAYABLE", MEMBERS), "for members", "TALKINGSHORTS_COOKIES"),
    "payment": (
        make_answer("UNPLAYABLE", "This video requires payment to watch."), "for members", "TALKINGSHORTS_COOKIES"
    ),
    "music premium": (
        make_answer("UNPLAYABLE", "This video is only available to Music Premium members"),
        "for members",
        "TALKINGSHORTS_COOKIES",
    ),
    "premiere": (
        make_answer("LIVE_STREAM_OFFLINE", "Premieres in 3 hours", details={"isUpcoming": True}),
        "hasn't begun",
        "finished",
    ),
    "upcoming": (
        make_answer("LIVE_STREAM_OFFLINE", "This live event will begin in a few moments.",
                    details={"isUpcoming": True, "isLiveContent": True}),
        "hasn't begun",
        "finished",
    ),
    "live": (
        make_playable(
            videoDetails=make_answer(details={"isLive": True, "isLiveContent": True})["videoDetails"],
            microformat={"playerMicroformatRenderer": {"liveBroadcastDetails": {"isLiveNow": True}}},
        ),
        "live stream",
        "finished",
    ),
    "live, not kept": (
        make_answer("ERROR", "This live stream recording is not available."), "removed or doesn't", "another video"
    ),
    "processing": (make_answer("UNPLAYABLE", "We're processing this video. Check back later."), "processed", "later"),
    "drm": (
        make_answer(streamingData={"licenseInfos": [{"drmFamily": "WIDEVINE"}], "adaptiveFormats": []}),
        "copy-protected",
        "another one",
    ),
    "too many requests, in words": (
        make_answer("UNPLAYABLE", "This content isn't available, try again later."), "too many requests", "HTTPS_PROXY"
    ),
    "signed in": (make_answer("LOGIN_REQUIRED", "Please sign in"), "signed in", "TALKINGSHORTS_COOKIES"),
    "old player": (
        make_answer("ERROR", "The following content is not available on this app. Watch this content on the latest"
                    " version of YouTube."),
        "too old for YouTube",
        UPGRADE,
    ),
    "no addresses of sound": (
        make_answer(streamingData={"adaptiveFormats": [{"itag": 140, "mimeType": "audio/mp4"}],
                                   "serverAbrStreamingUrl": "https://example.org/sabr"}),
        "no sound that can be fetched",
        UPGRADE,
    ),
    "another video": (
        make_answer("OK", details={"videoId": "aQvGIIdgFDM"}), "blocks this network", "HTTPS_PROXY"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_what_youtube_answers_is_told_with_the_remedy(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, told, remedy = ANSWERS[name]

    message = read_refusal(make_pages(answer), monkeypatch)

    assert told in message
    assert remedy in message


@pytest.mark.parametrize("pages", [[WATCH], [PLAYER], [WATCH, PLAYER]], ids=["page", "player", "both"])
def test_too_many_requests_are_told_with_the_remedy(pages: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    served = make_pages(make_answer("ERROR"))
    for page in pages:
        served[page] = Page(status=429)

    message = read_refusal(served, monkeypatch)

    assert "too many requests" in message
    assert "HTTPS_PROXY" in message
    assert "TALKINGSHORTS_COOKIES" in message


@pytest.mark.parametrize(
    "garbled",
    [
        {PLAYER: Page(b"{}", "application/json"), WATCH: Page(b"<html></html>", "text/html")},
        {PLAYER: Page(b"<html>", "text/html"), WATCH: Page(b"<html></html>", "text/html")},
        {PLAYER: Page(json.dumps(make_answer() | {"streamingData": {"adaptiveFormats": {"a": 1}}}).encode())},
        {PLAYER: Page(json.dumps(make_answer() | {"videoDetails": [1], "streamingData": 7}).encode())},
    ],
    ids=["empty", "no JSON", "other formats", "other details"],
)
def test_an_outdated_yt_dlp_is_told_with_the_command_that_upgrades_it(
    garbled: dict[str, Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert UPGRADE in read_refusal(make_pages(make_answer()) | garbled, monkeypatch)


def make_scrambled() -> dict[str, Any]:
    """Return an answer whose sound needs YouTube's script to be run."""
    answer = json.loads(json.dumps(make_playable()))
    form = answer["streamingData"]["adaptiveFormats"][0]
    form["signatureCipher"] = f"s=AAAAAAAAAA&sp=sig&url=https%3A%2F%2F{SOUND_HOST}%2Fvideoplayback%3Fn%3DBBBBBBBB"
    del form["url"]
    return answer


def test_a_script_that_yt_dlp_cannot_solve_is_told_with_the_command_that_upgrades_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pages = make_pages(make_scrambled())
    assert f"www.youtube.com{PLAYER_SCRIPT}" in pages

    assert UPGRADE in read_refusal(pages, monkeypatch)


def test_a_missing_script_runtime_is_told_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(youtube, "_find_deno", lambda: {"path": "/nowhere/deno"})

    message = read_refusal(make_pages(make_scrambled()), monkeypatch)

    assert f'"{sys.executable}" -m pip install --upgrade deno' in message


def test_without_a_script_runtime_what_needs_none_is_fetched(sound: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(youtube, "_find_deno", lambda: {"path": "/nowhere/deno"})

    with serve_youtube(make_pages(make_playable(), sound), monkeypatch):
        assert fetch()[1] == "A talk about the sea"


def test_sound_that_is_refused_is_told_with_both_remedies(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = make_pages(make_playable()) | {f"{SOUND_HOST}/videoplayback": Page(status=403)}

    message = read_refusal(pages, monkeypatch)

    assert "403" in message
    assert "TALKINGSHORTS_COOKIES" in message
    assert UPGRADE in message


def make_list() -> bytes:
    """Return what YouTube tells of a playlist or a channel with one video."""
    video = {"playlistVideoRenderer": {"videoId": VIDEO_ID, "title": {"simpleText": "One"}}}
    section = {"itemSectionRenderer": {"contents": [{"playlistVideoListRenderer": {"contents": [video]}}]}}
    tab = {"selected": True, "title": "Videos", "content": {"sectionListRenderer": {"contents": [section]}}}
    data = {
        "contents": {"twoColumnBrowseResultsRenderer": {"tabs": [{"tabRenderer": tab}]}},
        "metadata": {"playlistMetadataRenderer": {"title": "Talks"}},
    }
    return json.dumps(data).encode()


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://www.youtube.com/playlist?list=PLBsP89CPrMeMKjHnNVlYAyNsFeZ1oUyNQ", "www.youtube.com/playlist"),
        ("https://www.youtube.com/@somebody", "www.youtube.com/@somebody/videos"),
        ("https://www.youtube.com/@somebody/videos", "www.youtube.com/@somebody/videos"),
    ],
)
def test_a_playlist_or_a_channel_is_refused(url: str, page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pages = {
        page: Page(b"<html><script>var ytInitialData = %s;</script></html>" % make_list(), "text/html"),
        "www.youtube.com/youtubei/v1/browse": Page(make_list(), "application/json"),
    }

    assert "one video" in read_refusal(pages, monkeypatch, url)


def test_an_address_with_half_an_id_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Check the address" in read_refusal({}, monkeypatch, "https://www.youtube.com/watch?v=dQw4")


COOKIES = "# Netscape HTTP Cookie File\n.youtube.com\tTRUE\t/\tTRUE\t4102444800\tPASS\tyes\n"


@pytest.mark.parametrize("name", ["{home}/cookies.txt", "~/cookies.txt"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_the_users_cookies_reach_youtube_and_nobody_else(
    name: str, encoding: str, sound: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cookies.txt").write_text(COOKIES, encoding=encoding)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TALKINGSHORTS_COOKIES", name.replace("{home}", str(tmp_path)))
    pages = make_pages(make_playable(), sound)
    for page in (WATCH, PLAYER):
        pages[page].cookies_wanted = "PASS=yes"

    with serve_youtube(pages, monkeypatch) as web:
        fetch()

    assert [page for page, cookie in web.cookies if "PASS=yes" in cookie] == [
        page for page, _ in web.requests if page.startswith("www.youtube.com/")
    ]


def test_cookies_that_are_no_plain_text_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cookies.txt").write_text(COOKIES, encoding="utf-16")
    monkeypatch.setenv("TALKINGSHORTS_COOKIES", str(tmp_path / "cookies.txt"))

    message = read_refusal({}, monkeypatch, "https://www.youtube.com/watch?v=dQw4w9WgXcQ")

    assert "isn't plain text: export the cookies.txt again" in message
    assert "codec" not in message
