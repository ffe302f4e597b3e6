import json
import struct
import zlib
from pathlib import Path

import pytest
from talkingshorts.errors import UsageError, ValidationError
from talkingshorts.workflow.file import Workflow, load_workflow

GRAPH = {"3": {"class_type": "KSampler", "inputs": {"seed": 1}, "_meta": {"title": "Main"}}}


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_png(path: Path, *chunks: bytes) -> Path:
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", bytes(13)) + b"".join(chunks) + chunk(b"IEND", b""))
    return path


def box(kind: bytes, *parts: bytes) -> bytes:
    payload = b"".join(parts)
    return struct.pack(">I4s", len(payload) + 8, kind) + payload


def write_tagged_mp4(path: Path, name: str, text: str) -> Path:
    handler = box(b"hdlr", bytes(8), b"mdta", bytes(13))
    keys = box(b"keys", bytes(4), struct.pack(">I", 1), box(b"mdta", name.encode()))
    items = box(b"ilst", box(struct.pack(">I", 1), box(b"data", bytes(8), text.encode())))
    movie = box(b"moov", box(b"udta", box(b"meta", bytes(4), handler, keys, items)))
    path.write_bytes(box(b"ftyp", b"isom", bytes(4)) + movie)
    return path


def write_tagged_flac(path: Path, name: str, text: str) -> Path:
    comment = f"{name}={text}".encode()
    comments = struct.pack("<I3sII", 3, b"tag", 1, len(comment)) + comment
    facts = bytes(10) + (24000 << 44 | 15 << 36).to_bytes(8, "big") + bytes(16)
    header = bytes(1) + len(facts).to_bytes(3, "big") + facts + b"\x84" + len(comments).to_bytes(3, "big")
    path.write_bytes(b"fLaC" + header + comments)
    return path


def test_a_graph_is_loaded_from_api_json(tmp_path: Path) -> None:
    path = tmp_path / "a.api.json"
    path.write_text(json.dumps(GRAPH))

    assert load_workflow(path).graph == GRAPH
    assert load_workflow(path).describe("3") == "KSampler 'Main' (#3)"


def test_a_graph_is_loaded_from_the_body_of_a_prompt_request(tmp_path: Path) -> None:
    path = tmp_path / "body.json"
    path.write_text(json.dumps({"prompt": GRAPH, "client_id": "x"}))

    assert load_workflow(path).graph == GRAPH


@pytest.mark.parametrize(
    "embedded",
    [
        chunk(b"tEXt", b"prompt\0" + json.dumps(GRAPH).encode()),
        chunk(b"zTXt", b"prompt\0\0" + zlib.compress(json.dumps(GRAPH).encode())),
        chunk(b"iTXt", b"prompt\0\0\0\0\0" + json.dumps(GRAPH).encode()),
        chunk(b"iTXt", b"prompt\0\1\0en\0\0" + zlib.compress(json.dumps(GRAPH).encode())),
    ],
    ids=["tEXt", "zTXt", "iTXt", "compressed iTXt"],
)
def test_a_graph_is_loaded_from_a_png(tmp_path: Path, embedded: bytes) -> None:
    assert load_workflow(write_png(tmp_path / "a.png", embedded)).graph == GRAPH


def test_a_graph_is_loaded_from_an_mp4(tmp_path: Path) -> None:
    assert load_workflow(write_tagged_mp4(tmp_path / "a.mp4", "prompt", json.dumps(GRAPH))).graph == GRAPH


def test_a_graph_is_loaded_from_a_flac(tmp_path: Path) -> None:
    assert load_workflow(write_tagged_flac(tmp_path / "a.flac", "prompt", json.dumps(GRAPH))).graph == GRAPH


def test_a_picture_sound_or_video_without_a_graph_is_refused(tmp_path: Path) -> None:
    paths = (
        write_png(tmp_path / "a.png"),
        write_tagged_flac(tmp_path / "a.flac", "comment", "hi"),
        write_tagged_mp4(tmp_path / "a.mp4", "comment", "hi"),
    )
    for path in paths:
        with pytest.raises(ValidationError, match="holds no workflow"):
            load_workflow(path)


def test_a_damaged_picture_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="damaged"):
        load_workflow(write_png(tmp_path / "a.png", chunk(b"zTXt", b"prompt\0\0nonsense")))


def test_the_canvas_format_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "canvas.json"
    path.write_text(json.dumps({"nodes": [], "links": []}))

    with pytest.raises(ValidationError, match=r"Export \(API\)"):
        load_workflow(path)


@pytest.mark.parametrize("text", ["hello", "[]", "{}", '{"a": 1}', '{"1": {"inputs": {}}}', "\xff"])
def test_what_is_no_graph_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, encoding="latin-1")

    with pytest.raises(ValidationError, match=r"a\.json"):
        load_workflow(path)


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.json can't be read"):
        load_workflow(tmp_path / "none.json")


def test_a_copy_leaves_the_original_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(GRAPH))
    workflow = load_workflow(path)

    workflow.copy().graph["3"]["inputs"]["seed"] = 2

    assert workflow.graph["3"]["inputs"]["seed"] == 1


def test_a_copy_of_some_nodes_leaves_the_workflow_as_it_is_and_shares_the_rest() -> None:
    graph = {name: {"class_type": "A", "inputs": {"x": 1}} for name in ("1", "2")}
    workflow = Workflow("w", graph)

    copy = workflow.copy_nodes(["1"])
    copy.graph["1"]["inputs"]["x"] = 2

    assert graph["1"]["inputs"] == {"x": 1}
    assert copy.graph["2"] is graph["2"]
