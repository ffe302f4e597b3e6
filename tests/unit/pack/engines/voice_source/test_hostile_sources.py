"""Sources that mean harm: none leads inside, none runs on without end, and each ends in one clear line."""
# pyright: reportAttributeAccessIssue=false
# (pyright's own stubs hide what yt-dlp keeps to itself.)

import gzip
import io
import itertools
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import brotli
import pytest
import yt_dlp.extractor
from comfyui_talkingshorts.core.errors import SourceError
from comfyui_talkingshorts.core.sound import Sound
from comfyui_talkingshorts.core.voice_source import Piece, WebSource, parse_voice_source
from comfyui_talkingshorts.engines.voice_source import guarded_http, youtube
from comfyui_talkingshorts.engines.voice_source.clip import cut_clip
from comfyui_talkingshorts.engines.voice_source.guarded_http import GuardedYoutubeDL
from comfyui_talkingshorts.engines.voice_source.youtube import fetch_clip
from support.fakes.web import Page, RawServer, make_fragmented, serve, serve_raw
from support.media import make_media

PIECE = Piece(0, 1)
SECRET = "hunter2"


@pytest.fixture(autouse=True)
def _private_hosts_are_closed_and_no_proxy_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TALKINGSHORTS_ALLOW_PRIVATE_HOSTS", "TALKINGSHORTS_COOKIES"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def canary() -> Iterator[RawServer]:
    with serve_raw(lambda connection: None, host="") as server:
        yield server


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> str:
    """Return an address that counts as public in this test, unlike 127.0.0.1."""
    monkeypatch.setattr(guarded_http, "is_public_address", lambda address: address == "127.0.0.2")
    return "127.0.0.2"


@pytest.fixture
def open_door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALKINGSHORTS_ALLOW_PRIVATE_HOSTS", "1")


def fetch(text: str) -> Sound:
    source = parse_voice_source(text)
    assert isinstance(source, WebSource)
    return fetch_clip(source.url, PIECE, lambda done, total: None).sound


def expect_refusal(text: str) -> str:
    """Return the one clear line with which a source is refused."""
    with pytest.raises(SourceError) as refusal:
        fetch(text)
    message = str(refusal.value)
    assert "\n" not in message
    assert "Traceback" not in message
    assert SECRET not in message
    assert len(message) < 600
    return message


def resolve_as(answers: dict[str, Iterator[list[str]]]) -> Callable[..., Any]:
    """Return a getaddrinfo that gives each name the next of its answers."""
    real = socket.getaddrinfo

    def getaddrinfo(host: str, port: Any, *args: Any, **kwargs: Any) -> list[Any]:
        found = next(answers[host]) if host in answers else [host]
        return [entry for address in found for entry in real(address, port, *args, **kwargs)]

    return getaddrinfo


# Addresses


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7F.0.0.0x1",
        "0177.0.0.1",
        "017700000001",
        "0",
        "0.0.0.0",
        "localhost",
        "LocalHost.",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[::1%25lo]",
        "[fe80::1%25lo]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "\uff11\uff12\uff17.\uff10.\uff10.\uff11",
        "127\u30020\u30020\u30021",
        "\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3",
        "127%2e0%2e0%2e1",
        "%31%32%37.0.0.1",
        "%6cocalhost",
    ],
)
def test_no_spelling_of_this_machine_is_fetched(host: str, canary: RawServer) -> None:
    expect_refusal(canary.address_of("talk.m4a", host))

    assert canary.heard == []


@pytest.mark.parametrize(
    "address",
    ["10.0.0.1", "172.31.0.1", "192.168.0.1", "100.64.0.1", "169.254.169.254", "224.0.0.1", "[fd00:ec2::254]"],
)
def test_no_address_of_the_network_inside_is_fetched(address: str) -> None:
    assert "lies inside" in expect_refusal(f"http://{address}/latest/meta-data")


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::1"], ["8.8.8.8", "169.254.169.254"]]
)
def test_no_name_that_leads_inside_is_fetched(
    addresses: list[str], canary: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolve_as({"talks.example": itertools.repeat(addresses)}))

    assert "lies inside" in expect_refusal(canary.address_of("talk.m4a", "talks.example"))

    assert canary.heard == []


