import json
from typing import Any

import pytest
from talkingshorts.errors import ValidationError
from talkingshorts.workflow.binding import (
    Target,
    list_named_inputs,
    parse_value,
    require_field,
    resolve,
    takes_file,
    takes_link,
)
from talkingshorts.workflow.file import Workflow
from talkingshorts.workflow.node_info import InputInfo, parse_node_info


def node(class_type: str, title: str | None = None, **inputs: Any) -> dict[str, Any]:
    return {"class_type": class_type, "inputs": inputs} | ({"_meta": {"title": title}} if title else {})


WORKFLOW = Workflow(
    "test.api.json",
    {
        "1": node("PrimitiveStringMultiline", "script", value="Hello"),
        "2": node("PrimitiveFloat", "start_seconds", value=40.0),
        "3": node("LoadImage", "portrait", image="sample.png"),
        "4": node("LoadAudio", "speech", audio="sample.wav"),
        "5": node("KSampler", "Main", seed=1, model=["9", 0]),
        "6": node("KSampler", "Refine", seed=2),
        "57:12": node("SaveImage", "v1.5 save", filename_prefix="x"),
        "7": node("Note", "Twin", text="a"),
        "8": node("Note", "Twin", text="b"),
        "10": node("PrimitiveInt", "wired", value=["5", 0]),
        "11": node("PrimitiveInt", value=3),
        "57:3:9": node("KSamplerSelect", "sampler", sampler_name="euler"),
        "57:10": node("KSamplerSelect", "Portrait Sampler", sampler_name="heun"),
        "13": node("KSamplerSelect", sampler_name="heun"),
        "14": node("TalkingShortsLoadSpeech", "answer", audio="answer.wav"),
        "15": node("TalkingShortsLoadPicture", "presenter", image="me.heic"),
        "16": node("TalkingShortsYouTubeVoice", "Voice", source="", start_seconds=40.0),
        "17": node("TalkingShortsPortraitPicture", "Portrait", picture="", generated=["9", 0]),
    },
)


def find(address: str) -> tuple[str, str]:
    target = resolve(WORKFLOW, address)
    return target.node_id, target.field


def info(kind: str, options: tuple[Any, ...] | None = None, **settings: Any) -> InputInfo:
    return InputInfo("x", kind, True, options, settings)


def parse(text: str, entry: InputInfo | None, current: Any = None) -> Any:
    return parse_value(Target("A.x", "1", "x"), text, entry, current)


def test_named_inputs_are_titled_value_and_file_nodes_that_hold_a_value() -> None:
    assert [(named.name, named.type, named.default) for named in list_named_inputs(WORKFLOW)] == [
        ("script", "string", "Hello"),
        ("start_seconds", "float", 40.0),
        ("portrait", "image", "sample.png"),
        ("speech", "audio", "sample.wav"),
        ("sampler", "sampler", "euler"),
        ("answer", "audio", "answer.wav"),
        ("presenter", "image", "me.heic"),
    ]


def test_a_float_that_the_canvas_exported_without_its_point_is_still_one() -> None:
    (named,) = list_named_inputs(Workflow("w", {"1": node("PrimitiveFloat", "fps", value=24)}))

    assert repr(named.default) == "24.0"


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("script", ("1", "value")),
        ("portrait", ("3", "image")),
        ("speech", ("4", "audio")),
        ("Main.seed", ("5", "seed")),
        ("6.seed", ("6", "seed")),
        ("57:12.filename_prefix", ("57:12", "filename_prefix")),
        ("57:3:9.sampler_name", ("57:3:9", "sampler_name")),
        ("sampler", ("57:3:9", "sampler_name")),
        ("Portrait Sampler.sampler_name", ("57:10", "sampler_name")),
        ("KSamplerSelect#2.sampler_name", ("57:10", "sampler_name")),
        ("v1.5 save.filename_prefix", ("57:12", "filename_prefix")),
        ("KSampler#1.seed", ("5", "seed")),
        ("KSampler#2.seed", ("6", "seed")),
        ("Main.steps", ("5", "steps")),
        ("Main.model.width", ("5", "model.width")),
    ],
)
def test_an_address_finds_its_input(address: str, target: tuple[str, str]) -> None:
    assert find(address) == target


@pytest.mark.parametrize(
    ("address", "is_file", "is_link"),
    [
        ("portrait", True, False),
        ("presenter", True, False),
        ("Voice.source", True, True),
        ("Portrait.picture", True, False),
        ("Voice.start_seconds", False, False),
        ("script", False, False),
    ],
)
def test_what_takes_a_file_or_a_link_is_known_by_its_node(address: str, is_file: bool, is_link: bool) -> None:
    target = resolve(WORKFLOW, address)
    assert (takes_file(WORKFLOW, target), takes_link(WORKFLOW, target)) == (is_file, is_link)


def test_an_ambiguous_address_lists_its_candidates() -> None:
    with pytest.raises(ValidationError, match=r"7\.text \(Note 'Twin' \(#7\)\), 8\.text \(Note 'Twin' \(#8\)\)"):
        find("Twin.text")


