"""The four networks and their weights."""
