import re
from pathlib import Path

import pytest
from support.checkout import RUNNER
from talkingshorts import home
from talkingshorts.cli.make import read_make_options
from talkingshorts.cli.parser import build_parser
from talkingshorts.errors import UsageError, ValidationError
from talkingshorts.jobs.request import Request
from talkingshorts.shorts.options import MakeOptions
from talkingshorts.shorts.request import build_requests, explain_uncloned, rename_inputs_of_short
from talkingshorts.wording import Surface, speaking_to


def parse(*arguments: str) -> MakeOptions:
    return read_make_options(build_parser().parse_args(["make", *arguments]))


def requests(*arguments: str) -> dict[str, Request]:
    return build_requests(parse(*arguments))


def request(*arguments: str) -> Request:
    (made,) = requests(*arguments).values()
    return made


def values(made: Request) -> dict[str, str]:
    return {target.address: text for target, text in made.values}


def files(made: Request) -> dict[str, Path]:
    return {target.address: path for target, path in made.files}


def test_a_script_alone_is_enough() -> None:
    made = request("--script", "Hello & 'welcome' $5\n\"again\"")

    assert made.workflow.name == "draft.api.json"
    assert made.output == "out/short.mp4"
    assert files(made) == {}
    assert values(made) == {"script": "Hello & 'welcome' $5\n\"again\"", "voice_source": "", "seed": "42"}


def test_an_empty_output_is_none() -> None:
    assert parse("--script", "Hi", "-o", "").output == parse("--script", "Hi").output == "out/short.mp4"


def test_a_script_comes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text("From a file.\n")

    assert values(request("--script", f"@{tmp_path}/s.txt"))["script"] == "From a file."


def test_a_voice_from_a_url_begins_at_40() -> None:
    made = values(request("--script", "Hi", "--voice", "https://youtu.be/x"))

    assert made["voice_source"] == "https://youtu.be/x"
    assert (made["voice_start_seconds"], made["voice_duration_seconds"]) == ("40.0", "30.0")


@pytest.mark.parametrize("link", ["youtu.be/x", " <https://youtu.be/x> ", "https://youtu.be/x?t=90"])
def test_a_link_goes_to_the_server_as_it_was_typed(link: str) -> None:
    made = values(request("--script", "Hi", "--voice", link))

    assert (made["voice_source"], made["voice_start_seconds"]) == (link, "40.0")


def test_a_start_that_is_given_counts_before_the_links_own() -> None:
    made = values(request("--script", "Hi", "--voice", "https://youtu.be/x?t=90", "--start", "1m10s"))

    assert (made["voice_source"], made["voice_start_seconds"]) == ("https://youtu.be/x", "70.0")


def test_a_file_that_is_here_is_no_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.talks.de").mkdir()
    (tmp_path / "my.talks.de" / "v.wav").touch()

    assert files(request("--script", "Hi", "--voice", "my.talks.de/v.wav")) == {
        "voice_source": Path("my.talks.de/v.wav")
    }


def test_a_voice_from_a_file_is_uploaded_and_begins_at_0(tmp_path: Path) -> None:
    (tmp_path / "v.wav").write_bytes(b"sound")
    made = request("--script", "Hi", "--voice", f"{tmp_path}/v.wav")

    assert files(made) == {"voice_source": tmp_path / "v.wav"}
    assert (values(made)["voice_start_seconds"], values(made)["voice_duration_seconds"]) == ("0.0", "30.0")


def test_start_and_duration_are_taken_as_given(tmp_path: Path) -> None:
    (tmp_path / "v.wav").write_bytes(b"sound")
    for voice in (f"{tmp_path}/v.wav", "https://youtu.be/x"):
        made = values(request("--script", "Hi", "--voice", voice, "--start", "1.5", "--duration", "8"))

        assert (made["voice_start_seconds"], made["voice_duration_seconds"]) == ("1.5", "8.0")


def test_a_portrait_is_uploaded_or_described(tmp_path: Path) -> None:
    (tmp_path / "p.png").write_bytes(b"pixels")

    assert files(request("--script", "Hi", "--portrait", f"{tmp_path}/p.png")) == {
        "portrait_picture": tmp_path / "p.png"
    }
    assert values(request("--script", "Hi", "--portrait-prompt", "a woman"))["portrait_prompt"] == "a woman"


@pytest.mark.parametrize("size", ["1080x1920", "1920x1080", "1080x1080", "16x2048"])
def test_the_usual_sizes_of_shorts_and_films_are_possible(size: str) -> None:
    made = values(request("--script", "Hi", "--size", size))

    assert f"{made['width']}x{made['height']}" == size


@pytest.mark.parametrize(
    ("size", "nearest"),
    [
        ("500x900", "Try 496x896 or 512x912."),
        ("1080x1350", "Try 1080x1344 or 1080x1360."),
        ("4096x4096", "Try 2048x2048."),
        ("0x832", "Try 16x832."),
    ],
)
def test_of_an_impossible_size_the_nearest_are_named(size: str, nearest: str) -> None:
    with pytest.raises(ValidationError) as refused:
        request("--script", "Hi", "--size", size)

    assert str(refused.value) == (
        f"The size {size} is impossible: both sides must be multiples of 16 from 16 to 2048, or 1080. {nearest}"
    )


def test_size_length_and_seed_are_set() -> None:
    made = values(request("--script", "Hi", "--size", "512x896", "--target-seconds", "8", "--seed", "7"))

    assert (made["width"], made["height"]) == ("512", "896")
    assert float(made["target_seconds"]) == 8
    assert made["seed"] == "7"


CLONING = ("--script", "Hi", "--voice", "https://youtu.be/x", "--voice-rights")


