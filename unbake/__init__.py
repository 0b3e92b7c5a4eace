"""unbake turns old game textures into PBR materials, and trains the models that do it."""

__version__ = "0.1.0"
