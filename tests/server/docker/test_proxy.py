"""The door from outside: the real HAProxy with the shipped configuration, in front of the real ComfyUI."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import threading
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
import requests
import websocket
from support.checkout import ROOT
from support.processes import CommandLine
from support.servers.haproxy import TOKEN, Proxy, haproxy_command, haproxy_environment, is_supported, serve_proxy
from support.servers.on_comfyui import ComfyUI
from support.servers.small_graphs import quick_graph
from support.shorts import decode, read_result
from support.waiting import wait_until
from talkingshorts.comfyui.client import ComfyClient

pytestmark = pytest.mark.skipif(not is_supported(), reason="HAProxy is packed for Linux on x86-64")

BEARER = {"Authorization": f"Bearer {TOKEN}"}
CERTIFICATE = ROOT / "tests" / "data" / "localhost.pem"
UNKNOWN_JOB = "00000000-0000-4000-8000-000000000000"
PICTURE = b"\x89PNG\r\n\x1a\n\0\0\0\rpicture"
BUFFER_BYTES = 4 << 20


class Echo(BaseHTTPRequestHandler):
    """Answers as JSON with what arrived: n8n's place in these tests."""

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = json.dumps(
            {"path": self.path, "headers": {name.lower(): value for name, value in self.headers.items()}}
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def n8n_address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def proxy(comfyui: ComfyUI, n8n_address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    log = tmp_path_factory.mktemp("proxy") / "log"
    with serve_proxy(log, comfyui.url, N8N_ADDRESS=n8n_address, TALKINGSHORTS_MAX_UPLOAD_MB="6") as running:
        yield running


@pytest.fixture(scope="module")
def shown(comfyui: ComfyUI) -> Path:
    """Return ComfyUI's output folder, with files that may be seen and files that may not."""
    output = comfyui.base / "output"
    for name in ("seen.txt", "a b+c (1) ü.txt", "folder/deep/seen.txt", ".hidden.txt", ".talkingshorts/kept.txt"):
        (output / name).parent.mkdir(parents=True, exist_ok=True)
        (output / name).write_text("seen" if "seen" in name or "ü" in name else "secret")
    for folder in ("input", "temp"):
        (comfyui.base / folder).mkdir(exist_ok=True)
        (comfyui.base / folder / "secret.txt").write_text("secret")
    return output


def ask(
    proxy: Proxy, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None
) -> tuple[int, bytes]:
    """Send a request just as it is written, with the token unless headers are given; return status and body."""
    address = urlsplit(proxy.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    try:
        connection.request(method, path, body, BEARER if headers is None else headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def upload(proxy: Proxy, body: bytes, content_type: str = "multipart/form-data; boundary=xx") -> tuple[int, str]:
    answer = requests.post(
        f"{proxy.url}/upload/image", data=body, headers=BEARER | {"Content-Type": content_type}, timeout=60
    )
    return answer.status_code, answer.text


def part(head: str, data: bytes = PICTURE) -> bytes:
    return b"--xx\r\n" + head.encode() + b"\r\n\r\n" + data + b"\r\n"


def file_part(name: str = "face.png", data: bytes = PICTURE) -> bytes:
    return part(f'Content-Disposition: form-data; name="image"; filename="{name}"', data)


def field(name: str, value: str) -> bytes:
    return part(f'Content-Disposition: form-data; name="{name}"', value.encode())


END = b"--xx--\r\n"


# The token


@pytest.mark.parametrize("path", ["/system_stats", "/", "/view?filename=seen.txt", "/userdata", "/webhook/x", "/n8n/"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
        {"Authorization": TOKEN},
        {"Cookie": f"token={TOKEN}"},
    ],
    ids=["none", "empty", "wrong", "longer", "shorter", "no scheme", "cookie"],
)
def test_nobody_enters_without_the_token(proxy: Proxy, path: str, headers: dict[str, str]) -> None:
    assert ask(proxy, "GET", path, headers) == (401, b"The token is missing or wrong.\n")


def test_a_refusal_says_what_is_asked_for(proxy: Proxy) -> None:
    assert requests.get(f"{proxy.url}/system_stats", timeout=30).headers["WWW-Authenticate"].startswith("Bearer ")
    assert requests.get(f"{proxy.url}/n8n/", timeout=30).headers["WWW-Authenticate"].startswith("Basic ")


def test_the_token_is_no_password_for_comfyui(proxy: Proxy) -> None:
    assert requests.get(f"{proxy.url}/system_stats", auth=("user", TOKEN), timeout=30).status_code == 401


def test_a_token_in_the_query_is_none(proxy: Proxy) -> None:
    assert ask(proxy, "GET", f"/system_stats?token={TOKEN}&access_token={TOKEN}", {})[0] == 401


def test_health_is_for_anyone(proxy: Proxy) -> None:
    assert ask(proxy, "GET", "/health", {})[0] == 200


@pytest.mark.parametrize("token", [None, ""])
def test_the_proxy_does_not_start_without_a_token(token: str | None) -> None:
    given = {} if token is None else {"TALKINGSHORTS_TOKEN": token}
    environment = haproxy_environment(PROXY_ADDRESS="127.0.0.1:0", PROXY_HEALTH_ADDRESS="127.0.0.1:0", **given)

    done = subprocess.run([*haproxy_command(), "-c"], env=environment, capture_output=True, text=True, timeout=30)

    assert done.returncode == 1
    assert "isn't set" in done.stderr if token is None else "expects a name and a value" in done.stderr


# Routes


@pytest.mark.parametrize("prefix", ["", "/api"])
@pytest.mark.parametrize(
    "path", ["/system_stats", "/prompt", "/object_info/KSampler", f"/history/{UNKNOWN_JOB}", "/view?filename=seen.txt"]
)
def test_what_programs_need_passes(proxy: Proxy, shown: Path, prefix: str, path: str) -> None:
    assert ask(proxy, "GET", prefix + path)[0] == 200


def test_jobs_pass(proxy: Proxy) -> None:
    assert ask(proxy, "GET", "/api/jobs?status=pending,in_progress")[0] == 200
    assert ask(proxy, "GET", f"/api/jobs/{UNKNOWN_JOB}") == (404, b'{"error": "Job not found"}')
    assert ask(proxy, "POST", f"/api/jobs/{UNKNOWN_JOB}/cancel") == (200, b'{"cancelled": false}')


def test_all_node_classes_are_listed(proxy: Proxy) -> None:
    assert "TalkingShortsSaveShort" in requests.get(f"{proxy.url}/object_info", headers=BEARER, timeout=60).json()


def test_a_graph_is_queued_and_its_result_fetched(proxy: Proxy, comfyui: ComfyUI) -> None:
    job = str(uuid.uuid4())
    body = {"prompt": quick_graph("through_the_proxy"), "prompt_id": job}
    assert requests.post(f"{proxy.url}/prompt", json=body, headers=BEARER, timeout=30).json()["prompt_id"] == job

    while (state := requests.get(f"{proxy.url}/api/jobs/{job}", headers=BEARER, timeout=30).json())["status"] in (
        "pending",
        "in_progress",
    ):
        pass

    (picture,) = state["outputs"]["9"]["images"]
    answer = requests.get(f"{proxy.url}/view", params=picture, headers=BEARER, timeout=30)
    assert answer.content == (comfyui.base / "output" / picture["filename"]).read_bytes()


@pytest.mark.parametrize("prefix", ["", "/api"])
@pytest.mark.parametrize(
    "route",
    [
        *("GET /", "GET /extensions", "GET /embeddings", "GET /models", "GET /models/vae", "GET /features"),
        *("GET /history", "POST /history", "GET /queue", "POST /queue", "POST /interrupt", "POST /free"),
        *("GET /userdata?dir=", "POST /userdata/x.json", "GET /v2/userdata", "GET /users", "POST /users"),
        *(
            "GET /settings",
            "POST /settings",
            "GET /internal/logs",
            "GET /internal/logs/raw",
            "GET /internal/folder_paths",
        ),
        *("GET /internal/files/output", "GET /view_metadata/vae?filename=x", "POST /upload/mask", "GET /i18n"),
        *(
            "GET /experiment/models",
            "GET /workflow_templates",
            "GET /global_subgraphs",
            "GET /docs/",
            "GET /templates/",
        ),
        *("GET /manager/queue/start", "GET /customnode/getlist", "GET /assets", "POST /assets", "POST /jobs/cancel"),
        *("GET /object_info/", "GET /history/", f"GET /history/{UNKNOWN_JOB}/x", "GET /metrics", "GET /haproxy"),
    ],
)
def test_everything_else_is_closed(proxy: Proxy, prefix: str, route: str) -> None:
    method, path = route.split(" ")

    assert ask(proxy, method, prefix + path) == (404, b"Not found.\n")


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/VIEW?filename=seen.txt",
            "//view?filename=seen.txt",
            "/view/?filename=seen.txt",
            "/view%20?filename=seen.txt",
        ),
        *(
            "/%76iew?filename=seen.txt",
            "/x/../view?filename=seen.txt",
            "/./view?filename=seen.txt",
            "/view;?filename=x",
        ),
        *("/object_info/..", "/object_info/../userdata", "/object_info/%2e%2e", "/object_info/..%2fuserdata"),
        *("/object_info/x%2F..%2F..", "/object_info/x%5c..%5c..", "/object_info/x/../../interrupt", "/api/jobs/.."),
        *(
            f"/api/jobs/{UNKNOWN_JOB}/",
            "/api/jobs/x",
            "/api/api/view?filename=seen.txt",
            "/api//view?filename=seen.txt",
        ),
        *(
            "/prompt/",
            "/prompt%00",
            "/object_info/%00",
            "/webhook/../n8n/",
            "/webhook/%2e%2e/rest/login",
            "/n8n/../view",
        ),
        *(
            "/webhook/..%2frest",
            "/n8n/.%2e/healthz",
            "/webhookx/",
            "/n8nx/",
            "/rest/login",
            "/healthz",
            "/api/webhook/x",
        ),
    ],
)
def test_a_route_has_one_spelling(proxy: Proxy, shown: Path, path: str) -> None:
    assert ask(proxy, "GET", path) == (404, b"Not found.\n")


@pytest.mark.parametrize(
    "route",
    [
        *("POST /system_stats", "POST /view", "DELETE /api/jobs", f"POST /api/jobs/{UNKNOWN_JOB}", "PUT /object_info"),
        *(
            f"GET /api/jobs/{UNKNOWN_JOB}/cancel",
            "GET /upload/image",
            "PUT /upload/image",
            "PUT /prompt",
            "PATCH /prompt",
        ),
        *(
            "DELETE /prompt",
            "OPTIONS /prompt",
            "POST /ws",
            "HEAD /ws",
            "TRACE /system_stats",
            f"POST /history/{UNKNOWN_JOB}",
        ),
    ],
)
def test_a_route_takes_its_own_methods_only(proxy: Proxy, route: str) -> None:
    method, path = route.split(" ")

    assert ask(proxy, method, path)[0] == 405


# The progress socket


def test_the_progress_socket_opens_with_the_token(proxy: Proxy) -> None:
    address = proxy.url.replace("http", "ws") + "/ws?clientId=outside"
    progress = websocket.create_connection(address, timeout=30, header=[f"Authorization: Bearer {TOKEN}"])

    assert json.loads(progress.recv())["data"]["sid"] == "outside"
    progress.close()


@pytest.mark.parametrize("header", [[], ["Authorization: Bearer wrong"]])
def test_the_progress_socket_stays_shut_without_it(proxy: Proxy, header: list[str]) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException, match="401"):
        websocket.create_connection(proxy.url.replace("http", "ws") + "/ws", timeout=30, header=header)


