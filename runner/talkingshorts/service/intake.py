"""From a caller's request to an order that can be made: everything that can be refused is refused here."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

from ..batch.state import now_text
from ..errors import RunnerError, UsageError, ValidationError
from ..jobs.request import Request, bind, find_seed
from ..results.destination import is_url
from ..shipped.workflows import get_workflow
from ..shorts.options import MakeOptions
from ..shorts.quality import choose_request
from ..shorts.request import WORKFLOWS, build_requests, explain_uncloned
from ..webhooks.message import Webhook, mark_key
from ..wording import Surface, rename_options, speaking_to
from ..workflow.binding import LINK_INPUTS, NamedInput, Target, list_named_inputs, resolve
from ..workflow.file import Graph, Workflow, load_workflow
from ..workflow.required import list_required_inputs
from .bodies import JobBody, ShortBody
from .errors import FieldProblem, ServiceError
from .fetching import is_fetchable
from .knowledge import Knowledge
from .orders import Order, StoredRequest, new_order_id
from .uploads import Uploads

UPLOAD = "upload:"
KINDS_OF_INPUTS = {"voice_source": ("sound", "video"), "portrait_picture": ("picture",)}
"""Named inputs that take a file's name as a text, and the kinds of files that they take."""

KINDS_OF_TYPES = {"image": ("picture",), "audio": ("sound", "video"), "video": ("video",)}

CLONING = "voice_rights"


