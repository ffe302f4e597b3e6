"""The shipped n8n workflows: that they hold the shipped graphs, and what their Code nodes decide, without n8n.

`TALKINGSHORTS_UPDATE_WORKFLOWS=1` writes the graphs, and the texts of workflows/n8n/code, into the workflows.
"""

import itertools
import os
from pathlib import Path
from typing import Any

import pytest
from support.servers.n8n_files import DURABLE, SHORT, code_file, compose_workflow, read_workflow, run_code

IS_UPDATING = os.environ.get("TALKINGSHORTS_UPDATE_WORKFLOWS") == "1"
FILES = pytest.mark.parametrize("path", [SHORT, DURABLE], ids=lambda path: path.stem)
NODE_SIZE = (100, 100)

SETTINGS = {
    "server": "http://gpu:8188",
    "public_base_url": "",
    "max_minutes": 60,
    "poll_seconds": 1,
    "patience_seconds": 2,
}
GB = 10**9
JSON = {"content-type": "application/json"}
FORM = {"content-type": "multipart/form-data; boundary=x"}
FAR_AWAY = 10**15


def machine(gpu_gb: float, ram_gb: float = 64) -> dict[str, Any]:
    device = {"name": "RTX", "type": "cuda", "vram_total": gpu_gb * GB} if gpu_gb else {"name": "cpu", "type": "cpu"}
    return {"statusCode": 200, "body": {"devices": [device], "system": {"ram_total": ram_gb * GB}}}


def read_request(
    body: dict[str, Any], server: dict[str, Any] | None = None, *, headers: dict[str, str] = JSON, durable: bool = False
) -> dict[str, Any]:
    (item,) = run_code(
        "Read request",
        [],
        takes_callback=durable,
        Request=[{"headers": headers, "body": body}],
        Ask_the_server=[server or machine(0)],
    )
    return item


NO_SUCH_JOB = {"statusCode": 404, "body": {"error": "Job not found"}}


def judge(asked: str, heard: dict[str, Any], **job: Any) -> dict[str, Any]:
    """Return what becomes of a job after ComfyUI's answer `heard`."""
    state = {"job_id": "j", "seed": 5, "posts": 0, "looks": 0, "is_accepted": False, "deadline": FAR_AWAY, **job}
    (item,) = run_code("Judge", [heard], previous=asked, Settings=[SETTINGS], Next=[state])
    return item


def look(heard: dict[str, Any], **job: Any) -> dict[str, Any]:
    return judge("Look", heard, **{"is_accepted": True, "quality": "draft", **job})


@FILES
def test_a_workflow_holds_the_shipped_graphs_and_the_texts_of_the_code_folder(path: Path) -> None:
    composed = compose_workflow(path)
    if IS_UPDATING:
        partial = path.with_suffix(".partial")
        partial.write_text(composed, encoding="utf-8")
        partial.replace(path)

    assert composed == path.read_text(encoding="utf-8")


def test_every_text_of_the_code_folder_is_used() -> None:
    names = [
        node["name"]
        for path in (SHORT, DURABLE)
        for node in read_workflow(path)["nodes"]
        if "jsCode" in node["parameters"]
    ]

    assert {code_file(name) for name in names} == set((SHORT.parent / "code").iterdir())


@FILES
def test_the_settings_stand_in_one_node_right_after_what_starts_the_workflow(path: Path) -> None:
    workflow = read_workflow(path)
    starts = [node["name"] for node in workflow["nodes"] if node["type"].endswith((".webhook", "Trigger"))]
    after = {link["node"] for name in starts for output in workflow["connections"][name]["main"] for link in output}

    assert starts
    assert after == {"Settings"}


@FILES
def test_no_node_is_drawn_over_another_nor_over_a_note(path: Path) -> None:
    boxes = [
        (
            node["name"],
            *node["position"],
            node["parameters"].get("width", NODE_SIZE[0]),
            node["parameters"].get("height", NODE_SIZE[1]),
        )
        for node in read_workflow(path)["nodes"]
    ]

    assert [
        (one[0], other[0])
        for one, other in itertools.combinations(boxes, 2)
        if all(one[axis] < other[axis] + other[axis + 2] and other[axis] < one[axis] + one[axis + 2] for axis in (1, 2))
    ] == []


