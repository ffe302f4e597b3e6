"""Installs ComfyUI: in a checkout for `make setup`, else in the runner's home for `talkingshorts server install`.

Needs nothing but the standard library: set-up runs on the user's bare Python. Steps that are done cost nothing; a run
that is cut short at any moment leaves nothing that the next one trips over:
- an environment that isn't finished carries a mark inside, and the next run makes it anew;
- ComfyUI appears by a rename, complete;
- the stamp is written last.
"""

import hashlib
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from .. import home
from ..errors import UsageError
from ..files import replacing
from ..shipped.data import shipped_dir
from . import provision
from .environment import Environment, explain_os_error, require_free_disk
from .provision import COMFYUI_VERSION, Say, SetupError

PHASES = 4


@dataclass(frozen=True)
class Places:
    """Where an installation's parts lie. `shipped` holds the requirements and the node pack, and pip works in it."""

    shipped: Path
    venv: Path
    work: Path
    base: Path
    comfyui: Path

    @property
    def pack(self) -> Path:
        """The folder of the node pack."""
        return self.shipped / "custom_nodes" / home.PACK_NAME


class Installation:
    """ComfyUI, or the user's own, with an environment that it and the pack run in, and its base directory.

    pip gets the arguments `project` besides. `elsewhere` says what to do when the disk is too small.
    """

    def __init__(self, places: Places, say: Say, elsewhere: str, project: tuple[str, ...] = ()) -> None:
        self.places = places
        self.say = say
        self.elsewhere = elsewhere
        self.project = project
        self.environment = Environment(places.venv, places.work, places.shipped, say)
        self.has_own_comfyui = bool(os.environ.get("COMFYUI_DIR"))

    def is_current(self) -> bool:
        """Tell whether it was finished with exactly the files and the ComfyUI of now."""
        return self.has_stamp("setup")

    def has_stamp(self, name: str, *files: Path) -> bool:
        """Tell whether a step was finished when `files`, and all that the installation depends on, were as now."""
        stamp = self._stamp_file(name)
        return (
            stamp.is_file()
            and stamp.read_text() == self._digest(*files)
            and self.environment.is_finished
            and self._comfyui_is_right()
            and (self.places.base / "custom_nodes" / home.PACK_NAME / "requirements.txt").exists()
        )

    def stamp(self, name: str, *files: Path) -> None:
        """Note that a step is finished with these files."""
        with replacing(self._stamp_file(name)) as partial:
            partial.write_text(self._digest(*files))

    def install(self) -> None:
        """Do what isn't done yet. The environment has to be `at_work`.

        Raises:
            SetupError: COMFYUI_DIR holds no ComfyUI, the disk is too small, or something can't be fetched.
        """
        if self.has_own_comfyui:
            provision.require_own_comfyui(self.places.comfyui, self.say)
        environment = self.environment
        if not (environment.is_finished and environment.works()):
            environment.discard()
        is_new = not self.places.venv.exists()
        if is_new:
            require_free_disk(self.places.work, self.elsewhere)
        try:
            self._fill(is_new)
        except BaseException:
            if not environment.is_finished:
                environment.discard()
            raise

    def _fill(self, is_new: bool) -> None:
        places, name = self.places, self.places.venv.name
        if is_new:
            version = ".".join(map(str, sys.version_info[:2]))
            self._tell_phase(1, f"Python environment: {name}, Python {version} (a few seconds)")
            self.environment.make()
        else:
            self._tell_phase(1, f"Python environment: {name} is there")
        self.environment.install("-r", "requirements/build.txt")
        if self.has_own_comfyui:
            self._tell_phase(2, f"ComfyUI: {places.comfyui}")
        elif self._comfyui_is_right():
            self._tell_phase(2, f"ComfyUI {COMFYUI_VERSION} is there")
        else:
            self._tell_phase(2, f"ComfyUI {COMFYUI_VERSION} (12 MB, a few seconds)")
            requirement = places.shipped / "requirements" / "comfyui.txt"
            provision.fetch_comfyui(places.comfyui, requirement, self.environment.pip, self.say)
        hint = "about 6.5 GB, 2 to 15 minutes" if is_new else "only what changed"
        self._tell_phase(3, f"Packages: torch, ComfyUI's, the pack's ({hint})")
        pinned = ("requirements/build.txt", "requirements/torch.txt")
        needed = (places.comfyui / "requirements.txt", places.pack / "requirements.txt")
        chosen = [word for path in (*pinned, *needed) for word in ("-r", str(path))]
        self.environment.install(*chosen, *self.project)
        self._tell_phase(4, "Linking the pack into ComfyUI's base directory")
        provision.prepare_base_dir(places.base, places.pack)
        self.environment.finish()
        self.stamp("setup")

    def _tell_phase(self, number: int, what: str) -> None:
        self.say(f"[{number}/{PHASES}] {what}")

    def _digest(self, *more: Path) -> str:
        """Return a hash over everything that the result depends on."""
        places = self.places
        digest = hashlib.sha256()
        files = [
            places.shipped / "requirements" / f"{name}.txt" for name in ("build", "comfyui", "torch", "constraints")
        ]
        files += [places.pack / "requirements.txt", places.shipped / "pyproject.toml"]
        for path in (*files, places.comfyui / "requirements.txt", *more):
            digest.update(path.read_bytes() if path.is_file() else b"absent")
            digest.update(b"\0")
        digest.update(f"{places.shipped}\0{places.comfyui}".encode())
        return digest.hexdigest()

    def _stamp_file(self, name: str) -> Path:
        return self.places.venv / f"talkingshorts-{name}.stamp"

    def _comfyui_is_right(self) -> bool:
        version = provision.read_comfyui_version(self.places.comfyui)
        return version is not None if self.has_own_comfyui else version == COMFYUI_VERSION


