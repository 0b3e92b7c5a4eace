"""Put torch into this Python, without CUDA where there is no NVIDIA GPU: `python scripts/install_torch.py [INDEX]`.

INDEX is a package index to take torch from, such as one of those that PyTorch's own instructions name. Without it pip's
settings count. On Linux x64 the usual wheel brings gigabytes of CUDA; where no GPU would use them uv is asked for the
CPU build, since it knows PyTorch's indexes. Torch is not in `requirements/dev.txt`, for its builds have other hashes.
"""

import importlib.metadata
import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path

PIN = Path(__file__).parent.parent / "requirements" / "torch.txt"
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-qq"]


def install(index: str | None) -> int:
    """The exit code of what installed it."""
    version = PIN.read_text("ascii").strip().partition("==")[2]
    if installed().partition("+")[0] == version:
        return 0
    if index is None and brings_cuda_in_vain():
        subprocess.run([*PIP, "uv"], check=True)
        command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", sys.executable]
        if not subprocess.run([*command, "--torch-backend", "cpu", "-r", str(PIN)]).returncode:
            return 0
        print(
            "PyTorch's index of CPU builds cannot be reached; taking pip's, which is larger.", file=sys.stderr
        )
    return subprocess.run([*PIP, *(["--index-url", index] if index else []), "-r", str(PIN)]).returncode


def installed() -> str:
    """The version of torch that is here; "" for none."""
    try:
        return importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        return ""


def brings_cuda_in_vain() -> bool:
    """Whether pip would take a build with CUDA although no NVIDIA GPU is here."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64") or shutil.which("nvidia-smi"):
        return False
    asked = [*PIP, "--dry-run", "--ignore-installed", "--no-deps", "--report", "-", "-r", str(PIN)]
    answer = subprocess.run(asked, capture_output=True, text=True)
    if answer.returncode:
        return False  # installing says why
    return "+cpu" not in json.loads(answer.stdout)["install"][0]["metadata"]["version"]


if __name__ == "__main__":
    sys.exit(install(next(iter(sys.argv[1:]), "") or None))
