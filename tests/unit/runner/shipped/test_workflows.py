from pathlib import Path

import pytest
from support.checkout import ROOT
from talkingshorts.errors import UsageError
from talkingshorts.shipped.workflows import find_workflow, list_workflows


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_every_workflow_is_listed_with_what_it_makes() -> None:
    listed = list_workflows()

    assert {workflow.path for workflow in listed} == set((ROOT / "workflows").glob("*.api.json"))
    assert all(workflow.purpose and "\n" not in workflow.purpose for workflow in listed)
    assert len({workflow.name for workflow in listed}) == len(listed)


def test_a_bare_name_is_that_of_a_shipped_workflow() -> None:
    assert find_workflow("talking_video") == ROOT / "workflows" / "talking_video.api.json"


def test_a_file_of_that_name_comes_first(tmp_path: Path) -> None:
    (tmp_path / "draft").write_text("{}")

    assert find_workflow("draft") == Path("draft")


def test_a_folder_of_that_name_does_not(tmp_path: Path) -> None:
    (tmp_path / "draft").mkdir()

    assert find_workflow("draft") == ROOT / "workflows" / "draft.api.json"


@pytest.mark.parametrize("text", ["./draft", "mine/draft", "draft.json", "draft.api.json", "/draft"])
def test_a_name_with_a_folder_or_an_ending_is_a_path(text: str) -> None:
    assert find_workflow(text) == Path(text)


def test_for_an_unknown_name_those_near_it_are_suggested() -> None:
    with pytest.raises(UsageError, match=r"called 'taking_video': did you mean talking_video.*workflows list"):
        find_workflow("taking_video")
