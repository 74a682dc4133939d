"""Benchmarks: what is claimed with a number is measured here."""
