import contextlib
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from support.checkout import RUNNER
from support.full_disk import LIMIT_BYTES
from talkingshorts.comfyui.client import Delivery, MissingFileError, RemoteFile
from talkingshorts.errors import UnreachableError, UsageError
from talkingshorts.results import fetch
from talkingshorts.results.fetch import OutputTemplate, choose_paths, download, list_files, report_path, write_report

FILE = RemoteFile("2", "short_00001_.mp4", "talkingshorts", "output")
FIELDS = {"name": "short_00001_", "ext": ".mp4", "id": "abc", "seed": "42", "workflow": "draft", "node": "Save"}


class ScriptedSource:
    """Gives one script of chunks per delivery of a file that has `total` bytes; an exception breaks it off there."""

    def __init__(
        self, *deliveries: Sequence[bytes | Exception], total: int | None = None, resumes: bool = True
    ) -> None:
        self.asked_from: list[int] = []
        self._deliveries = iter(deliveries)
        self._total = total
        self._resumes = resumes

    @contextlib.contextmanager
    def deliver(self, file: RemoteFile, start: int = 0, version: str | None = None) -> Iterator[Delivery]:
        self.asked_from.append(start)
        yield Delivery(start if self._resumes else 0, self._total, "v1", self._send(next(self._deliveries)))

    def _send(self, chunks: Sequence[bytes | Exception]) -> Iterator[bytes]:
        for chunk in chunks:
            if isinstance(chunk, Exception):
                raise chunk
            yield chunk


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "RESULT_PAUSES_SECONDS", (0.0, 0.0))


def test_files_are_found_under_every_key() -> None:
    outputs = {
        "1": {"images": [{"filename": "a.mp4", "subfolder": "s", "type": "output"}], "animated": [True]},
        "2": {"audio": [{"filename": "b.flac", "subfolder": "", "type": "output"}], "text": ["{}"]},
        "3": {"gifs": [{"filename": "c.webm"}], "unknown": [{"filename": "a.mp4"}, 5, None]},
        "4": None,
    }

    assert [(file.node_id, file.filename, file.subfolder) for file in list_files(outputs)] == [
        ("1", "a.mp4", "s"),
        ("2", "b.flac", ""),
        ("3", "c.webm", ""),
        ("3", "a.mp4", ""),
    ]


def test_previews_count_only_when_nothing_was_saved() -> None:
    preview = {"1": {"images": [{"filename": "p.png", "subfolder": "", "type": "temp"}]}}
    saved = {"2": {"images": [{"filename": "s.png", "subfolder": "", "type": "output"}]}}

    assert [file.filename for file in list_files(preview)] == ["p.png"]
    assert [file.filename for file in list_files(preview | saved)] == ["s.png"]


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("out/short.mp4", "out/short.mp4"),
        ("out/short", "out/short.mp4"),
        ("out/", "out/short_00001_.mp4"),
        ("{seed}/{workflow}-{id}{ext}", "42/draft-abc.mp4"),
        ("{node}-{name}", "Save-short_00001_.mp4"),
        ("{{x}}.mp4", "{x}.mp4"),
    ],
)
def test_a_template_is_filled_in(template: str, path: str) -> None:
    assert OutputTemplate(template).path_for(FIELDS) == Path(path)


def test_a_folder_that_exists_needs_no_slash(tmp_path: Path) -> None:
    assert OutputTemplate(str(tmp_path)).path_for(FIELDS) == tmp_path / "short_00001_.mp4"


def test_a_field_can_not_lead_out_of_its_folder() -> None:
    assert OutputTemplate("out/{node}.mp4").path_for(FIELDS | {"node": "../../x"}) == Path("out/.._.._x.mp4")


@pytest.mark.parametrize("template", ["{frame}.mp4", "{}.mp4", "{name", "a}b", "{0}", "{name.x}", "{seed:d}"])
def test_a_template_that_can_not_be_filled_in_is_refused(template: str) -> None:
    with pytest.raises(UsageError, match="can't be filled in"):
        OutputTemplate(template)


def test_several_files_get_names_and_endings_of_their_own() -> None:
    files = [FIELDS, FIELDS | {"ext": ".png"}, FIELDS, FIELDS]

    assert choose_paths(OutputTemplate("out/a.mp4"), files) == [
        Path("out/a.mp4"),
        Path("out/a.png"),
        Path("out/a-2.mp4"),
        Path("out/a-3.mp4"),
    ]


def test_one_file_gets_exactly_the_path_asked_for() -> None:
    assert choose_paths(OutputTemplate("out/a.mov"), [FIELDS]) == [Path("out/a.mov")]


def test_an_output_that_can_not_be_written_is_found_out_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()

    for template in ("file/short.mp4", "file/a/b/", "n" * 300 + ".mp4", "folder{ext}", "a\0b.mp4"):
        with pytest.raises(UsageError, match=r"can't be written|is a folder"):
            OutputTemplate(f"{tmp_path}/{template}").require_writable({"ext": ""})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_an_output_that_is_no_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / "pipe.mp4")

    for output in ("/dev/null", f"{tmp_path}/pipe", f"{tmp_path}/pipe.mp4"):
        with pytest.raises(UsageError, match="is a device or a pipe: name a file"):
            OutputTemplate(output).require_writable({"ext": ".mp4"})
    with pytest.raises(UsageError, match="can't be stdout"):
        OutputTemplate("-").require_writable({})
    OutputTemplate(f"{tmp_path}/").require_writable({})


