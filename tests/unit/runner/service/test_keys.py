from pathlib import Path

import pytest
from talkingshorts.errors import UsageError
from talkingshorts.service.keys import KeyFile


def test_a_key_is_told_once_and_kept_as_a_hash(tmp_path: Path) -> None:
    key = KeyFile(tmp_path / "keys.json").add("ann", ["shorts"])

    assert key.startswith("ts_")
    assert len(key) > 40
    assert key not in (tmp_path / "keys.json").read_text()
    assert (tmp_path / "keys.json").stat().st_mode & 0o077 == 0


def test_a_key_is_found_by_what_it_is_and_by_nothing_else(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys.json")
    keys = {name: file.add(name, ["shorts"]) for name in ("ann", "bob")}

    found = KeyFile(tmp_path / "keys.json").find(keys["bob"])
    assert found is not None
    assert found.name == "bob"
    assert file.find(keys["bob"][:-1]) is None
    assert file.find("") is None


@pytest.mark.parametrize("name", ["", "a b", "../x", "x" * 65, "-x", "né"])
def test_a_name_is_plain(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="isn't a name for a key"):
        KeyFile(tmp_path / "keys.json").add(name, ["shorts"])


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys.json")
    file.add("ann", ["shorts"])

    with pytest.raises(UsageError, match="called 'ann' already"):
        file.add("ann", ["shorts"])


def test_a_scope_has_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'short' isn't a scope"):
        KeyFile(tmp_path / "keys.json").add("ann", ["short"])


def test_who_isnt_there_cant_be_revoked(tmp_path: Path) -> None:
    file = KeyFile(tmp_path / "keys.json")
    file.add("ann", ["shorts"])

    with pytest.raises(UsageError, match="No key is called 'anne'"):
        file.revoke("anne")


def test_a_file_that_holds_no_keys_is_named(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text("[]")

    with pytest.raises(UsageError, match=r"keys\.json can't be read"):
        KeyFile(tmp_path / "keys.json").list()
