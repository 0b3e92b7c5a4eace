"""The version of the package, in a module of its own: rooms that record it import nothing else."""

__version__ = "0.1.0"
