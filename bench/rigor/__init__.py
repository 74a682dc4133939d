"""How often is a keep wrong, and what is the night worth? The shipped judge in simulated worlds, beside its rivals.

python -m bench.rigor            the table
python -m bench.rigor --bars     what must hold, checked
"""
