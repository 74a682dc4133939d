"""Every cheat that a program can try, in the order in which they are shown."""

from __future__ import annotations

from overnight.measure.attack.around import AROUND
from overnight.measure.attack.data import DATA
from overnight.measure.attack.limits import LIMITS
from overnight.measure.attack.number import NUMBER

CATALOGUE = (*NUMBER, *DATA, *AROUND, *LIMITS)
