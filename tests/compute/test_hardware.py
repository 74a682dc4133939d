"""The class of the slots, and what `confirm_on:` says of it."""

from __future__ import annotations

import pytest

from overnight.compute.hardware import class_of, slots_of
from overnight.errors import UsageError
from overnight.testing import a_program


def test_slots_of_one_machine_know_their_class() -> None:
    slots = slots_of(a_program(slots=2), {})
    assert len({slot.hardware for slot in slots}) == 1
    assert slots[0].hardware == class_of(slots[0])
    assert " GB" in slots[0].hardware


def test_a_word_of_it_may_be_named_in_any_case() -> None:
    assert len(slots_of(a_program(confirm_on="gb"), {})) == 1


def test_hardware_that_is_not_there_is_an_error_that_says_what_is() -> None:
    with pytest.raises(UsageError, match=r"confirm_on: H9000: no slot here is one; write a word of .*: \d+ x"):
        slots_of(a_program(confirm_on="H9000"), {})
