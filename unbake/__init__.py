"""unbake turns old game textures into PBR materials, and trains the models that do it.

The names below are the public face. Each is imported when it is first used, so that `import unbake` alone is quick,
and a converter needs neither torch nor anything else that only training does:

    import unbake
    from pathlib import Path

    unbake.convert_folder(Path("OldMod"), Path("NewMod"), unbake.Options(preset="skyrim"))

    predictor = unbake.load_predictor()
    for files in unbake.find_sets(Path("OldMod"))[0]:
        maps = unbake.convert_set(unbake.load_inputs(files), predictor).maps
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from unbake.version import __version__

if TYPE_CHECKING:
    from unbake.batch.events import Options, Summary
    from unbake.batch.run import convert_folder
    from unbake.convert.convert import convert_set
    from unbake.convert.find import find_sets
    from unbake.convert.inputs import load_inputs
    from unbake.convert.predict import Predictor, load_predictor
    from unbake.domain.packing import Preset
    from unbake.errors import UnbakeError
    from unbake.export.packs import load_preset
    from unbake.recipe import load as load_recipe
    from unbake.recipe.tables import Recipe

__all__ = [
    "Options",
    "Predictor",
    "Preset",
    "Recipe",
    "Summary",
    "UnbakeError",
    "__version__",
    "convert_folder",
    "convert_set",
    "find_sets",
    "load_inputs",
    "load_predictor",
    "load_preset",
    "load_recipe",
]

_HOMES = {
    "Options": "unbake.batch.events:Options",
    "Predictor": "unbake.convert.predict:Predictor",
    "Preset": "unbake.domain.packing:Preset",
    "Recipe": "unbake.recipe.tables:Recipe",
    "Summary": "unbake.batch.events:Summary",
    "UnbakeError": "unbake.errors:UnbakeError",
    "convert_folder": "unbake.batch.run:convert_folder",
    "convert_set": "unbake.convert.convert:convert_set",
    "find_sets": "unbake.convert.find:find_sets",
    "load_inputs": "unbake.convert.inputs:load_inputs",
    "load_predictor": "unbake.convert.predict:load_predictor",
    "load_preset": "unbake.export.packs:load_preset",
    "load_recipe": "unbake.recipe:load",
}
"""Public name → module and name where it is defined."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'unbake' has no attribute {name!r}")
    module, _, attribute = _HOMES[name].partition(":")
    found = getattr(import_module(module), attribute)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
