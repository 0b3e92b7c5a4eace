"""Reads the types of a contract between Python and the page's TypeScript, as each side writes them."""

import re
from typing import Any


def interfaces(contract: str) -> dict[str, dict[str, str]]:
    """Interface to its fields and their types, as the text of a contract.ts writes them."""
    found = re.findall(r"^export interface (\w+) \{\n(.*?)^\}", contract, re.MULTILINE | re.DOTALL)
    return {name: dict(re.findall(r"^  (\w+): (.+);$", body, re.MULTILINE)) for name, body in found}


def type_of(schema: dict[str, Any]) -> str:
    """A JSON schema as TypeScript writes it."""
    match schema:
        case {"$ref": name}:
            return str(name)
        case {"anyOf": choices}:
            return " | ".join(sorted(map(type_of, choices), key="null".__eq__))
        case {"enum": choices}:
            return " | ".join(f'"{choice}"' for choice in choices)
        case {"type": "array", "prefixItems": items}:
            return f"[{', '.join(map(type_of, items))}]"
        case {"type": "array", "items": items}:
            return f"{type_of(items)}[]"
        case {"type": "object", "additionalProperties": values}:
            return f"Record<string, {type_of(values)}>"
    return {"integer": "number"}.get(schema["type"], schema["type"])
