"""Kinds of experiments, one module each: what it asks, what it measures, what it shows."""
