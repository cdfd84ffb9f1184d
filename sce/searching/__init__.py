"""Certified bounds on the distance to the nearest counterfactual, for grids too large to be asked in full."""
