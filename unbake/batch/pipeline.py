"""Three stages side by side, load : infer : encode, bounded by memory; `batch` says what each of them does."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from threading import Condition
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")
Loaded = TypeVar("Loaded")
Made = TypeVar("Made")
Result = TypeVar("Result")

AHEAD: Final = 2
"""Items that are loaded, or about to be, while another is inferred."""


@dataclass(frozen=True, slots=True)
class Ready(Generic[Result]):
    """What a load gives for an item that needs no further stage."""

    result: Result


class Budget:
    """So many bytes to share: who takes some waits until they are there, or until nobody holds any."""

    def __init__(self, limit: int) -> None:
        self._limit, self._taken, self._closed = limit, 0, False
        self._changed = Condition()

    def take(self, amount: int) -> None:
        """Wait for `amount` bytes; more than the limit are given to who is alone. RuntimeError once closed."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or not self._taken or self._taken + amount <= self._limit
            )
            if self._closed:
                raise RuntimeError("the work was stopped")
            self._taken += amount

    def give(self, amount: int) -> None:
        """Give back what was taken."""
        with self._changed:
            self._taken -= amount
            self._changed.notify_all()

    def close(self) -> None:
        """Let nobody wait any longer."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class _Share:
    """What one item has taken of a budget; given back once."""

    def __init__(self, budget: Budget) -> None:
        self._budget, self._amount = budget, 0

    def take(self, amount: int) -> None:
        self._budget.take(amount)
        self._amount += amount

    def give(self, _: object = None) -> None:
        amount, self._amount = self._amount, 0
        self._budget.give(amount)


def run_staged(
    items: Iterable[Item],
    load: Callable[[Item, Callable[[int], None]], Loaded | Ready[Result]],
    infer: Callable[[Loaded], Made],
    encode: Callable[[Made], Result],
    settle: Callable[[Item, Result | Exception], None],
    *,
    encoders: int,
    memory: int,
) -> None:
    """Take every item through the stages and settle each, in their order, whatever the timing.

    load(item, take): in a thread of its own, one item at a time. It calls take(bytes) with what the item will
    need in all, before it needs it, and waits there while others hold more than `memory` leaves.
    infer: in this thread, one item at a time. encode: in `encoders` threads.
    settle(item, result or exception): in this thread. Interrupted, items that are being encoded are settled
    before the interruption goes on.
    """
    budget, source = Budget(memory), iter(items)
    loading: deque[tuple[Item, _Share, Future[Loaded | Ready[Result]]]] = deque()
    waiting: deque[tuple[Item, Future[Result]]] = deque()

    def settle_first() -> None:
        item, future = waiting.popleft()
        error = future.exception()
        if error is not None and not isinstance(error, Exception):
            raise error
        settle(item, future.result() if error is None else error)

    with ThreadPoolExecutor(1) as loader, ThreadPoolExecutor(encoders) as pool:

        def next_stage(future: Future[Loaded | Ready[Result]], share: _Share) -> Future[Result]:
            """The result to come of an item that is being loaded; one bad item never stops the others."""
            done: Future[Result] = Future()
            try:
                loaded = future.result()
                if isinstance(loaded, Ready):
                    done.set_result(loaded.result)
                else:
                    done = pool.submit(encode, infer(loaded))
            except Exception as error:
                done.set_exception(error)
            done.add_done_callback(share.give)
            return done

        def started() -> Iterator[tuple[Item, _Share, Future[Loaded | Ready[Result]]]]:
            for item in islice(source, AHEAD + 1 - len(loading)):
                share = _Share(budget)
                yield item, share, loader.submit(load, item, share.take)

        try:
            loading.extend(started())
            while loading:
                item, share, future = loading.popleft()
                loading.extend(started())
                waiting.append((item, next_stage(future, share)))
                del future
                while waiting and (waiting[0][1].done() or len(waiting) > 2 * encoders):
                    settle_first()
        finally:
            budget.close()
            for _, _, future in loading:
                future.cancel()
            while waiting:
                settle_first()