@FILES
def test_what_a_run_saw_is_not_kept_where_the_token_would_stand(path: Path) -> None:
    kept = read_workflow(path)["settings"]

    assert (kept["saveDataSuccessExecution"], kept["saveDataErrorExecution"]) == ("none", "none")


def test_a_durable_job_is_written_down_before_it_is_posted_and_before_anyone_hears_of_it() -> None:
    connections = read_workflow(DURABLE)["connections"]
    after = {
        name: [{link["node"] for link in output} for output in found["main"]] for name, found in connections.items()
    }
    (switch,) = [node for node in read_workflow(DURABLE)["nodes"] if node["name"] == "Next"]
    ways = [rule["outputKey"] for rule in switch["parameters"]["rules"]["values"]]

    assert after["Fill the graph"] == [{"Note the job"}]
    assert dict(zip(ways, after["Next"], strict=True)) == {
        "post": {"Post the graph"},
        "look": {"Look"},
        "tell": {"Tell"},
        "wait": {"Write down"},
        "answer": {"Write down"},
        "reply": {"Answer"},
    }


def test_every_wrong_field_is_named_at_once() -> None:
    item = read_request({"script": " ", "width": 1.5, "voice_rights": "maybe", "youtube_url": "file:///x", "pace": 1})

    assert item["next"] == "answer"
    assert item["answer"]["status"] == 400
    error = item["answer"]["body"]["error"]
    assert set(error["errors"]) == {"script", "width", "voice_rights", "youtube_url", "pace"}
    assert "portrait_prompt" in error["errors"]["pace"]


@pytest.mark.parametrize("body", [[], "text", None])
def test_a_body_that_is_no_object_is_refused(body: Any) -> None:
    assert set(read_request(body)["answer"]["body"]["error"]["errors"]) == {"body"}


@pytest.mark.parametrize("headers", [FORM, JSON])
@pytest.mark.parametrize(
    ("field", "word", "value"),
    [
        ("voice_rights", "true", True),
        ("voice_rights", "0", False),
        ("seed", "7", 7),
        ("seed", "7.0", 7),
        ("target_seconds", " 1.5", 1.5),
        ("script", 42, "42"),
        ("script", 1.5, "1.5"),
    ],
)
def test_numbers_and_truths_may_be_texts_and_a_script_may_be_a_number(
    field: str, word: Any, value: Any, headers: dict[str, str]
) -> None:
    assert read_request({"script": "Hi.", field: word}, headers=headers)["request"][field] == value


@pytest.mark.parametrize("headers", [FORM, JSON])
@pytest.mark.parametrize("value", ["seven", " ", "7 or 8", True, [7], "NaN", "-1"])
def test_what_is_no_number_is_refused(value: Any, headers: dict[str, str]) -> None:
    item = read_request({"script": "Hi.", "seed": value}, headers=headers)

    assert set(item["answer"]["body"]["error"]["errors"]) == {"seed"}


@pytest.mark.parametrize("script", [None, "", " \n", True, ["Hi."], {"text": "Hi."}])
def test_a_script_without_words_is_refused(script: Any) -> None:
    assert set(read_request({"script": script})["answer"]["body"]["error"]["errors"]) == {"script"}


def test_null_leaves_a_field_out() -> None:
    assert read_request({"script": "Hi.", "seed": None, "youtube_url": None})["request"] == {"script": "Hi."}


@pytest.mark.parametrize("rights", [["true"], {"a": 1}, 2, "yes"])
def test_a_consent_is_said_plainly_or_not_at_all(rights: Any) -> None:
    assert set(read_request({"script": "Hi.", "voice_rights": rights})["answer"]["body"]["error"]["errors"]) == {
        "voice_rights"
    }


@pytest.mark.parametrize(("length", "status"), [(100_000, None), (100_001, 400)])
@pytest.mark.parametrize("field", ["script", "portrait_prompt"])
def test_a_text_has_an_end(field: str, length: int, status: int | None) -> None:
    assert read_request({"script": "Hi.", field: "a" * length}).get("answer", {}).get("status") == status


