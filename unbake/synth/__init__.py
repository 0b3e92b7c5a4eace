"""Making what is not there: procedural materials, and painted diffuse maps from PBR ones."""
