"""Every answer, once, for ever; its upkeep and its command."""
