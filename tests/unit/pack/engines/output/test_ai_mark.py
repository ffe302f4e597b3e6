from __future__ import annotations

import json

from comfyui_talkingshorts.engines.output.ai_mark import collect_tags, make_ai_mark


def test_the_mark_says_what_is_synthetic_to_people_and_to_programs() -> None:
    mark = make_ai_mark("the voice is")

    assert mark["ai_generated"] == "true"
    assert mark["comment"] == "AI-generated with TalkingShorts: the voice is synthetic."
    assert mark["digital_source_type"].endswith("/compositeSynthetic")


def test_the_tags_of_a_file_are_its_metadata_as_json_and_the_mark_which_nothing_replaces() -> None:
    tags = collect_tags({"prompt": {"1": "日本"}, "ai_generated": "false"}, "the voice is")

    assert json.loads(tags["prompt"]) == {"1": "日本"}
    assert tags["ai_generated"] == "true"
