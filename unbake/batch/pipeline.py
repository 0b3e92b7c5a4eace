"""Runs items through three stages side by side, load : infer : write, bounded by memory; see `stages` for a set's."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from threading import Condition
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")
Loaded = TypeVar("Loaded")
Inferred = TypeVar("Inferred")
Result = TypeVar("Result")

AHEAD: Final = 2
"""Items that are loaded, or about to be, while another is inferred."""


@dataclass(frozen=True, slots=True)
class Complete(Generic[Result]):
    """Returned by the load stage for an item that needs no further stage."""

    result: Result


class Budget:
    """Byte budget shared by threads."""

    def __init__(self, limit: int) -> None:
        self._limit, self._used, self._closed = limit, 0, False
        self._changed = Condition()

    def acquire(self, amount: int) -> None:
        """Block until `amount` bytes are free; a request above the limit waits until it is alone.

        RuntimeError once the budget is closed.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or not self._used or self._used + amount <= self._limit
            )
            if self._closed:
                raise RuntimeError("the work was stopped")
            self._used += amount

    def release(self, amount: int) -> None:
        """Give back bytes that were acquired."""
        with self._changed:
            self._used -= amount
            self._changed.notify_all()

    def close(self) -> None:
        """End every wait, present and future."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class _Share:
    """The bytes that one item holds of a budget; released once."""

    def __init__(self, budget: Budget) -> None:
        self._budget, self._amount = budget, 0

    def acquire(self, amount: int) -> None:
        self._budget.acquire(amount)
        self._amount += amount

    def release(self, _: object = None) -> None:
        amount, self._amount = self._amount, 0
        self._budget.release(amount)


def run_staged(
    items: Iterable[Item],
    load: Callable[[Item, Callable[[int], None]], Loaded | Complete[Result]],
    infer: Callable[[Loaded], Inferred],
    write: Callable[[Inferred], Result],
    on_result: Callable[[Item, Result | Exception], None],
    *,
    writers: int,
    memory: int,
) -> None:
    """Run all items through the stages; `on_result` is called in input order.

    load(item, acquire): in a thread of its own, one item at a time. It calls acquire(bytes) with the memory that the
    item will need in all stages, before it needs it, and blocks there while others hold more than `memory` leaves.
    infer(loaded): in the calling thread, one item at a time. write(inferred): in `writers` threads.
    on_result(item, result or exception): in the calling thread. After an interruption, the results of items that are
    being written are still delivered before it is raised.
    """
    budget, source = Budget(memory), iter(items)
    loading: deque[tuple[Item, _Share, Future[Loaded | Complete[Result]]]] = deque()
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    with ThreadPoolExecutor(1) as loader, ThreadPoolExecutor(writers) as pool:

        def next_stage(future: Future[Loaded | Complete[Result]], share: _Share) -> Future[Result]:
            """The future result of an item that is being loaded; one bad item never stops the others."""
            result: Future[Result] = Future()
            try:
                loaded = future.result()
                if isinstance(loaded, Complete):
                    result.set_result(loaded.result)
                else:
                    result = pool.submit(write, infer(loaded))
            except Exception as error:
                result.set_exception(error)
            result.add_done_callback(share.release)
            return result

        def started() -> Iterator[tuple[Item, _Share, Future[Loaded | Complete[Result]]]]:
            for item in islice(source, AHEAD + 1 - len(loading)):
                share = _Share(budget)
                yield item, share, loader.submit(load, item, share.acquire)

        try:
            loading.extend(started())
            while loading:
                item, share, future = loading.popleft()
                loading.extend(started())
                waiting.append((item, next_stage(future, share)))
                del future
                while waiting and (waiting[0][1].done() or len(waiting) > 2 * writers):
                    _deliver_first(waiting, on_result)
        finally:
            budget.close()
            for _, _, future in loading:
                future.cancel()
            while waiting:
                _deliver_first(waiting, on_result)


def _deliver_first(
    waiting: deque[tuple[Item, Future[Result]]], on_result: Callable[[Item, Result | Exception], None]
) -> None:
    """Wait for the first item and deliver its result, or the error of one of its stages."""
    item, future = waiting.popleft()
    error = future.exception()
    if error is not None and not isinstance(error, Exception):
        raise error
    on_result(item, future.result() if error is None else error)
