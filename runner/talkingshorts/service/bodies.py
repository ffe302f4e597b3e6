"""The bodies of requests, as callers write them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from ..texts.times import parse_seconds

MAX_SCRIPT_CHARACTERS = 20_000
MAX_TEXT_CHARACTERS = 100_000
RETAIN_LIMIT_SECONDS = 30 * 24 * 3600

Text = Annotated[str, StringConstraints(max_length=MAX_TEXT_CHARACTERS)]
File = Annotated[str, Field(max_length=4096, description="upload:ID, or an https URL")]
Value = str | int | float | bool


def _read_seconds(value: object) -> object:
    """Return the seconds of a text such as 1:30 or 1m30s; anything else as it is, for the field's own check."""
    seconds = parse_seconds(value) if isinstance(value, str) else None
    return value if seconds is None else seconds


Seconds = Annotated[float, BeforeValidator(_read_seconds)]


class Body(BaseModel):
    """A body in which every field is known."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)


class ShortBody(Body):
    """A short: what is said in whose voice, who is seen, and how well it is made."""

    script: Annotated[str, Field(max_length=MAX_SCRIPT_CHARACTERS, description="what the speaker says")]
    voice: File | None = Field(None, description="a recording of the voice: upload:ID or a URL, YouTube's as well")
    start: Annotated[Seconds, Field(ge=0)] | None = Field(
        None,
        description="seconds, or a time such as 1:30: where the voice begins (the link's own time, or 40; 0 in a file)",
    )
    duration: Seconds = Field(30.0, gt=0, le=600, description="seconds of the voice to use")
    voice_rights: bool = Field(False, description="the voice's owner agrees to its cloning")
    portrait: File | None = Field(None, description="a picture of the speaker")
    portrait_prompt: Text | None = Field(None, description="what the speaker looks like, in words")
    quality: Literal["draft", "fast", "best"] | None = Field(None, description="by default the best that can be had")
    size: str | None = Field(None, pattern=r"^\d{1,5}x\d{1,5}$", description="WIDTHxHEIGHT in pixels")
    target_seconds: float | None = Field(None, ge=0, le=3600, description="length of the speech; 0 is its natural one")
    seed: int = Field(42, ge=0, le=2**64 - 1)
    inputs: dict[str, Value] = Field(default_factory=dict, description="further named inputs of the graph")


class JobBody(Body):
    """A job: a short, or a shipped workflow with its named inputs."""

    short: ShortBody | None = None
    workflow: str | None = Field(None, max_length=100, description="the name of a shipped workflow")
    inputs: dict[str, Value] = Field(default_factory=dict, description="named inputs; a file is upload:ID or a URL")
    metadata: dict[str, Any] = Field(default_factory=dict, description="given back as it is")
    priority: int = Field(0, ge=-10, le=10, description="among your own jobs: the highest first")
    retain_seconds: int | None = Field(None, ge=60, le=RETAIN_LIMIT_SECONDS, description="how long files are kept")
    webhook: str | None = Field(None, max_length=2000, description="an https URL that is told how the job ended")
