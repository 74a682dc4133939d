from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from overnight.clock import Now
from overnight.errors import LedgerError
from overnight.ledger.inbox import done, post, take


@dataclass(frozen=True)
class At:
    utc: float

    def now(self) -> Now:
        return Now(self.utc, 0.0)


def test_messages_are_taken_in_the_order_in_which_they_were_sent(tmp_path: Path) -> None:
    for utc in (1_700_000_000.5, 999_999_999.0, 1_700_000_000.25):
        post(tmp_path, {"sent": utc}, At(utc))
    assert [message["sent"] for _, message in take(tmp_path)] == [999_999_999.0, 1_700_000_000.25, 1_700_000_000.5]


def test_messages_sent_at_one_moment_are_all_there(tmp_path: Path) -> None:
    for n in range(20):
        post(tmp_path, {"n": n}, At(5.0))
    assert sorted(message["n"] for _, message in take(tmp_path)) == list(range(20))


def test_a_message_stays_until_it_is_done_and_keeps_its_id(tmp_path: Path) -> None:
    path = post(tmp_path, {"stop": "now"})
    ((first, message),) = take(tmp_path)
    assert list(take(tmp_path)) == [(first, message)] == [(path.stem, {"stop": "now"})]
    done(tmp_path, first)
    done(tmp_path, first)
    assert list(take(tmp_path)) == []


def test_a_night_without_messages_has_none(tmp_path: Path) -> None:
    assert list(take(tmp_path)) == []


@pytest.mark.parametrize("garbage", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b"null", b'{"a": 1}}'])
def test_what_is_no_message_is_set_aside(tmp_path: Path, garbage: bytes) -> None:
    post(tmp_path, {"fine": True}, At(2.0))
    (tmp_path / "inbox" / "1.json").write_bytes(garbage)
    assert [message for _, message in take(tmp_path)] == [{"fine": True}]
    assert (tmp_path / "inbox" / "1.bad").read_bytes() == garbage


def test_what_is_no_file_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "inbox" / "folder.json").mkdir(parents=True)
    os.mkfifo(tmp_path / "inbox" / "pipe.json")
    (tmp_path / "inbox" / "link.json").symlink_to("nowhere")
    assert list(take(tmp_path)) == []
    assert {path.name for path in (tmp_path / "inbox").iterdir()} == {"folder.bad", "pipe.bad", "link.bad"}


def test_a_message_that_cannot_be_left_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "inbox").touch()
    with pytest.raises(LedgerError, match="could not be left"):
        post(tmp_path, {})
