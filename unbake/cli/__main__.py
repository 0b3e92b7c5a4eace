"""`python -m unbake.cli` is `unbake`."""

from unbake.cli import main

main()
