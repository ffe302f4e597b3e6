"""Turn the rows of a table into jobs for a workflow: their inputs, their files, and where their results go."""

from __future__ import annotations

import glob
import hashlib
import json
import re
import string
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from functools import cache, partial
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from ..errors import RunnerError, UsageError, ValidationError
from ..home import expand_home
from ..jobs.request import SEED_FIELDS, Request, bind, require_readable
from ..results.destination import ExistingFiles, is_url, require_writable, split_place
from ..results.fetch import TEMPLATE_FIELDS, OutputTemplate, report_path
from ..texts.notation import is_there, read_at_file, read_words
from ..texts.read import Note
from ..workflow.binding import Place, Target, list_named_inputs, parse_value, resolve, takes_file, takes_link
from ..workflow.file import Graph, Workflow, is_link
from ..workflow.model_names import list_models
from ..workflow.node_info import PRIMITIVE_FIELD, PRIMITIVE_TYPES, read_input
from ..workflow.required import is_sample, is_spoken, list_required_inputs
from ..workflow.validation import require_valid
from .descriptions import Description
from .table import Problems, Row

DEFAULT_OUTPUT = "out/{workflow}-{row:04}{ext}"

SPEAKER_INPUTS = ("voice_", "portrait")
"""How the named inputs begin that say who speaks."""

UNSAFE_IN_PATHS = re.compile(r'[\\/:*?"<>|\x00-\x1f\x7f]+')
COLUMN_CHARACTERS = 60


@dataclass(frozen=True)
class Warmth:
    """What a server keeps at hand from one job to the next: models, and what it made of a speaker."""

    models: tuple[str, ...]
    speaker: tuple[str, ...]


@dataclass(frozen=True)
class RowJob:
    """One row as a job. `key` is the same as long as the workflow, the row's inputs and its output are."""

    row: int
    line: int
    key: str
    request: Request
    warmth: Warmth
    _bound: WeakKeyDictionary[Description, Workflow] = dataclass_field(
        default_factory=WeakKeyDictionary, init=False, repr=False, compare=False
    )

    def bind(self, description: Description) -> Workflow:
        """Return the workflow with the row's values, checked against the description: once for as long as it is in use.

        Raises ValidationError with one line per problem.
        """
        with description.lock:
            if description not in self._bound:
                self._bound[description] = bind(self.request, description.nodes)
            return self._bound[description]

    @property
    def places(self) -> tuple[str, ...]:
        """The patterns of the paths or URLs that the job's result and report will have, as far as they are known."""
        scheme, rest = split_place(self.request.output)
        template = OutputTemplate(rest)
        path = template.path_for(dict.fromkeys(TEMPLATE_FIELDS, "\0") | {"ext": ".\0", "id": self.key})
        places = (path, report_path([path]))
        return tuple(dict.fromkeys(scheme + glob.escape(str(place)).replace("\0", "*") for place in places))


def plan_jobs(
    workflow: Workflow, rows: Sequence[Row], folder: Path, output: str, problems: Problems, note: Note
) -> list[RowJob]:
    """Return one job a row. Files that a row names are looked for in `folder`, the table's own. Needs no server.

    Raises ValidationError with the problems that were noted before, and every row that sets an input that isn't there,
    names a file that isn't, or gives a named input a value of another type; UsageError for a template that can't be
    filled in.
    """
    planner = _Planner(workflow, folder, output, note, {name for row in rows for name in (*row.values, *row.empty)})
    jobs = []
    planner.note_wrong_columns(rows, problems)
    for row in rows:
        try:
            jobs.append(planner.plan(row))
        except RunnerError as error:
            problems.add(str(error), row.number, row.line)
    problems.require_none()
    return jobs


def fill_graph(workflow: Workflow, given: Mapping[Place, str]) -> Graph:
    """Return the workflow's graph with these texts in it."""
    graph = dict(workflow.graph)
    for (node_id, field), text in given.items():
        graph[node_id] = graph[node_id] | {"inputs": graph[node_id]["inputs"] | {field: text}}
    return graph


def find_warmth(workflow: Workflow, graph: Graph) -> Warmth:
    """Return what a server keeps at hand from a job of this workflow, with its texts in `graph`, to the next."""
    speaker = (
        str(graph[named.target.node_id]["inputs"].get(named.target.field))
        for named in list_named_inputs(workflow)
        if named.name.startswith(SPEAKER_INPUTS)
    )
    return Warmth(tuple(list_models(graph)), tuple(speaker))


def check_jobs(jobs: Iterable[RowJob], description: Description) -> Problems:
    """Return what a server that describes the classes of the jobs' workflow so would refuse."""
    problems = Problems()
    for job in jobs:
        try:
            job.bind(description)
        except ValidationError as error:
            problems.add(str(error), job.row, job.line)
    return problems


