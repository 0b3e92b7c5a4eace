"""Averaged checkpoints: between the two in one network, the first in all else, with both in the lineage."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from unbake import recipe as recipes
from unbake.errors import UsageError
from unbake.evaluate.average import average_checkpoints
from unbake.models.config import CONFIGS
from unbake.models.lora import add_lora
from unbake.models.network import Networks
from unbake.models.weights import save_weights
from unbake.recipe import as_dict
from unbake.train.checkpoint import load_networks
from unbake.train.lineage import Lineage, ancestry, read_lineage

SCRIPT = Path(__file__).parents[2] / "scripts" / "average_checkpoints.py"


def checkpoint(folder: Path, name: str, seed: int, *, held_out: str = "", lora: bool = False) -> Path:
    """A checkpoint of tiny networks, drawn by a seed; adapters have weights of their own."""
    torch.manual_seed(seed)
    networks = Networks(CONFIGS["tiny"])
    if lora:
        add_lora(networks, rank=2, alpha=4.0)
        for parameter in networks.parameters():
            torch.nn.init.normal_(parameter, std=0.05)
    settings = (f'data.held_out=["{held_out}"]',) if held_out else ()
    lineage = Lineage(name=name, recipe=as_dict(recipes.load("A", settings)), sources=[f"from/{name}"])
    path = folder / f"{name}.safetensors"
    save_weights(path, networks, lineage.as_metadata())
    return path


def test_one_network_lies_between_the_two_and_the_rest_is_the_firsts(tmp_path: Path):
    first, second = (checkpoint(tmp_path, name, seed) for seed, name in enumerate(("one", "two")))
    average_checkpoints(first, second, tmp_path / "mean.safetensors", "vit", 0.25)
    one, two, mean = (
        load_networks(tmp_path / f"{n}.safetensors")[0].state_dict() for n in ("one", "two", "mean")
    )
    for name, value in mean.items():
        wanted = torch.lerp(one[name], two[name], 0.25) if name.startswith("vit.") else one[name]
        torch.testing.assert_close(value, wanted)


def test_adapters_are_merged_before(tmp_path: Path):
    first, second = checkpoint(tmp_path, "plain", 0), checkpoint(tmp_path, "adapted", 1, lora=True)
    average_checkpoints(first, second, tmp_path / "mean.safetensors", "vit", 1.0)
    adapted, mean = (load_networks(tmp_path / f"{n}.safetensors")[0].eval() for n in ("adapted", "mean"))
    picture = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(mean.vit(picture), adapted.vit(picture), rtol=1e-4, atol=1e-5)


def test_the_lineage_names_both_and_holds_out_what_the_first_did(tmp_path: Path):
    first, second = checkpoint(tmp_path, "one", 0, held_out="kept/apart"), checkpoint(tmp_path, "two", 1)
    average_checkpoints(first, second, tmp_path / "mean.safetensors", "vit", 0.5)
    lineage = read_lineage(tmp_path / "mean.safetensors")
    assert [each.name for each in ancestry(lineage)] == ["one", "two", "mean"]
    assert lineage.held_out == ("kept/apart",)
    assert lineage.sources == ["from/one", "from/two"]
    assert (tmp_path / "mean.json").is_file()


@pytest.mark.parametrize(("network", "share"), [("vim", 0.5), ("vit", 1.5)])
def test_a_wrong_word_or_share_is_told(tmp_path: Path, network: str, share: float):
    with pytest.raises(UsageError, match="Expected a network of vit"):
        average_checkpoints(tmp_path / "a", tmp_path / "b", tmp_path / "c", network, share)


def test_a_checkpoint_that_exists_is_not_written_over(tmp_path: Path):
    first, second = (checkpoint(tmp_path, name, seed) for seed, name in enumerate(("one", "two")))
    before = first.read_bytes()
    with pytest.raises(UsageError, match="Expected a new file"):
        average_checkpoints(first, second, first, "vit", 0.5)
    assert first.read_bytes() == before


def test_from_a_shell(tmp_path: Path):
    first, second = (checkpoint(tmp_path, name, seed) for seed, name in enumerate(("one", "two")))
    paths = [str(path) for path in (SCRIPT, first, second, tmp_path / "mean.safetensors")]
    done = subprocess.run(
        [sys.executable, *paths, "--share", "0.3"], capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "0.7 one, 0.3 two" in done.stdout
