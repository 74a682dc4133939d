"""What people say, folded: a pause, remarks, ideas and approvals."""

from __future__ import annotations

from overnight.ledger.events import Closed, Entry, Event, Judged, Opened, Proposed, Session
from overnight.ledger.idling import Idled
from overnight.ledger.steering import Approved, Held, IdeaGiven, Paused, Reread, Said, Unpaused
from overnight.model import Call, Verdict
from overnight.night.steering import REMARKS, TRIES, Fate, Steering

KEEP = Verdict(12, Call.KEEP, "better", 2.0, 2.5)


def folded(*events: Event) -> Steering:
    steering = Steering()
    for seq, event in enumerate(events, 1):
        steering.fold(Entry(seq, 100.0 + seq, float(seq), event, "", ""))
    return steering


def session(number: int, text: str = "") -> Session:
    return Session(number=number, host="", pid=0, scratch="", program_text=text, settings={})


def closed() -> Closed:
    return Closed(session=1, why="stopped", finished=False)


def idea(id: str) -> IdeaGiven:
    return IdeaGiven(id=id, text=f"try {id}", who="ada")


def proposed(experiment: int, idea: str) -> Proposed:
    return Proposed(experiment=experiment, parent="c", edits=(), origin="o", hypothesis="h", idea=idea)


def idled(number: int, idea: str, trouble: str = "no-edit") -> Idled:
    return Idled(number=number, origin="o", trouble=trouble, why=f"why {number}", until=0.0, idea=idea)


def ids(steering: Steering) -> list[str]:
    return [waiting.id for waiting in steering.ideas]


def test_a_pause_names_who_began_it_and_since_when() -> None:
    paused = folded(Paused(id="1", who="ada", why="lunch"), Paused(id="2", who="bob")).paused
    assert paused is not None
    assert (paused.who, paused.since, paused.why) == ("ada", 101.0, "lunch")


def test_a_pause_outlives_a_kill_and_not_an_end() -> None:
    begun = Paused(id="1", who="ada")
    assert folded(session(1), begun, session(2)).paused
    assert folded(session(1), begun, closed(), session(2)).paused is None
    assert folded(begun, Unpaused(id="2", who="bob")).paused is None


def test_the_newest_remarks_are_kept_oldest_first() -> None:
    said = folded(*(Said(id=str(n), text=f"remark {n}", who="ada") for n in range(REMARKS + 5))).said
    assert said == [f"remark {n}" for n in range(5, REMARKS + 5)]


def test_ideas_wait_in_the_order_in_which_they_were_given() -> None:
    assert ids(folded(idea("a"), idea("b"), idea("a"))) == ["a", "b"]


def test_an_idea_that_somebody_thinks_about_is_not_given_to_another() -> None:
    steering = folded(idea("a"), idea("b"))
    steering.ask("a")
    first = steering.idea_for()
    assert first is not None
    assert first.id == "b"
    steering.give_back("a")
    assert ids(steering) == ["a", "b"]


def test_an_idea_is_tried_once() -> None:
    steering = folded(idea("a"), proposed(3, "a"))
    assert ids(steering) == []
    assert (steering.wishes["a"].fate, steering.wishes["a"].experiments) == (Fate.TRIED, [3])


def test_an_idea_of_which_nothing_came_waits_again_but_not_for_ever() -> None:
    asks = [idled(n, "a") for n in range(TRIES)]
    assert ids(folded(idea("a"), *asks[:-1])) == ["a"]
    assert folded(idea("a"), *asks).wishes["a"].fate is Fate.GIVEN_UP


def test_a_rate_limit_is_no_try_of_an_idea() -> None:
    assert ids(folded(idea("a"), *(idled(n, "a", "rate") for n in range(9)))) == ["a"]


def test_a_killed_coordinator_took_no_idea_with_it() -> None:
    steering = folded(session(1), idea("a"))
    steering.ask("a")
    steering.fold(Entry(9, 1.0, 1.0, session(2), "", ""))
    assert ids(steering) == ["a"]


def test_bullets_of_program_md_are_ideas_and_keep_their_ids() -> None:
    before = folded(session(1, "# Ideas\n- tie the embeddings\n- warm up longer\n"))
    after = folded(session(1, "Words.\n\n# Ideas\n- warm up  longer\n- tie the embeddings\n"))
    assert [waiting.text for waiting in before.ideas] == ["tie the embeddings", "warm up longer"]
    assert set(ids(before)) == set(ids(after))


def test_a_bullet_that_was_taken_out_is_withdrawn_until_it_is_back() -> None:
    edits = [
        Reread(number=n, program_text=text, settings={}, changed=())
        for n, text in enumerate(["# Ideas\n", "# Ideas\n- tie\n"], 1)
    ]
    first = session(1, "# Ideas\n- tie\n")
    (gone,) = folded(first, edits[0]).wishes.values()
    assert gone.fate is Fate.WITHDRAWN
    assert len(folded(first, *edits).ideas) == 1


def test_a_text_that_cannot_be_parted_has_no_ideas() -> None:
    assert not folded(session(1, "---\nnever closed\n# Ideas\n- a\n")).ideas


def test_an_idea_in_the_first_entry_is_known_too() -> None:
    opened = Opened(
        night="t",
        node="n",
        branch="b",
        baseline="c",
        metric="loss",
        goal="minimize",
        program_text="# Ideas\n- tie\n",
        settings={},
        secret_hash="",
        environment={},
        who="",
    )
    assert len(folded(opened, session(1, "# Ideas\n- tie\n")).ideas) == 1


def test_a_keep_waits_until_it_is_answered() -> None:
    held = Held(experiment=12, found=KEEP)
    assert list(folded(held).held) == [12]
    answered = folded(held, Approved(id="1", experiment=12, who="ada", yes=True))
    assert (list(answered.held), answered.needs_approval(12)) == ([], False)


def test_what_is_judged_is_neither_held_nor_approved() -> None:
    judged = Judged(verdict=KEEP, commit="c", log_tip="l", branch_tip="b")
    steering = folded(Held(experiment=12, found=KEEP), Approved(id="1", experiment=12, who="ada", yes=True), judged)
    assert (steering.held, steering.approvals) == ({}, {})
