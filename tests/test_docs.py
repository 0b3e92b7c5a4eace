"""The documentation against the checkout: its links, files, commands, and how long the README is."""

import functools
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from unbake.cli import app

PROJECT = Path(__file__).parents[1]
PAGES = sorted(
    [*PROJECT.glob("*.md"), *(PROJECT / "docs").glob("*.md")], key=lambda page: page.relative_to(PROJECT)
)
LIVING = [page for page in PAGES if page.name not in ("LAB.md", "MODEL_CARD.md")]
"""The pages that tell of today's code: the lab log is dated, and a model's card is as its release wrote it."""

ROOTS = ("unbake", "tests", "scripts", "docs", "viewer", "requirements")


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def names(pages: list[Path]) -> list[str]:
    return [page.relative_to(PROJECT).as_posix() for page in pages]


def fences(text: str) -> list[tuple[str, str]]:
    """Language and content of each fenced block."""
    return re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def code_spans(text: str) -> list[str]:
    """What stands between backticks outside of fenced blocks, on one line or wrapped."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose)]


def anchors(page: Path) -> set[str]:
    """The headings of a page as GitHub links to them."""
    headings = re.findall(r"^#+ (.*)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(text: str) -> Iterator[list[str]]:
    """The arguments of every `unbake ...` in fenced blocks and code spans, without comments and redirections."""
    lines = [line for _, block in fences(text) for line in block.replace("\\\n", " ").splitlines()]
    for line in [*lines, *code_spans(text)]:
        if found := re.match(r"(?:\.venv/bin/)?unbake(?:\.bat)? (?=[a-z-])(.*)", line.strip()):
            yield shlex.split(found[1].partition(" > ")[0].replace("...", ""), comments=True)


@functools.cache
def tracked() -> frozenset[str]:
    """Every file of the checkout that git does not ignore; all files where there is no git."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode == 0:
        return frozenset(path for path in listed.stdout.splitlines() if (PROJECT / path).exists())
    return frozenset(p.relative_to(PROJECT).as_posix() for p in PROJECT.rglob("*") if p.is_file())


def is_named_rightly(path: str) -> bool:
    """Whether a path in the text, whole or its end, is that of a file or folder of the checkout."""
    if path.endswith("/"):
        return any(f"/{file}".find(f"/{path}") >= 0 for file in tracked())
    return any(file == path or file.endswith(f"/{path}") for file in tracked()) or (PROJECT / path).is_dir()


@pytest.mark.parametrize("page", names(PAGES))
def test_every_link_leads_to_a_file_and_a_heading(page: str):
    here = PROJECT / page
    targets = re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", text_of(here))
    broken = []
    for target in (markdown or html for markdown, html in targets):
        if re.match(r"https?:", target):
            continue
        name, _, anchor = target.partition("#")
        there = (here.parent / name).resolve() if name else here
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", names(LIVING))
def test_every_file_that_a_page_names_is_there(page: str):
    spans = [span for span in code_spans(text_of(PROJECT / page)) if not re.search(r"[<*]|\.\.\.", span)]
    words = [word for span in spans for word in span.split()]
    paths = [
        word
        for word in words
        if re.match(rf"({'|'.join(ROOTS)})/", word) or re.search(r"\w\.(py|ts|sh)$", word)
    ]
    assert [path for path in paths if not is_named_rightly(path)] == []


@pytest.mark.parametrize("page", names(LIVING))
def test_every_command_of_unbake_that_a_page_names_is_understood(page: str):
    wrong = {}
    for arguments in commands(text_of(PROJECT / page)):
        done = CliRunner().invoke(app, [*arguments, "--help"])
        if done.exit_code:
            wrong[shlex.join(arguments)] = done.output
    assert wrong == {}


@pytest.mark.parametrize("page", names(PAGES))
def test_every_verb_of_unbake_that_a_page_names_exists(page: str):
    verbs = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    named = {arguments[0] for arguments in commands(text_of(PROJECT / page)) if arguments}
    assert {verb for verb in named if not verb.startswith("-")} - verbs == set()


@pytest.mark.parametrize("page", names(PAGES))
def test_every_target_of_make_that_a_page_names_exists(page: str):
    targets = set(re.findall(r"^([a-z]+):", text_of(PROJECT / "Makefile"), re.MULTILINE))
    text = text_of(PROJECT / page)
    lines = [*code_spans(text), *(line for _, block in fences(text) for line in block.splitlines())]
    named = [found[1].split() for line in lines if (found := re.match(r"make ([a-z]+(?: [a-z]+)*)", line))]
    assert {target for targets_of_one in named for target in targets_of_one} - targets == set()


def test_the_readme_has_seven_to_nine_hundred_words():
    text = re.sub(r"<!--.*?-->", "", text_of(PROJECT / "README.md"), flags=re.DOTALL)
    assert 700 <= sum(bool(re.search(r"\w", word)) for word in text.split()) <= 900


def test_no_line_of_the_readme_is_longer_than_a_hundred_characters():
    assert [line for line in text_of(PROJECT / "README.md").splitlines() if len(line) > 100] == []


def test_the_readme_gives_the_two_commands_that_ci_and_a_newcomer_run():
    shell = "".join(block for language, block in fences(text_of(PROJECT / "README.md")) if language == "sh")
    assert re.findall(r"^make (demo|test)\b", shell, re.MULTILINE) == ["demo", "test"]
    assert "make check test" in text_of(PROJECT / ".ci" / "run")


def test_the_readmes_python_is_valid_and_imports_the_package():
    (python,) = (block for language, block in fences(text_of(PROJECT / "README.md")) if language == "python")
    compile(python, "README.md", "exec")
    assert "import unbake" in python
