"""Small materials on disk, for the tests of this room."""

from support.materials import cache, held_pairs, materials, pairs, write_material

__all__ = ["cache", "held_pairs", "materials", "pairs", "write_material"]
