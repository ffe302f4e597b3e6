"""Tell in the user's words why a source can't be fetched, and what to do about it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from yt_dlp.networking.exceptions import HTTPError, TransportError
from yt_dlp.utils import ExtractorError, GeoRestrictedError, UnsupportedError

from ...core.errors import SourceError
from ...core.voice_source import format_address, shorten

COOKIES = "TALKINGSHORTS_COOKIES"
SOCKET_TIMEOUT_SECONDS = 20

COOKIES_REMEDY = f"Export your browser's cookies for the site as cookies.txt and name that file in {COOKIES}."
PROXY_REMEDY = "Set HTTPS_PROXY to a proxy elsewhere, or wait a while."
DENO_REMEDY = f'Install it, then restart ComfyUI: "{sys.executable}" -m pip install --upgrade deno'
UPGRADE_REMEDY = f'Upgrade yt-dlp, then restart ComfyUI: "{sys.executable}" -m pip install --upgrade "yt-dlp[default]"'
LATER_REMEDY = "Try again later, or check your network."
LIVE_MESSAGE = "This is a live stream. Give a video that is finished, or record a piece of it first."
UPCOMING_MESSAGE = "The video hasn't begun yet. Give one that is finished, or come back afterwards."
BUSY_MESSAGE = f"The site has had too many requests from here. {PROXY_REMEDY} {COOKIES_REMEDY}"
ENDED_MESSAGE = "The live event is over, and there is no recording of it yet. Come back later, or give another video."
EMBED_MESSAGE = (
    "The video's owner lets it be watched on the site itself only."
    f" {UPGRADE_REMEDY} If that doesn't help: {COOKIES_REMEDY}"
)
TROUBLE_MESSAGE = "The site reports an error of its own. Try again later, or give another video."
PLAYLIST_MESSAGE = "This is a playlist or a channel. Give the address of one video or episode."

# A pattern in yt-dlp's message, and what the user reads instead. The first that matches counts.
KNOWN_FAILURES = (
    (r"not a bot|captcha", f"The site asks whether you are a bot. {COOKIES_REMEDY}"),
    (r"confirm your age|age.restricted|for some users", f"The video is age-restricted. {COOKIES_REMEDY}"),
    (r"private video|video is private", f"The video is private. If it is shared with you: {COOKIES_REMEDY}"),
    (
        r"members.only|channel's members|join this\b.*\bchannel|requires (payment|purchase)|premium",
        f"The video is for members. If you are one: {COOKIES_REMEDY}",
    ),
    (r"rate.limited|HTTP Error 429", BUSY_MESSAGE),
    (r"IP is likely being blocked", f"The site blocks this network. {PROXY_REMEDY} {COOKIES_REMEDY}"),
    (r"live event will begin|premieres|will begin", UPCOMING_MESSAGE),
    (r"live (event|stream) (has|is) (ended|over)", ENDED_MESSAGE),
    (r"\bis live|not currently live|is offline|livestream", LIVE_MESSAGE),
    (
        r"failed to load cookies|Netscape format cookies",
        f"{COOKIES} names a file that isn't a cookies.txt. Export the cookies again.",
    ),
    (r"does not have a .* tab", PLAYLIST_MESSAGE),
    (r"no m3u header", "This is a list of addresses (m3u). Give one of those that it lists."),
    (r"No connection adapters", "The address leads to one that isn't on the web. Give another one."),
    (
        r"Initialization fragment found after",
        "The stream is stitched together of parts that can't be joined. Record what you need of it, and give the file.",
    ),
    (r"processing this video", "The video is still being processed by the site. Try again later."),
    (r"other websites|on this website|embedding", EMBED_MESSAGE),
    (r"page needs to be reloaded", f"The site no longer accepts this version of yt-dlp. {UPGRADE_REMEDY}"),
    (
        r"not available on this app|latest version of YouTube|no longer supported in this",
        f"yt-dlp is too old for YouTube. {UPGRADE_REMEDY}",
    ),
    (
        r"your country|your location|geo.?restrict",
        "The video isn't shown in this country. Set HTTPS_PROXY to a proxy in one where it is.",
    ),
    (r"copyright grounds", "The video is blocked by a claim of copyright. Give another one."),
    (r"\bDRM\b", "This is copy-protected (DRM) and can't be read. Give another one."),
    (
        r"removed|(no longer|isn't) available|terminated|does not exist|video (is )?(unavailable|not available)"
        r"|recording is not available|incomplete YouTube ID",
        "The video was removed or doesn't exist. Check the address, or give another video.",
    ),
    (r"something went wrong|error occurred|technical difficult", TROUBLE_MESSAGE),
    (r"did not get any data", "The server sends an empty file (0 bytes). Give another one, or try again later."),
    (r"more expected", "The server breaks off in the middle of the file. Try again later."),
    (
        r"log in|login|sign in|account|registered users|self.harm|content warning",
        f"The site wants you to be signed in. {COOKIES_REMEDY}",
    ),
)

# When yt-dlp finds no sound, or no sense in a page, what it warned of before may tell why.
KNOWN_WARNINGS = (
    (r"HTTP Error 429", BUSY_MESSAGE),
    (r"HTTP Error 5\d\d|timed out|refused|reset by peer|unreachable", "The site answers with errors. Try again later."),
    (r"No supported JavaScript runtime", f"YouTube can't be read without deno, which runs its scripts. {DENO_REMEDY}"),
)
IS_REFUSAL = "player response"
NO_SOUND = r"requested format is not available|no video formats"
NO_SOUND_MESSAGE = f"The page has no sound that can be fetched. Give another video. On YouTube: {UPGRADE_REMEDY}"


def make_source_error(error: BaseException, url: str, warnings: Sequence[str] = ()) -> SourceError:
    """Return the error that says what went wrong in the user's words, with the remedy; `warnings` came before it."""
    causes = list(_list_causes(error))
    for cause in causes:
        if isinstance(cause, SourceError):
            return cause
    message = _clean(next((cause.orig_msg for cause in causes if isinstance(cause, ExtractorError)), str(error)))
    said = re.sub(
        r"https?://\S+|url: \S+|host='[^']*'", "", message.replace("\u2019", "'")
    )  # an address may hold any of the words
    if any(isinstance(cause, GeoRestrictedError) for cause in causes):
        said = "geo restricted"
    for pattern, explanation in KNOWN_FAILURES:
        if re.search(pattern, said, re.IGNORECASE):
            return SourceError(explanation)
    finds_no_sound = re.search(NO_SOUND, said, re.IGNORECASE) is not None
    is_at_a_loss = any(isinstance(cause, ExtractorError) and not cause.expected for cause in causes)
    if finds_no_sound or is_at_a_loss:
        for pattern, explanation in KNOWN_WARNINGS:
            if any(re.search(pattern, warning, re.IGNORECASE) for warning in warnings):
                return SourceError(explanation)
    if finds_no_sound:
        return SourceError(NO_SOUND_MESSAGE)
    shown = format_address(url)
    for cause in causes:
        if isinstance(cause, UnsupportedError):
            return SourceError(f"There is no video or sound at {shown}. Open it in a browser and check the address.")
        if isinstance(cause, HTTPError):
            return SourceError(_explain_status(cause, shown))
    for cause in causes:
        if isinstance(cause, TransportError):
            return SourceError(f"{shown} can't be reached: {_explain_transport(cause)}")
    if is_at_a_loss:
        blocked = f" If it is new already, the site refuses this network. {PROXY_REMEDY}" if IS_REFUSAL in said else ""
        return SourceError(f"yt-dlp no longer understands this site ({shorten(message)}). {UPGRADE_REMEDY}{blocked}")
    if re.search(r"timed out", said, re.IGNORECASE):
        return SourceError(f"{shown} stopped answering for {SOCKET_TIMEOUT_SECONDS} s. {LATER_REMEDY}")
    return SourceError(f"{shown} can't be fetched: {shorten(message, 300)}")


