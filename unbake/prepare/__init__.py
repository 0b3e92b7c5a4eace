"""Data preparation that a person runs once: import materials, check, deduplicate and paint them."""
