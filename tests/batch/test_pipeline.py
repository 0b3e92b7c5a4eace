import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from unbake.batch.pipeline import AHEAD, Budget, Complete, run_staged

Acquire = Callable[[int], None]


def run(
    count: int,
    load: Callable[[int, Acquire], int | Complete[str]] = lambda item, acquire: item,
    infer: Callable[[int], int] = lambda item: item,
    write: Callable[[int], str] = str,
    *,
    memory: int = 1 << 30,
    writers: int = 4,
    inferring: int = 1,
    on_result: Callable[[int, str | Exception], None] | None = None,
) -> list[tuple[int, str]]:
    """The results, in the order of their delivery."""
    delivered: list[tuple[int, str]] = []

    def note(item: int, result: str | Exception) -> None:
        delivered.append((item, repr(result) if isinstance(result, Exception) else result))
        if on_result is not None:
            on_result(item, result)

    run_staged(range(count), load, infer, write, note, writers=writers, memory=memory, inferring=inferring)
    return delivered


def test_results_are_delivered_in_input_order_whatever_the_timing() -> None:
    def write(item: int) -> str:
        time.sleep(0.02 if item % 3 == 0 else 0)
        return str(item)

    assert run(20, write=write) == [(item, str(item)) for item in range(20)]


def test_stages_run_side_by_side() -> None:
    together = threading.Barrier(3, timeout=20)

    def load(item: int, acquire: Acquire) -> int:
        if item == 2:
            together.wait()
        return item

    def infer(item: int) -> int:
        if item == 1:
            together.wait()
        return item

    def write(item: int) -> str:
        if item == 0:
            together.wait()
        return str(item)

    assert len(run(3, load, infer, write)) == 3


@pytest.mark.parametrize("stage", ["load", "infer", "write"])
def test_one_bad_item_fails_alone(stage: str) -> None:
    def failing(name: str, item: int) -> int:
        if name == stage and item == 1:
            raise ValueError(name)
        return item

    delivered = run(
        3,
        lambda item, acquire: failing("load", item),
        lambda item: failing("infer", item),
        lambda item: str(failing("write", item)),
    )
    assert delivered == [(0, "0"), (1, f"ValueError('{stage}')"), (2, "2")]


def test_what_is_ready_takes_no_further_stage() -> None:
    inferred: list[int] = []

    def infer(item: int) -> int:
        inferred.append(item)
        return item

    delivered = run(4, lambda item, acquire: Complete("ready") if item % 2 else item, infer)
    assert delivered == [(0, "0"), (1, "ready"), (2, "2"), (3, "ready")]
    assert inferred == [0, 2]


@pytest.mark.parametrize("memory", [100, 250, 10_000])
def test_items_under_way_never_take_more_than_the_memory_unless_alone(memory: int) -> None:
    lock, held, most = threading.Lock(), 0, 0

    def load(item: int, acquire: Acquire) -> int:
        nonlocal held, most
        acquire(120)
        with lock:
            held += 120
            most = max(most, held)
        return item

    def write(item: int) -> str:
        nonlocal held
        time.sleep(0.01)
        with lock:
            held -= 120
        return str(item)

    assert len(run(12, load, write=write, memory=memory)) == 12
    assert most <= max(memory, 120)


def test_no_more_is_loaded_ahead_than_is_said() -> None:
    loaded: list[int] = []
    ahead: list[int] = []

    def load(item: int, acquire: Acquire) -> int:
        loaded.append(item)
        return item

    def infer(item: int) -> int:
        time.sleep(0.01)
        ahead.append(max(loaded) - item)
        return item

    run(15, load, infer)
    assert max(ahead) <= AHEAD + 1


def test_interrupted_what_is_being_written_is_delivered() -> None:
    delivered: list[int] = []

    def infer(item: int) -> int:
        if item == 3:
            raise KeyboardInterrupt
        return item

    def write(item: int) -> str:
        time.sleep(0.05)
        return str(item)

    with pytest.raises(KeyboardInterrupt):
        run(9, infer=infer, write=write, on_result=lambda item, result: delivered.append(item))
    assert delivered == [0, 1, 2]


@pytest.mark.parametrize("inferring", [1, 2, 3])
def test_as_many_are_inferred_at_once_as_is_said(inferring: int) -> None:
    lock, at_once, most = threading.Lock(), 0, 0
    all_of_them = threading.Barrier(inferring, timeout=20)

    def infer(item: int) -> int:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        all_of_them.wait()
        with lock:
            at_once -= 1
        return item

    delivered = run(6, infer=infer, inferring=inferring)
    assert delivered == [(item, str(item)) for item in range(6)]
    assert most == inferring


def test_interrupted_what_is_still_inferred_is_neither_written_nor_delivered() -> None:
    second, delivered, written = threading.Event(), [], []

    def infer(item: int) -> int:
        if item == 0:
            assert second.wait(20)
            raise KeyboardInterrupt
        second.set()
        time.sleep(0.1)
        return item

    with pytest.raises(KeyboardInterrupt):
        run(
            9,
            infer=infer,
            write=lambda item: written.append(item) or "",
            on_result=lambda item, result: delivered.append(item),
            inferring=2,
        )
    assert delivered == written == []


def test_interrupted_what_another_thread_has_inferred_is_written_and_delivered() -> None:
    writing, delivered = threading.Event(), []

    def infer(item: int) -> int:
        if item == 0:
            assert writing.wait(20)
            raise KeyboardInterrupt
        if item > 1:
            time.sleep(0.2)
        return item

    def write(item: int) -> str:
        writing.set()
        time.sleep(0.05)
        return str(item)

    with pytest.raises(KeyboardInterrupt):
        run(
            9,
            infer=infer,
            write=write,
            on_result=lambda item, result: delivered.append(item),
            inferring=2,
        )
    assert delivered == [1]


def test_an_interruption_frees_who_waits_for_memory() -> None:
    def load(item: int, acquire: Acquire) -> int:
        acquire(100)
        return item

    def infer(item: int) -> int:
        time.sleep(0.1)  # the second is waiting by now
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(3, load, infer, memory=100)


def test_a_closed_budget_lets_nobody_wait() -> None:
    budget = Budget(10)
    budget.acquire(10)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(budget.acquire, 1)
        budget.close()
        with pytest.raises(RuntimeError):
            waiting.result(timeout=10)
