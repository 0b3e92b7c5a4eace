"""The ViT's multi-label loss (plan: N1's classes); or its value for one sample: --help."""

from unbake.cli.doors import multilabel
from unbake.cli.entry import door

if __name__ == "__main__":
    door(multilabel)
else:
    from unbake.losses.multilabel import multilabel_bce

__all__ = ["multilabel_bce"]
