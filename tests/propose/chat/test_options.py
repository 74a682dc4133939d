from __future__ import annotations

import re
from pathlib import Path

import pytest

from overnight.errors import UsageError
from overnight.propose.agents import agent_line
from overnight.propose.brief import Wanted
from overnight.propose.chat.anthropic import Anthropic
from overnight.propose.chat.formats import Formats
from overnight.propose.chat.openai import OpenAI
from overnight.propose.chat.options import OPTIONS, Prices, Settings, read_options
from overnight.propose.chat.proxy import Proxy, find_proxy

LOCAL = "base_url=http://localhost:11434/v1"


def read(text: str, **environ: str) -> Settings:
    return read_options(agent_line(text), environ)


def test_a_model_of_a_service_takes_its_key_from_the_environment() -> None:
    settings = read("chat anthropic:claude-sonnet-4-5", ANTHROPIC_API_KEY="k1", OPENAI_API_KEY="k2")
    assert isinstance(settings.model.dialect, Anthropic)
    assert (settings.model.name, settings.model.key) == ("claude-sonnet-4-5", "k1")
    assert settings.origin == "anthropic:claude-sonnet-4-5"


def test_a_server_of_ones_own_gets_no_key_of_a_service() -> None:
    settings = read(f"chat openai:qwen3:8b {LOCAL}", OPENAI_API_KEY="secret")
    assert isinstance(settings.model.dialect, OpenAI)
    assert (settings.model.name, settings.model.key) == ("qwen3:8b", "")


def test_a_key_that_is_named_goes_to_the_server_that_is_named() -> None:
    assert read("chat openai:m base_url=https://openrouter.ai/api/v1 key_env=ROUTER", ROUTER=" r \n").model.key == "r"


def test_what_the_client_does_not_know_goes_into_the_request_as_it_is() -> None:
    settings = read(
        f"chat openai:m {LOCAL} temperature=0.7 body.reasoning_effort=high body.options.num_ctx=32768 "
        "body.stream_options=null"
    )
    assert settings.model.body == {
        "temperature": 0.7,
        "reasoning_effort": "high",
        "options": {"num_ctx": 32768},
        "stream_options": None,
    }


def test_a_price_is_unknown_until_it_is_said() -> None:
    assert read(f"chat openai:m {LOCAL}").prices is None
    assert read(f"chat openai:m {LOCAL} price_in=3 price_out=15").prices == Prices(3, 15)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("chat", "which model"),
        ("chat gpt-5", "which model"),
        ("chat openai:", "which model"),
        ("chat openai:a openai:b", "which model"),
        ("chat opnai:gpt-5", "did you mean openai"),
        ("chat gemini:pro", "there is openai, anthropic"),
        ("chat openai:gpt-5", "OPENAI_API_KEY is not set"),
        ("chat openai:gpt-5 key_env=MINE", "MINE is not set"),
        (f"chat openai:m {LOCAL} temprature=1", "no option temprature="),
        (f"chat openai:m {LOCAL} format=diff", "there is auto, blocks, whole"),
        (f"chat openai:m {LOCAL} seconds=0", "seconds=0"),
        (f"chat openai:m {LOCAL} seconds=soon", "seconds=soon"),
        (f"chat openai:m {LOCAL} mends=-1", "mends=-1"),
        (f"chat openai:m {LOCAL} temperature=nan", "temperature=nan"),
        (f"chat openai:m {LOCAL} price_in=3", "go together"),
        (f"chat openai:m {LOCAL} body.a=1 body.a.b=2", "beside a value"),
        ("chat openai:m base_url=localhost:11434", "no address"),
        ("chat openai:m base_url=http://", "no address"),
        ("chat openai:m base_url=http://host/v1?key=secret", "no address"),
        ("chat openai:m base_url=http://host:port", "no address"),
        ("chat openai:m base_url=https://me:secret@host", "key_env="),
    ],
)
def test_what_a_person_can_mend_is_said_at_the_start(text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(text)
    assert says in str(caught.value)


def test_a_key_that_is_none_is_not_sent_and_not_shown() -> None:
    with pytest.raises(UsageError) as caught:
        read("chat openai:m", OPENAI_API_KEY="two\nlines")
    assert "two" not in str(caught.value)


FILES = {"short": {"a.py": "x\n" * 50}, "long": {"a.py": "x\n" * 400}, "huge": {"a.py": "x\n" * 50_000}}


@pytest.mark.parametrize(("name", "wanted"), [("short", "whole"), ("long", "blocks"), ("huge", "blocks")])
def test_short_files_are_written_whole_and_long_ones_in_blocks(name: str, wanted: str) -> None:
    assert Formats(None).choose(FILES[name]) == wanted


@pytest.mark.parametrize("name", ["short", "long"])
def test_a_form_that_keeps_failing_is_left(name: str) -> None:
    formats = Formats(None)
    usual = formats.choose(FILES[name])
    for _ in range(3):
        assert formats.choose(FILES[name]) is usual
        formats.record(usual, worked=False)
    assert formats.choose(FILES[name]) is not usual


def test_a_form_that_mostly_works_is_kept() -> None:
    formats = Formats(None)
    for worked in [True, False, True, True, False, True] * 5:
        formats.record(Wanted.BLOCKS, worked)
    assert formats.choose(FILES["long"]) is Wanted.BLOCKS


def test_a_form_that_a_person_names_stays() -> None:
    formats = Formats(Wanted.WHOLE)
    formats.record(Wanted.WHOLE, worked=False)
    assert formats.choose(FILES["huge"]) is Wanted.WHOLE


PROXIED = {"https_proxy": "http://me:p%40ss@proxy:3128", "no_proxy": "inner, .corp.example"}


@pytest.mark.parametrize("url", ["https://inner/v1", "https://a.corp.example/", "https://localhost/", "http://out/"])
def test_what_is_near_is_not_asked_through_the_proxy(url: str) -> None:
    assert find_proxy(url, PROXIED) is None


def test_the_proxy_of_the_environment_is_used() -> None:
    login = {"Proxy-Authorization": "Basic bWU6cEBzcw=="}
    assert find_proxy("https://api.openai.com/v1", PROXIED) == Proxy("proxy", 3128, login)
    assert find_proxy("http://host/", {"HTTP_PROXY": "proxy:80"}) == Proxy("proxy", 80)


PAGE = (Path(__file__).parents[3] / "docs/models.md").read_text()


@pytest.mark.parametrize("line", sorted(set(re.findall(r'(?:`|"|agent: )(chat [^`"]+)', PAGE))))
def test_the_lines_of_the_docs_are_understood(line: str) -> None:
    keys = dict.fromkeys(("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENROUTER_API_KEY"), "k")
    assert read(line, **keys).model.name


def test_every_option_is_explained() -> None:
    assert re.findall(r"^\| `([a-z_.…]+)` \|", PAGE, re.MULTILINE)[: len(OPTIONS)] == list(OPTIONS)


def test_the_example_of_a_scripted_server_runs(capsys: pytest.CaptureFixture[str]) -> None:
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(code, {})
    assert capsys.readouterr().out.startswith("http://127.0.0.1:")
