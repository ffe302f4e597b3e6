import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
import uvicorn
from PIL import Image
from support.fakes.making_slot import CONTENT, MakingSlot
from support.waiting import wait_until
from talkingshorts.errors import NodeFailedError
from talkingshorts.service.keys import KeyFile
from talkingshorts.service.log import open_log
from talkingshorts.service.service import Service
from talkingshorts.service.surfaces.app import Loop, build_app

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")


def make(client: Any, **fields: Any) -> Any:
    """Have a draft made, and wait for it. The client's types know OpenAI's own models and sizes alone."""
    return client.videos.create_and_poll(model="draft", **fields)


@pytest.fixture
def videos(tmp_path: Path, slot: MakingSlot) -> Iterator[openai.OpenAI]:
    """Return OpenAI's own client, on a service that listens."""
    keys = KeyFile(tmp_path / "keys.json")
    loop = Loop()
    service = Service(tmp_path / "data", [slot], open_log(is_json=True), 3600, 100)
    server = uvicorn.Server(uvicorn.Config(build_app(service, keys, loop), port=0, log_level="critical"))
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started and service.is_ready)
    port = server.servers[0].sockets[0].getsockname()[1]
    key = keys.add("ann", ["shorts"])
    yield openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key=key, max_retries=0)
    server.should_exit = True
    thread.join()


def test_a_video_is_made_polled_and_downloaded(videos: openai.OpenAI) -> None:
    video = make(videos, prompt="This is what I say.", seconds="4", size="720x1280")

    assert (video.status, video.progress, video.prompt, video.model) == (
        "completed",
        100,
        "This is what I say.",
        "draft",
    )
    assert video.completed_at is not None
    assert videos.videos.download_content(video.id).read() == CONTENT


def test_the_reference_is_the_portrait(videos: openai.OpenAI, slot: MakingSlot, tmp_path: Path) -> None:
    Image.new("RGB", (64, 64), "red").save(tmp_path / "me.png")
    make(videos, prompt="Hi there.", input_reference=tmp_path / "me.png")

    (job,) = slot.jobs
    assert [path.suffix for _, path in job.request.files] == [".png"]


def test_videos_are_listed_and_deleted(videos: openai.OpenAI) -> None:
    made = [make(videos, prompt=f"Number {n}.").id for n in range(3)]

    assert [video.id for video in videos.videos.list(limit=2)] == made[::-1]
    assert videos.videos.delete(made[0]).deleted
    with pytest.raises(openai.NotFoundError):
        videos.videos.retrieve(made[0])


def test_a_failure_is_read_by_the_client(videos: openai.OpenAI, slot: MakingSlot) -> None:
    slot.behave = lambda job: NodeFailedError("It broke.")
    video = make(videos, prompt="Hi.")

    assert video.status == "failed"
    assert video.error is not None
    assert (video.error.code, video.error.message) == ("node_failed", "It broke.")


def test_what_is_refused_is_an_error_of_the_clients(videos: openai.OpenAI) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match="size"):
        make(videos, prompt="Hi.", size="big")
    with pytest.raises(openai.AuthenticationError):
        videos.with_options(api_key="wrong").videos.list()
