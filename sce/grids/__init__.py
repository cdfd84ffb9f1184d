"""A dataset: its features, levels and descriptions, and the full grid over them."""
