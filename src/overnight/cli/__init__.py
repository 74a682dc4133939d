"""What people type: one small file for each group of commands. `main` is the program `overnight`."""

from overnight.cli.app import main

__all__ = ["main"]
