"""Overnight: the autonomous experiment loop that people can believe. Read `night/night.py` first."""

__version__ = "0.1.0"