def test_a_voice_that_may_be_cloned_may_be_made_at_any_quality() -> None:
    assert list(requests(*CLONING)) == ["best", "fast", "draft"]
    assert [made.workflow.name for made in requests(*CLONING).values()] == [
        "talking_short.api.json",
        "talking_short_fast.api.json",
        "draft.api.json",
    ]
    assert explain_uncloned(parse(*CLONING)) == ""


@pytest.mark.parametrize(
    ("arguments", "reason"), [(CLONING[:2], "name it with --voice."), (CLONING[:4], "confirm with --voice-rights")]
)
def test_without_a_voice_that_may_be_cloned_a_short_is_a_draft(arguments: tuple[str, ...], reason: str) -> None:
    assert list(requests(*arguments)) == ["draft"]
    assert reason in explain_uncloned(parse(*arguments))


@pytest.mark.parametrize(
    ("surface", "word"),
    [
        (Surface.COMMAND_LINE, "--voice-rights"),
        (Surface.MAKE, "VOICE_RIGHTS=1"),
        (Surface.JSON, '"voice_rights": true'),
    ],
)
def test_a_message_names_options_as_its_reader_writes_them(surface: Surface, word: str) -> None:
    with speaking_to(surface):
        assert f"To clone it, confirm with {word} that it is yours" in explain_uncloned(parse(*CLONING[:4]))
        with pytest.raises(ValidationError, match=f"consent: give {word} when you have it"):
            request(*CLONING[:4], "--quality", "best")


def test_no_message_names_an_option_of_the_command_line_alone() -> None:
    for path in (RUNNER / "talkingshorts" / "shorts").glob("*.py"):
        assert not re.findall(r'["\s(]--[a-z]', path.read_text()), path.name


@pytest.mark.parametrize("quality", ["draft", "fast", "best"])
def test_the_quality_that_is_asked_for_is_the_only_one(quality: str) -> None:
    assert list(requests(*CLONING, "--quality", quality)) == [quality]


def test_voice_rights_are_passed_to_workflows_that_ask_for_them() -> None:
    made = requests(*CLONING)

    assert values(made["best"])["voice_rights"] == values(made["fast"])["voice_rights"] == "True"
    assert "voice_rights" not in values(made["draft"])


@pytest.mark.parametrize("quality", ["fast", "best"])
@pytest.mark.parametrize(
    ("arguments", "words"), [(CLONING[:2], "name one with --voice"), (CLONING[:4], "give --voice-rights")]
)
def test_cloning_no_voice_or_one_without_consent_is_refused(
    quality: str, arguments: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        request(*arguments, "--quality", quality)


def test_a_quality_whose_workflow_is_gone_is_refused_with_the_name_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "checkout_dir", lambda: tmp_path)

    with pytest.raises(UsageError, match=r"talking_short\.api\.json can't be read"):
        request(*CLONING, "--quality", "best")
    with pytest.raises(UsageError, match=r"draft\.api\.json can't be read"):
        request("--script", "Hi.")


def test_further_inputs_are_set_by_name_or_address_and_win_over_the_options(tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text("From a file.")
    settings = (
        "-s",
        "steps=8",
        "-s",
        f"script=@{tmp_path}/s.txt",
        "-s",
        "Load VibeVoice.model=VibeVoice-7B",
        "-s",
        "steps=9",
    )
    made = request(*CLONING, "--quality", "fast", *settings)

    assert (values(made)["steps"], values(made)["script"]) == ("9", "From a file.")
    assert values(made)["Load VibeVoice.model"] == "VibeVoice-7B"


def test_an_input_that_no_candidate_has_is_refused_before_a_server_is_reached() -> None:
    with pytest.raises(ValidationError, match="has no input 'stepz': did you mean steps"):
        requests(*CLONING, "-s", "stepz=8")
    with pytest.raises(ValidationError, match=r"draft\.api\.json has no input 'steps'"):
        requests("--script", "Hi.", "-s", "steps=8")


def test_an_input_that_only_some_candidates_have_is_a_problem_of_the_others() -> None:
    made = requests(*CLONING, "-s", "steps=8")

    assert [list(made[quality].problems) for quality in ("best", "fast")] == [[], []]
    (problem,) = made["draft"].problems
    assert problem.startswith("The workflow draft.api.json has no input 'steps'")


@pytest.mark.parametrize("output", ["short.gif", "short.mov", "short.json", "my.first.short"])
def test_an_output_that_asks_for_something_else_than_an_mp4_is_a_usage_error(output: str) -> None:
    with pytest.raises(UsageError, match="mp4"):
        request("--script", "Hi.", "-o", output)


def test_a_program_asks_for_a_short_without_a_command_line() -> None:
    assert build_requests(MakeOptions(script="Hi.")) == requests("--script", "Hi.")
    assert build_requests(MakeOptions(script="Hi.", size=(64, 64), settings=[("seed", "7")])) == requests(
        "--script", "Hi.", "--size", "64x64", "-s", "seed=7"
    )


@pytest.mark.parametrize("text", ["@/etc/hostname", "@@home", "-", "{env:HOME}"])
def test_a_program_is_taken_at_its_word(text: str) -> None:
    made = build_requests(MakeOptions(script=text, settings=[("portrait_prompt", text)]))["draft"]

    assert (values(made)["script"], values(made)["portrait_prompt"]) == (text, text)


@pytest.mark.parametrize(
    ("surface", "option"), [(Surface.COMMAND_LINE, "--start"), (Surface.MAKE, "START"), (Surface.JSON, "start")]
)
def test_inputs_of_the_graph_are_told_as_the_options_that_set_them(surface: Surface, option: str) -> None:
    with speaking_to(surface):
        assert rename_inputs_of_short("Set voice_start_seconds below it.") == f"Set {option} below it."