def test_blanks_around_a_link_are_no_part_of_it() -> None:
    item = read_request({"script": "Hi.", "youtube_url": " https://youtu.be/x?t=4\n"})

    assert item["request"]["youtube_url"] == "https://youtu.be/x?t=4"


@pytest.mark.parametrize(
    "link", ["https://a b/c", "https://a/b c", "https:///a", "https://\\a", "javascript:1", "//a/b"]
)
def test_what_is_no_link_is_refused(link: str) -> None:
    assert set(read_request({"script": "Hi.", "youtube_url": link})["answer"]["body"]["error"]["errors"]) == {
        "youtube_url"
    }


def test_a_file_that_n8n_left_out_of_the_form_is_missed() -> None:
    def read(length: int) -> dict[str, Any]:
        return read_request({"script": "Hi."}, headers={**FORM, "content-length": str(length)})

    assert read(1000)["next"] == "fill"
    answer = read(201 * 2**20)["answer"]
    assert (answer["status"], answer["body"]["error"]["type"]) == (413, "upload_failed")


@pytest.mark.parametrize("durable", [False, True])
def test_only_the_durable_workflow_takes_a_callback(durable: bool) -> None:
    item = read_request({"script": "Hi.", "callback_url": "https://example.com"}, durable=durable)

    assert item["next"] == ("fill" if durable else "answer")


@pytest.mark.parametrize(
    ("server", "status", "kind"),
    [
        ({"error": {}}, 503, "unreachable"),
        ({"statusCode": 502}, 503, "unreachable"),
        ({"statusCode": 401}, 502, "refused"),
    ],
)
def test_a_server_that_doesnt_answer_is_told_before_anything_is_sent(
    server: dict[str, Any], status: int, kind: str
) -> None:
    answer = read_request({"script": "Hi."}, server)["answer"]

    assert (answer["status"], answer["body"]["error"]["type"]) == (status, kind)


VOICE = {"script": "Hi.", "youtube_url": "https://youtu.be/x"}
CLONED = {**VOICE, "voice_rights": True}


@pytest.mark.parametrize(
    ("request_body", "server", "qualities"),
    [
        ({"script": "Hi."}, machine(24), ["draft"]),
        (VOICE, machine(24), ["draft"]),
        (CLONED, machine(24), ["best", "fast", "draft"]),
        (CLONED, machine(24, ram_gb=16), ["best", "fast", "draft"]),
        (CLONED, machine(12), ["fast", "draft"]),
        (CLONED, machine(12, ram_gb=16), ["draft"]),
        (CLONED, machine(0), ["draft"]),
        ({**VOICE, "quality": "fast"}, machine(0), ["fast"]),
    ],
)
def test_without_a_quality_the_best_is_made_that_voice_and_machine_allow(
    request_body: dict[str, Any], server: dict[str, Any], qualities: list[str]
) -> None:
    item = read_request(request_body, server)

    assert item["qualities"] == qualities
    assert bool(item["note"]) == ("quality" not in request_body)


@pytest.mark.parametrize(
    ("heard", "status", "kind"),
    [
        ({"statusCode": 403, "data": "Only media.\n"}, 400, "upload_failed"),
        ({"statusCode": 400, "data": ""}, 400, "upload_failed"),
        ({"statusCode": 413}, 413, "upload_failed"),
        ({"statusCode": 401}, 502, "upload_failed"),
        ({"statusCode": 500}, 502, "upload_failed"),
        ({"error": {}}, 503, "unreachable"),
    ],
)
def test_a_file_that_is_refused_is_told_with_the_reason(heard: dict[str, Any], status: int, kind: str) -> None:
    asked = {"request": {"script": "Hi."}, "qualities": ["draft"], "note": "", "file": "voice"}
    (job,) = run_code("Fill the graph", [heard], Read_request=[asked], Settings=[SETTINGS], Upload=[heard])

    assert (job["next"], job["answer"]["status"]) == ("answer", status)
    assert job["answer"]["body"]["error"]["type"] == kind
    assert str(heard.get("data", "")).strip() in job["answer"]["body"]["error"]["message"]


