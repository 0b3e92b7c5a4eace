"""Procedural PBR materials, tileable and complete, for tests, demos, rehearsals and training; no files needed."""

from unbake.synth.materials.catalogue import CATEGORY, FEW, NAMES, procedural

__all__ = ["CATEGORY", "FEW", "NAMES", "procedural"]
