"""Lets a verb take the fields of a dataclass as its options, so that a group of options is written once."""

import inspect
from collections.abc import Callable
from dataclasses import fields
from typing import Any, get_type_hints


def with_options_of(group: type, name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Decorator: the verb's parameter `name`, a `group`, becomes one command-line option for each field of `group`.

    group: a dataclass whose fields have defaults and are `Annotated` as typer asks for.
    """
    hints = get_type_hints(group, include_extras=True)

    def decorate(verb: Callable[..., None]) -> Callable[..., None]:
        def expanded(**given: Any) -> None:
            verb(**{name: group(**{key: given.pop(key) for key in hints})}, **given)

        parameters: list[inspect.Parameter] = []
        for parameter in inspect.signature(verb, eval_str=True).parameters.values():
            if parameter.name != name:
                parameters.append(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY))
                continue
            parameters += [
                inspect.Parameter(
                    field.name,
                    inspect.Parameter.KEYWORD_ONLY,
                    default=field.default,
                    annotation=hints[field.name],
                )
                for field in fields(group)
            ]
        expanded.__name__, expanded.__doc__ = verb.__name__, verb.__doc__
        expanded.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        expanded.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return expanded

    return decorate
