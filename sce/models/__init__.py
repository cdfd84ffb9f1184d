"""Who is asked: entries of the configuration, the weights behind them, what a job of theirs needs."""
