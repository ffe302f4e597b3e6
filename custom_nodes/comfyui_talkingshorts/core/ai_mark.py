"""The tags that say in a file that it is AI-generated."""

# IPTC's term for a work that joins several elements, at least one of them synthetic.
_DIGITAL_SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeSynthetic"


def make_ai_mark(synthetic: str) -> dict[str, str]:
    """Return the tags (name -> text) for a file in which `synthetic`, such as "the voice is", is synthetic."""
    return {
        "ai_generated": "true",
        "comment": f"AI-generated with TalkingShorts: {synthetic} synthetic.",
        "digital_source_type": _DIGITAL_SOURCE_TYPE,
    }
