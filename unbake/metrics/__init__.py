"""Metrics that validation and evaluation report; each knows whether lower or higher is better."""
