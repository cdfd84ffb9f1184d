"""Figures, tables and the summary at the end of a run."""
