import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from unbake.batch.pipeline import AHEAD, Budget, Ready, run_staged

Take = Callable[[int], None]


def run(
    count: int,
    load: Callable[[int, Take], int | Ready[str]] = lambda item, take: item,
    infer: Callable[[int], int] = lambda item: item,
    encode: Callable[[int], str] = str,
    *,
    memory: int = 1 << 30,
    encoders: int = 4,
    settle: Callable[[int, str | Exception], None] | None = None,
) -> list[tuple[int, str]]:
    """What was settled, in its order."""
    settled: list[tuple[int, str]] = []

    def note(item: int, result: str | Exception) -> None:
        settled.append((item, repr(result) if isinstance(result, Exception) else result))
        if settle is not None:
            settle(item, result)

    run_staged(range(count), load, infer, encode, note, encoders=encoders, memory=memory)
    return settled


def test_items_are_settled_in_their_order_whatever_the_timing() -> None:
    def encode(item: int) -> str:
        time.sleep(0.02 if item % 3 == 0 else 0)
        return str(item)

    assert run(20, encode=encode) == [(item, str(item)) for item in range(20)]


def test_stages_run_side_by_side() -> None:
    together = threading.Barrier(3, timeout=20)

    def load(item: int, take: Take) -> int:
        if item == 2:
            together.wait()
        return item

    def infer(item: int) -> int:
        if item == 1:
            together.wait()
        return item

    def encode(item: int) -> str:
        if item == 0:
            together.wait()
        return str(item)

    assert len(run(3, load, infer, encode)) == 3


@pytest.mark.parametrize("stage", ["load", "infer", "encode"])
def test_one_bad_item_fails_alone(stage: str) -> None:
    def failing(name: str, item: int) -> int:
        if name == stage and item == 1:
            raise ValueError(name)
        return item

    settled = run(
        3,
        lambda item, take: failing("load", item),
        lambda item: failing("infer", item),
        lambda item: str(failing("encode", item)),
    )
    assert settled == [(0, "0"), (1, f"ValueError('{stage}')"), (2, "2")]


def test_what_is_ready_takes_no_further_stage() -> None:
    inferred: list[int] = []

    def infer(item: int) -> int:
        inferred.append(item)
        return item

    settled = run(4, lambda item, take: Ready("ready") if item % 2 else item, infer)
    assert settled == [(0, "0"), (1, "ready"), (2, "2"), (3, "ready")]
    assert inferred == [0, 2]


@pytest.mark.parametrize("memory", [100, 250, 10_000])
def test_items_under_way_never_take_more_than_the_memory_unless_alone(memory: int) -> None:
    lock, held, most = threading.Lock(), 0, 0

    def load(item: int, take: Take) -> int:
        nonlocal held, most
        take(120)
        with lock:
            held += 120
            most = max(most, held)
        return item

    def encode(item: int) -> str:
        nonlocal held
        time.sleep(0.01)
        with lock:
            held -= 120
        return str(item)

    assert len(run(12, load, encode=encode, memory=memory)) == 12
    assert most <= max(memory, 120)


def test_no_more_is_loaded_ahead_than_is_said() -> None:
    loaded: list[int] = []
    ahead: list[int] = []

    def load(item: int, take: Take) -> int:
        loaded.append(item)
        return item

    def infer(item: int) -> int:
        time.sleep(0.01)
        ahead.append(max(loaded) - item)
        return item

    run(15, load, infer)
    assert max(ahead) <= AHEAD + 1


def test_interrupted_what_is_being_encoded_is_settled() -> None:
    settled: list[int] = []

    def infer(item: int) -> int:
        if item == 3:
            raise KeyboardInterrupt
        return item

    def encode(item: int) -> str:
        time.sleep(0.05)
        return str(item)

    with pytest.raises(KeyboardInterrupt):
        run(9, infer=infer, encode=encode, settle=lambda item, result: settled.append(item))
    assert settled == [0, 1, 2]


def test_an_interruption_frees_who_waits_for_memory() -> None:
    def load(item: int, take: Take) -> int:
        take(100)
        return item

    def infer(item: int) -> int:
        time.sleep(0.1)  # the second is waiting by now
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(3, load, infer, memory=100)


def test_a_closed_budget_lets_nobody_wait() -> None:
    budget = Budget(10)
    budget.take(10)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(budget.take, 1)
        budget.close()
        with pytest.raises(RuntimeError):
            waiting.result(timeout=10)
