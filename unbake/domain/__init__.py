"""What things are: maps, materials, names and packings, without a single pixel."""
