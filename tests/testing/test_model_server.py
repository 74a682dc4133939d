from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request as Ask
from urllib.request import urlopen

import pytest

from overnight.testing.model_server import (
    Line,
    changes,
    edits,
    elided,
    loops,
    model_server,
    refuses,
    runs,
    says,
)

WRITE = {"path": {"type": "string"}, "content": {"type": "string"}}
READ = {"path": {"type": "string"}, "limit": {"type": "number"}}
REPLACE = {"file_path": {"type": "string"}, "old_string": {"type": "string"}, "new_string": {"type": "string"}}
LIST = {"path": {}, "edits": {"type": "array", "items": {"properties": {"oldText": {}, "newText": {}}}}}
SHELL = {"cmd": {"type": "string"}}

ENDS = ("/v1/chat/completions", "/v1/responses", "/v1/messages")
EVERY = pytest.mark.parametrize("end", ENDS)
OLD, NEW = "RATE = 0.1\nprint(RATE)\n", "RATE = 0.2\nprint(RATE)\n"


class Client:
    """A coding client in small: it offers tools, does what is called, and tells what came of it."""

    def __init__(self, url: str, end: str, tools: dict[str, dict[str, Any]], folder: Path) -> None:
        self.url, self.end, self.tools, self.folder = url + end, end, tools, folder
        self.talk: list[dict[str, Any]] = [{"role": "user", "content": "go"}]

    def work(self, most: int = 9) -> list[str]:
        """The names of what was called, and last the words of the model."""
        done: list[str] = []
        while len(done) < most:
            words, calls = self._said()
            if not calls:
                return [*done, words]
            for call_id, name, arguments in calls:
                done.append(name)
                self._tell(call_id, name, arguments, self._do(name, arguments))
        return done

    def _said(self) -> tuple[str, list[tuple[str, str, Any]]]:
        key = "input" if self.end == "/v1/responses" else "messages"
        reply = post(self.url, {"model": "m", key: self.talk, "tools": [*self._offers()]})
        if self.end == "/v1/chat/completions":
            message = reply["choices"][0]["message"]
            calls = [(c["id"], c["function"]) for c in message.get("tool_calls", ())]
            return message["content"] or "", [(i, f["name"], json.loads(f["arguments"])) for i, f in calls]
        if self.end == "/v1/messages":
            text = "".join(block["text"] for block in reply["content"] if block["type"] == "text")
            return text, [(b["id"], b["name"], b["input"]) for b in reply["content"] if b["type"] == "tool_use"]
        made = [item for item in reply["output"] if item["type"] == "function_call"]
        text = "".join(item["content"][0]["text"] for item in reply["output"] if item["type"] == "message")
        return text, [(item["call_id"], item["name"], json.loads(item["arguments"])) for item in made]

    def _offers(self) -> Iterable[dict[str, Any]]:
        for name, fields in self.tools.items():
            schema = {"type": "object", "properties": fields, "required": list(fields)}
            if self.end == "/v1/chat/completions":
                yield {"type": "function", "function": {"name": name, "parameters": schema}}
            elif self.end == "/v1/messages":
                yield {"name": name, "input_schema": schema}
            else:
                yield {"type": "function", "name": name, "parameters": schema}

    def _do(self, name: str, given: dict[str, Any]) -> str:
        file = self.folder / given.get("path", given.get("file_path", ""))
        if name == "read":
            return "\n".join(f"{i}\t{line}" for i, line in enumerate(file.read_text().split("\n"), 1))
        if name == "write":
            file.write_text(given["content"])
        elif name == "shell":
            subprocess.run(["sh", "-c", given["cmd"]], cwd=self.folder, check=True)
        else:
            pairs = [(e["oldText"], e["newText"]) for e in given.get("edits", ())]
            for old, new in pairs or [(given["old_string"], given["new_string"])]:
                if file.read_text().count(old) != 1:
                    return "error: not unique"
                file.write_text(file.read_text().replace(old, new))
        return "done"

    def _tell(self, call_id: str, name: str, arguments: Any, result: str) -> None:
        if self.end == "/v1/chat/completions":
            call = {"id": call_id, "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
            self.talk.append({"role": "assistant", "content": None, "tool_calls": [call]})
            self.talk.append({"role": "tool", "tool_call_id": call_id, "content": result})
        elif self.end == "/v1/messages":
            use = {"type": "tool_use", "id": call_id, "name": name, "input": arguments}
            back = {"type": "tool_result", "tool_use_id": call_id, "content": [{"type": "text", "text": result}]}
            self.talk += [{"role": "assistant", "content": [use]}, {"role": "user", "content": [back]}]
        else:
            call = {"type": "function_call", "call_id": call_id, "name": name, "arguments": json.dumps(arguments)}
            self.talk += [call, {"type": "function_call_output", "call_id": call_id, "output": result}]


def post(url: str, body: dict[str, Any]) -> Any:
    with urlopen(Ask(url, json.dumps(body).encode()), timeout=60) as response:
        return json.load(response)


def worked(line: Line, end: str, tools: dict[str, dict[str, Any]], folder: Path) -> list[str]:
    (folder / "train.py").write_text(OLD)
    with model_server(line) as server:
        return Client(server.url, end, tools, folder).work()


@EVERY
@pytest.mark.parametrize(
    ("tools", "calls"),
    [
        ({"read": READ, "write": WRITE}, ["read", "write"]),
        ({"read": READ, "edit": REPLACE}, ["read", "edit"]),
        ({"read": READ, "edit": LIST}, ["read", "edit"]),
        ({"shell": SHELL}, ["shell"]),
    ],
    ids=["write", "replace", "list", "shell"],
)
def test_a_file_is_edited_with_what_the_client_offers(
    end: str, tools: dict[str, dict[str, Any]], calls: list[str], tmp_path: Path
) -> None:
    assert worked(edits("train.py", NEW), end, tools, tmp_path) == [*calls, "Done: a change."]
    assert (tmp_path / "train.py").read_text().rstrip() == NEW.rstrip()


@EVERY
def test_who_offers_no_tools_gets_the_file_in_words(end: str, tmp_path: Path) -> None:
    [words] = worked(edits("train.py", NEW), end, {}, tmp_path)
    assert f"train.py\n```\n{NEW}```" in words
    [words] = worked(changes("train.py", "RATE = 0.1", "RATE = 0.2"), end, {}, tmp_path)
    assert "<<<<<<< SEARCH\nRATE = 0.1\n=======\nRATE = 0.2\n>>>>>>> REPLACE" in words


def test_an_ambiguous_change_is_left_to_the_client(tmp_path: Path) -> None:
    done = worked(changes("train.py", "RATE", "PACE"), ENDS[2], {"read": READ, "edit": REPLACE}, tmp_path)
    assert done == ["read", "edit", "Done: a change."]
    assert (tmp_path / "train.py").read_text() == OLD


def test_an_elided_file_is_short_of_its_rest(tmp_path: Path) -> None:
    worked(elided("train.py", "RATE = 0.2"), ENDS[0], {"write": WRITE}, tmp_path)
    assert (tmp_path / "train.py").read_text() == "RATE = 0.2\n\n# ... rest of the file unchanged ...\n"


def test_a_command_is_run_where_there_is_a_shell(tmp_path: Path) -> None:
    assert worked(runs("echo x > made"), ENDS[1], {"shell": SHELL}, tmp_path) == ["shell", "Done."]
    assert (tmp_path / "made").exists()
    assert worked(runs("echo x > made"), ENDS[1], {"read": READ}, tmp_path) == ["There is no shell."]


@EVERY
def test_a_loop_never_ends_by_itself(end: str, tmp_path: Path) -> None:
    assert worked(loops("train.py"), end, {"read": READ}, tmp_path) == ["read"] * 9


def test_a_patch_is_made_for_a_tool_that_takes_one_as_plain_text() -> None:
    body = {"model": "m", "input": [], "tools": [{"type": "custom", "name": "apply_patch"}]}
    with model_server(edits("train.py", NEW)) as server:
        [call] = post(f"{server.url}/v1/responses", body)["output"]
    assert call["type"] == "custom_tool_call"
    assert call["input"] == "*** Begin Patch\n*** Add File: train.py\n+RATE = 0.2\n+print(RATE)\n*** End Patch\n"


def test_lines_of_the_script_are_taken_in_order_and_the_last_one_stays() -> None:
    with model_server([refuses(429, retry_after=7), says("one"), says("two")]) as server:
        with pytest.raises(HTTPError) as refused:
            post(server.url + ENDS[0], {})
        texts = [post(server.url + ENDS[0], {})["choices"][0]["message"]["content"] for _ in range(3)]
    with refused.value as page:
        assert (page.status, page.headers["Retry-After"]) == (429, "7")
    assert texts == ["one", "two", "two"]


def test_what_is_asked_beside_takes_no_line_of_the_script() -> None:
    with model_server([says("one"), says("two")]) as server:
        assert post(f"{server.url}/v1/messages/count_tokens", {"messages": []}) == {"input_tokens": 100}
        with urlopen(f"{server.url}/v1/models", timeout=60) as response:
            assert json.load(response)["data"][0]["id"] == "scripted"
        with pytest.raises(HTTPError) as missing:
            urlopen(f"{server.url}/favicon.ico", timeout=60)
        missing.value.close()
        assert post(server.url + ENDS[2], {})["content"][0]["text"] == "one"
        assert [request.path for request in server.turns] == ["/v1/messages"]
        assert len(server.requests) == 4


@EVERY
def test_a_stream_ends_in_the_way_of_its_dialect(end: str) -> None:
    with model_server(says("all of it")) as server:
        ask = Ask(server.url + end, json.dumps({"stream": True}).encode())
        with urlopen(ask, timeout=60) as response:
            text = response.read().decode()
    last = {ENDS[0]: "data: [DONE]", ENDS[1]: "event: response.completed", ENDS[2]: "event: message_stop"}[end]
    assert last in text.strip().split("\n\n")[-1]
