"""Several processes train as one: two real ones on the CPU, and what can be told of one alone."""

import json
import shutil
import subprocess
import sys
from contextlib import closing
from itertools import chain
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from support.loop_driver import train_phase
from support.parallel_driver import train
from support.tiny_project import start
from torch import nn

from unbake.losses.masked import ratio
from unbake.models.norm import Norm, recomputed
from unbake.train.parallel import Processes, joined, synchronise_norms
from unbake.train.session import start_session

ALONE = Processes(torch.device("cpu"))
TESTS = Path(__file__).parents[1]


@pytest.mark.slow
def test_two_processes_end_with_the_parameters_of_one_though_maps_are_absent_from_a_part(
    root: Path, tmp_path: Path
):
    driver = "support.parallel_driver"
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]
    subprocess.run([*command, driver, str(root), str(tmp_path)], check=True, timeout=200, cwd=TESTS)
    first, second = (load_file(tmp_path / f"{rank}.safetensors") for rank in (0, 1))
    assert first["agreed"].tolist() == second["agreed"].tolist() == [True, False]
    assert first["collected"].tolist() == second["collected"].tolist() == [0, 10, 20, 30, 40]
    alone = train(root, ALONE)
    assert all(torch.equal(first[name], second[name]) for name in alone)
    torch.testing.assert_close({name: first[name] for name in alone}, alone, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
def test_a_phase_trained_by_two_processes_leaves_the_files_of_one(root: Path, tmp_path: Path):
    together = tmp_path / "together"
    shutil.copytree(root / "data", together / "data")
    driver = "support.loop_driver"
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]
    subprocess.run([*command, driver, str(together)], check=True, timeout=200, cwd=TESTS)
    train_phase(root, ALONE)
    checkpoints = [{p.name for p in (r / "checkpoints").iterdir()} for r in (root, together)]
    assert checkpoints[0] == checkpoints[1]
    ours, theirs = (load_file(r / "checkpoints" / "A0_last.safetensors") for r in (root, together))
    weights = [
        {k: v for k, v in one.items() if k.startswith(("model.", "average."))} for one in (ours, theirs)
    ]
    torch.testing.assert_close(weights[1], weights[0], rtol=1e-4, atol=1e-5)
    history = [
        [json.loads(line) for line in (r / "train_logs/phase_A0/metrics.jsonl").read_text().splitlines()]
        for r in (root, together)
    ]
    assert [line["epoch"] for line in history[1]] == [0, 1, 2, 3]
    assert history[1] == [pytest.approx(line, rel=1e-3) for line in history[0]]


def test_each_process_draws_chance_for_its_own_samples(root: Path):
    terms = []
    for rank in (0, 1):
        run = start(root, processes=Processes(torch.device("cpu"), rank))
        session, _ = start_session(run, lambda event: None, resume=False)
        run.sampler.set_epoch(1, 2, 32, batch=2)
        with closing(session):
            terms.append(session.update.step(next(iter(session.batches.of(2))), seed=5)[0])
    assert terms[0] != terms[1]


def test_one_process_is_itself(root: Path):
    networks = nn.Linear(2, 2)
    assert ALONE.wrap(networks) is networks
    total, count = torch.tensor(3.0, requires_grad=True), torch.tensor(4.0)
    assert torch.equal(ALONE.mean(total, count), ratio(total, count))
    assert (ALONE.agree(True), ALONE.agree(False), ALONE.collect([1, 2])) == (True, False, [1, 2])
    with ALONE.main_first():
        ALONE.barrier()


def test_without_torchrun_a_process_is_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with joined(torch.device("cpu")) as processes:
        assert (processes.rank, processes.world, processes.is_main) == (0, 1, True)


@pytest.mark.parametrize("world", [1, 2, 3, 7])
def test_shares_side_by_side_are_the_whole(world: int):
    items = list(range(5))
    parts = [list(Processes(torch.device("cpu"), rank, world).share(items)) for rank in range(world)]
    assert list(chain.from_iterable(parts)) == items
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def block() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(2, 3, 3), Norm(3), nn.Conv2d(3, 3, 3), Norm(3))


def test_only_trained_norms_are_synchronised_and_they_keep_their_parameters_and_statistics():
    layers = block()
    layers[1].requires_grad_(False)
    before = dict(layers.named_parameters()) | dict(layers.named_buffers())
    synchronise_norms(layers)
    layers.train()
    assert [type(layers[i]) for i in (1, 3)] == [Norm, nn.SyncBatchNorm]
    assert not layers[1].training
    after = dict(layers.named_parameters()) | dict(layers.named_buffers())
    assert {name: id(value) for name, value in after.items()} == {n: id(v) for n, v in before.items()}


def test_a_synchronised_norm_is_counted_once_where_a_level_is_recomputed():
    torch.manual_seed(0)
    plain, synced = block(), block()
    synced.load_state_dict(plain.state_dict())
    synchronise_norms(synced)
    x = torch.rand(2, 2, 12, 12)
    plain(x).square().sum().backward()
    recomputed(synced, x).square().sum().backward()
    torch.testing.assert_close(dict(synced.state_dict()), dict(plain.state_dict()), rtol=0, atol=0)
