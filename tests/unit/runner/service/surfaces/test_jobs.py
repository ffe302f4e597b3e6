import io
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from support.fakes.making_slot import CONTENT, MakingSlot
from support.waiting import wait_until

SHORT: dict[str, Any] = {"short": {"script": "Hello there.", "quality": "draft"}}


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(file, "png")
    return file.getvalue()


def post(client: TestClient, body: dict[str, Any] = SHORT, **headers: str) -> dict[str, Any]:
    answer = client.post(
        "/v1/jobs", json=body, headers={name.replace("_", "-"): text for name, text in headers.items()}
    )
    assert answer.status_code == 202, answer.text
    return answer.json()


def wait(client: TestClient, job: dict[str, Any]) -> dict[str, Any]:
    return client.get(f"/v1/jobs/{job['id']}", params={"wait": 20}).json()


def test_a_job_is_taken_followed_and_fetched(client: TestClient) -> None:
    answer = client.post("/v1/jobs", json={**SHORT, "metadata": {"order": 7}})
    job = answer.json()

    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    assert (job["state"], job["workflow"], job["quality"], job["seed"]) == ("queued", "draft", "draft", 42)
    ended = wait(client, job)
    assert (ended["state"], ended["metadata"], ended["error"]) == ("succeeded", {"order": 7}, None)
    (file,) = ended["result"]["files"]
    assert client.get(file["url"]).content == CONTENT


def test_a_result_is_given_in_parts_and_has_a_mark(client: TestClient) -> None:
    job = post(client)
    wait(client, job)
    url = f"/v1/jobs/{job['id']}/result"
    whole = client.get(url)
    part = client.get(url, headers={"Range": "bytes=3-5"})

    assert (part.status_code, part.content) == (206, CONTENT[3:6])
    assert part.headers["content-range"] == f"bytes 3-5/{len(CONTENT)}"
    assert whole.headers["etag"] == part.headers["etag"]
    assert whole.headers["content-type"] == "video/mp4"


@pytest.mark.parametrize(
    ("short", "field"),
    [
        ({"script": ""}, "short.script"),
        ({"script": "x" * 30_000}, "short.script"),
        ({}, "short.script"),
        ({"script": "Hi.", "seed": -1}, "short.seed"),
        ({"script": "Hi.", "seed": "many"}, "short.seed"),
        ({"script": "Hi.", "siez": "480x832"}, "short.siez"),
        ({"script": "Hi.", "size": "big"}, "short.size"),
        ({"script": "Hi.", "quality": "good"}, "short.quality"),
        ({"script": "Hi.", "portrait": "/etc/passwd"}, "short.portrait"),
        ({"script": "Hi.", "portrait": "upload:nobodys"}, "short.portrait"),
        ({"script": "Hi.", "inputs": {"portrait_picture": "another.png"}}, "short.inputs.portrait_picture"),
        ({"script": "Hi.", "inputs": {"Portrait.picture": "another.png"}}, "short.inputs.Portrait.picture"),
        ({"script": "Hi.", "inputs": {"3.filename_prefix": "elsewhere"}}, "short.inputs.3.filename_prefix"),
        ({"script": "Hi.", "portrait": "http://127.0.0.1/a.png"}, "short.portrait"),
    ],
)
def test_what_is_wrong_is_told_field_by_field_before_anything_is_queued(
    client: TestClient, short: dict[str, Any], field: str
) -> None:
    answer = client.post("/v1/jobs", json={"short": {"quality": "draft", **short}})
    error = answer.json()["error"]

    assert answer.status_code == 422
    assert error["param"] == field
    assert [detail["field"] for detail in error["details"]] == [field]
    assert error["request_id"] == answer.headers["x-request-id"]
    assert client.get("/v1/jobs").json()["jobs"] == []


def test_messages_name_fields_and_no_options_of_a_command_line(client: TestClient) -> None:
    answer = client.post("/v1/jobs", json={"short": {"script": "Hi.", "quality": "fast"}})

    assert answer.status_code == 422
    assert "--" not in answer.text


