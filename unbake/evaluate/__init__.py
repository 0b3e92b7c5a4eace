"""Measures a model against ground truth and baselines, makes releases, and times conversion and training."""
