"""The ViT's multi-label loss (plan: N1's classes); or its value for one sample: --help."""

from unbake.cli.entry import run_verb
from unbake.cli.plan_scripts import multilabel

if __name__ == "__main__":
    run_verb(multilabel)
else:
    from unbake.losses.multilabel import multilabel_bce

__all__ = ["multilabel_bce"]
