from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from support.fakes.comfyui import GRAPH, OBJECT_INFO
from talkingshorts.batch.descriptions import Description
from talkingshorts.batch.plan import DEFAULT_OUTPUT, RowJob, check_jobs, check_outputs, plan_jobs, require_free
from talkingshorts.batch.table import Problems, Row, read_table
from talkingshorts.errors import UsageError, ValidationError
from talkingshorts.shipped.workflows import find_workflow
from talkingshorts.workflow.file import Workflow, load_workflow
from talkingshorts.workflow.node_info import parse_node_info

LOAD_IMAGE = {
    "input": {"required": {"image": [["there.png"], {"image_upload": True}]}},
    "output": ["IMAGE", "MASK"],
    "python_module": "nodes",
}
NODES = {name: parse_node_info(name, answer) for name, answer in {**OBJECT_INFO, "LoadImage": LOAD_IMAGE}.items()}

SPEAKER_GRAPH: dict[str, Any] = {
    "1": {"class_type": "PrimitiveString", "inputs": {"value": ""}, "_meta": {"title": "voice_source"}},
    "2": {"class_type": "PrimitiveString", "inputs": {"value": "Hi"}, "_meta": {"title": "script"}},
    "3": {"class_type": "PrimitiveInt", "inputs": {"value": 42}, "_meta": {"title": "seed"}},
    "4": {"class_type": "LoadImage", "inputs": {"image": "there.png"}, "_meta": {"title": "portrait"}},
    "5": {"class_type": "UNETLoader", "inputs": {"unet_name": "a.safetensors"}},
}


def plan(
    folder: Path, *rows: dict[str, str], graph: dict[str, Any] = SPEAKER_GRAPH, output: str = DEFAULT_OUTPUT
) -> list[RowJob]:
    numbered = [Row(number, number + 1, values) for number, values in enumerate(rows, start=1)]
    return plan_jobs(Workflow("w.api.json", graph), numbered, folder, output, Problems(), print)


def refusal(folder: Path, *rows: dict[str, str], **options: Any) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        plan(folder, *rows, **options)
    return str(caught.value).splitlines()


def refuse_table(folder: Path, text: str) -> list[str]:
    """Return why the rows of a table can't be drafts."""
    table = folder / ("jobs.jsonl" if text.startswith("{") else "jobs.csv")
    table.write_text(text)
    problems = Problems()
    with pytest.raises(ValidationError) as caught:
        plan_jobs(
            Workflow("draft.api.json", DRAFT),
            read_table(table, problems, print),
            folder,
            DEFAULT_OUTPUT,
            problems,
            print,
        )
    return str(caught.value).splitlines()


DRAFT = load_workflow(find_workflow("draft")).graph


def outputs(jobs: Sequence[RowJob]) -> list[str]:
    return [job.request.output for job in jobs]


def test_a_row_sets_the_inputs_that_its_columns_name(tmp_path: Path) -> None:
    (job,) = plan(tmp_path, {"script": "Hello", "3.value": "7"})

    assert [(target.node_id, target.field, text) for target, text in job.request.values] == [
        ("2", "value", "Hello"),
        ("3", "value", "7"),
    ]


def test_unknown_columns_are_told_with_their_rows_and_what_is_near(tmp_path: Path) -> None:
    told = refusal(tmp_path, {"scrpt": "Hello"}, {"script": "x"}, {"scrpt": "Bye", "steps": "3"})

    assert told[0].startswith("rows 1 and 3: The workflow w.api.json has no input 'scrpt': did you mean script?")
    assert told[1].startswith("row 3 (line 4): The workflow w.api.json has no input 'steps'")


def test_a_column_may_be_there_only_to_name_results(tmp_path: Path) -> None:
    rows = [{"script": "Hello", "customer": "acme"}, {"script": "Bye", "customer": "a/b"}]

    jobs = plan(tmp_path, *rows, output="out/{customer}.mp4")

    assert outputs(jobs) == ["out/acme.mp4", "out/a_b.mp4"]
    assert [len(job.request.values) for job in jobs] == [1, 1]
    assert "put {customer} into -o." in refusal(tmp_path, *rows)[0]


def test_a_whole_number_may_be_written_as_pandas_does(tmp_path: Path) -> None:
    (job,) = plan(tmp_path, {"seed": "7.0"}, output="{seed:03}.mp4")

    assert job.key == plan(tmp_path, {"seed": "7"}, output="{seed:03}.mp4")[0].key
    assert job.request.output == "007.mp4"
    assert refusal(tmp_path, {"seed": "7.5"}) == ["row 1 (line 2): seed: '7.5' is not a whole number."]