@pytest.mark.parametrize(
    ("content", "kind", "status", "code"),
    [
        (b"{not json", "application/json", 400, "malformed"),
        (b"[]", "application/json", 400, "malformed"),
        (b"[" * 100_000, "application/json", 400, "malformed"),
        (b" " * (2 << 20), "application/json", 413, "too_large"),
        (b"", "multipart/form-data", 400, "malformed"),
    ],
)
def test_a_body_that_is_none_is_refused(client: TestClient, content: bytes, kind: str, status: int, code: str) -> None:
    answer = client.post("/v1/jobs", content=content, headers={"Content-Type": kind})

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_what_isnt_there_is_answered_in_the_same_shape(client: TestClient) -> None:
    for answer in (client.get("/v1/jobs/job_x"), client.get("/v1/nothing"), client.get("/v1/jobs/job_x/result")):
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
    assert client.put("/v1/jobs").json()["error"]["code"] == "method_not_allowed"


def test_a_result_is_asked_for_too_early(client: TestClient, slot: MakingSlot) -> None:
    slot.gate.clear()
    job = post(client)
    answer = client.get(f"/v1/jobs/{job['id']}/result")
    slot.gate.set()

    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "not_finished")


def test_a_form_brings_texts_and_files(client: TestClient) -> None:
    answer = client.post(
        "/v1/jobs",
        data={"script": "Hello from a form.", "quality": "draft", "seed": "7", "metadata": '{"a": 1}'},
        files={"portrait": ("me.jpg", picture(), "image/jpeg")},
    )

    assert answer.status_code == 202, answer.text
    assert (answer.json()["seed"], answer.json()["metadata"]) == (7, {"a": 1})


def test_a_form_that_is_sent_again_is_the_same_job(client: TestClient) -> None:
    answers = [
        client.post(
            "/v1/jobs",
            data={"script": "Hello from a form.", "quality": "draft"},
            files={"portrait": ("me.jpg", picture(), "image/jpeg")},
            headers={"Idempotency-Key": "k1"},
        )
        for _ in range(2)
    ]

    assert [answer.status_code for answer in answers] == [202, 202], answers[1].text
    assert answers[0].json()["id"] == answers[1].json()["id"]
    assert answers[1].headers["idempotency-replayed"] == "true"


def test_an_upload_is_taken_once_for_many_jobs(client: TestClient, slot: MakingSlot) -> None:
    upload = client.post("/v1/uploads", files={"file": ("me.txt", picture())}).json()
    jobs = [
        post(client, {"short": {"script": "Hi.", "quality": "draft", "portrait": upload["reference"], "seed": seed}})
        for seed in range(2)
    ]
    states = [wait(client, job)["state"] for job in jobs]

    assert (upload["kind"], upload["name"], states) == ("picture", "me.txt", ["succeeded", "succeeded"])
    assert {path.suffix for job in slot.jobs for _, path in job.request.files} == {".png"}


def test_a_file_is_judged_by_what_is_in_it(client: TestClient) -> None:
    answer = client.post("/v1/uploads", files={"file": ("voice.mp3", b"<!doctype html><html></html>", "audio/mpeg")})

    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_media_type")


def test_a_picture_is_no_voice(client: TestClient) -> None:
    upload = client.post("/v1/uploads", files={"file": ("me.png", picture())}).json()
    answer = client.post(
        "/v1/jobs", json={"short": {"script": "Hi.", "quality": "draft", "voice": upload["reference"]}}
    )

    assert answer.status_code == 415
    assert answer.json()["error"]["details"][0]["field"] == "short.voice"