@pytest.mark.parametrize("answers", [("127.0.0.2", "127.0.0.1"), ("127.0.0.2", "127.0.0.2", "127.0.0.1")])
def test_a_name_that_turns_inside_between_two_looks_is_not_followed(
    answers: tuple[str, ...], canary: RawServer, outside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    turning = itertools.chain(([answer] for answer in answers), itertools.repeat(["127.0.0.1"]))
    monkeypatch.setattr(socket, "getaddrinfo", resolve_as({"talks.example": turning}))

    def break_off(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with serve_raw(break_off, host=outside) as web:
        assert "lies inside" in expect_refusal(web.address_of("talk.m4a", "talks.example"))

    assert len(web.heard) == len(answers) - 1
    assert canary.heard == []


@pytest.mark.parametrize(
    "address", ["0.0.0.0", "169.254.169.254", "100.100.100.200", "168.63.129.16", "224.0.0.1", "[::]", "[fe80::1]"]
)
@pytest.mark.usefixtures("open_door")
def test_opening_private_hosts_opens_nothing_else(address: str) -> None:
    assert "lies inside" in expect_refusal(f"http://{address}/")


# Schemes, options and logins


@pytest.mark.parametrize(
    "source",
    [
        "file:///etc/passwd",
        "FILE://localhost/etc/passwd",
        "ftp://127.0.0.1/a.mp3",
        "gopher://127.0.0.1/",
        "rtmp://127.0.0.1/live",
        "rtsp://127.0.0.1/live",
        "wss://127.0.0.1/",
        "hls+http://127.0.0.1/a.m3u8",
        "concat://127.0.0.1/a",
        "smb://127.0.0.1/share",
        "data://text/plain,hello",
    ],
)
@pytest.mark.usefixtures("open_door")
def test_no_other_scheme_is_fetched(source: str) -> None:
    assert "starts with https://" in expect_refusal(source)


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "ftp://127.0.0.1:{port}/a.mp3",
        "gopher://127.0.0.1:{port}/",
        "data:audio/wav;base64,UklGRg==",
        "//127.1:{port}/talk.m4a",
        f"http://user:{SECRET}@localhost:{{port}}/talk.m4a?key={SECRET}",
        "http://[::ffff:127.0.0.1]:{port}/talk.m4a",
        "http://2130706433:{port}/talk.m4a",
    ],
)
def test_no_redirect_leads_inside_or_to_another_scheme(location: str, canary: RawServer, outside: str) -> None:
    trap = Page(status=302, location=location.format(port=canary.port))
    with serve({"trap.m4a": trap}, host=outside) as web:
        expect_refusal(web.address_of("trap.m4a"))

    assert len(web.requests) == 1
    assert canary.heard == []


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_login_in_the_address_is_refused_and_not_repeated(scheme: str) -> None:
    assert "password" in expect_refusal(f"{scheme}://user:{SECRET}@example.org/talk.m4a")


@pytest.mark.usefixtures("open_door")
def test_an_error_does_not_repeat_the_keys_in_an_address() -> None:
    with serve({}) as web:
        message = expect_refusal(web.address_of(f"talk.m4a?key={SECRET}#{SECRET}"))

    assert web.address_of("talk.m4a") in message