def _list_causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and everything that led to it, the outermost first, each once."""
    waiting: list[Any] = [error]
    seen: set[int] = set()
    while waiting:
        cause = waiting.pop(0)
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        exc_info = getattr(cause, "exc_info", None) or (None, None)
        waiting += [getattr(cause, "cause", None), exc_info[1], cause.__cause__, cause.__context__]


def _explain_status(error: HTTPError, url: str) -> str:
    status = f"The server of {url} answers {error.status} {error.reason or ''}".rstrip()
    if error.status == 404:
        return f"{status}: there is nothing at this address. Check it."
    if error.status == 410:
        return f"{status}: there is nothing at this address any more, or yt-dlp is too old. {UPGRADE_REMEDY}"
    if error.status in (401, 403):
        return (
            f"{status}: it lets nobody in, the link has expired, or yt-dlp is too old. Copy the link again."
            f" {COOKIES_REMEDY} {UPGRADE_REMEDY}"
        )
    if error.status == 416:
        return f"{status}: the file is empty (0 bytes). Give another one."
    if 300 <= error.status < 400:
        return f"{status}: it sends on from one address to the next, and never to a file. Open it in a browser."
    if error.status == 429:
        return f"{status}: it has had too many requests from here. {PROXY_REMEDY} {COOKIES_REMEDY}"
    if error.status < 500:
        return f"{status}: it refuses this address. Copy the link again, or give another one."
    return f"{status}. Try again later."


def _explain_transport(error: TransportError) -> str:
    text = _clean(str(error))
    for pattern, explanation in (
        (r"resolve|Name or service|getaddrinfo|nodename", "its name isn't known. Check the spelling and your network."),
        (r"timed out", f"it didn't answer within {SOCKET_TIMEOUT_SECONDS} s. {LATER_REMEDY}"),
        (r"refused", "it refuses the connection. Check the address."),
        (r"proxy", "the proxy doesn't answer as it should. Check HTTPS_PROXY and HTTP_PROXY."),
        (r"certificate", "its certificate isn't valid. Check the address and this machine's clock."),
        (r"\bSSL", "no secure connection comes about. Check whether the address starts with https:// rightly."),
    ):
        if re.search(pattern, text, re.IGNORECASE):
            return explanation
    return f"{shorten(text, 200)}. Try again later."


def _clean(message: str) -> str:
    """Return yt-dlp's message on one line, without colours, prefix and its own advice to report bugs."""
    line = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", message).split())
    line = re.sub(r"^(ERROR: )?(\[[\w:+-]+\] )?", "", line)
    line = re.sub(r"https?://\S+", lambda url: format_address(url[0]), line)
    return re.split(r"; please report this issue|\(caused by", line)[0].strip()
