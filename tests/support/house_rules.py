"""Rules of the house that no linter knows, each a function from Python source to the faults that it finds."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache

from unbake import recipe
from unbake.domain.maps import MapKind

Fault = tuple[int, str]
"""Line number, and the code that is refused."""

Rule = Callable[[str], list[Fault]]

_AMBIGUOUS = {"normal"}
"""Map names that are also kinds of colour or of value, so that a bare string is no proof."""

_PICKLES = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal"}
_PRINTERS = {"print", "exit", "quit", "SystemExit", "breakpoint", "input"}
_OUTPUTS = re.compile(
    r"(sys\.(exit|stdout|stderr|__stdout__|__stderr__)|os\.(_exit|abort)|(typer|click|rich)\..+)"
)


def map_comparisons(source: str) -> list[Fault]:
    """Places that tell a map apart by its name: `==`, `!=`, `is`, `in (...)`, `match`, in any order.

    `MapKind.AO in maps` is none of them: it asks what is there.
    """
    faults: list[Fault] = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Compare():
                sides = [node.left, *node.comparators]
                for left, operator, right in zip(sides, node.ops, sides[1:], strict=False):
                    if isinstance(operator, ast.In | ast.NotIn):
                        choices = _members(right)
                        guilty = any(map(_names_map, choices)) or bool(choices and _names_map(left))
                    else:
                        guilty = _names_map(left) or _names_map(right)
                    if guilty:
                        faults.append((node.lineno, ast.unparse(node)))
            case ast.MatchValue() if _names_map(node.value):
                faults.append((node.lineno, f"case {ast.unparse(node)}"))
    return faults


def printing(source: str) -> list[Fault]:
    """Places that write to the terminal or end the program, which only `unbake.cli` may."""
    faults = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Name(id=name)) | ast.Raise(exc=ast.Name(id=name)) if name in _PRINTERS:
                faults.append((node.lineno, name))
            case ast.Attribute() if _OUTPUTS.fullmatch(ast.unparse(node)):
                faults.append((node.lineno, ast.unparse(node)))
            case ast.ImportFrom(module=str(module)):
                named = [f"{module}.{alias.name}" for alias in node.names]
                faults += [(node.lineno, name) for name in named if _OUTPUTS.fullmatch(name)]
    return faults


def pickles(source: str) -> list[Fault]:
    """Imports of pickle and its relatives, and `torch.load` without `weights_only`."""
    faults = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                faults += [(node.lineno, alias.name) for alias in names if alias.name in _PICKLES]
            case ast.ImportFrom(module=str(module)) if module in _PICKLES:
                faults.append((node.lineno, module))
            case ast.Call(keywords=keywords) if ast.unparse(node.func) == "torch.load":
                if not any(
                    one.arg == "weights_only" and ast.unparse(one.value) == "True" for one in keywords
                ):
                    faults.append((node.lineno, "torch.load"))
    return faults


def phase_names(source: str) -> list[Fault]:
    """Strings, docstrings and `ORDER = (...)` aside, where the name, tag or checkpoint of a phase stands alone."""
    return [(line, text) for line, text in _strings(source) if _phase_pattern().search(text)]


def long_functions(source: str, limit: int) -> dict[str, int]:
    """Functions of more lines than `limit`, their docstrings not counted: qualified name to lines."""
    found: dict[str, int] = {}

    def visit(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                name = f"{prefix}{child.name}"
                lines = (child.end_lineno or child.lineno) - child.lineno + 1
                if isinstance(child.body[0], ast.Expr) and ast.get_docstring(child) is not None:
                    lines -= (child.body[0].end_lineno or 0) - child.body[0].lineno + 1
                if lines > limit and not isinstance(child, ast.ClassDef):
                    found[name] = lines
                visit(child, f"{name}.")
            else:
                visit(child, prefix)

    visit(ast.parse(source), "")
    return found


def _names_map(node: ast.expr) -> bool:
    """Whether an expression is a map written out: `MapKind.AO`, its value, `MapKind("ao")` or "ao"."""
    match node:
        case ast.Constant(value=str(text)):
            return text in set(MapKind) - _AMBIGUOUS
        case ast.Attribute(value=ast.Name(id="MapKind") | ast.Attribute(attr="MapKind"), attr=name):
            return name in MapKind.__members__
        case ast.Attribute(value=inner, attr="value" | "name"):
            return _names_map(inner)
        case ast.Call(args=[inner]):
            return _called(node) in ("MapKind", "str") and (
                _names_map(inner) or isinstance(inner, ast.Constant)
            )
    return False


def _members(node: ast.expr) -> Iterable[ast.expr]:
    """What a written-out collection holds; nothing for any other expression."""
    match node:
        case ast.Tuple() | ast.List() | ast.Set():
            return node.elts
        case ast.Call(args=[inner]) if _called(node) in ("set", "frozenset", "tuple", "list"):
            return _members(inner)
    return ()


def _called(node: ast.Call) -> str:
    return ast.unparse(node.func).rpartition(".")[2]


@cache
def _phase_pattern() -> re.Pattern[str]:
    phases = [recipe.load(name) for name in recipe.ORDER]
    words = {word for phase in phases for word in (phase.tag, phase.writes)} | set(recipe.ORDER)
    longest = "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))
    # "A" is an article where a lower-case word follows, and "A-Z" a range of letters; "B_last" is a checkpoint.
    return re.compile(rf"(?<![A-Za-z0-9_])(?!A [a-z])({longest})(?![A-Za-z0-9]|-[A-Z])")


def _strings(source: str) -> Iterator[tuple[int, str]]:
    """String constants that are neither docstrings, notes below an attribute, nor in `ORDER`."""
    tree = ast.parse(source)
    exempt: set[int] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant() as note):
                exempt.add(id(note))
            case ast.Assign(targets=[ast.Name(id="ORDER")], value=value):
                exempt.update(id(inner) for inner in ast.walk(value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in exempt:
            yield node.lineno, node.value
