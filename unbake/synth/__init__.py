"""Synthetic data: procedural PBR materials, and painted legacy diffuse maps from PBR maps; no files, no networks."""