def test_numbers_have_decimal_commas_where_semicolons_stand_between_cells(tmp_path: Path) -> None:
    table = tmp_path / "jobs.csv"
    table.write_text("script;voice_start_seconds;seed\n1,5;2,25;7,0\n", encoding="utf-8")
    problems = Problems()

    (job,) = plan_jobs(
        Workflow("d.json", DRAFT), read_table(table, problems, print), tmp_path, "{row}", problems, print
    )

    assert [text for _, text in job.request.values] == ["1,5", "2.25", "7"]


def test_two_columns_for_one_input_are_told(tmp_path: Path) -> None:
    assert refusal(tmp_path, {"seed": "1", "3.value": "2"}) == [
        "row 1 (line 2): 'seed' and '3.value' set the same input: keep one."
    ]


def test_a_file_beside_the_table_is_uploaded_for_an_input_that_takes_one(tmp_path: Path) -> None:
    for name in ("me.wav", "me.png"):
        (tmp_path / name).write_bytes(b"x")

    (job,) = plan(tmp_path, {"voice_source": "me.wav", "portrait": "me.png", "script": "me.wav"})

    assert [(target.address, path) for target, path in job.request.files] == [
        ("voice_source", tmp_path / "me.wav"),
        ("portrait", tmp_path / "me.png"),
    ]
    assert [(target.address, text) for target, text in job.request.values] == [("script", "me.wav")]


def test_a_text_may_come_from_a_file_beside_the_table(tmp_path: Path) -> None:
    (tmp_path / "long.txt").write_text("A long story.\n")

    jobs = plan(tmp_path, {"script": "@long.txt"}, {"script": "@@home"}, {"script": "{env:HOME}"}, {"script": "-"})

    assert [job.request.values[0][1] for job in jobs] == ["A long story.", "@home", "{env:HOME}", "-"]


def test_a_tilde_in_a_cell_is_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    for name in ("me.png", "script.txt"):
        (tmp_path / "home" / name).write_bytes(b"Hello.")

    (job,) = plan(tmp_path, {"portrait": " ~/me.png", "script": "@~/script.txt"})

    assert [path for _, path in job.request.files] == [tmp_path / "home" / "me.png"]
    assert [text for _, text in job.request.values] == ["Hello."]


def test_the_bare_name_of_a_script_is_the_script(tmp_path: Path) -> None:
    (tmp_path / "script.txt").write_text("Hello.")
    spoken = {**SPEAKER_GRAPH, "6": {"class_type": "TalkingShortsDraftVoice", "inputs": {"script": ["2", 0]}}}

    (job,) = plan(tmp_path, {"script": "script.txt"}, graph=spoken)

    assert [text for _, text in job.request.values] == ["Hello."]
    told = refusal(tmp_path, {"script": "notes.txt"}, {"script": "@NASA says hi"}, graph=spoken)
    assert told[0].startswith("row 1 (line 2): There is no file ")
    assert told[1].endswith("write @@: @@NASA says hi")


def test_a_link_is_for_the_voice_alone(tmp_path: Path) -> None:
    (job,) = plan(tmp_path, {"voice_source": "https://youtu.be/x"})

    assert [text for _, text in job.request.values] == ["https://youtu.be/x"]
    assert refusal(tmp_path, {"portrait": "https://example.com/me.jpg"}) == [
        "row 1 (line 2): portrait is a link: save the file beside the table, and write its name."
    ]


def test_what_is_assumed_about_a_text_is_told_once_for_all_rows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "old.txt").write_bytes("Schöne Grüße".encode("cp1252"))

    jobs = plan(tmp_path, {"script": "@old.txt"}, {"script": "@old.txt"})

    assert [job.request.values[0][1] for job in jobs] == ["Schöne Grüße"] * 2
    assert capsys.readouterr().out.count("Windows-1252") == 1


def test_a_file_that_is_named_and_not_there_is_told_with_its_row(tmp_path: Path) -> None:
    told = refusal(tmp_path, {"script": "@none.txt"}, {"voice_source": "@none.wav"})

    assert told[0].startswith("row 1 (line 2): The file")
    assert told[1].startswith("row 2 (line 3): The file")


def test_every_cell_that_can_not_be_set_is_told_without_a_server(tmp_path: Path) -> None:
    told = refusal(
        tmp_path, {"seed": "two", "script": "@none.txt"}, {"seed": "7"}, {"seed": "two", "3.value": "7", "scrpt": "x"}
    )

    assert [line.split(": ")[0] for line in told] == [
        "row 3 (line 4)",
        "row 3 (line 4)",
        "rows 1 and 3",
        "row 1 (line 2)",
    ]
    assert "set the same input" in told[0]
    assert "did you mean script?" in told[1]
    assert "seed: 'two' is not a whole number." in told[2]
    assert "none.txt" in told[3]


