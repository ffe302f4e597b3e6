"""Builds the runner's distributions. The rest of what a build needs is in pyproject.toml.

The wheel carries what the program reads in a checkout, laid out alike, in talkingshorts/shipped/files.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
SHIPPED_FOLDERS = ("workflows", "custom_nodes/comfyui_talkingshorts")
SHIPPED_FILES = (
    *("models.json", "extra_model_paths.yaml"),
    *(f"requirements/{name}.txt" for name in ("build", "comfyui", "torch", "constraints")),
)
BY_PRODUCTS = shutil.ignore_patterns("__pycache__", "*.egg-info", "build", "dist")


class BuildWithShippedFiles(build_py):
    """Puts the shipped files beside the modules. An editable install reads the checkout's."""

    def run(self) -> None:
        """Build into a folder that holds nothing of an earlier build, which would be in the wheel, too."""
        if self.editable_mode:
            super().run()
            return
        shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()
        target = Path(self.build_lib) / "talkingshorts" / "shipped" / "files"
        for name in SHIPPED_FOLDERS:
            shutil.copytree(ROOT / name, target / name, ignore=BY_PRODUCTS)
        for name in SHIPPED_FILES:
            (target / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(ROOT / name, target / name)


setup(cmdclass={"build_py": BuildWithShippedFiles})
