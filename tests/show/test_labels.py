from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from overnight.show import svg
from overnight.show.labels import Room, Wish, placed
from overnight.show.png import png

SPOTS = st.tuples(st.floats(60, 940), st.floats(60, 540))
WISHES = st.lists(st.builds(Wish, SPOTS, st.text("Wi fé", min_size=1, max_size=50)), max_size=12)
ROOM = Room(50, 50, 950, 550, falls=True, size=11)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(wishes=WISHES, falls=st.booleans())
def test_no_label_lies_on_another_or_on_a_dot_or_leaves_the_room(wishes: list[Wish], falls: bool) -> None:
    room = Room(50, 50, 950, 550, falls=falls, size=11)
    labels = placed(wishes, [wish.at for wish in wishes], 4.0, room)
    for i, label in enumerate(labels):
        assert not any(label.box.meets(other.box) for other in labels[:i])
        corners = [
            room.back(x, y) for x in (label.box.left, label.box.right) for y in (label.box.top, label.box.bottom)
        ]
        assert all(50 <= x <= 950 and 50 <= y <= 550 for x, y in corners)
        for dot in (room.turned(wish.at) for wish in wishes):
            assert not (label.box.left < dot[0] < label.box.right and label.box.top < dot[1] < label.box.bottom)


def test_turning_there_and_back_changes_nothing() -> None:
    for falls in (True, False):
        room = Room(0, 0, 9, 9, falls=falls, size=11)
        x, y = room.back(*room.turned((123.0, 45.0)))
        assert (round(x, 9), round(y, 9)) == (123.0, 45.0)


def test_what_comes_first_has_the_place_beside_its_dot() -> None:
    first, second = placed([Wish((500, 300), "important"), Wish((503, 302), "less so")], [], 4.0, ROOM)
    assert not first.away
    assert second.away


def test_a_label_that_finds_no_place_is_left_out() -> None:
    narrow = Room(480, 280, 520, 320, falls=True, size=11)
    assert placed([Wish((500, 300), "a long name")], [], 4.0, narrow) == []


def test_where_a_name_finds_no_place_its_beginning_may() -> None:
    narrow = Room(300, 100, 520, 500, falls=True, size=11)
    (label,) = placed([Wish((500, 300), "a name that is much longer than what there is")], [], 4.0, narrow)
    assert label.text == "a name that is much longe…"


def test_no_text_is_wider_than_it_is_taken_for() -> None:
    lines = [chr(code) * 20 for code in range(33, 127)] + ["halve the batch size → 2 × QK-norm"] * 2
    ends = [svg.words((-svg.width_of(line, 11), 16.0 * row), line, 11) for row, line in enumerate(lines, 1)]
    height = 16 * (len(lines) + 1)
    assert png(svg.picture(40, height, ends, "")) == png(svg.picture(40, height, [], ""))