def test_two_named_inputs_of_one_name_are_ambiguous() -> None:
    workflow = Workflow("w", {"1": node("PrimitiveInt", "n", value=1), "2": node("PrimitiveInt", "n", value=2)})

    with pytest.raises(ValidationError, match=r"ambiguous.*1\.value.*2\.value"):
        resolve(workflow, "n")


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("scirpt", "did you mean script?"),
        ("main.seed", "did you mean Main.seed"),
        ("KSampler#3.seed", "no input 'KSampler#3.seed'"),
        ("KSampler#0.seed", "no input 'KSampler#0.seed'"),
        ("Main", "Main.seed"),
        ("6", "6.seed"),
        ("nothing.like.it", "named inputs: script, start_seconds"),
        (".", "no input"),
    ],
)
def test_an_unknown_address_says_what_there_is(address: str, hint: str) -> None:
    with pytest.raises(ValidationError) as caught:
        find(address)
    assert hint in str(caught.value)


def test_a_field_may_be_one_that_only_the_server_knows() -> None:
    described = parse_node_info("KSampler", {"input": {"optional": {"steps": ["INT", {"min": 1}]}}})

    found = require_field(WORKFLOW, Target("Main.steps", "5", "steps"), described)

    assert found is not None
    assert found.settings == {"min": 1}


def test_a_field_that_nobody_knows_gets_a_suggestion() -> None:
    described = parse_node_info("KSampler", {"input": {"optional": {"steps": ["INT", {}]}}})

    with pytest.raises(ValidationError, match=r"KSampler 'Main' \(#5\) has no input 'stpes': did you mean steps\?"):
        require_field(WORKFLOW, Target("Main.stpes", "5", "stpes"), described)


@pytest.mark.parametrize(
    ("text", "entry", "value"),
    [
        ("12", info("INT"), 12),
        ("-12", info("INT"), -12),
        ("12.0", info("INT"), 12),
        ("18446744073709551615", info("INT"), 18446744073709551615),
        ("40", info("FLOAT"), 40.0),
        ("1e-3", info("FLOAT"), 0.001),
        ("true", info("BOOLEAN"), True),
        ("No", info("BOOLEAN"), False),
        ("WAHR", info("BOOLEAN"), True),
        ("FAUX", info("BOOLEAN"), False),
        ("0.0", info("BOOLEAN"), False),
        ("12", info("STRING"), "12"),
        ("", info("STRING"), ""),
        ("euler", info("COMBO", ("euler", "heun")), "euler"),
        ("2", info("COMBO", (1, 2)), 2),
        ("2.5", info("INT,FLOAT"), 2.5),
        ("2", info("INT,FLOAT"), 2),
        ("two", info("INT,STRING"), "two"),
        ('{"a": 1}', info("CURVE"), {"a": 1}),
    ],
)
def test_a_value_takes_the_type_of_its_input(text: str, entry: InputInfo, value: Any) -> None:
    parsed = parse(text, entry)

    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(("current", "value"), [(1, 7), (1.0, 7.0), ("a", "7"), (None, "7")])
def test_without_a_description_the_type_of_the_present_value_counts(current: Any, value: Any) -> None:
    assert parse("7", None, current) == value


@pytest.mark.parametrize(
    ("text", "entry", "reason"),
    [
        ("1.5", info("INT"), "'1.5' is not a whole number"),
        ("1,5", info("FLOAT"), "'1,5' is not a number: write 1.5."),
        ("abc", info("FLOAT"), "'abc' is not a number"),
        ("nan", info("FLOAT"), "'nan' is not a number"),
        ("inf", info("FLOAT"), "'inf' is not a number"),
        ("maybe", info("BOOLEAN"), "'maybe' is not true or false"),
        ("eular", info("COMBO", ("euler", "heun")), "not one of its options: euler, heun"),
        ("a", info("COMBO", ()), "the server has none"),
        ("z", info("MODEL"), "another node gives"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(text: str, entry: InputInfo, reason: str) -> None:
    with pytest.raises(ValidationError) as caught:
        parse(text, entry)
    assert reason in str(caught.value)


def test_a_long_list_of_options_is_cut_to_the_nearest() -> None:
    options = tuple(f"sampler_{number}" for number in range(40))

    with pytest.raises(ValidationError, match=r"\(40 of them\): did you mean sampler_1"):
        parse("sampler_1x", info("COMBO", options))


def test_the_choice_of_a_dynamic_combo_brings_inputs_of_its_own() -> None:
    described = parse_node_info(
        "Save",
        json.loads(
            """{"input": {"required": {"codec": ["COMFY_DYNAMICCOMBO_V3", {"options": [
                {"key": "auto", "inputs": {"required": {}}},
                {"key": "h264", "inputs": {"required": {"crf": ["FLOAT", {"max": 51}]}}}]}]}}}"""
        ),
    )

    assert list(described.inputs({"codec": "auto"})) == ["codec"]
    assert list(described.inputs({"codec": "h264"})) == ["codec", "codec.crf"]
    assert described.inputs({})["codec"].options == ("auto", "h264")


@pytest.mark.parametrize(("text", "seconds"), [("90", 90.0), ("1:30", 90.0), ("1m30s", 90.0)])
def test_seconds_may_be_written_as_a_time(text: str, seconds: float) -> None:
    assert parse_value(Target("voice_start_seconds", "1", "value"), text, info("FLOAT"), 40.0) == seconds


def test_only_seconds_may_be() -> None:
    with pytest.raises(ValidationError, match="is not a number"):
        parse_value(Target("text_scale", "1", "value"), "1:30", info("FLOAT"), 5.0)