@pytest.mark.parametrize("headers", [{}, {"Upgrade": "h2c", "Connection": "Upgrade"}])
def test_the_progress_socket_is_nothing_else(proxy: Proxy, headers: dict[str, str]) -> None:
    assert ask(proxy, "GET", "/ws", BEARER | headers)[0] == 426


# /view


@pytest.mark.parametrize(
    "query",
    [
        *("filename=seen.txt", "filename=seen.txt&type=output", "filename=seen.txt&subfolder=&type=output"),
        *("filename=seen.txt&subfolder=folder/deep", "filename=seen.txt&subfolder=folder%2Fdeep&type=output"),
        *("filename=a+b%2Bc+(1)+%C3%BC.txt", "filename=a%20b%2Bc%20%281%29%20%C3%BC.txt"),
    ],
)
def test_results_are_shown(proxy: Proxy, shown: Path, query: str) -> None:
    assert ask(proxy, "GET", f"/view?{query}") == (200, b"seen")


def test_a_result_is_resumed(proxy: Proxy, shown: Path) -> None:
    assert ask(proxy, "GET", "/view?filename=seen.txt", BEARER | {"Range": "bytes=2-"}) == (206, b"en")


@pytest.mark.parametrize(
    "query",
    [
        *(
            "",
            "filename=",
            "filename=secret.txt&type=input",
            "filename=secret.txt&type=temp",
            "filename=seen.txt&type=",
        ),
        *("filename=secret.txt%20[input]", "filename=secret.txt+%5Binput%5D", "filename=secret.txt%20[temp]"),
        *("filename=seen.txt%20[output]", "filename=.hidden.txt", "filename=%2ehidden.txt", "filename=blake3:00"),
        *("filename=kept.txt&subfolder=.talkingshorts", "filename=kept.txt&subfolder=%2etalkingshorts"),
        *("filename=kept.txt&subfolder=folder/../.talkingshorts", "filename=kept.txt&subfolder=./.talkingshorts"),
        *("filename=secret.txt&subfolder=../input", "filename=secret.txt&subfolder=..%2finput"),
        *("filename=secret.txt&subfolder=%2e%2e/input", "filename=secret.txt&subfolder=folder/%2e%2e/%2e%2e/input"),
        *(
            "filename=secret.txt&subfolder=..%5cinput",
            "filename=passwd&subfolder=/etc",
            "filename=passwd&subfolder=%2Fetc",
        ),
        *("filename=../input/secret.txt", "filename=..%2Finput%2Fsecret.txt", "filename=/etc/passwd"),
        *("filename=%2Fetc%2Fpasswd", "filename=..%5c..%5cx", "filename=seen.txt%00.mp4", "filename=seen.txt%0d%0aX:y"),
        *(
            "filename=seen.txt&subfolder=folder//deep",
            "filename=seen.txt&subfolder=folder/deep%00",
            "file%6eame=seen.txt",
        ),
        *("FILENAME=seen.txt", "filename=%zz"),
    ],
)
def test_nothing_outside_the_output_folder_is_shown(proxy: Proxy, shown: Path, query: str) -> None:
    status, body = ask(proxy, "GET", f"/view?{query}")

    assert (status, body) == (403, b"Only files in the output folder are shown.\n")


