"""The table of faults and of fuzzing at the end of a run."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from support.faults import FULL


@dataclass
class Table:
    """Rows of what was injected, and of what was read."""

    faults: list[tuple[str, int, int]] = field(default_factory=list)
    fuzzed: list[tuple[str, int, int, int]] = field(default_factory=list)


TABLE = pytest.StashKey[Table]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[TABLE] = Table()


@pytest.fixture
def table(request: pytest.FixtureRequest) -> Table:
    return request.config.stash[TABLE]


@pytest.fixture
def much() -> bool:
    return FULL


def lines(table: Table) -> Iterator[str]:
    if table.faults:
        yield f"{'faults':<36}{'injected':>10}{'survived':>10}{'lost':>10}"
        total = ("all", sum(row[1] for row in table.faults), sum(row[2] for row in table.faults))
        for name, injected, lost in (*table.faults, total):
            yield f"{name:<36}{injected:>10}{injected - lost:>10}{lost:>10}"
    if table.fuzzed:
        yield f"{'readers':<36}{'executions':>10}{'crashes':>10}{'hangs':>10}"
        sums = (sum(row[at] for row in table.fuzzed) for at in (1, 2, 3))
        for row in (*table.fuzzed, ("all", *sums)):
            yield f"{row[0]:<36}{row[1]:>10}{row[2]:>10}{row[3]:>10}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    rows = list(lines(config.stash[TABLE]))
    if rows:
        terminalreporter.section("faults")
        for row in rows:
            terminalreporter.write_line(row)