@pytest.mark.parametrize("output", ["a/b/short.mp4", "a/{node}/b/{name}", "short.mp4"])
def test_a_writable_output_is_tried_and_left_as_it_was(output: str, tmp_path: Path) -> None:
    OutputTemplate(f"{tmp_path}/{output}").require_writable({})

    assert list(tmp_path.iterdir()) == []


def test_a_download_is_whole_and_hashed(tmp_path: Path) -> None:
    local = download(ScriptedSource([b"abc", b"def"]), FILE, tmp_path / "new" / "a.mp4")

    assert local.path.read_bytes() == b"abcdef"
    assert local.sha256 == hashlib.sha256(b"abcdef").hexdigest()
    assert local.report() == {"path": str(local.path), "sha256": local.sha256, "bytes": 6}


def test_a_download_that_breaks_off_is_taken_up_there(tmp_path: Path) -> None:
    broken = UnreachableError("broke off")
    source = ScriptedSource([b"ab", broken], [broken], [b"c"], total=3)

    assert download(source, FILE, tmp_path / "a.mp4").sha256 == hashlib.sha256(b"abc").hexdigest()
    assert source.asked_from == [0, 2, 2]


def test_a_download_that_ends_too_early_is_not_taken_for_whole(tmp_path: Path) -> None:
    source = ScriptedSource([b"ab"], [b"c"], total=3)

    download(source, FILE, tmp_path / "a.mp4")

    assert (tmp_path / "a.mp4").read_bytes() == b"abc"
    assert source.asked_from == [0, 2]


def test_a_server_that_can_only_give_the_whole_file_is_asked_for_it_again(tmp_path: Path) -> None:
    source = ScriptedSource([b"abXX", UnreachableError("broke off")], [b"abc"], resumes=False)

    download(source, FILE, tmp_path / "a.mp4")

    assert (tmp_path / "a.mp4").read_bytes() == b"abc"


def test_a_download_that_never_gets_further_is_given_up_and_leaves_the_old_file_and_nothing_else(
    tmp_path: Path,
) -> None:
    target = tmp_path / "a.mp4"
    target.write_bytes(b"old")
    source = ScriptedSource(*[[b"new"]] * 9, total=5, resumes=False)

    with pytest.raises(UnreachableError, match="stopped after 3 of 5 bytes"):
        download(source, FILE, target)

    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_damaged_download_is_begun_again(tmp_path: Path) -> None:
    source = ScriptedSource([b"aXc"], [b"abc"])

    download(source, FILE, tmp_path / "a.mp4", hashlib.sha256(b"abc").hexdigest())

    assert (tmp_path / "a.mp4").read_bytes() == b"abc"


def test_what_a_killed_download_left_is_removed_by_the_next_one(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from talkingshorts.files import replacing\n"
        "with replacing(Path(sys.argv[1])) as partial: partial.write_text('half'); os.kill(os.getpid(), 9)"
    )
    runner = RUNNER
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "a.mp4")], cwd=runner, check=False)
    assert len(list(tmp_path.iterdir())) == 1

    download(ScriptedSource([b"abc"]), FILE, tmp_path / "a.mp4")

    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_another_file_under_the_same_name_is_not_taken(tmp_path: Path) -> None:
    with pytest.raises(MissingFileError, match="another file"):
        download(ScriptedSource([b"other"], [b"other"]), FILE, tmp_path / "a.mp4", hashlib.sha256(b"mine").hexdigest())

    assert list(tmp_path.iterdir()) == []


def test_a_target_that_can_not_be_written_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(UsageError, match="can't be written"):
        download(ScriptedSource([b"x"]), FILE, tmp_path / "folder")


def test_a_download_that_does_not_fit_keeps_the_file_that_stood_there(full_disk: Path) -> None:
    (full_disk / "a.mp4").write_text("before")

    with pytest.raises(UsageError, match=r"a\.mp4 can't be written: File too large"):
        download(ScriptedSource([bytes(LIMIT_BYTES)] * 8), FILE, full_disk / "a.mp4")

    assert [path.name for path in full_disk.iterdir()] == ["a.mp4"]
    assert (full_disk / "a.mp4").read_text() == "before"


def test_a_report_that_does_not_fit_leaves_no_file(full_disk: Path) -> None:
    with pytest.raises(UsageError, match="can't be written"):
        write_report(full_disk / "a.json", {"script": "x" * 2 * LIMIT_BYTES})

    assert list(full_disk.iterdir()) == []


def test_the_report_stands_beside_the_first_file(tmp_path: Path) -> None:
    path = report_path([tmp_path / "a.mp4", tmp_path / "b.png"])
    write_report(path, {"seed": 42})

    assert path == tmp_path / "a.json"
    assert json.loads(path.read_text()) == {"seed": 42}
    assert report_path([Path("a.json")]) == Path("a.result.json")


def test_an_output_below_a_folder_that_takes_no_file_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(dir: Path) -> None:
        raise PermissionError(13, "Permission denied", str(dir))

    monkeypatch.setattr(fetch.tempfile, "TemporaryFile", refuse)

    with pytest.raises(UsageError, match="Permission denied"):
        OutputTemplate(f"{tmp_path}/new/short.mp4").require_writable({})
