"""The configuration: its contract, its checks, what rules ask of it; the plan."""
