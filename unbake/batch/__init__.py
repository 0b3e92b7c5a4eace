"""Converts a folder: the stages of each set, the journal, the map cache, and the reports."""
