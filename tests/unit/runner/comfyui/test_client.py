import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from support.fakes.comfyui import GRAPH, FakeComfyUI, serve_fake_comfyui
from talkingshorts.comfyui import client as client_module
from talkingshorts.comfyui.client import (
    ComfyClient,
    FailedServerError,
    MissingFileError,
    NotSentError,
    RemoteFile,
    name_upload,
)
from talkingshorts.errors import UnreachableError, UsageError
from talkingshorts.jobs.records import new_job_id


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "RETRY_PAUSES_SECONDS", (0.0, 0.0, 0.0))


@pytest.fixture
def fake() -> Iterator[FakeComfyUI]:
    with serve_fake_comfyui() as server:
        yield server


def test_the_socket_has_the_same_host_path_and_token() -> None:
    client = ComfyClient("https://host/comfy", "secret")

    assert client.websocket_address("abc") == ("wss://host/comfy/ws?clientId=abc", ["Authorization: Bearer secret"])
    assert ComfyClient("http://host").websocket_address("abc") == ("ws://host/ws?clientId=abc", [])


def test_the_token_opens_the_door(fake: FakeComfyUI) -> None:
    fake.token = "secret"

    assert ComfyClient(fake.url, "secret").version() == "0.30.0"
    for token in (None, "wrong"):
        with pytest.raises(UnreachableError, match="TALKINGSHORTS_TOKEN"):
            ComfyClient(fake.url, token).version()


def test_the_token_is_not_replaced_by_a_netrc_entry(
    fake: FakeComfyUI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine localhost login a password b\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setattr("talkingshorts.http.LOOPBACK_HOSTS", frozenset())
    fake.token = "secret"

    assert ComfyClient(fake.url.replace("127.0.0.1", "localhost"), "secret").version() == "0.30.0"


def test_a_proxy_is_not_used_for_this_machine(fake: FakeComfyUI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)

    assert ComfyClient(fake.url).version() == "0.30.0"


def test_a_closed_port_is_unreachable() -> None:
    with pytest.raises(UnreachableError, match="refused"):
        ComfyClient("http://127.0.0.1:1").version()


def test_a_comfyui_without_the_jobs_api_is_not_mistaken_for_a_lost_job(fake: FakeComfyUI) -> None:
    fake.has_jobs_api = False

    with pytest.raises(UnreachableError, match="too old"):
        ComfyClient(fake.url).job(new_job_id())


@pytest.mark.parametrize("answer", [b"<html>hello</html>", b"[]", b'{"system": {}}', b'{"a": 1}'])
def test_a_server_that_is_something_else_is_found_out(answer: bytes) -> None:
    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Other) as server:
        Thread(target=server.serve_forever, args=(0.01,)).start()
        with pytest.raises(UnreachableError, match="isn't ComfyUI"):
            ComfyClient(f"http://127.0.0.1:{server.server_port}").version()
        server.shutdown()


def test_a_class_that_the_server_lacks_is_none(fake: FakeComfyUI) -> None:
    client = ComfyClient(fake.url)

    assert client.node_info("Nope/x y") is None
    info = client.node_info("SaveImage")
    assert info is not None
    assert info.is_output


def test_a_refusal_is_handed_back_whole(fake: FakeComfyUI) -> None:
    fake.prompt_status, fake.prompt_answer = 400, {"error": {"message": "no"}, "node_errors": {"1": {}}}

    assert ComfyClient(fake.url).submit(GRAPH, new_job_id(), "c") == fake.prompt_answer


def test_a_server_that_fails_on_the_graph_is_quoted(fake: FakeComfyUI) -> None:
    fake.prompt_status, fake.prompt_text = 500, "500 Internal Server Error"

    with pytest.raises(FailedServerError, match="500 Internal Server Error"):
        ComfyClient(fake.url).submit(GRAPH, new_job_id(), "c")


def test_what_may_be_asked_twice_is_asked_again_when_the_server_fails(fake: FakeComfyUI, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"sound")
    client = ComfyClient(fake.url)
    fake.fails_every = 2

    assert client.version() == client.version() == "0.30.0"
    assert client.upload(tmp_path / "a.wav") == client.upload(tmp_path / "a.wav")
    assert client.job(new_job_id()) is None


def test_a_server_that_keeps_failing_is_given_up(fake: FakeComfyUI) -> None:
    fake.fails_every = 1

    with pytest.raises(FailedServerError, match="failed on /system_stats"):
        ComfyClient(fake.url).version()


def test_a_graph_is_posted_once_whatever_the_answer(fake: FakeComfyUI) -> None:
    fake.fails_every = 1

    with pytest.raises(FailedServerError):
        ComfyClient(fake.url).submit(GRAPH, new_job_id(), "c")

    assert fake.asked == 1


def test_a_request_that_never_left_is_told_from_one_that_may_have_arrived(fake: FakeComfyUI) -> None:
    fake.drops_prompt_answer = True

    with pytest.raises(NotSentError):
        ComfyClient("http://127.0.0.1:1").submit(GRAPH, new_job_id(), "c")
    with pytest.raises(UnreachableError) as caught:
        ComfyClient(fake.url).submit(GRAPH, new_job_id(), "c")
    assert not isinstance(caught.value, NotSentError)


def test_an_upload_is_named_by_its_own_name_and_its_content(fake: FakeComfyUI, tmp_path: Path) -> None:
    path = tmp_path / "my voice (1).WAV"
    client = ComfyClient(fake.url)

    names = []
    for content in (b"sound", b"sound", b"other sound"):
        path.write_bytes(content)
        names.append(client.upload(path))

    first, again, other = names
    assert first == again != other
    assert all(re.fullmatch(r"my_voice_1_-[0-9a-f]{16}\.wav", name) for name in names)
    assert b"sound" in fake.uploaded[0]
    assert fake.uploaded[0].index(b"input") < fake.uploaded[0].index(b"sound"), "a proxy judges what comes first"


@pytest.mark.parametrize(
    ("name", "stem", "ending"),
    [
        ("Interview mit Dr. Müller (final)", "Interview_mit_Dr", "._müller"),
        ("voice", "voice", ""),
        (".hidden", ".hidden", ""),
        ("a b.WAV?x=1", "a_b", ".wav_x_1"),
        ("half\udcff.wa\udcff", "half_", ".wa_"),
        ("\u202egnp.wav", "_gnp", ".wav"),
        ("𠀀" * 100 + "." + "𠀀" * 100, "𠀀" * 50, "." + "𠀀" * 7),
    ],
)
def test_any_name_of_a_file_becomes_one_that_a_server_can_store(name: str, stem: str, ending: str) -> None:
    uploaded = name_upload(Path(name), "0123456789abcdef" * 4)

    assert uploaded == f"{stem}-0123456789abcdef{ending}"
    assert len(uploaded.encode()) <= 255


def test_a_file_that_can_not_be_uploaded_is_a_usage_error(fake: FakeComfyUI, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't be read"):
        ComfyClient(fake.url).upload(tmp_path / "none.wav")


def test_a_file_is_delivered_or_missed(fake: FakeComfyUI) -> None:
    client = ComfyClient(fake.url)

    with client.deliver(RemoteFile("3", "x_00001_.png", "", "output")) as delivery:
        assert (delivery.start, delivery.total) == (0, 7)
        assert b"".join(delivery.chunks) == b"picture"
    with (
        pytest.raises(MissingFileError, match=r"no longer has the result file y\.png"),
        client.deliver(RemoteFile("3", "y.png", "", "output")),
    ):
        pass
