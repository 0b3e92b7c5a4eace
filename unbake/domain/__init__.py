"""Definitions without a single pixel: maps, materials, networks, file names, layouts and packings."""