@pytest.mark.parametrize(
    "query",
    [
        *("filename=secret.txt&type=output&type=input", "filename=seen.txt&filename=secret.txt&type=output&type=input"),
        *(
            "filename=secret.txt&typ%65=input",
            "filename=secret.txt&subfolder=&subfolder=../input",
            "filename=%252e%252e",
        ),
        *("filename=secret.txt&subfolder=%252e%252e%252finput", "filename=secret.txt;type=input"),
        *(
            "filename=secret.txt&type=input&type=output",
            "filename=secret.txt%26type=input",
            "filename=secret.txt%23&type=output",
            "filename=secret.txt&subfolder=..;/",
        ),
    ],
)
def test_comfyui_sees_no_other_query_than_was_judged(proxy: Proxy, shown: Path, query: str) -> None:
    assert b"secret" not in ask(proxy, "GET", f"/view?{query}")[1]


# /upload/image


@pytest.mark.parametrize(
    "form",
    [
        file_part() + END,
        file_part("Ein Bild, ü (2).JPG") + END,
        file_part("voice.m4a") + field("type", "input") + field("overwrite", "true") + END,
        field("type", "input") + field("subfolder", "shorts/a-b") + field("overwrite", "0") + file_part() + END,
        part('Content-Disposition: form-data; name="image"; filename="a.wav"\r\nContent-Type: audio/x-wav') + END,
        part('content-type: image/png\r\ncontent-disposition: form-data; name="image"; filename="a.png"') + END,
        file_part(data=b"") + END,
    ],
    ids=["picture", "its name", "fields after", "fields before", "type", "type first", "empty"],
)
def test_media_files_are_taken(proxy: Proxy, form: bytes) -> None:
    status, text = upload(proxy, form)

    assert (status, json.loads(text)["type"]) == (200, "input")


