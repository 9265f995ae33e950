"""Attacks that worked once, and what became of them."""
