"""Distances, nearest counterfactuals, boundaries; scores, intervals, comparisons."""
