"""Packaging's one addition to pyproject.toml: a wheel carries the viewer's page where Node can build it."""

import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

sys.path.insert(0, str(Path(__file__).parent / "scripts"))

from make_viewer import NoPageError, make


class BuildWithPage(build_py):
    """Builds the page before files are gathered. Not for editable installs, which `make viewer` serves."""

    def run(self) -> None:
        """As setuptools does, with the page if it can be had."""
        if not self.editable_mode:
            try:
                make()
            except NoPageError as error:
                self.warn(f"unbake: this wheel has no viewer page ({error})")
        super().run()


setup(cmdclass={"build_py": BuildWithPage})
