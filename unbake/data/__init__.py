"""From folders of materials to batches of samples."""
