"""The morning report as HTML and as Markdown: the same numbers in both, and nothing that a stranger wrote is obeyed."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from overnight.ledger.events import Claimed
from overnight.ledger.ledger import Reader
from overnight.show.believed import interval_text, share_text
from overnight.show.findings import Failure
from overnight.show.markdown import report_markdown
from overnight.show.morning import morning_lines, write_morning
from overnight.show.page import page
from overnight.show.paint import cut, printable
from overnight.show.report import Report, report_json
from overnight.show.section import SENTENCE
from overnight.show.series import series_of
from overnight.show.words import change_text, percent_text, score_text, span
from tests.show.morning_night import CLAIM, WORTHS, a_morning, morning_events, morning_report

VOID = {"meta", "br", "link", "img", "hr", "input"}
MARKS = (*"|`*_[]()<>&\\~$#!@:-\n a", "http://", "](")
FIGURES = re.compile(r"[−+]\d+\.\d\d %|\d\.\d{6}")


class Read(HTMLParser):
    """A page's tags and text, insisting that what is opened is closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.parts: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.parts.append(data)

    @property
    def text(self) -> str:
        return flat("".join(self.parts))


def flat(text: str) -> str:
    return " ".join(text.split())


def rendered(markdown: str) -> Read:
    return Read(MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    return morning_report(tmp_path_factory.mktemp("morning"), a_morning())


def figures(report: Report) -> Iterator[str]:
    """Out of the JSON, as people read them."""
    found, summary = report_json(report), report.summary
    yield from (share_text(CLAIM.gain, summary), interval_text(summary, CLAIM))
    yield from (score_text(found["claim"]["baseline"]), score_text(found["claim"]["branch"]))
    yield from (share_text(worth.gain, summary) for worth in WORTHS)
    yield from (interval_text(summary, worth) for worth in WORTHS)
    yield from (percent_text(found["keeps"][1]["worth"]["doubt"]), percent_text(found["slot_share_used"]))
    yield from (span(found["elapsed"]), f"${found['usd']:.2f}", f"{found['tokens']} tokens", f"{found['runs']} runs")
    for kind in ("fell", "near", "worst"):
        for each in found[kind]:
            yield from (score_text(each["score"]), change_text(each["score"], each["against"]))
    yield from (keep["commit"][:7] for keep in found["keeps"])
    yield from (span(each["seconds"]) for each in found["runs_by_purpose"])


def test_every_figure_of_the_json_is_on_both_pages(report: Report) -> None:
    html, markdown = Read(page(report, "")).text, rendered(report_markdown(report)).text
    for figure in figures(report):
        assert figure in html, figure
        assert figure in markdown, figure


def test_no_figure_of_the_markdown_is_missing_on_the_page(report: Report) -> None:
    html, markdown = page(report, ""), report_markdown(report)
    assert set(FIGURES.findall(markdown)) <= set(FIGURES.findall(html))
    assert len(FIGURES.findall(markdown)) > 10


def saying(report: Report, said: str) -> Report:
    """The same night, with these words from everybody who is not us."""
    records = tuple(
        replace(r, line=replace(r.line, hypothesis=said, why=said), row=replace(r.row, origin=said))
        for r in report.records
    )
    return replace(
        report,
        records=records,
        keeps=tuple(record for record in records if record.number in (1, 5)),
        fell=(records[2],),
        near=(records[3],),
        worst=(),
        taken_back=((records[5], records[8]),),
        failures=(Failure(said, 1, 4, said),),
        tried=(),
    )


HOSTILE = (
    "</td></table><script>alert(1)</script>",
    "a | b \\| c `x` **y** _z_ ~~w~~ $x$ <!-- --> ]]>",
    "![x](http://evil.example/a.png) [y](javascript:z) https://evil.example www.evil.example",
    "@channel #1 &lt;b&gt; &#60; \\<i>",
    "two\nlines\r\n| --- |\n# heading\x1b[2J\u202e",
    "' onmouseover='x' \"y\" {{ 7 * 7 }} {% raw %}",
)


def drawn(report: Report) -> tuple[Read, Read]:
    return Read(page(report, "")), rendered(report_markdown(report))


@pytest.fixture(scope="module")
def plain(report: Report) -> tuple[Read, Read]:
    return drawn(saying(report, "words"))


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.text(max_size=60) | st.lists(st.sampled_from(MARKS)).map("".join))
@example(HOSTILE[0])
@example(HOSTILE[1])
@example(HOSTILE[2])
@example(HOSTILE[3])
@example(HOSTILE[4])
@example(HOSTILE[5])
def test_what_strangers_say_is_text_and_changes_no_tag(report: Report, plain: tuple[Read, Read], said: str) -> None:
    for read, known in zip(drawn(saying(report, said)), plain, strict=True):
        assert flat(cut(printable(said), SENTENCE)) in read.text
        assert read.tags == known.tags or not flat(printable(said))


def test_a_mention_or_an_address_is_taken_apart_in_markdown(report: Report) -> None:
    text = report_markdown(saying(report, "@channel see https://evil.example and www.evil.example"))
    assert not re.search(r"@\w|https?://|www\.", text)


def test_the_page_loads_and_runs_nothing(report: Report) -> None:
    html = page(report, "<svg></svg>")
    read = Read(html)
    assert not {"script", "link", "img", "iframe", "object", "a", "form"} & {tag for tag, _ in read.tags}
    assert not [attrs for _, attrs in read.tags if {"src", "href", "style", "srcset"} & set(attrs)]
    assert "url(" not in html
    assert "@import" not in html
    assert "http" not in html.replace("http-equiv", "")


def test_the_pages_policy_allows_its_own_style_and_nothing_else(report: Report) -> None:
    html = page(report, "")
    (policy,) = (a["content"] for tag, a in Read(html).tags if a.get("http-equiv") == "Content-Security-Policy")
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def test_the_only_thing_called_a_gain_is_the_claim(report: Report, tmp_path: Path) -> None:
    assert "Gain: −6.25 %" in report_markdown(report)
    bare = morning_report(tmp_path, [event for event in a_morning() if not isinstance(event, Claimed)])
    for text in (page(bare, ""), report_markdown(bare)):
        assert "gain" not in text.lower().replace("again", "")


def test_a_greedy_night_has_no_gain_either(tmp_path: Path) -> None:
    night = morning_report(tmp_path, [*morning_events("greedy")])
    for text in (page(night, ""), report_markdown(night)):
        assert "gain" not in text.lower().replace("again", "").replace("against", "")
        assert "makes no claim" in text


@pytest.mark.smoke
def test_the_three_files_are_written_and_nothing_else_is_left(report: Report, tmp_path: Path) -> None:
    events = tmp_path / "other"
    morning_report(events, a_morning())
    with Reader.open(events / "night") as reader:
        series = series_of(reader)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.md").write_text("of yesterday")
    written = write_morning(tmp_path / "out", report, series)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"report.html", "report.md", "progress.png"}
    assert written.picture.read_bytes().startswith(b"\x89PNG")
    assert "<svg" in written.page.read_text()
    assert written.markdown.read_text() == report_markdown(report)
    (tmp_path / "file").write_text("")
    assert "no file was written" in next(morning_lines(tmp_path / "file" / "below", report, series))
