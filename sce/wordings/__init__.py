"""Prompts, ours and the published ones: what is said to a model."""
