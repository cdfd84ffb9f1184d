"""A finished study for others' tools."""
