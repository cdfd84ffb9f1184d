"""What every job needs around its one call: its log, progress, lock, provenance, and the code it runs."""
