import io
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from structlog.testing import capture_logs
from support.fakes.making_slot import CONTENT
from talkingshorts.service.keys import KeyFile
from talkingshorts.service.state import ServiceState

SHORT = {"short": {"script": "My secret plan is this.", "quality": "draft"}}


def make(client: TestClient, **headers: str) -> None:
    job = client.post("/v1/jobs", json=SHORT, headers=headers).json()
    assert client.get(f"/v1/jobs/{job['id']}?wait=20", headers=headers).json()["state"] == "succeeded"


def test_metrics_count_what_was_made(client: TestClient) -> None:
    make(client)
    lines = client.get("/metrics").text.splitlines()

    assert 'talkingshorts_jobs_ended_total{state="succeeded",workflow="draft"} 1.0' in lines
    assert 'talkingshorts_run_seconds_count{workflow="draft"} 1.0' in lines
    assert f'talkingshorts_bytes_total{{direction="made"}} {len(CONTENT)}.0' in lines
    assert 'talkingshorts_jobs{state="queued"} 0.0' in lines
    assert "talkingshorts_slots_ready 1.0" in lines


def test_metrics_count_files_of_forms_too(client: TestClient) -> None:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(file, "png")
    size = len(file.getvalue())
    client.post("/v1/jobs", data={"script": "Hi.", "quality": "draft"}, files={"portrait": file.getvalue()})

    assert f'talkingshorts_bytes_total{{direction="received"}} {size}.0' in client.get("/metrics").text.splitlines()


def test_requests_are_counted_by_route_and_not_by_address(client: TestClient) -> None:
    make(client)
    client.get("/v1/jobs/job_x")
    text = client.get("/metrics").text

    assert 'route="/v1/jobs/{job_id}",status="404"' in text
    assert "job_x" not in text


def test_a_fault_is_answered_as_anything_else_and_told_to_the_log(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ServiceState, "list_orders", lambda *_: 1 / 0)
    with capture_logs() as lines:
        answer = client.get("/v1/jobs")
    error = answer.json()["error"]

    assert (answer.status_code, error["code"]) == (500, "internal_error")
    assert answer.headers["x-request-id"] == error["request_id"] == lines[0]["id"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert isinstance(lines[0]["exc_info"], ZeroDivisionError)


def test_the_log_tells_ids_and_no_script(client: TestClient) -> None:
    with capture_logs() as lines:
        make(client)
        client.get("/v1/jobs", params={"state": "queued", "after": "what-was-asked"})

    assert {line["event"] for line in lines} == {"job_placed", "job_ended", "request"}
    assert "secret plan" not in str(lines)
    assert "what-was-asked" not in str(lines)


class TestWithKeys:
    @pytest.fixture
    def keys(self, tmp_path: Path) -> KeyFile:
        return KeyFile(tmp_path / "keys.json")

    def test_metrics_are_for_keys_with_that_scope(self, client: TestClient, keys: KeyFile) -> None:
        shown = {name: {"Authorization": f"Bearer {keys.add(name, [name])}"} for name in ("shorts", "metrics")}

        assert client.get("/metrics").status_code == 401
        assert client.get("/metrics", headers=shown["shorts"]).status_code == 403
        assert client.get("/metrics", headers=shown["metrics"]).status_code == 200

    def test_no_key_is_logged(self, client: TestClient, keys: KeyFile) -> None:
        key = keys.add("ann", ["shorts"])
        with capture_logs() as lines:
            make(client, Authorization=f"Bearer {key}")

        assert "ann" in str(lines)
        assert key not in str(lines)
