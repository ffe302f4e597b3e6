from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from talkingshorts.service.keys import KeyFile

SHORT = {"short": {"script": "Hello there.", "quality": "draft"}}


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "keys.json")


@pytest.fixture
def ann(keys: KeyFile) -> dict[str, str]:
    return {"Authorization": f"Bearer {keys.add('ann', ['shorts'])}"}


@pytest.fixture
def bob(keys: KeyFile) -> dict[str, str]:
    return {"Authorization": f"Bearer {keys.add('bob', ['shorts'])}"}


@pytest.mark.parametrize("shown", ["", "Bearer", "Bearer ts_wrong", "Basic YTpi", "Bearer  ", "ts_x"])
def test_whoever_shows_no_key_is_refused(client: TestClient, ann: dict[str, str], shown: str) -> None:
    answer = client.post("/v1/jobs", json=SHORT, headers={"Authorization": shown})

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_key_without_the_scope_is_refused(client: TestClient, keys: KeyFile) -> None:
    key = keys.add("grafana", ["metrics"])
    answer = client.get("/v1/jobs", headers={"Authorization": f"Bearer {key}"})

    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")


def test_a_revoked_key_opens_nothing_from_now_on(client: TestClient, keys: KeyFile, ann: dict[str, str]) -> None:
    assert client.get("/v1/jobs", headers=ann).status_code == 200
    keys.revoke("ann")

    assert client.get("/v1/jobs", headers=ann).status_code == 401


def test_nobody_sees_anything_of_another(client: TestClient, ann: dict[str, str], bob: dict[str, str]) -> None:
    job = client.post("/v1/jobs", json=SHORT, headers=ann).json()
    path = f"/v1/jobs/{job['id']}"

    assert client.get("/v1/jobs", headers=bob).json()["jobs"] == []
    for answer in (
        client.get(path, headers=bob),
        client.get(f"{path}/events", headers=bob),
        client.get(f"{path}/result", headers=bob),
        client.post(f"{path}/cancel", headers=bob),
        client.delete(path, headers=bob),
    ):
        assert answer.status_code == 404
    assert client.get("/v1/jobs", params={"after": job["id"]}, headers=bob).json()["jobs"] == []


def test_an_upload_is_for_its_own_key(client: TestClient, ann: dict[str, str], bob: dict[str, str]) -> None:
    upload = client.post(
        "/v1/uploads",
        files={"file": ("a.gif", b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff")},
        headers=ann,
    ).json()
    body = {"short": {**SHORT["short"], "portrait": upload["reference"]}}

    assert client.post("/v1/jobs", json=body, headers=bob).status_code == 422
    assert client.post("/v1/jobs", json=body, headers=ann).status_code == 202


def test_whether_it_lives_is_no_secret(client: TestClient) -> None:
    assert client.get("/livez").status_code == client.get("/readyz").status_code == 200


def test_every_answer_carries_its_id_and_is_taken_for_nothing_else(client: TestClient) -> None:
    for path in ("/livez", "/v1/jobs", "/nothing"):
        headers = client.get(path).headers
        assert headers["x-request-id"].startswith("req_")
        assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")