def check_outputs(jobs: Sequence[RowJob]) -> None:
    """Raise ValidationError when two rows would be written to one place, UsageError when one can't be written to."""
    takers: dict[str, list[RowJob]] = {}
    for job in jobs:
        takers.setdefault(job.places[-1], []).append(job)
    problems = Problems()
    for place, sharing in takers.items():
        for job in sharing if len(sharing) > 1 else ():
            problems.add(
                f"all their results would go to {place}: put {{row}} into -o, or a column that tells them apart.",
                job.row,
            )
    problems.require_none()
    for job in {str(Path(job.places[0]).parent): job for job in jobs}.values():
        require_writable(job.request.output, job.request.workflow.stem)


def require_free(jobs: Iterable[RowJob], own: Collection[str]) -> None:
    """Raise ValidationError when a job would be written over a file that isn't one of the batch's own.

    Raises UsageError when the place behind a URL can't be looked into.
    """
    existing, problems = ExistingFiles(), Problems()
    for job in jobs:
        found = [path for place in job.places for path in existing.find(place) if path not in own]
        if found:
            problems.add(f"its result would overwrite {found[0]}: move that file, or give --overwrite.", job.row)
    problems.require_none()


class RowTemplate:
    """A template for results' paths that may also name the row and its columns: `out/{row:03}_{speaker}.mp4`.

    Raises UsageError for a field that is neither, when it is filled in.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        try:
            self._parts = list(string.Formatter().parse(text))
        except ValueError as error:
            raise UsageError(
                f"The output {text!r} can't be filled in: {error}. {{{{ and }}}} stand for braces."
            ) from error

    @property
    def fields(self) -> frozenset[str]:
        """The names that stand in the template."""
        return frozenset(name for _, name, _, _ in self._parts if name)

    def fill(self, values: Mapping[str, Any]) -> str:
        """Return the template for one row, with only those fields left that are known when its job has ended."""
        return "".join(
            _escape(literal) + ("" if name is None else self._fill_field(name, spec or "", conversion, values))
            for literal, name, spec, conversion in self._parts
        )

    def _fill_field(self, name: str, spec: str, conversion: str | None, values: Mapping[str, Any]) -> str:
        if name in values and not conversion:
            try:
                text = format(values[name], spec)
            except ValueError as error:
                raise UsageError(
                    f"The output {self._text!r} can't be filled in: {{{name}:{spec}}}: {error}."
                ) from error
            return _escape(UNSAFE_IN_PATHS.sub("_", text)[:COLUMN_CHARACTERS].strip(" .") or "_")
        if name in TEMPLATE_FIELDS:
            return f"{{{name}{f'!{conversion}' if conversion else ''}{f':{spec}' if spec else ''}}}"
        known = ", ".join(f"{{{name}}}" for name in dict.fromkeys((*values, *TEMPLATE_FIELDS)))
        raise UsageError(f"The output {self._text!r} can't be filled in: it has no {{{name}}}. It has: {known}.")


class _Planner:
    """Plans one row after the other for the same workflow."""

    def __init__(self, workflow: Workflow, folder: Path, output: str, note: Note, columns: Collection[str]) -> None:
        self._workflow = workflow
        self._folder = folder
        self._template = RowTemplate(output)
        self._named = list_named_inputs(workflow)
        self._hash = cache(_hash_file)
        self._read_file = cache(lambda value: read_at_file(value, self._locate, note))
        self._read_words = cache(lambda value: read_words(value, self._locate, note))
        self._takes_file = cache(partial(takes_file, workflow))
        self._is_spoken = cache(partial(is_spoken, workflow))
        self._graph_hash = _digest(workflow.graph)
        self._alike = Counter[str]()
        self._inputs: dict[str, Target] = {}
        self._unknown: dict[str, str] = {}
        for column in columns:
            self._look_up(column)
        self._places = {target.place for target in self._inputs.values()}

    def _look_up(self, column: str) -> None:
        """Note which input a column sets. One that is none may still name results."""
        try:
            self._inputs[column] = resolve(self._workflow, column)
        except ValidationError as error:
            if column not in self._template.fields:
                self._unknown[column] = f"{error} If it only names results, put {{{column}}} into -o."

    def note_wrong_columns(self, rows: Iterable[Row], problems: Problems) -> None:
        """Note each column that neither is an input nor names results, and two columns that are the same input."""
        for row in rows:
            taken: dict[Place, str] = {}
            for column in row.values:
                if column in self._unknown:
                    problems.add(self._unknown[column], row.number, row.line)
                elif (target := self._inputs.get(column)) and taken.setdefault(target.place, column) != column:
                    other = taken[target.place]
                    problems.add(f"{other!r} and {column!r} set the same input: keep one.", row.number, row.line)

    def plan(self, row: Row) -> RowJob:
        """Return the row's job. Raises ValidationError with one line for each cell that can't be set."""
        values: list[tuple[Target, str]] = []
        files: list[tuple[Target, Path]] = []
        given: dict[Place, str] = {}
        faults: list[str] = []
        for column, text in row.values.items():
            if (target := self._inputs.get(column)) is None:
                continue
            try:
                given[target.place] = text
                path = self._local_file(target, text)
                if path is not None:
                    files.append((target, path))
                else:
                    values.append((target, self._read_value(target, text, row.has_decimal_commas)))
            except RunnerError as error:
                faults.append(str(error))
        given |= {target.place: str(value) for target, value in (*values, *files)}
        graph = fill_graph(self._workflow, given)
        require_valid([*faults, *self._list_lacks(graph, given)])
        request = Request(self._workflow, self._template.fill(self._fields(row, given)), values, files)
        return RowJob(row.number, row.line, self._key(request), request, find_warmth(self._workflow, graph))

    def _key(self, request: Request) -> str:
        values = sorted((target.node_id, target.field, text) for target, text in request.values)
        files = sorted((target.node_id, target.field, path.name, self._hash(path)) for target, path in request.files)
        content = _digest([self._graph_hash, values, files, request.output])
        self._alike[content] += 1
        return f"{content}-{self._alike[content]}"

    def _read_value(self, target: Target, text: str, has_decimal_commas: bool) -> str:
        """Return the text that is meant. Raises ValidationError when the named input is of a type that it isn't."""
        value = self._read(target, text)
        if has_decimal_commas and _is_number(self._workflow.graph[target.node_id]["inputs"].get(target.field)):
            value = value.replace(",", ".", 1)
        class_type = self._workflow.class_type(target.node_id)
        if class_type not in PRIMITIVE_TYPES or target.field != PRIMITIVE_FIELD:
            return value
        parsed = parse_value(target, value, read_input(target.field, True, (PRIMITIVE_TYPES[class_type],)), None)
        return str(parsed) if type(parsed) is int else value

    def _read(self, target: Target, text: str) -> str:
        """Return the text, or what the file holds that `@FILE` names beside the table; `@@` stands for one `@`."""
        if text.startswith("@@"):
            return text[1:]
        if text.startswith("@"):
            return self._read_file(text)
        return self._read_words(text) if self._is_spoken(target) else text

    def _local_file(self, target: Target, text: str) -> Path | None:
        """Return the file beside the table that the text names, for an input that takes a file.

        Raises UsageError when it can't be read, ValidationError for a link to a file.
        """
        if not text or not self._takes_file(target):
            return None
        if is_url(text.strip()):
            if takes_link(self._workflow, target):
                return None
            raise ValidationError(f"{target.address} is a link: save the file beside the table, and write its name.")
        path = self._locate(text.strip().removeprefix("@"))
        return require_readable(path) if text.startswith("@") or is_there(path) else None

    def _locate(self, name: str) -> Path:
        return self._folder / expand_home(name)

    def _fields(self, row: Row, given: Mapping[Place, str]) -> dict[str, Any]:
        """Return what the template for the row's output may name."""
        inputs = {named.name: named.default for named in self._named}
        seed = self._seed(given)
        fixed = {"row": row.number, "workflow": self._workflow.stem}
        return dict.fromkeys(row.empty, "") | inputs | row.values | ({} if seed is None else {"seed": seed}) | fixed

    def _seed(self, given: Mapping[Place, str]) -> int | str | None:
        """Return the row's seed: the input named so, else the first one set in a node."""
        named = [named.target.place for named in self._named if named.name == "seed"]
        fields = [(node_id, field) for node_id in self._workflow.graph for field in SEED_FIELDS]
        for node_id, field in (*named, *fields):
            value = given.get((node_id, field), self._workflow.graph[node_id]["inputs"].get(field))
            if value is not None and not is_link(value):
                return int(value) if str(value).strip().isdecimal() else str(value)
        return None

    def _list_lacks(self, graph: Graph, given: Collection[Place]) -> Iterator[str]:
        """Yield what the row leaves out and the graph can't do without.

        The graph's own value counts where somebody chose it: not in a column that the table has, since that is a cell
        forgotten; and not when it is the sample that a shipped workflow holds.
        """
        for required in list_required_inputs(replace(self._workflow, graph=graph)):
            is_left_out = required.target.place not in given
            if required.is_empty or (is_left_out and required.target.place in self._places):
                yield required.explain_empty()
            elif is_left_out and is_sample(required):
                yield f"the table has no column {required.target.address!r}: {required.remedy}."


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()


def _escape(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
