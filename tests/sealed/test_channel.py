"""Whatever a candidate sends, the scorer gets an array of the right shape, or ends with a sentence."""

from __future__ import annotations

import os
import pickle
import socket
import struct
from contextlib import suppress
from functools import partial

import numpy as np
import pytest

from overnight.sealed import IN_FLIGHT, Candidate, answer
from overnight.sealed.channel import _header
from tests.sealed.conftest import Behave, Start

ASKED = np.arange(6, dtype=np.int32).reshape(2, 3)
FLOATS = np.dtype("<f4")


def saying(data: bytes, stay: bool = False) -> Behave:
    """A candidate that answers every question with these bytes, and then goes, or stays."""

    def behave(line: socket.socket) -> None:
        with line, suppress(OSError):
            line.recv(1 << 16)
            line.sendall(data)
            while stay and line.recv(1 << 16):
                pass

    return behave


def test_arrays_go_there_and_come_back(start: Start) -> None:
    candidate = start(partial(answer, lambda rows, factor: rows * factor))
    for factor in (2, 3):
        got = candidate.ask(ASKED, np.array([factor]), shape=(2, 3), dtype="int32")
        assert (got == ASKED * factor).all()


def test_the_answer_has_the_type_that_was_asked_for(start: Start) -> None:
    assert start(partial(answer, lambda rows: rows / 2)).ask(ASKED, shape=(2, 3)).dtype == np.float32


def test_what_is_not_contiguous_is_sent_all_the_same(start: Start) -> None:
    candidate = start(partial(answer, lambda rows: rows.T))
    assert (candidate.ask(ASKED[:, ::2], shape=(2, 2), dtype="int32") == ASKED[:, ::2].T).all()


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (np.zeros((2, 4)), r"asked for float32 \(2, 3\) and answered float32 \(2, 4\)"),
        (np.zeros(6), r"answered float32 \(6,\)"),
        (np.zeros((1, 2, 3, 1)), r"answered float32 \(1, 2, 3, 1\)"),
    ],
)
def test_a_wrong_shape_is_named(start: Start, reply: np.ndarray, said: str) -> None:
    with pytest.raises(SystemExit, match=said):
        start(partial(_until_it_is_gone, reply)).ask(ASKED, shape=(2, 3))


def _until_it_is_gone(reply: np.ndarray, line: socket.socket) -> None:
    try:
        answer(lambda rows: reply, line)
    except OSError:  # the scorer has hung up
        line.close()


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (_header(np.dtype("<f8"), (2, 3)) + b"\0" * 48, "answered float64"),
        (pickle.dumps({"loss": 0}, protocol=5), "something that is no array"),
        (b"\xff" * 64, "something that is no array"),
        (struct.pack("<BB4Q", 5, 4, *[1 << 40] * 4), "answered float32"),
        (_header(FLOATS, (2, 3)) + b"\0" * 7, "ended without an answer"),
        (b"", "ended without an answer"),
    ],
    ids=["type", "pickle", "noise", "oversized", "cut short", "nothing"],
)
def test_what_is_no_answer_is_not_read(start: Start, sent: bytes, said: str) -> None:
    with pytest.raises(SystemExit, match=said):
        start(saying(sent, stay="ended" not in said)).ask(ASKED, shape=(2, 3))


def test_who_does_not_answer_is_not_waited_for(start: Start) -> None:
    candidate = start(saying(b"", stay=True), seconds=0.05)
    with pytest.raises(SystemExit, match=r"had not answered after 0\.05 s"):
        candidate.ask(ASKED, shape=(2, 3))


def test_who_answers_byte_by_byte_gets_no_more_time(start: Start) -> None:
    def trickle(line: socket.socket) -> None:
        with line:
            line.settimeout(0.01)
            for byte in _header(FLOATS, (2, 300)) + b"\0" * 2400:
                try:
                    line.send(bytes([byte]))
                    line.recv(1 << 16)
                except TimeoutError:
                    continue
                except OSError:
                    return

    with pytest.raises(SystemExit, match="had not answered"):
        start(trickle, seconds=0.15).ask(ASKED, shape=(2, 300))


def test_who_does_not_read_the_question_is_not_waited_for(start: Start) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(SystemExit, match="had not answered"):
        Candidate(0.05, ours).ask(np.zeros(1 << 20, np.uint8), shape=(1,))


def test_what_one_question_gets_is_bounded(start: Start) -> None:
    with pytest.raises(ValueError, match="ask in smaller parts"):
        start(saying(b"")).ask(ASKED, shape=(IN_FLIGHT // 4 + 1,))


def test_descriptors_that_are_sent_along_never_arrive(start: Start) -> None:
    reading, writing = os.pipe()

    def generous(line: socket.socket) -> None:
        with line:
            line.recv(1 << 16)
            socket.send_fds(line, [_header(FLOATS, (2,)) + b"\0" * 8], [writing] * 20)
            os.close(writing)
            while line.recv(1 << 16):  # closing with something unread would take the answer back
                pass

    assert (start(generous).ask(ASKED, shape=(2,)) == 0).all()
    assert os.read(reading, 1) == b""  # nobody holds the other end
    os.close(reading)


def test_without_a_harness_there_is_no_candidate(start: Start) -> None:
    if "OVERNIGHT_CHANNEL" in os.environ:
        pytest.skip("this runs in a night")
    with pytest.raises(SystemExit, match=r"program\.md needs `answer:`"):
        Candidate()
