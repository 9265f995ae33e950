"""Seconder: an agent moves, a person seconds."""
