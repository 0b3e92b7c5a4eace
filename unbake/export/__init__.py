"""Maps to files: DDS, presets, PGPatcher, and the model bundle."""