def test_media_are_taken_as_common_clients_send_them(proxy: Proxy, comfyui: ComfyUI) -> None:
    answer = requests.post(
        f"{proxy.url}/upload/image",
        files={"image": ("sent.wav", PICTURE, "audio/wav")},
        data={"overwrite": "true", "type": "input"},
        headers=BEARER,
        timeout=30,
    )

    assert answer.json() == {"name": "sent.wav", "subfolder": "", "type": "input"}
    assert (comfyui.base / "input" / "sent.wav").read_bytes() == PICTURE


@pytest.mark.parametrize(
    "form",
    [
        *(
            file_part(name) + END
            for name in ("x.py", "x", ".png", "x.png.py", "x.pn", "x.pt", "x.svg", "x.html", "x.json", "png")
        ),
        *(file_part(name) + END for name in ("../x.png", "/x.png", "a/x.png", "a\\x.png", "x.py%00.png", "x.png;.py")),
        part('Content-Disposition: form-data; name="image"; filename="x.png"; filename*=utf-8\'\'x.py') + END,
        part('Content-Disposition: form-data; name="image"; filename*=utf-8\'\'x.py; filename="x.png"') + END,
        part('Content-Disposition: form-data; name="image"; filename="x.png"\r\n ; filename*=utf-8\'\'x.py') + END,
        part('Content-Disposition: form-data; name="x"\r\nContent-Disposition: form-data; name="image"') + END,
        part('Content-Disposition: form-data; name="mask"; filename="x.png"') + END,
        part('Content-Disposition: form-data; name="type"; filename="x.png"', b"output") + file_part() + END,
        part('Content-Disposition: form-data; name="image"; filename="x.png"\r\nContent-Type: multipart/mixed') + END,
        part('Content-Disposition: form-data; name="image"; filename="x.png"\r\nContent-Transfer-Encoding: base64')
        + END,
        part('Content-Disposition: form-data; name="image"; filename="x.png"\nContent-Disposition: y') + END,
        *(field("type", kind) + file_part() + END for kind in ("output", "temp", "INPUT", "")),
        *(file_part() + field("type", kind) + END for kind in ("output", "temp")),
        *(field("subfolder", folder) + file_part() + END for folder in ("../output", "/etc", "a/../..", ".x", "a\\b")),
        field("TYPE", "input") + file_part() + field("type", "output") + END,
        field("_charset_", "utf-16") + file_part() + END,
        field("overwrite", "yes") + file_part() + END,
        file_part() + file_part("x.py") + END,
        file_part() + file_part("y.png") + END,
        file_part() + b"--xxAB" + field("type", "input")[6:] + END,
        part("Content-Disposition: form-data; name=\"type\"; filename*=utf-8''x", b"input") + file_part() + END,
        file_part() + b"--xx \r\n" + field("type", "output")[6:] + END,
        file_part() + b"--xx\n" + field("type", "output")[6:] + END,
        file_part(data=b"")[:-2] + field("type", "output") + END,
        b"preamble\r\n" + file_part() + END,
        b"--yy\r\n" + file_part() + END,
        b"--xx\n" + file_part()[6:] + END,
        field("type", "input") + END,
        file_part(),
        b"",
    ],
)
def test_nothing_but_media_for_the_input_folder_is_taken(proxy: Proxy, form: bytes) -> None:
    assert upload(proxy, form) == (403, "Only a media file is taken (field image), and only for the input folder.\n")