@pytest.mark.usefixtures("open_door")
def test_a_login_file_of_the_user_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".netrc").write_text(f"default login me password {SECRET}\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))

    with serve_raw(lambda connection: connection.sendall(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")) as web:
        expect_refusal(web.address_of("talk.m4a"))

    assert web.heard
    assert not any(b"authorization" in heard.lower() for heard in web.heard)


@pytest.mark.parametrize("source", ["https://youtu.be/aaaaaaaaaaa#__youtubedl_smuggle=%7B%22to_generic%22%3A1%7D"])
def test_options_for_yt_dlp_inside_an_address_are_refused(source: str) -> None:
    assert "options for yt-dlp" in expect_refusal(source)


def test_the_longest_address_is_refused_in_a_short_line() -> None:
    assert "1000019 characters" in expect_refusal("http://example.org/" + "a" * 1_000_000)


# Playlists and manifests


PLAYLIST_TRAPS = {
    "a segment": ("#EXTINF:2,\npart0.ts", "#EXTINF:2,\n{trap}"),
    "a key": ("#EXTINF:2,\npart0.ts", '#EXT-X-KEY:METHOD=AES-128,URI="{trap}"\n#EXTINF:2,\npart0.ts'),
    "a start": ("#EXTINF:2,\npart0.ts", '#EXT-X-MAP:URI="{trap}"\n#EXTINF:2,\npart0.ts'),
}


@pytest.mark.parametrize(
    "trap",
    [
        "file:///etc/passwd",
        "http://127.1:{port}/part.ts",
        "ftp://127.0.0.1:{port}/part.ts",
        "data:video/mp2t;base64,Rw==",
        "subfile,,start,0,end,9,,:file:///etc/passwd",
        "concat:file:///etc/passwd",
    ],
)
@pytest.mark.parametrize("kind", PLAYLIST_TRAPS)
def test_no_playlist_leads_inside_or_to_another_scheme(
    kind: str, trap: str, canary: RawServer, outside: str, tmp_path: Path
) -> None:
    playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\npart0.ts\n#EXT-X-ENDLIST\n"
    honest, trapped = (text.format(trap=trap.format(port=canary.port)).encode() for text in PLAYLIST_TRAPS[kind])
    assert honest in playlist
    pages = {
        "talk.m3u8": Page(playlist.replace(honest, trapped), "application/vnd.apple.mpegurl"),
        "part0.ts": Page(make_media("mpegts", "aac", rate_hz=48000), "video/mp2t"),
    }
    with serve(pages, host=outside) as web:
        expect_refusal(web.address_of("talk.m3u8"))

    assert canary.heard == []


@pytest.mark.parametrize("trap", ["file:///etc/", "http://127.1:{port}/", "ftp://127.0.0.1:{port}/"])
def test_no_manifest_leads_inside_or_to_another_scheme(
    trap: str, canary: RawServer, outside: str, tmp_path: Path
) -> None:
    pages = make_fragmented(tmp_path, "dash")
    base = f"<BaseURL>{trap.format(port=canary.port)}</BaseURL><Period".encode()
    pages["talk.mpd"].body = pages["talk.mpd"].body.replace(b"<Period", base, 1)

    with serve(pages, host=outside) as web:
        expect_refusal(web.address_of("talk.mpd"))

    assert canary.heard == []


@pytest.mark.parametrize(
    ("honest", "bomb"),
    [
        (b' r="3"', b' r="999999999999"'),
        (b"<Period", b'<Period><AdaptationSet><Representation><SegmentTemplate timescale="1" duration="0.0000001"'
         b' media="$Number$"/></Representation></AdaptationSet></Period><Period'),
        (b"$Number%05d$", b"$Number%0999999999d$"),
        (b"<MPD", b"<!DOCTYPE MPD [<!ENTITY a '" + b"a" * 1000 + b"'>"
         + b"".join(b"<!ENTITY b%d '%s'>" % (n, (b"&b%d;" % (n - 1) if n else b"&a;") * 99) for n in range(9))
         + b"]><MPD id='&b8;'"),
    ],
    ids=["repeats", "durations", "names", "entities"],
)  # fmt: skip
@pytest.mark.usefixtures("open_door")
def test_a_manifest_that_unfolds_without_end_is_refused(honest: bytes, bomb: bytes, tmp_path: Path) -> None:
    pages = make_fragmented(tmp_path, "dash")
    assert honest in pages["talk.mpd"].body
    pages["talk.mpd"].body = pages["talk.mpd"].body.replace(honest, bomb, 1)

    with serve(pages) as web:
        expect_refusal(web.address_of("talk.mpd"))

    assert {path for path, _ in web.requests} == {"talk.mpd"}


@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{address}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile '{address}'\n",
        '<?xml version="1.0"?><MPD><Period><AdaptationSet><Representation><BaseURL>{address}</BaseURL>'
        "</Representation></AdaptationSet></Period></MPD>",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {port} RTP/AVP 0\n",
        "[playlist]\nFile1={address}\nNumberOfEntries=1\n",
        '<asx version="3.0"><entry><ref href="{address}"/></entry></asx>',
    ],
    ids=["hls", "ffconcat", "dash", "sdp", "pls", "asx"],
)
def test_a_file_that_names_other_files_is_no_sound(text: str, canary: RawServer) -> None:
    media = text.format(address=canary.address_of("talk.wav"), port=canary.port).encode()

    with pytest.raises(SourceError, match="isn't sound or video"):
        cut_clip(io.BytesIO(media), PIECE, lambda done, total: None)

    assert canary.heard == []


# Without end


def speak_forever(opening: bytes, again: bytes, pause_seconds: float = 0) -> Callable[[socket.socket], None]:
    """Return a server that says `opening`, then `again` and again until nobody listens."""

    def speak(connection: socket.socket) -> None:
        connection.sendall(opening)
        while True:
            connection.sendall(again)
            time.sleep(pause_seconds)

    return speak


PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
PART = b"HTTP/1.1 206 OK\r\nContent-Type: audio/wav\r\nContent-Range: bytes 0-9999999/10000000\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
FOREVER = {
    "page": (PAGE + b"\r\n<html>", b"<p>and so on</p>" * 999),
    "page in chunks": (PAGE + CHUNKED, b"5\r\nhello\r\n" * 999),
    "size of a chunk": (PAGE + CHUNKED, b"0" * 9999),
    "end of the chunks": (PAGE + CHUNKED + b"5\r\nhello\r\n0\r\n", b"x: y\r\n" * 999),
    "header": (PAGE + b"x: ", b"y" * 9999),
    "headers": (PAGE, b"x: y\r\n" * 999),
    "first line": (b"HTTP/1.1 200 ", b"OK" * 9999),
    "waiting": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 999),
    "nonsense": (b"", b"\0" * 9999),
    "cookies": (PAGE, b"Set-Cookie: a=" + b"b" * 9999 + b"\r\n"),
    "file": (b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\n\r\n", b"\0" * 9999),
}


@pytest.mark.parametrize("what", FOREVER)
@pytest.mark.usefixtures("open_door")
def test_a_server_that_never_ends_is_left(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALKINGSHORTS_MAX_DOWNLOAD_MB", "1")
    monkeypatch.setattr(youtube, "MAX_PAGES_BYTES", 1 << 20)
    monkeypatch.setattr(guarded_http, "MAX_PAGE_BYTES", 1 << 20)

    with serve_raw(speak_forever(*FOREVER[what])) as web:
        expect_refusal(web.address_of("talk"))


DRIPS = {
    "nothing": (b"", b""),
    "first line": (b"HTTP", b"/"),
    "header": (PAGE + b"x: ", b"y"),
    "page": (PAGE + b"\r\n<html>", b" "),
    "page in chunks": (PAGE + CHUNKED, b"1\r\n \r\n"),
    "part of a file": (PART + b"\r\n" + make_media("wav", "pcm_s16le", seconds=1)[:2000], b"\0"),
}


@pytest.mark.parametrize("what", DRIPS)
@pytest.mark.usefixtures("open_door")
def test_a_server_that_drips_is_left(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded_http, "GRACE_SECONDS", 0.3)

    with serve_raw(speak_forever(*DRIPS[what], pause_seconds=0.02)) as web:
        assert "too slow" in expect_refusal(web.address_of("talk.wav"))


@pytest.mark.usefixtures("open_door")
def test_a_server_that_never_shakes_hands_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded_http, "GRACE_SECONDS", 0.3)

    with serve_raw(speak_forever(b"", b"", pause_seconds=0.02)) as web:
        assert "too slow" in expect_refusal(web.address_of("talk.wav").replace("http:", "https:"))


@pytest.mark.usefixtures("open_door")
def test_the_time_that_a_fetch_may_take_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALKINGSHORTS_MAX_FETCH_SECONDS", "1")

    with serve_raw(speak_forever(PAGE + b"\r\n", b" " * 9999, pause_seconds=0.05)) as web:
        assert "TALKINGSHORTS_MAX_FETCH_SECONDS is 1" in expect_refusal(web.address_of("talk"))


@pytest.mark.usefixtures("open_door")
def test_the_endless_body_of_a_redirect_is_not_read() -> None:
    opening = b"HTTP/1.1 302 Found\r\nLocation: %s\r\n\r\n"
    with (
        serve({"talk.wav": Page(make_media("wav", "pcm_s16le", seconds=1), "audio/wav")}) as web,
        serve_raw(speak_forever(opening % web.address_of("talk.wav").encode(), b"\0" * 9999)) as trap,
    ):
        sound = fetch(trap.address_of("talk.wav"))

    assert sound.samples.shape[1] == 44100


@pytest.mark.usefixtures("open_door")
def test_redirects_without_end_are_not_followed() -> None:
    def lead_on(connection: socket.socket) -> None:
        step = len(web.heard)
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /%d\r\nContent-Length: 0\r\n\r\n" % step)

    with serve_raw(lead_on) as web:
        expect_refusal(web.address_of("talk"))

    assert len(web.heard) < 100


@pytest.mark.usefixtures("open_door")
def test_pages_that_lead_to_pages_without_end_are_left() -> None:
    def lead_on(connection: socket.socket) -> None:
        body = b'<meta http-equiv="refresh" content="0; url=/%d">' % len(web.heard)
        connection.sendall(PAGE + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body)

    with serve_raw(lead_on) as web:
        assert "without end" in expect_refusal(web.address_of("talk"))


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("br", lambda data: brotli.compress(data, quality=1)),
        ("gzip, gzip", lambda data: gzip.compress(gzip.compress(data))),
        ("gzip, " * 99 + "gzip", lambda data: gzip.compress(gzip.compress(data))),
    ],
    ids=["gzip", "deflate", "br", "twice", "a hundred times"],
)
@pytest.mark.usefixtures("open_door")
def test_a_page_that_unpacks_to_gigabytes_is_left(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    body = pack(b"<html>" + bytes(40 << 20))
    head = PAGE + f"Content-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n".encode()

    with serve_raw(lambda connection: connection.sendall(head + body)) as web:
        expect_refusal(web.address_of("talk"))


@pytest.mark.usefixtures("open_door")
def test_a_file_that_unpacks_to_gigabytes_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALKINGSHORTS_MAX_DOWNLOAD_MB", "1")
    body = gzip.compress(bytes(4 << 20))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nContent-Encoding: gzip\r\n"

    with serve_raw(
        lambda connection: connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    ) as web:
        assert "TALKINGSHORTS_MAX_DOWNLOAD_MB" in expect_refusal(web.address_of("talk.wav"))


@pytest.mark.parametrize(
    ("channels", "rate_hz"), [(255, 48000), (2, 1_000_000_000), (2, 0xFFFFFFFF), (64, 768_000), (0, 48000), (2, 0)]
)
def test_a_header_that_claims_the_impossible_is_refused(channels: int, rate_hz: int) -> None:
    claim = (
        b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\1\0"
        + channels.to_bytes(2, "little")
        + rate_hz.to_bytes(4, "little")
        + (min(2 * channels * rate_hz, 0xFFFFFFFF)).to_bytes(4, "little")
        + (2 * channels).to_bytes(2, "little")
        + b"\x10\0data\xff\xff\xff\xff"
        + bytes(4096)
    )

    with pytest.raises(SourceError):
        cut_clip(io.BytesIO(claim), Piece(0, 600), lambda done, total: None)


# Behind a proxy


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f.1", "127.1", "localhost", "printer", "nas.local", "inside.example"]
)
def test_nothing_inside_is_asked_of_a_proxy(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolve_as({"inside.example": itertools.repeat(["10.0.0.1"])}))

    with serve_raw(lambda connection: None) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        assert "inside" in expect_refusal(f"http://{host}/talk.m4a")

    assert proxy.heard == []