def test_a_row_without_words_is_refused_and_never_says_the_sample(tmp_path: Path) -> None:
    words = "script is empty: write the words to say."

    assert refuse_table(tmp_path, "script,seed\n,1\n") == [f"row 1 (line 2): {words}"]
    assert refuse_table(tmp_path, 'script,seed\nHi,1\n" ",2\n') == [f"row 2 (line 3): {words}"]
    assert refuse_table(tmp_path, '{"script": "Hi"}\n{"script": null}\n{"seed": 1}\n') == [f"rows 2 and 3: {words}"]
    assert refuse_table(tmp_path, "seed\n1\n2\n") == [
        "rows 1 and 2: the table has no column 'script': write the words to say."
    ]


def test_a_cell_forgotten_is_refused_even_where_the_graph_has_words_of_its_own(tmp_path: Path) -> None:
    spoken = {**SPEAKER_GRAPH, "6": {"class_type": "TalkingShortsDraftVoice", "inputs": {"script": ["2", 0]}}}

    assert refusal(tmp_path, {"script": "Hi."}, {"seed": "1"}, graph=spoken) == [
        "row 2 (line 3): script is empty: write the words to say."
    ]
    assert len(plan(tmp_path, {"seed": "1"}, {"seed": "2"}, graph=spoken)) == 2


def test_all_that_a_row_lacks_is_told_at_once(tmp_path: Path) -> None:
    graph = load_workflow(find_workflow("talking_short")).graph

    assert refusal(tmp_path, {"script": " ", "voice_source": "", "seed": "x"}, graph=graph) == [
        "row 1 (line 2): seed: 'x' is not a whole number.",
        "row 1 (line 2): script is empty: write the words to say.",
        "row 1 (line 2): voice_source is empty: name a link to the voice to clone, or a file with it.",
    ]


def test_every_row_that_a_server_would_refuse_is_told(tmp_path: Path) -> None:
    jobs = plan(tmp_path, {"2.color": "no"}, {"width": "64"}, {"width": "0", "2.color": "-1"}, graph=GRAPH)

    told = check_jobs(jobs, Description(NODES)).describe().splitlines()

    assert told[0] == "row 1 (line 2): 2.color: 'no' is not a whole number."
    assert all(line.startswith("row 3 (line 4): EmptyImage 'Blank' (#2): ") for line in told[1:])
    assert len(told) == 3


def test_a_picture_that_is_neither_here_nor_on_the_server_is_told(tmp_path: Path) -> None:
    graph = {
        "4": SPEAKER_GRAPH["4"],
        "6": {"class_type": "SaveImage", "inputs": {"images": ["4", 0], "filename_prefix": "x"}},
    }
    jobs = plan(tmp_path, {"portrait": "there.png"}, {"portrait": "none.png"}, graph=graph)

    assert check_jobs(jobs, Description(NODES)).describe() == (
        "row 2 (line 3): portrait: 'none.png' is not one of its options: there.png."
    )


def test_results_are_named_after_the_workflow_and_the_row_by_default(tmp_path: Path) -> None:
    assert outputs(plan(tmp_path, {}, {}, graph=GRAPH)) == ["out/w-0001{ext}", "out/w-0002{ext}"]


def test_a_template_may_name_row_seed_and_columns(tmp_path: Path) -> None:
    rows = [{"script": "a/b: {c}", "seed": "7"}, {}]

    jobs = plan(tmp_path, *rows, output="{workflow}/{row:03}_{seed:05}_{script}{ext}")

    assert outputs(jobs) == ["w/001_00007_a_b_ {{c}}{ext}", "w/002_00042_Hi{ext}"]


def test_a_columns_text_leads_out_of_no_folder_and_is_cut_to_a_file_name(tmp_path: Path) -> None:
    rows = [{"script": "../../x"}, {"script": ".."}, {"script": "x" * 500}]

    assert outputs(plan(tmp_path, *rows, output="{script}/{row}.png")) == [
        "_.._x/1.png",
        "_/2.png",
        "x" * 60 + "/3.png",
    ]


@pytest.mark.parametrize("output", ["{nothing}", "{row", "{row:q}"])
def test_a_template_that_can_not_be_filled_in_is_told(tmp_path: Path, output: str) -> None:
    with pytest.raises((UsageError, ValidationError), match="can't be filled in"):
        plan(tmp_path, {}, output=output)


