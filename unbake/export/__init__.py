"""Maps to files: presets, packing, glTF, PGPatcher and landscape JSON, and the model bundle."""
