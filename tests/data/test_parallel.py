import os
from collections.abc import Iterator

import pytest

from unbake.data.parallel import in_processes
from unbake.errors import UnbakeError


def die(job: int) -> int:
    os._exit(job)


def square(job: int) -> int:
    return job * job


@pytest.mark.parametrize("workers", [1, 2])
def test_every_job_comes_back_with_its_result(workers):
    assert sorted(in_processes(square, range(9), workers)) == [(n, n * n) for n in range(9)]


def test_jobs_are_read_only_a_little_ahead():
    read = []

    def jobs() -> Iterator[int]:
        for n in range(100):
            read.append(n)
            yield n

    results = in_processes(square, jobs(), 2)
    next(results)
    assert len(read) <= 5
    results.close()


def test_a_process_that_dies_is_told_in_a_sentence():
    with pytest.raises(UnbakeError, match="--workers"):
        list(in_processes(die, [3], 2))
