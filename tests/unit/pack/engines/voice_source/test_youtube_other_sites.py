"""Voices from any other site than YouTube, and from plain media addresses, on loopback servers."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from comfyui_talkingshorts.core.errors import SourceError
from comfyui_talkingshorts.core.progress import ignore_progress
from comfyui_talkingshorts.core.sound import Sound
from comfyui_talkingshorts.core.voice_source import Piece
from comfyui_talkingshorts.engines.voice_source import guarded_http, youtube
from comfyui_talkingshorts.engines.voice_source.guarded_http import GuardedYoutubeDL
from comfyui_talkingshorts.engines.voice_source.youtube import fetch_clip
from support.fakes.web import Page, WebServer, make_fragmented, serve
from support.media import decode_whole, make_media
from support.tones import list_seconds, make_tones

PIECE = Piece(8, 2)


@pytest.fixture(autouse=True)
def _loopback_is_allowed_and_direct(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALKINGSHORTS_ALLOW_PRIVATE_HOSTS", "1")
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def talk() -> bytes:
    return make_media("ipod", "aac")


@pytest.fixture
def web(talk: bytes) -> Iterator[WebServer]:
    with serve({"talk.m4a": Page(talk, "audio/mp4")}) as server:
        yield server


def fetch(url: str, piece: Piece = PIECE) -> tuple[Sound, str]:
    voice = fetch_clip(url, piece, lambda done, total: None)
    return voice.sound, voice.title


def assert_is_slice_of(sound: Sound, data: bytes, piece: Piece = PIECE) -> None:
    whole, rate_hz = decode_whole(data)
    start = round(piece.start_seconds * rate_hz)
    assert sound.sample_rate_hz == rate_hz
    np.testing.assert_allclose(
        sound.samples, whole[:, start : start + round(piece.duration_seconds * rate_hz)], atol=2e-6
    )


def expect_refusal(url: str) -> str:
    """Return the message of the error, which must be one readable line."""
    with pytest.raises(SourceError) as refusal:
        fetch(url)
    message = str(refusal.value)
    assert "\n" not in message
    assert "\x1b" not in message
    assert "yt-dlp/yt-dlp" not in message
    assert "Traceback" not in message
    return message


def test_a_segment_of_a_file_comes_with_its_title(web: WebServer, talk: bytes) -> None:
    sound, title = fetch(web.address_of("talk.m4a"))

    assert_is_slice_of(sound, talk)
    assert title == "talk"


def test_only_the_wanted_part_of_a_long_file_is_fetched(web: WebServer) -> None:
    data = make_media("ipod", "alac", seconds=60, channels=1)
    web.pages["long.m4a"] = Page(data, "audio/mp4")
    piece = Piece(30, 2)

    sound, _ = fetch(web.address_of("long.m4a"), piece)

    assert_is_slice_of(sound, data, piece)
    assert len(data) > 2_000_000
    assert web.served_range_bytes < 0.5 * len(data)


def test_a_server_without_ranges_is_fetched_whole(web: WebServer, talk: bytes) -> None:
    web.pages["talk.m4a"].serves_ranges = False

    sound, _ = fetch(web.address_of("talk.m4a"))

    assert_is_slice_of(sound, talk)


def test_a_server_that_does_not_say_what_it_serves(web: WebServer, talk: bytes) -> None:
    web.pages["download"] = Page(talk)

    sound, _ = fetch(web.address_of("download"))

    assert_is_slice_of(sound, talk)


def test_a_redirect_is_followed(web: WebServer, talk: bytes) -> None:
    web.pages["moved"] = Page(status=302, location="/talk.m4a")

    sound, _ = fetch(web.address_of("moved"))

    assert_is_slice_of(sound, talk)


def test_the_sound_of_a_video_is_taken(web: WebServer) -> None:
    data = make_media("mp4", "aac", video=True)
    web.pages["talk.mp4"] = Page(data, "video/mp4")

    sound, _ = fetch(web.address_of("talk.mp4"))

    assert_is_slice_of(sound, data)


@pytest.mark.parametrize(
    ("kind", "entry", "pieces"), [("hls", "talk.m3u8", "part*.ts"), ("dash", "talk.mpd", "*-stream0*.m4s")]
)
def test_a_fragmented_stream_is_put_together(kind: str, entry: str, pieces: str, tmp_path: Path) -> None:
    pages = make_fragmented(tmp_path, kind)
    names = sorted(tmp_path.glob(pieces), key=lambda path: ("init" not in path.name, path.name))
    with serve(pages) as web:
        sound, _ = fetch(web.address_of(entry))

    assert_is_slice_of(sound, b"".join(path.read_bytes() for path in names))


FRAGMENTED = (("movflags", "frag_keyframe+empty_moov+default_base_moof"), ("frag_duration", "1000000"))


def make_stitched(container: str, *, has_header_each: bool = False) -> dict[str, Page]:
    """Return the pages of an HLS stream of three parts of 5 s whose clocks start anew, as with ads or live-to-VOD."""
    is_fragmented = container == "mp4"
    lines, pages = ["#EXTM3U", "#EXT-X-TARGETDURATION:6", "#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-VERSION:7"], {}
    for number in range(3):
        part = make_tones(container, "aac", 5 * number, 5, options=FRAGMENTED if is_fragmented else ())
        start = part.find(b"moof") - 4 if is_fragmented else 0
        lines += ["#EXT-X-DISCONTINUITY"] if number else []
        if start and (has_header_each or not number):
            pages[f"init{number}.mp4"] = Page(part[:start], "video/mp4")
            lines.append(f'#EXT-X-MAP:URI="init{number}.mp4"')
        pages[f"part{number}"] = Page(part[start:], "video/mp2t")
        lines += ["#EXTINF:5.0,", f"part{number}"]
    playlist = "\n".join([*lines, "#EXT-X-ENDLIST", ""])
    return pages | {"vod.m3u8": Page(playlist.encode(), "application/vnd.apple.mpegurl")}


@pytest.mark.parametrize("container", ["mpegts", "mp4"])
def test_a_stitched_stream_is_played_in_order(container: str) -> None:
    with serve(make_stitched(container)) as web:
        sound, _ = fetch(web.address_of("vod.m3u8"), Piece(3, 10))

        assert list_seconds(sound, 3) == [*range(3, 13)]
        with pytest.raises(SourceError, match=r"The source is 15\.\d\d s long"):
            fetch(web.address_of("vod.m3u8"), Piece(41, 10))


def test_a_stitched_stream_that_yt_dlp_cannot_join_is_refused_in_words() -> None:
    with serve(make_stitched("mp4", has_header_each=True)) as web:
        assert "stitched together" in expect_refusal(web.address_of("vod.m3u8"))


def test_an_encrypted_stream_is_refused(tmp_path: Path) -> None:
    pages = make_fragmented(tmp_path, "hls")
    key = b'#EXT-X-KEY:METHOD=SAMPLE-AES,URI="skd://key"\n#EXTINF'
    pages["talk.m3u8"].body = pages["talk.m3u8"].body.replace(b"#EXTINF", key, 1)

    with serve(pages) as web:
        assert re.search("encrypted|DRM", expect_refusal(web.address_of("talk.m3u8")))


def test_a_live_stream_is_refused(tmp_path: Path) -> None:
    pages = make_fragmented(tmp_path, "hls")
    playlist = pages["talk.m3u8"].body
    pages["talk.m3u8"].body = playlist.replace(b"#EXT-X-ENDLIST", b"").replace(b"#EXT-X-PLAYLIST-TYPE:VOD\n", b"")

    with serve(pages) as web:
        assert "live stream" in expect_refusal(web.address_of("talk.m3u8"))


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (404, "Check it"),
        (403, "TALKINGSHORTS_COOKIES"),
        (403, "Copy the link again"),
        (400, "refuses this address. Copy the link again"),
        (451, "refuses this address"),
        (416, "the file is empty"),
        (503, "Try again"),
    ],
)
def test_a_status_is_told_with_its_remedy(status: int, remedy: str, web: WebServer) -> None:
    web.pages["gone.m4a"] = Page(status=status)

    message = expect_refusal(web.address_of("gone.m4a"))

    assert str(status) in message
    assert remedy in message


def test_a_page_without_media_is_refused(web: WebServer) -> None:
    page = b"<!doctype html><html><head><title>x</title></head><body>no</body></html>"
    web.pages["premium/login"] = Page(page, "text/html")

    assert "no video or sound" in expect_refusal(web.address_of("premium/login"))


def test_a_redirect_loop_ends(web: WebServer) -> None:
    web.pages["loop"] = Page(status=302, location="/loop")

    assert "302 Found: it sends on from one address to the next" in expect_refusal(web.address_of("loop"))


def test_an_empty_file_is_told_as_such(web: WebServer) -> None:
    web.pages["empty.mp3"] = Page(b"", "audio/mpeg", serves_ranges=False)

    assert "empty" in expect_refusal(web.address_of("empty.mp3"))


def test_a_list_of_addresses_is_told_as_such(web: WebServer) -> None:
    web.pages["list.m3u"] = Page(f"{web.address_of('talk.m4a')}\n".encode(), "audio/x-mpegurl")

    assert "list of addresses (m3u). Give one" in expect_refusal(web.address_of("list.m3u"))


@pytest.mark.parametrize("serves_ranges", [True, False])
def test_a_body_that_breaks_off_is_an_error(serves_ranges: bool, web: WebServer) -> None:
    web.pages["talk.m4a"].breaks_off_after = 1000
    web.pages["talk.m4a"].serves_ranges = serves_ranges

    assert "in the middle of the file" in expect_refusal(web.address_of("talk.m4a"))


def test_a_port_where_nobody_listens(web: WebServer) -> None:
    with serve({}) as gone:
        url = gone.address_of("premium/login")

    assert "refuses the connection" in expect_refusal(url)


def test_a_plain_server_asked_for_a_secure_connection(web: WebServer) -> None:
    assert "secure connection" in expect_refusal(web.address_of("talk.m4a").replace("http://", "https://"))


def test_a_name_that_is_not_known() -> None:
    assert "name isn't known" in expect_refusal("https://talkingshorts.invalid/a.mp3")


def test_a_private_address_is_never_asked(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TALKINGSHORTS_ALLOW_PRIVATE_HOSTS")
    port = web.url.rsplit(":", 1)[1]

    for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"):
        assert "lies inside this machine" in expect_refusal(f"http://{host}:{port}/talk.m4a")

    assert web.requests == []


def test_a_redirect_to_a_private_address_is_not_followed(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TALKINGSHORTS_ALLOW_PRIVATE_HOSTS")
    monkeypatch.setattr(guarded_http, "is_public_address", lambda address: address == "127.0.0.1")
    with serve({"talk.m4a": web.pages["talk.m4a"]}, host="127.0.0.2") as canary:
        web.pages["trap"] = Page(status=302, location=canary.address_of("talk.m4a"))

        assert "127.0.0.2" in expect_refusal(web.address_of("trap"))

        assert canary.requests == []


def test_a_playlist_that_leads_inside_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TALKINGSHORTS_ALLOW_PRIVATE_HOSTS")
    monkeypatch.setattr(guarded_http, "is_public_address", lambda address: address == "127.0.0.1")
    pages = make_fragmented(tmp_path, "hls")
    with serve(dict(pages), host="127.0.0.2") as canary, serve(pages) as web:
        body = pages["talk.m3u8"].body
        pages["talk.m3u8"].body = body.replace(b"part", f"{canary.url}/part".encode())

        assert "127.0.0.2" in expect_refusal(web.address_of("talk.m3u8"))

        assert canary.requests == []


def test_a_proxy_may_stand_inside_and_is_used(web: WebServer, talk: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TALKINGSHORTS_ALLOW_PRIVATE_HOSTS", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("http_proxy", web.url)

    sound, _ = fetch("http://talkingshorts.invalid/talk.m4a")

    assert_is_slice_of(sound, talk)


def test_a_private_number_is_not_asked_for_through_a_proxy(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TALKINGSHORTS_ALLOW_PRIVATE_HOSTS", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("http_proxy", web.url)

    assert "lies inside" in expect_refusal("http://169.254.169.254/talk.m4a")

    assert web.requests == []


def test_a_playlist_is_refused(web: WebServer) -> None:
    items = "".join(f"<item><title>{n}</title><link>{web.address_of('talk.m4a')}</link></item>" for n in range(2))
    feed = f'<?xml version="1.0"?><rss version="2.0"><channel><title>Talks</title>{items}</channel></rss>'
    web.pages["feed"] = Page(feed.encode(), "text/xml")

    assert "one video" in expect_refusal(web.address_of("feed"))


def test_youtubes_challenges_are_solved_by_the_installed_deno() -> None:
    path = youtube._find_deno()["path"]

    assert Path(path).is_file()


def test_the_users_cookies_are_sent_and_their_file_left_alone(
    web: WebServer, talk: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    web.pages["talk.m4a"].cookies_wanted = "pass=yes"
    cookies = tmp_path / "cookies.txt"
    text = "# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t4102444800\tpass\tyes\n"
    cookies.write_text(text)
    monkeypatch.setenv("TALKINGSHORTS_COOKIES", str(cookies))

    sound, _ = fetch(web.address_of("talk.m4a"))

    assert_is_slice_of(sound, talk)
    assert cookies.read_text() == text


def test_cookies_that_cannot_be_read_are_an_error(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALKINGSHORTS_COOKIES", "/nowhere/cookies.txt")

    assert "TALKINGSHORTS_COOKIES" in expect_refusal(web.address_of("talk.m4a"))


@pytest.mark.parametrize(
    "text", ['[{"name": "pass", "value": "yes"}]', "PK\0\1", "# Netscape HTTP Cookie File\na\tb\n"]
)
def test_a_file_of_cookies_in_another_format_is_an_error(
    text: str, web: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cookies.txt").write_text(text)
    monkeypatch.setenv("TALKINGSHORTS_COOKIES", str(tmp_path / "cookies.txt"))
    web.pages["talk.m4a"].cookies_wanted = "pass=yes"

    assert "TALKINGSHORTS_COOKIES" in expect_refusal(web.address_of("talk.m4a"))


@pytest.mark.parametrize(
    "lines",
    [
        b'#EXT-X-KEY:METHOD=AES-128,URI="key"\n#EXTINF',
        b"#EXT-X-BYTERANGE:all\n#EXTINF",
        b"#EXT-X-MEDIA-SEQUENCE:first\n#EXTINF",
        b'#EXT-X-KEY:METHOD=AES-128,IV=0xZZ,URI="key"\n#EXTINF',
    ],
)
def test_a_playlist_that_makes_no_sense_is_an_error(lines: bytes, tmp_path: Path) -> None:
    pages = make_fragmented(tmp_path, "hls") | {"key": Page(b"short")}
    pages["talk.m3u8"].body = pages["talk.m3u8"].body.replace(b"#EXTINF", lines, 1)

    with serve(pages) as web:
        expect_refusal(web.address_of("talk.m3u8"))


def test_a_full_disk_is_told_with_the_remedy(web: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    web.pages["talk.m4a"].serves_ranges = False
    (tmp_path / "full").touch()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "full"))

    assert "Make room there, or set TMPDIR" in expect_refusal(web.address_of("talk.m4a"))


@pytest.mark.parametrize("serves_ranges", [True, False])
def test_no_more_is_fetched_than_the_limit(
    serves_ranges: bool, web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALKINGSHORTS_MAX_DOWNLOAD_MB", "1")
    web.pages["big.wav"] = Page(make_media("wav", "pcm_s16le", seconds=20), "audio/wav", serves_ranges=serves_ranges)

    with pytest.raises(SourceError, match="TALKINGSHORTS_MAX_DOWNLOAD_MB"):
        fetch(web.address_of("big.wav"), Piece(0, 20))


def test_a_source_too_long_to_be_fetched_whole_is_refused_before_it_is_asked_for(
    web: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALKINGSHORTS_MAX_SOURCE_SECONDS", "60")
    info = {"url": web.address_of("talk.m3u8"), "protocol": "m3u8", "duration": 61.0}

    with (
        GuardedYoutubeDL({"quiet": True}, lambda: None, youtube._make_allowance()) as ydl,
        pytest.raises(SourceError, match=r"61 s long.*TALKINGSHORTS_MAX_SOURCE_SECONDS"),
    ):
        youtube._cut_from_web(ydl, info, Piece(0, 5), ignore_progress, youtube._Log())

    assert web.requests == []


def test_a_limit_that_is_no_number_is_an_error(web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALKINGSHORTS_MAX_DOWNLOAD_MB", "lots")

    assert "'lots'" in expect_refusal(web.address_of("talk.m4a"))


def test_a_stop_is_heeded_before_the_next_request(web: WebServer) -> None:
    class StopError(Exception):
        pass

    def on_progress(done: int, total: int) -> None:
        if len(web.requests) >= 2:
            raise StopError

    with pytest.raises(StopError):
        fetch_clip(web.address_of("talk.m4a"), PIECE, on_progress)

    assert len(web.requests) == 2


def form(
    name: str, protocol: str = "https", acodec: str | None = "opus", vcodec: str | None = "none"
) -> dict[str, Any]:
    return {"format_id": name, "protocol": protocol, "acodec": acodec, "vcodec": vcodec}


@pytest.mark.parametrize(
    ("formats", "chosen"),
    [
        ([form("low"), form("high")], ["high"]),
        ([form("sound"), form("with video", vcodec="h264")], ["sound"]),
        ([form("with video", vcodec="h264"), form("sound in pieces", "m3u8_native")], ["with video"]),
        ([form("pieces", "m3u8_native"), form("pieces of video", "m3u8_native", vcodec="h264")], ["pieces"]),
        ([form("nobody knows", acodec=None, vcodec=None)], ["nobody knows"]),
        ([form("mute", acodec="none", vcodec="h264")], []),
        ([form("by another program", "rtmp"), form("by socket", "websocket_frag")], []),
        ([form("locked") | {"has_drm": True}], []),
    ],
)  # fmt: skip
def test_the_best_sound_that_can_be_fetched_plainly_is_chosen(formats: list[dict[str, Any]], chosen: list[str]) -> None:
    assert [pick["format_id"] for pick in youtube._select_format({"formats": formats})] == chosen
