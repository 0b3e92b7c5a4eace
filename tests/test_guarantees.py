"""docs/GUARANTEES.md names tests: each is there, so that no promise outlives what holds it."""

import ast
import re
from pathlib import Path

PROJECT = Path(__file__).parents[1]
NAMED = re.findall(
    r"`(tests/[\w/]+\.py)`(?:: `(\w+)`)?", (PROJECT / "docs" / "GUARANTEES.md").read_text("utf-8")
)


def functions_in(path: Path) -> set[str]:
    return {
        node.name
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef)
    }


def test_every_test_that_holds_a_promise_is_there() -> None:
    assert NAMED
    gone = [
        f"{path}::{test}"
        for path, test in NAMED
        if not (PROJECT / path).is_file() or (test and test not in functions_in(PROJECT / path))
    ]
    assert gone == []


def test_every_promise_names_a_test() -> None:
    text = (PROJECT / "docs" / "GUARANTEES.md").read_text("utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| promise")]
    assert [row for row in rows if "`tests/" not in row] == []