class Intake:
    """Turns bodies into orders."""

    def __init__(self, knowledge: Knowledge, uploads: Uploads, results: Path, webhook_key: bytes | None) -> None:
        self._knowledge = knowledge
        self._uploads = uploads
        self._results = results
        self._webhook_key = webhook_key

    def accept(self, body: JobBody, key_id: str) -> tuple[Order, Graph, str]:
        """Return an order for the body, its graph, and the hash of the voice that it clones, if it clones one.

        Raises ServiceError with one entry for each field that is wrong.
        """
        if (body.short is None) == (body.workflow is None):
            raise _refuse("short", "give either a short or a workflow.")
        if body.short is not None and body.inputs:
            raise _refuse("inputs", "a short has its own: short.inputs.")
        with speaking_to(Surface.JSON):
            return self._accept(body, key_id)

    def _accept(self, body: JobBody, key_id: str) -> tuple[Order, Graph, str]:
        order_id = new_order_id()
        output = str(self._results / order_id / "{name}{ext}")
        try:
            if body.short is not None:
                request, quality, why = self._plan_short(body.short, key_id, output)
            else:
                request, quality, why = self._plan_workflow(body.workflow or "", body.inputs, key_id, output), None, ""
            bound = self._check(request)
        except (ValidationError, UsageError) as error:
            raise read_refusal(error, "short" if body.short else "inputs") from error
        inputs = {named.name: named.default for named in list_named_inputs(bound)}
        graph = request.workflow.graph
        order = Order(
            id=order_id,
            key_id=key_id,
            workflow=request.workflow.stem,
            request=_store(request),
            created=now_text(),
            priority=body.priority,
            seed=find_seed(bound, inputs),
            quality=quality,
            why=why,
            metadata=body.metadata,
            retain_seconds=body.retain_seconds,
            webhook=self._read_webhook(order_id, body.webhook),
        )
        return order, graph, self._reference(request, inputs)

    def _plan_short(self, short: ShortBody, key_id: str, output: str) -> tuple[Request, str, str]:
        for name in KINDS_OF_INPUTS.keys() & short.inputs.keys():
            raise _refuse(
                f"short.inputs.{name}", "isn't set by a value: give the file as short.voice or short.portrait."
            )
        for name in short.inputs:
            if not name.isidentifier():  # the address of any field of any node, which is for those who run the service
                raise _refuse(
                    f"short.inputs.{name}", "isn't a named input: GET /v1/workflows lists them.", "unknown_input"
                )
        width, _, height = (short.size or "").partition("x")
        options = MakeOptions(
            script=short.script,
            voice=self._voice(short.voice, key_id),
            start_seconds=short.start,
            duration_seconds=short.duration,
            voice_rights=short.voice_rights,
            portrait=self._picture(short.portrait, key_id),
            portrait_prompt=short.portrait_prompt,
            quality=short.quality,
            size=(int(width), int(height)) if short.size else None,
            target_seconds=short.target_seconds,
            seed=short.seed,
            settings=[(name, _text_of(value)) for name, value in short.inputs.items()],
            output=output,
        )
        _require_consent(short)
        requests = build_requests(options)
        request, why = choose_request(self._knowledge, requests)
        if short.quality is None:
            why = explain_uncloned(options) or why
        names = {workflow: quality for quality, workflow in WORKFLOWS.items()}
        return request, names[request.workflow.stem], rename_options(why)

    def _read_webhook(self, order_id: str, url: str | None) -> Webhook | None:
        if url is None:
            return None
        if not is_fetchable(url):
            raise _refuse("webhook", "isn't an address to post to: give https://...")
        return Webhook(order_id, url, mark_key(self._webhook_key, order_id) if self._webhook_key else None)

    def _plan_workflow(
        self, name: str, inputs: Mapping[str, str | int | float | bool], key_id: str, output: str
    ) -> Request:
        try:
            workflow = load_workflow(get_workflow(name).path)
        except UsageError as error:
            raise _refuse("workflow", str(error), "invalid_workflow") from error
        named = {entry.name: entry for entry in list_named_inputs(workflow)}
        values: list[tuple[Target, str]] = []
        files: list[tuple[Target, Path]] = []
        problems: list[FieldProblem] = []
        for address, value in inputs.items():
            if address not in named:
                problems.append(FieldProblem(f"inputs.{address}", _unknown(workflow, address)))
                continue
            path = self._file_for(named[address], value, key_id)
            if path is not None:
                files.append((named[address].target, path))
            else:
                values.append((named[address].target, _text_of(value)))
        if problems:
            raise ServiceError("unknown_input", problems[0].message, problems)
        lacking = [
            FieldProblem(f"inputs.{required.target.address}", f"is missing: {required.remedy}.")
            for required in list_required_inputs(workflow)
            if not inputs.get(required.target.address)
        ]
        if lacking:
            raise ServiceError("invalid_input", f"{lacking[0].field} {lacking[0].message}", lacking)
        given = {name: inputs[name] for name in inputs if name in named}
        if CLONING in named and given.get(CLONING) is not True:
            raise _refuse(
                "inputs.voice_rights",
                "the voice is cloned: give true when it is yours, or its owner agreed.",
                "consent_missing",
            )
        return Request(workflow, output, values, files)

    def _file_for(self, named: NamedInput, value: object, key_id: str) -> Path | None:
        """Return the file that a value for an input stands for; None when it is just a value."""
        kinds = KINDS_OF_INPUTS.get(named.name) or KINDS_OF_TYPES.get(named.type)
        field = f"inputs.{named.name}"
        if kinds is None or not isinstance(value, str) or not value:
            return None
        if named.name in LINK_INPUTS and is_url(value):
            return None
        return self._file(field, value, kinds, key_id)

    def _voice(self, voice: str | None, key_id: str) -> str | None:
        if not voice or is_url(voice):
            return voice
        return str(self._file("short.voice", voice, KINDS_OF_INPUTS["voice_source"], key_id))

    def _picture(self, portrait: str | None, key_id: str) -> str | None:
        return str(self._file("short.portrait", portrait, KINDS_OF_TYPES["image"], key_id)) if portrait else None

    def _file(self, field: str, value: str, kinds: tuple[str, ...], key_id: str) -> Path:
        if value.startswith(UPLOAD):
            upload = self._uploads.find(field, value.removeprefix(UPLOAD), key_id)
        elif is_url(value):
            upload = self._uploads.fetch(field, value, key_id)
        else:
            raise _refuse(field, "isn't a file: give upload:ID of a file sent to /v1/uploads, or an https URL.")
        if upload.kind not in kinds:
            problem = f"is a {upload.kind}, and must be {' or '.join(kinds)}."
            raise ServiceError("unsupported_media_type", f"{field} {problem}", [FieldProblem(field, problem)])
        return Path(upload.file)

    def _check(self, request: Request) -> Workflow:
        """Return the workflow as a ComfyUI would take it. Raises ValidationError."""
        classes = {node["class_type"] for node in request.workflow.graph.values()}
        infos = {name: self._knowledge.node_info(name) for name in sorted(classes)}
        lacking = [name for name, info in infos.items() if info is None]
        if lacking:
            raise ServiceError("not_ready", f"The ComfyUI behind this service has no node {', '.join(lacking)}.")
        return bind(request, {name: info for name, info in infos.items() if info is not None})

    @staticmethod
    def _reference(request: Request, inputs: Mapping[str, object]) -> str:
        """Return the hash of the voice that is cloned: of the file, or of its URL; "" when none is."""
        if inputs.get(CLONING) is not True:
            return ""
        files = [path for target, path in request.files if target.address in LINK_INPUTS]
        if files:
            return files[0].stem  # an upload is called by its hash
        return hashlib.sha256(str(inputs.get("voice_source", "")).encode()).hexdigest()


