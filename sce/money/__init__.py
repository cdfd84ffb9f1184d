"""Prices, budgets and usage."""