def test_the_form_is_read_with_the_boundary_that_was_judged(proxy: Proxy, comfyui: ComfyUI) -> None:
    hidden = part('Content-Disposition: form-data; name="image"; filename="evil.py"').replace(b"--xx", b"--yy")

    status, text = upload(proxy, file_part(data=hidden + b"--yy--") + END, "multipart/form-data; boundary=yy")

    assert (status, json.loads(text)["name"].endswith(".png")) == (200, True)
    assert not (comfyui.base / "input" / "evil.py").exists()


def test_a_form_longer_than_the_buffer_says_its_folder_first(proxy: Proxy) -> None:
    long = file_part("long.wav", os.urandom(BUFFER_BYTES))

    assert upload(proxy, field("type", "input") + long + field("type", "output") + END)[0] == 200
    for form in (long + END, field("overwrite", "1") + long + END, long + field("type", "output") + END):
        assert upload(proxy, form) == (
            403,
            "In a form of this size the field type=input has to come before the field image.\n",
        )


# Bodies and rates


def test_bodies_have_a_limit(proxy: Proxy) -> None:
    def size(path: str, megabytes: float) -> int:
        return ask(proxy, "POST", path, BEARER | {"Content-Length": str(int(megabytes * 2**20) + 1)})[0]

    assert size("/prompt", 4) == 413
    assert size("/upload/image", 6) == 413
    assert size("/webhook/short", 6) == 413
    assert size("/webhook-waiting/7", 600_000) == 413


