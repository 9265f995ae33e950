"""The command `seconder`: what people and scripts do with sessions from a shell."""

from seconder.cli.entry import main, run

__all__ = ["main", "run"]
