"""Data preparation that a person runs once: bring materials in, check, deduplicate and paint them."""
