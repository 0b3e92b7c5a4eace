"""Pixels as numpy arrays (H, W, C): files, colour, normals, geometry, shading, tiling, resampling; no networks."""
