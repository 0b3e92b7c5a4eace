"""DDS files: headers, block compression both ways, and the softening of decoded blocks."""
