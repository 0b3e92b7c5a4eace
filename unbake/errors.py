"""Every error a person can meet: one sentence saying what was expected, what came, and what to do.

UnbakeError            exit code 1
├── UsageError         exit code 2: what was asked cannot be done as asked (options, folders, recipes)
│   └── RecipeError    a recipe file or an override of it is wrong; names the path inside the file
├── FileError          one file cannot be read or written; a batch goes on without it
├── UnsuitableError    a file is in order but holds no surface (a cubemap, a volume); it is skipped with the reason
├── TextureSetError    the files of one texture set do not fit together; a batch goes on without it
└── TrainingError      training cannot start or go on (no data, no parent checkpoint, a non-finite loss)
"""


class UnbakeError(Exception):
    """Anything that went wrong in a way a person can act on; the message is one clear sentence."""

    exit_code = 1


class UsageError(UnbakeError):
    """A request that cannot be done as asked; nothing has been started."""

    exit_code = 2


class RecipeError(UsageError):
    """A recipe (or an override) has an unknown key, a wrong type or an impossible value."""


class FileError(UnbakeError):
    """One file is missing, damaged, or in a format that is not supported."""


class UnsuitableError(UnbakeError):
    """A file is in order but holds no surface; what it belongs to is left out, and that is no failure."""


class TextureSetError(UnbakeError):
    """The files of one texture set do not fit together."""


class TrainingError(UnbakeError):
    """Training cannot start or go on."""
