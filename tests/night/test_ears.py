"""Ctrl-C reaches every night of a process, also one that begins later."""

from __future__ import annotations

import os
import signal

from overnight.night.ears import Ears, hearing
from overnight.night.shift import Stop


def test_what_was_said_before_a_night_began_is_told_to_it() -> None:
    ears, early, late = Ears(), list[Stop](), list[Stop]()
    ears.attend(early.append)
    with hearing(ears.hear):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
    ears.attend(late.append)
    assert early == late == [Stop("Ctrl-C", False), Stop("Ctrl-C", True)]


def test_afterwards_signals_mean_what_they_meant() -> None:
    before = signal.getsignal(signal.SIGINT)
    with hearing(lambda stop: None):
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
