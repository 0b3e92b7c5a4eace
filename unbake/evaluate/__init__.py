"""Figures against floors, and timings."""