def load_request(stored: StoredRequest, graph: Graph, output: str) -> Request:
    """Return the request that was stored, for results that go to `output`."""
    return Request(
        Workflow(stored.workflow_name, graph),
        output,
        [(Target(f"{node_id}.{field}", node_id, field), text) for node_id, field, text in stored.values],
        [(Target(f"{node_id}.{field}", node_id, field), Path(path)) for node_id, field, path in stored.files],
    )


def read_refusal(error: RunnerError, scope: str) -> ServiceError:
    """Return the refusal for an error of the runner, with its options called as callers call them."""
    lines = [rename_options(line) for line in str(error).splitlines()] or [""]
    problems = [FieldProblem(_field_of(line, scope), line) for line in lines]
    code = "unknown_input" if all("has no input" in line for line in lines) else "invalid_input"
    return ServiceError(code, lines[0], problems)


def make_fingerprint(body: JobBody) -> str:
    """Return what two requests have in common that ask for the same."""
    return hashlib.sha256(json.dumps(body.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()


def _require_consent(short: ShortBody) -> None:
    if short.quality in ("fast", "best") and short.voice and not short.voice_rights:
        raise _refuse(
            "short.voice_rights",
            f"{short.quality} clones the voice: give true when it is yours, or its owner agreed.",
            "consent_missing",
        )


def _store(request: Request) -> StoredRequest:
    graph = hashlib.sha256(json.dumps(request.workflow.graph, sort_keys=True).encode()).hexdigest()
    return StoredRequest(
        request.workflow.name,
        graph,
        [(target.node_id, target.field, text) for target, text in request.values],
        [(target.node_id, target.field, str(path)) for target, path in request.files],
    )


def _text_of(value: object) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _unknown(workflow: Workflow, address: str) -> str:
    try:
        resolve(workflow, address)
    except ValidationError as error:
        return str(error)
    return f"{address!r} isn't a named input of this workflow."


def _field_of(line: str, scope: str) -> str:
    """Return the field that a line is about: the runner begins it with the input's name, or with an option."""
    name = re.match(r"(?:The )?([a-z_]+)\b", line)
    known = ShortBody.model_fields if scope == "short" else {}
    word = name[1] if name else ""
    if word in known:
        return f"{scope}.{word}"
    named = re.match(r"([a-z_]+)[:. ]", line)
    return f"{scope}.{named[1]}" if named and scope == "inputs" else scope


def _refuse(field: str, problem: str, code: str = "invalid_input") -> ServiceError:
    return ServiceError(code, f"{field}: {problem}", [FieldProblem(field, problem)])