MISSING = {
    "type": "value_not_in_list",
    "message": "Value not in list",
    "details": "x",
    "extra_info": {"received_value": "a.safetensors"},
}
WRONG = {"type": "required_input_missing", "message": "Required input is missing", "details": "y", "extra_info": {}}


def refused(*errors: dict[str, Any]) -> dict[str, Any]:
    return {
        "statusCode": 400,
        "body": {
            "error": {"type": "prompt_outputs_failed_validation", "message": "Prompt outputs failed validation"},
            "node_errors": {"3": {"class_type": "UNETLoader", "errors": list(errors)}},
        },
    }


BEST_OR_DRAFT = [{"quality": "best", "graph": {}}, {"quality": "draft", "graph": {}}]


def test_when_models_are_missing_the_next_quality_is_made_and_said() -> None:
    job = judge("Post the graph", refused(MISSING), candidates=BEST_OR_DRAFT)

    assert (job["next"], job["candidates"]) == ("post", BEST_OR_DRAFT[1:])
    assert job["note"] == (
        "Draft: best would fit, but 1 model file is missing (a.safetensors): talkingshorts models download best"
    )


@pytest.mark.parametrize(("errors", "left"), [([WRONG, MISSING], BEST_OR_DRAFT), ([MISSING], BEST_OR_DRAFT[:1])])
def test_any_other_refusal_carries_comfyuis_node_errors(errors: list[Any], left: list[Any]) -> None:
    job = judge("Post the graph", refused(*errors), candidates=left)

    assert (job["next"], job["answer"]["status"]) == ("answer", 400)
    assert job["answer"]["body"]["error"]["node_errors"]["3"]["errors"] == errors


def test_a_graph_whose_answer_got_lost_is_looked_up_and_posted_again_only_when_it_isnt_there() -> None:
    lost = judge("Post the graph", {"error": {"message": "socket hang up"}}, candidates=BEST_OR_DRAFT)
    there = judge("Look", {"statusCode": 200, "body": {"status": "pending"}}, **lost)
    not_there = judge("Look", NO_SUCH_JOB, **lost)
    never = judge("Look", NO_SUCH_JOB, **{**lost, "posts": 3})

    assert (lost["next"], lost["is_accepted"], lost["answer"]["body"]["status"]) == ("wait", False, "pending")
    assert (there["next"], there["is_accepted"], there["quality"]) == ("wait", True, "best")
    assert not_there["next"] == "post"
    assert never["answer"]["status"] == 503


def test_a_job_that_was_noted_but_never_posted_ends_without_a_word_to_anybody() -> None:
    job = judge("Look", NO_SUCH_JOB, callback_url="https://example.com", candidates=BEST_OR_DRAFT)

    assert (job["next"], job["is_open"]) == ("answer", False)


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        ({"status": "cancelled"}, 409, "cancelled"),
        ({"status": "completed", "outputs": {}}, 502, "no_video"),
        ({"status": "failed", "execution_error": {"exception_type": "a.InputError", "node_id": "1"}}, 422, "bad_input"),
        ({"status": "failed", "execution_error": {"exception_type": "RuntimeError"}}, 502, "node_failed"),
        ({"status": "failed"}, 502, "node_failed"),
    ],
)
def test_a_job_that_ends_badly_has_its_status(body: dict[str, Any], status: int, kind: str) -> None:
    answer = look({"statusCode": 200, "body": body})["answer"]

    assert (answer["status"], answer["body"]["error"]["type"]) == (status, kind)
    assert answer["body"]["error"]["job_id"] == "j"


def test_a_job_that_the_server_no_longer_knows_is_lost() -> None:
    assert look(NO_SUCH_JOB)["answer"]["status"] == 504


NO_JOBS_ROUTE = {"statusCode": 404, "data": "404: Not Found"}


def history(messages: Any, status: str) -> dict[str, Any]:
    told = {"status_str": status, "completed": status == "success", "messages": messages}
    graph = {"3": {"class_type": "Save", "inputs": {}, "_meta": {"title": "Save it"}}}
    return {"statusCode": 200, "body": {"j": {"prompt": [1, "j", graph], "outputs": {}, "status": told}}}


