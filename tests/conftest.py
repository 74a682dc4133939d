"""Property tests try the same examples each time, and none is broken off because the machine has much else to do.

`pytest --hypothesis-profile default` draws others."""

from __future__ import annotations

import signal

from hypothesis import HealthCheck, settings

settings.register_profile("same", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("same")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as of a program that a script starts with &
    signal.signal(signal.SIGINT, signal.default_int_handler)