def test_a_rows_key_changes_with_what_its_result_depends_on_and_with_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "me.wav").write_bytes(b"one")
    rows = [{"voice_source": "me.wav", "script": "a", "seed": "1"}]
    (before,) = plan(tmp_path, *rows, output="{seed}.mp4")
    (reordered,) = plan(tmp_path, dict(reversed(rows[0].items())), output="{seed}.mp4")
    assert before.key == reordered.key

    longer_graph = SPEAKER_GRAPH | {"7": {"class_type": "SaveImage", "inputs": {}}}
    others = [
        plan(tmp_path, rows[0] | {"script": "b"}, output="{seed}.mp4"),
        plan(tmp_path, *rows, output="x{seed}.mp4"),
        plan(tmp_path, *rows, output="{seed}.mp4", graph=longer_graph),
    ]
    (tmp_path / "me.wav").write_bytes(b"two")
    others.append(plan(tmp_path, *rows, output="{seed}.mp4"))

    assert before.key not in {job.key for jobs in others for job in jobs}


def test_rows_are_warm_for_each_other_when_they_share_models_and_speaker(tmp_path: Path) -> None:
    one, same, other_speaker, other_model = plan(
        tmp_path,
        {"voice_source": "a", "script": "x"},
        {"voice_source": "a", "script": "y"},
        {"voice_source": "b"},
        {"voice_source": "a", "5.unet_name": "b.safetensors"},
    )

    assert one.warmth == same.warmth
    assert one.warmth.models == other_speaker.warmth.models != other_model.warmth.models
    assert len({one.warmth, other_speaker.warmth, other_model.warmth}) == 3


@pytest.mark.parametrize("output", ["{folder}/x.png", "{folder}/", "{folder}/{name}{ext}", "{folder}/{seed}"])
def test_rows_that_would_be_written_to_one_place_are_told(tmp_path: Path, output: str) -> None:
    jobs = plan(tmp_path, {}, {}, output=output.replace("{folder}", str(tmp_path)))

    with pytest.raises(ValidationError, match=r"rows 1 and 2: all their results would go to .*put \{row\} into -o"):
        check_outputs(jobs)


@pytest.mark.parametrize("output", ["{row}.png", "{row}_{name}", "{id}", "{row}/", "{seed}_{row}{ext}"])
def test_rows_with_places_of_their_own_are_fine(tmp_path: Path, output: str) -> None:
    check_outputs(plan(tmp_path, {}, {}, output=f"{tmp_path}/{output}"))


def test_an_output_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(UsageError, match="can't be written"):
        check_outputs(plan(tmp_path, {}, output=f"{tmp_path}/file/{{row}}.png"))


@pytest.mark.parametrize("output", ["{row}.png", "{row}{ext}", "{row}_{name}{ext}", "{row}"])
def test_a_file_in_the_way_is_told_unless_the_batch_made_it(tmp_path: Path, output: str) -> None:
    jobs = plan(tmp_path, {}, {}, output=f"{tmp_path}/{output}")
    in_the_way = tmp_path / ("2_x.png" if "name" in output else "2.png")
    in_the_way.write_bytes(b"")

    with pytest.raises(ValidationError) as caught:
        require_free(jobs, set())

    assert str(caught.value) == f"row 2: its result would overwrite {in_the_way}: move that file, or give --overwrite."
    require_free(jobs, {str(in_the_way)})


def test_a_file_in_the_way_behind_a_url_is_told_unless_the_batch_made_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MemoryFileSystem, "store", {})
    for name in ("2_x.png", "3.json", "elsewhere/1.png"):
        MemoryFileSystem().pipe_file(f"/shelf [new]/{name}", b"")
    with_names = plan(tmp_path, {}, {}, output="memory://shelf [new]/{row}_{name}{ext}")
    plain = plan(tmp_path, {}, {}, {}, output="memory://shelf [new]/{row}.png")

    with pytest.raises(ValidationError, match=r"row 2: .* overwrite memory://shelf \[new\]/2_x\.png: .*--overwrite"):
        require_free(with_names, set())
    with pytest.raises(ValidationError, match=r"^row 3: .* overwrite memory://shelf \[new\]/3\.json"):
        require_free(plain, set())
    require_free(plain, {"memory://shelf [new]/3.json"})


def test_a_report_in_the_way_is_told_too(tmp_path: Path) -> None:
    (tmp_path / "1.json").write_bytes(b"")

    with pytest.raises(ValidationError, match=r"1\.json"):
        require_free(plan(tmp_path, {}, output=f"{tmp_path}/{{row}}.png"), set())
