"""What validation reports; each metric owns its direction."""
