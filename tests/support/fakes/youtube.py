"""YouTube as yt-dlp's own extractor meets it: a watch page, what the player is told, and the sound, on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from comfyui_talkingshorts.engines.voice_source.guarded_http import GuardedAdapter
from support.fakes.web import Page, WebServer, serve

VIDEO_ID = "dQw4w9WgXcQ"
WATCH_URL = f"https://www.youtube.com/watch?v={VIDEO_ID}"
SOUND_HOST = "rr1---sn-25ge7nzs.googlevideo.com"
PLAYER_SCRIPT = "/s/player/abcd1234/player_ias.vflset/en_US/base.js"


def make_answer(status: str = "OK", reason: str = "", **parts: Any) -> dict[str, Any]:
    """Return what the player is told about a video that can't be played, and `parts` besides."""
    playability = {"status": status} | ({"reason": reason} if reason else {})
    return {
        "playabilityStatus": playability | parts.pop("playability", {}),
        "videoDetails": {
            "videoId": VIDEO_ID,
            "title": "A talk about the sea",
            "lengthSeconds": "12",
            "channelId": "UCuAXFkgsw1L7xaCfnd5JJOw",
            "isLiveContent": False,
        }
        | parts.pop("details", {}),
    } | parts


def make_playable(**parts: Any) -> dict[str, Any]:
    """Return what the player is told about a video with one plain format of sound."""
    return (
        make_answer(
            streamingData={
                "expiresInSeconds": "21540",
                "adaptiveFormats": [
                    {
                        "itag": 140,
                        "url": f"https://{SOUND_HOST}/videoplayback?expire=4102444800&itag=140&source=youtube",
                        "mimeType": 'audio/mp4; codecs="mp4a.40.2"',
                        "bitrate": 130000,
                        "audioSampleRate": "44100",
                        "audioChannels": 2,
                        "audioQuality": "AUDIO_QUALITY_MEDIUM",
                        "approxDurationMs": "12000",
                    }
                ],
            }
        )
        | parts
    )


def make_pages(answer: dict[str, Any], sound: bytes = b"") -> dict[str, Page]:
    """Return the pages of www.youtube.com and of the server that has the sound."""
    settings = {
        "INNERTUBE_API_KEY": "key",
        "INNERTUBE_CLIENT_VERSION": "2.20260101.00.00",
        "PLAYER_JS_URL": PLAYER_SCRIPT,
        "VISITOR_DATA": "CgtYZVRYNUlqcDY3OCjy",
        "INNERTUBE_CONTEXT": {"client": {"clientName": "WEB", "clientVersion": "2.20260101.00.00", "hl": "en"}},
    }
    watch = (
        f"<!DOCTYPE html><html><head><title>YouTube</title><script>ytcfg.set({json.dumps(settings)});</script></head>"
        f"<body><script>var ytInitialPlayerResponse = {json.dumps(answer)};</script>"
        '<script>var ytInitialData = {"contents": {"twoColumnWatchNextResults": {}}};</script></body></html>'
    )
    browse = {"contents": {"twoColumnWatchNextResults": {}}, "responseContext": {}}
    return {
        "www.youtube.com/watch": Page(watch.encode(), "text/html; charset=utf-8"),
        f"www.youtube.com/embed/{VIDEO_ID}": Page(watch.encode(), "text/html; charset=utf-8"),
        "www.youtube.com/iframe_api": Page(b"var a='/s\\/player\\/abcd1234\\/';", "text/javascript"),
        "www.youtube.com/youtubei/v1/next": Page(json.dumps(browse).encode(), "application/json"),
        "www.youtube.com/youtubei/v1/player": Page(json.dumps(answer).encode(), "application/json"),
        f"www.youtube.com{PLAYER_SCRIPT}": Page(b"var a={signatureTimestamp:20000};", "text/javascript"),
        f"{SOUND_HOST}/videoplayback": Page(sound, "audio/mp4"),
    }


@contextmanager
def serve_youtube(pages: dict[str, Page], monkeypatch: pytest.MonkeyPatch) -> Iterator[WebServer]:
    """Run a server in the place of every host on the web: https://HOST/PATH is its page HOST/PATH."""
    send = GuardedAdapter.send

    def send_to_loopback(adapter: GuardedAdapter, request: requests.PreparedRequest, **settings: Any) -> Any:
        asked = request.url or ""
        parts = urlsplit(asked)
        request.url = f"{web.url}/{parts.netloc}{parts.path}?{parts.query}"
        response = send(adapter, request, **settings)
        request.url = response.url = asked
        return response

    monkeypatch.setattr(GuardedAdapter, "send", send_to_loopback)
    with serve(pages) as web:
        yield web
