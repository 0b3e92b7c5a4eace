"""Small copies of pictures: where only a part of a file is read."""

import os
from pathlib import Path

import pytest

from unbake.convert.small import small_picture
from unbake.convert.sources import Source
from unbake.errors import FileError


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes among its files")
def test_a_pipe_called_as_a_texture_is_an_error_instead_of_a_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pot.dds")
    with pytest.raises(FileError, match="a pipe or a device"):
        small_picture(Source(tmp_path / "pot.dds"))
