"""Puts the guest's sources and the recipes into the package: an installed smssboot can build and boot.

Everything else about the package is in pyproject.toml.  An editable installation uses the source tree itself.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

FOLDERS = ("guest", "images")


class BuildWithGuest(build_py):
    """Copies the folders beside the modules, to smssboot/project (image/paths.py looks for them there)."""

    def run(self) -> None:
        """Build the package."""
        super().run()
        if not self.editable_mode:
            root = Path(__file__).resolve().parent
            for name in FOLDERS:
                target = Path(self.build_lib) / "smssboot" / "project" / name
                shutil.rmtree(target, ignore_errors=True)
                shutil.copytree(root / name, target, ignore=shutil.ignore_patterns("__pycache__"))


setup(cmdclass={"build_py": BuildWithGuest})
