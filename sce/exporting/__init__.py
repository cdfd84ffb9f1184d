"""A finished study for others' tools: inspect logs, a Hugging Face dataset, an RO-Crate, an archive to rescore from."""
