"""Pixels: files, colour, normals, geometry, shading, tiling, mips; numpy, (H, W, C), no networks."""
