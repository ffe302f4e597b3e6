"""The tags that say in a file that it is AI-generated."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

# IPTC's term for a work that joins several elements, at least one of them synthetic.
_DIGITAL_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic"


def make_ai_mark(synthetic: str) -> dict[str, str]:
    """Return the mark's tags (name -> text) for a file in which `synthetic`, such as "the voice is", is synthetic."""
    return {
        "ai_generated": "true",
        "comment": f"AI-generated with TalkingShorts: {synthetic} synthetic.",
        "digital_source_type": _DIGITAL_SOURCE_TYPE,
    }


def collect_tags(metadata: Mapping[str, Any], synthetic: str) -> dict[str, str]:
    """Return all tags (name -> text) of a file: the metadata, whose values are JSON-able, as JSON, and the mark."""
    return {name: json.dumps(value) for name, value in metadata.items()} | make_ai_mark(synthetic)
