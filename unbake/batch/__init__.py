"""Converts a folder: the stages of each set, the journal, the map cache, and what is told of all of them."""
