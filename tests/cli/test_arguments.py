"""A group of options that a verb takes from a dataclass."""

from dataclasses import dataclass, fields
from typing import Annotated

import typer
from typer.testing import CliRunner

from unbake.batch.events import Options
from unbake.cli import app
from unbake.cli.arguments import with_options_of
from unbake.cli.conversion_options import ConversionOptions
from unbake.image.dds.blocks import Effort


@dataclass(frozen=True)
class Size:
    width: Annotated[int, typer.Option(help="Across.")] = 3
    names: Annotated[list[str] | None, typer.Option("--name", help="Repeatable.")] = None


def said(*arguments: str) -> str:
    program = typer.Typer()

    @program.command()
    @with_options_of(Size, "size")
    def show(
        what: Annotated[str, typer.Argument()],
        size: Size,
        loud: Annotated[bool, typer.Option("--loud")] = False,
    ) -> None:
        """Show a size."""
        typer.echo(f"{what} {size.width} {size.names} {loud}")

    done = CliRunner().invoke(program, list(arguments))
    assert done.exit_code == 0, done.output
    return done.output


def test_a_field_is_an_option_with_its_default():
    assert said("box") == "box 3 None False\n"


def test_options_of_the_group_and_of_the_verb_go_together():
    assert said("box", "--name", "a", "--loud", "--width", "5", "--name", "b") == "box 5 ['a', 'b'] True\n"


def test_help_is_the_verbs_with_the_options_of_the_group():
    told = said("--help")
    assert all(words in told for words in ("Show a size.", "Across.", "--loud", "what"))


def test_every_option_of_a_conversion_can_be_typed():
    typed = {field.name for field in fields(ConversionOptions)}
    assert {field.name for field in fields(Options)} - typed == {"effort"}  # --fast


def test_what_is_typed_reaches_the_converter():
    chosen = ConversionOptions(include=["a*"], fast=True, shard="2/3", max_size=64).options()
    assert (chosen.include, chosen.effort, chosen.shard, chosen.max_size) == (
        ("a*",),
        Effort.FAST,
        (2, 3),
        64,
    )


def test_defaults_are_those_of_the_converter():
    assert ConversionOptions().options() == Options()


def test_every_option_of_convert_has_a_help_text():
    convert = typer.main.get_command(app).commands["convert"]
    assert [parameter.name for parameter in convert.params if not getattr(parameter, "help", "")] == []