def test_a_repeated_request_is_one_job(client: TestClient) -> None:
    first = client.post("/v1/jobs", json=SHORT, headers={"Idempotency-Key": "k"})
    again = client.post("/v1/jobs", json=SHORT, headers={"Idempotency-Key": "k"})
    other = client.post("/v1/jobs", json={"short": {**SHORT["short"], "seed": 5}}, headers={"Idempotency-Key": "k"})

    assert again.json()["id"] == first.json()["id"]
    assert (first.headers.get("idempotency-replayed"), again.headers["idempotency-replayed"]) == (None, "true")
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_key_reuse")


def test_jobs_are_listed_page_by_page(client: TestClient) -> None:
    ids = [post(client, {"short": {**SHORT["short"], "seed": seed}})["id"] for seed in range(5)]
    first = client.get("/v1/jobs", params={"limit": 2}).json()
    second = client.get("/v1/jobs", params={"limit": 2, "after": first["next"]}).json()
    last = client.get("/v1/jobs", params={"limit": 2, "after": second["next"]}).json()

    listed = [job["id"] for page in (first, second, last) for job in page["jobs"]]
    assert (listed, last["next"]) == (ids[::-1], None)


def test_a_job_is_cancelled(client: TestClient, slot: MakingSlot) -> None:
    slot.gate.clear()
    job = post(client)
    wait_until(lambda: slot.at_once == 1)
    client.post(f"/v1/jobs/{job['id']}/cancel")

    assert wait(client, job)["state"] == "canceled"
    assert client.delete(f"/v1/jobs/{job['id']}").status_code == 204
    assert client.get(f"/v1/jobs/{job['id']}").status_code == 404


def test_each_change_of_a_job_is_an_event_until_it_has_ended(client: TestClient) -> None:
    job = post(client)
    with client.stream("GET", f"/v1/jobs/{job['id']}/events") as stream:
        lines = list(stream.iter_lines())

    jobs = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    assert jobs[-1]["state"] == "succeeded"
    last_id = [line.removeprefix("id: ") for line in lines if line.startswith("id: ")][-1]
    with client.stream("GET", f"/v1/jobs/{job['id']}/events", headers={"Last-Event-ID": last_id}) as stream:
        assert list(stream.iter_lines()) == []


def test_a_shipped_workflow_runs_with_its_named_inputs(client: TestClient) -> None:
    job = post(client, {"workflow": "draft", "inputs": {"script": "Hello.", "seed": "9"}})

    assert (job["workflow"], job["quality"], job["seed"]) == ("draft", None, 9)
    assert wait(client, job)["state"] == "succeeded"


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"workflow": "darft"}, "invalid_workflow", "workflow"),
        ({"workflow": "draft", "inputs": {"scrpit": "x"}}, "unknown_input", "inputs.scrpit"),
        ({"workflow": "draft", "inputs": {"17.filename_prefix": "../x"}}, "unknown_input", "inputs.17.filename_prefix"),
        ({"workflow": "talking_video", "inputs": {"portrait": "theirs.png"}}, "invalid_input", "inputs.portrait"),
        ({**SHORT, "workflow": "draft"}, "invalid_input", "short"),
        ({}, "invalid_input", "short"),
        ({**SHORT, "priority": 11}, "invalid_input", "priority"),
    ],
)
def test_an_impossible_job_is_refused(client: TestClient, body: dict[str, Any], code: str, field: str) -> None:
    answer = client.post("/v1/jobs", json=body)

    assert answer.status_code == 422, answer.text
    assert (answer.json()["error"]["code"], answer.json()["error"]["param"]) == (code, field)


def test_workflows_are_listed_with_their_inputs(client: TestClient) -> None:
    workflows = {entry["name"]: entry for entry in client.get("/v1/workflows").json()["workflows"]}

    assert {"name": "seed", "type": "int", "default": 42, "schema": {"type": "integer", "default": 42}} in workflows[
        "draft"
    ]["inputs"]


def test_the_documented_api_is_this_one(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]

    assert {"/v1/jobs", "/v1/jobs/{job_id}", "/v1/uploads", "/livez", "/readyz"} <= paths.keys()