def queue(running: list[str], pending: list[str]) -> dict[str, Any]:
    rows = {name: [[1, job, {}] for job in jobs] for name, jobs in (("running", running), ("pending", pending))}
    return {"statusCode": 200, "body": {f"queue_{name}": jobs for name, jobs in rows.items()}}


def follow(*heard: dict[str, Any], **job: Any) -> dict[str, Any]:
    """Return what becomes of a job after one answer after the other."""
    state = {"is_accepted": True, "quality": "draft", "candidates": BEST_OR_DRAFT, **job}
    for answer in heard:
        state = judge("Look", answer, **state)
    return state


def test_without_a_jobs_route_the_history_and_the_queue_are_asked_in_turn() -> None:
    nothing = {"statusCode": 200, "body": {}}
    waiting = follow(NO_JOBS_ROUTE, nothing, queue(["x"], ["j"]))
    running = follow(nothing, queue(["j"], []), **waiting)
    overtaken = follow(nothing, queue([], []), history([], "success"), **running)

    assert follow(NO_JOBS_ROUTE)["look_into"] == "history"
    assert follow(NO_JOBS_ROUTE, nothing)["look_into"] == "queue"
    assert (waiting["next"], waiting["status"], waiting["look_into"]) == ("wait", "pending", "history")
    assert (running["next"], running["status"]) == ("wait", "in_progress")
    assert overtaken["answer"]["body"]["error"]["type"] == "no_video"


@pytest.mark.parametrize(
    ("told", "status", "kind"),
    [
        (history([["execution_interrupted", {}]], "error"), 409, "cancelled"),
        (history([["execution_error", {"node_id": "3", "exception_type": "a.InputError"}]], "error"), 422, "bad_input"),
        (history([["execution_error", {"node_id": "3", "exception_type": "OSError"}]], "error"), 502, "node_failed"),
    ],
)
def test_the_history_tells_of_an_end_what_a_job_does(told: dict[str, Any], status: int, kind: str) -> None:
    answer = follow(NO_JOBS_ROUTE, told)["answer"]

    assert (answer["status"], answer["body"]["error"]["type"]) == (status, kind)
    assert answer["body"]["error"].get("node", {"title": "Save it"})["title"] == "Save it"


@pytest.mark.parametrize(("is_accepted", "outcome"), [(True, 504), (False, "post")])
def test_a_job_in_neither_history_nor_queue_is_lost_or_never_arrived(is_accepted: bool, outcome: int | str) -> None:
    nothing = {"statusCode": 200, "body": {}}
    job = follow(NO_JOBS_ROUTE, nothing, queue([], []), nothing, is_accepted=is_accepted, posts=1)

    assert outcome in (job["next"], job.get("answer", {}).get("status"))


def test_a_job_beyond_the_time_limit_is_given_up_and_named() -> None:
    answer = look({"statusCode": 200, "body": {"status": "in_progress"}}, deadline=1)["answer"]

    assert (answer["status"], answer["body"]["error"]["type"], answer["body"]["error"]["job_id"]) == (
        504,
        "timeout",
        "j",
    )


def test_a_server_that_is_away_is_waited_for_but_not_for_ever() -> None:
    first = look({"error": {}})
    later = look({"error": {}}, unreachable_since=1)
    back = look({"statusCode": 200, "body": {"status": "pending"}}, unreachable_since=1)

    assert first["next"] == "wait"
    assert later["answer"]["status"] == 503
    assert "unreachable_since" not in back


def test_a_finished_job_is_told_to_the_callback_until_it_is_delivered() -> None:
    ended = look(NO_SUCH_JOB, callback_url="https://example.com", is_promised=True)
    refused_once = judge("Tell", {"statusCode": 500}, **ended)
    delivered = judge("Tell", {"statusCode": 204}, **refused_once)
    known = judge("Tell", {"statusCode": 409}, **refused_once)
    in_vain = judge("Tell", {"error": {}}, **{**refused_once, "tells": 7})

    assert (ended["next"], ended["is_open"]) == ("tell", True)
    assert (refused_once["next"], refused_once["is_open"]) == ("answer", True)
    assert refused_once["next_look"] > ended["next_look"]
    assert [job["is_open"] for job in (delivered, known, in_vain)] == [False, False, False]