@pytest.mark.parametrize("gigabytes", [2, 3, 4])
@pytest.mark.parametrize("path", ["/prompt", "/upload/image", "/webhook/short"])
def test_a_length_that_needs_more_than_32_bits_is_not_taken_for_a_small_one(
    proxy: Proxy, path: str, gigabytes: int
) -> None:
    assert ask(proxy, "POST", path, BEARER | {"Content-Length": str(gigabytes * 2**30 + 4)})[0] == 413


@pytest.mark.parametrize(
    "route", ["POST /prompt", "POST /upload/image", "POST /webhook/short", "PUT /webhook/short", "GET /prompt"]
)
def test_a_body_without_a_length_is_refused(proxy: Proxy, route: str) -> None:
    method, path = route.split(" ")

    assert requests.request(method, proxy.url + path, data=iter([b"{}"]), headers=BEARER, timeout=30).status_code == 411


def test_a_post_says_that_it_has_no_body(proxy: Proxy) -> None:
    address = urlsplit(proxy.url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=30) as connection:
        connection.sendall(f"POST /prompt HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode())

        assert connection.recv(100).startswith(b"HTTP/1.1 411")


def test_a_body_of_two_lengths_is_refused(proxy: Proxy) -> None:
    address = urlsplit(proxy.url)
    head = f"POST /prompt HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 2\r\n"
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=30) as connection:
        connection.sendall(head.encode() + b"Content-Length: 3\r\n\r\n{}")

        assert connection.recv(100).startswith(b"HTTP/1.1 400")


def test_a_packed_body_is_refused(proxy: Proxy) -> None:
    assert ask(proxy, "POST", "/prompt", BEARER | {"Content-Encoding": "deflate"}, b"{}")[0] == 415


def test_too_many_requests_are_put_off(comfyui: ComfyUI, tmp_path: Path) -> None:
    with serve_proxy(tmp_path / "log", comfyui.url, TALKINGSHORTS_MAX_REQUESTS_PER_10_S="5") as proxy:
        answers = [requests.get(f"{proxy.url}/prompt", headers=BEARER, timeout=30) for _ in range(7)]
        guess = requests.get(f"{proxy.url}/prompt", timeout=30)

    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
    assert answers[-1].headers["Retry-After"] == "10"
    assert guess.status_code == 429


# n8n


def test_n8n_gets_its_webhooks(proxy: Proxy) -> None:
    for path in ("/webhook/short?x=1", "/webhook-test/short", "/webhook-waiting/7"):
        status, body = ask(proxy, "POST", path, body=b"{}")
        assert (status, json.loads(body)["path"]) == (200, path)


def test_n8n_takes_the_token_as_a_password_too(proxy: Proxy) -> None:
    address = proxy.url.replace("http://", f"http://any:{quote(TOKEN, safe='')}@")

    assert requests.post(f"{address}/webhook-waiting/7", timeout=30).status_code == 200
    assert requests.post(f"{proxy.url}/webhook-waiting/7", auth=("any", "wrong"), timeout=30).status_code == 401