def server_installation(say: Say) -> Installation:
    """Return the ComfyUI of a runner that was installed without a checkout: all of it lies in the runner's home."""
    folder = home.home_dir()
    places = Places(shipped_dir(), home.environment_dir(), folder / "install", home.base_dir(), home.comfyui_dir())
    return Installation(places, say, "name a folder on a larger disk in TALKINGSHORTS_HOME")


def install_server(say: Say) -> None:
    """Install the runner's own ComfyUI, or what changed since it was installed.

    Raises:
        UsageError: COMFYUI_PYTHON names another environment than the one that this would fill.
        SetupError: this is a checkout, which is set up by `make setup`; or something of the user's is in the home; or
            the installation failed.
    """
    if checkout := home.checkout_dir():
        raise SetupError(f"ComfyUI is installed by `make setup` here: {checkout} is a checkout of the project.")
    if python := os.environ.get("COMFYUI_PYTHON"):
        raise UsageError(
            f"COMFYUI_PYTHON is {python}, so that ComfyUI runs in that environment, and not in one that this would "
            "install. Unset it, or install the requirements of the node pack there."
        )
    installation = server_installation(say)
    if installation.is_current():
        say(f"ComfyUI is installed: {installation.places.comfyui}")
        return
    _require_own_places(installation)
    started = time.monotonic()
    try:
        with installation.environment.at_work():
            if not installation.is_current():
                installation.install()
    except OSError as error:
        reason = explain_os_error(error, home.home_dir()).rstrip(".")
        raise SetupError(f"{reason}. Another folder can be named in TALKINGSHORTS_HOME.") from error
    say(f"Installed in {time.monotonic() - started:.0f} s; everything is in {home.home_dir()}.")


def _require_own_places(installation: Installation) -> None:
    """Raise SetupError for what lies in the home and no installation put there: a later step might replace it."""
    places = installation.places
    ours = (places.venv,) if installation.has_own_comfyui else (places.venv, places.comfyui)
    taken = next((path for path in ours if path.exists()), None)
    if taken and not installation.environment.has_been_at_work:
        raise SetupError(
            f"{taken} is there already, and wasn't installed by this program. Move it, or name another folder in "
            "TALKINGSHORTS_HOME; to use a ComfyUI of your own, name it in COMFYUI_DIR."
        )


def is_outdated() -> bool:
    """Tell whether the runner's own ComfyUI was installed, but with other requirements than this version has."""
    is_ours = home.checkout_dir() is None and home.comfyui_python() == home.venv_python(home.environment_dir())
    return is_ours and home.environment_dir().exists() and not server_installation(lambda line: None).is_current()


def explain_install() -> str:
    """Return the command that installs ComfyUI here, as the beginning of a sentence."""
    if home.checkout_dir():
        return "Run `make setup` in the checkout"
    place = f"about 6.5 GB, in {home.home_dir()}"
    return f"Run `talkingshorts server install` ({place}; `talkingshorts make --yes` does it, too)"