def test_a_proxy_that_drips_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guarded_http, "GRACE_SECONDS", 0.3)

    with serve_raw(speak_forever(*DRIPS["header"], pause_seconds=0.02)) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        assert "too slow" in expect_refusal("http://talks.invalid/talk.m4a")


# Programs


@pytest.fixture
def ydl() -> Iterator[GuardedYoutubeDL]:
    with GuardedYoutubeDL(youtube._make_options(youtube._Log()), lambda: None, youtube._make_allowance()) as made:
        yield made


def test_no_site_is_read_by_a_program_that_fetches_by_itself(ydl: GuardedYoutubeDL) -> None:
    folder = Path(yt_dlp.extractor.__file__).parent
    runners = {path.stem for path in folder.glob("*.py") if "PhantomJSwrapper(" in path.read_text(encoding="utf-8")}

    assert runners
    assert not runners & {ie.__module__.rpartition(".")[2] for ie in map(ydl.get_info_extractor, list(ydl._ies))}


def test_scripts_of_a_page_may_read_write_and_fetch_nothing(ydl: GuardedYoutubeDL, tmp_path: Path) -> None:
    extractor = ydl.get_info_extractor("Youtube")
    extractor.initialize()
    runtime = extractor._jsc_director.providers["Deno"]
    (tmp_path / "secret").write_text(SECRET)
    attempts = [
        f"Deno.readTextFileSync({str(tmp_path / 'secret')!r})",
        f"Deno.writeTextFileSync({str(tmp_path / 'left behind')!r}, '')",
        "Deno.env.get('HOME')",
        "new Deno.Command('id').outputSync()",
        "await fetch('http://127.0.0.1/')",
        "await import('http://127.0.0.1/a.js')",
    ]
    script = "".join(
        f"try {{ {attempt}; console.log('done') }} catch (error) {{ console.log('refused') }}\n" for attempt in attempts
    )

    said = runtime._run_deno(script, runtime._DENO_BASE_OPTIONS)

    assert said.split() == ["refused"] * len(attempts)
    assert not (tmp_path / "left behind").exists()


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x00\x00\x08ftyp" + b"\x00\x00\x00\x08moof" * 600_000,
        b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x80" * 50_000,
        b"\x1a\x45\xdf\xa3\x00" * 10,
        b"\x00\x00\x00\x18ftyp" + b"\x00" * 12 + b"\x00\x00\x00\x01moof" + b"\xff" * 8,
        (b"OggS\x00\x02" + b"\x00" * 20 + b"\x00" + b"OggS\x00\x00" + b"\x01" * 20 + b"\x00") * 20_000,
        b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f" + b"\xff\xfb\x90\x00" * 100,
    ],
    ids=["boxes", "Segments", "a size of none", "a size past all", "links", "a tag past all"],
)
def test_headers_without_end_are_refused_soon(data: bytes) -> None:
    with pytest.raises(SourceError):
        cut_clip(io.BytesIO(data), PIECE, lambda done, total: None)