def test_n8ns_editor_lies_under_its_own_path(proxy: Proxy) -> None:
    assert (
        requests.get(f"{proxy.url}/n8n/rest/login?x=1", auth=("any", TOKEN), timeout=30).json()["path"]
        == "/rest/login?x=1"
    )
    assert (
        requests.get(f"{proxy.url}/n8n", auth=("any", TOKEN), timeout=30, allow_redirects=False).headers["Location"]
        == "/n8n/"
    )


def test_n8n_learns_where_a_request_came_from_but_not_the_token(proxy: Proxy) -> None:
    forged = {"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "elsewhere"}

    _, body = ask(proxy, "GET", "/webhook/short", BEARER | forged | {"Host": "shorts.example"})

    headers = json.loads(body)["headers"]
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "http"
    assert headers["x-forwarded-host"] == "shorts.example"
    assert TOKEN not in json.dumps(headers)


# Transport


def test_a_certificate_makes_it_https(comfyui: ComfyUI, tmp_path: Path) -> None:
    with serve_proxy(tmp_path / "log", comfyui.url, TALKINGSHORTS_CERTIFICATE=str(CERTIFICATE)) as proxy:
        answer = requests.get(f"{proxy.url}/prompt", headers=BEARER, timeout=30, verify=str(CERTIFICATE))
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{proxy.url.replace('https', 'http')}/prompt", headers=BEARER, timeout=30)

    assert answer.status_code == 200


def test_while_comfyui_is_away_it_says_so(tmp_path: Path) -> None:
    with serve_proxy(tmp_path / "log", "http://127.0.0.1:9") as proxy:
        assert requests.get(f"{proxy.url}/prompt", headers=BEARER, timeout=30).status_code == 503
        assert requests.get(f"{proxy.url}/prompt", timeout=30).status_code == 401
        wait_until(lambda: requests.get(f"{proxy.url}/health", timeout=30).status_code == 503)


def test_comfyui_gets_neither_the_token_nor_another_protocol(n8n_address: str, tmp_path: Path) -> None:
    with serve_proxy(tmp_path / "log", f"http://{n8n_address}") as proxy:
        _, body = ask(proxy, "GET", "/prompt", BEARER | {"Upgrade": "other", "Connection": "Upgrade"})

    assert {"authorization", "upgrade"}.isdisjoint(json.loads(body)["headers"])


# The runner


def test_the_runner_makes_a_short_through_it(proxy: Proxy, talkingshorts: CommandLine) -> None:
    (talkingshorts.folder / "me.jpg").write_bytes((ROOT / "tests" / "data" / "astronaut_face.jpg").read_bytes())

    done = talkingshorts(
        *("make", "--script", "From outside.", "--portrait", "me.jpg", "--quality", "draft", "--size", "128x224"),
        *("--server", proxy.url, "--json"),
        TALKINGSHORTS_TOKEN=TOKEN,
    )

    assert done.code == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    (short,) = (Path(file) for event in events if event["event"] == "result" for file in event["files"])
    assert read_result(talkingshorts.folder / short)["files"][0]["frames"] == len(
        decode(talkingshorts.folder / short).frames
    )
    assert any(event["event"] == "node_started" for event in events), "the progress socket tells the nodes"


def test_the_runner_uploads_a_recording_longer_than_the_buffer(proxy: Proxy, comfyui: ComfyUI, tmp_path: Path) -> None:
    (tmp_path / "me.wav").write_bytes(os.urandom(BUFFER_BYTES + 1))

    name = ComfyClient(proxy.url, TOKEN).upload(tmp_path / "me.wav")

    assert (comfyui.base / "input" / name).read_bytes() == (tmp_path / "me.wav").read_bytes()


def test_the_runner_says_when_the_token_is_wrong(proxy: Proxy, talkingshorts: CommandLine) -> None:
    done = talkingshorts("doctor", "--server", proxy.url, TALKINGSHORTS_TOKEN="wrong")

    assert done.code != 0
    assert "token" in done.stdout + done.stderr
