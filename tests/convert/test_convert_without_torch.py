import subprocess
import sys

BLOCKED = """
import importlib, pkgutil, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "transformers", "bethkit", "ray"):
            raise ImportError(f"{name} is not there")

sys.meta_path.insert(0, Blocked())
import unbake.batch, unbake.convert, unbake.report, unbake.image
for package in (unbake.batch, unbake.convert, unbake.report, unbake.image):
    for module in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        importlib.import_module(module.name)
import unbake.export.packs, unbake.image.dds.encode, unbake.export.pgpatcher
"""


def test_the_converter_runs_without_torch_and_what_else_is_optional() -> None:
    result = subprocess.run([sys.executable, "-c", BLOCKED], capture_output=True, text=True)
    assert result.stderr == ""
    assert result.returncode == 0
