"""How three kinds of model servers speak: OpenAI Chat Completions, OpenAI Responses, Anthropic Messages.

For each: what a request offers and has seen, an answer as one piece of JSON, and the same as a stream of events.
Only what clients read is there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from overnight.testing.model_tools import Call, Tool

Json = dict[str, Any]
Events = list[tuple[str, Json]]
"""The name of an event ("" where the dialect has none), and its data."""

CREATED = 1_700_000_000


@dataclass(frozen=True, slots=True)
class Said:
    """What the model says. `usage`: tokens in and out; None: it does not say."""

    text: str = ""
    calls: Sequence[Call] = ()
    usage: tuple[int, int] | None = (100, 20)
    turn: int = 0  # of the conversation: what is called later has another id


class Dialect(Protocol):
    ending: str  # of the path that it is asked at

    def tools(self, body: Json) -> Iterator[Tool]: ...

    def results(self, body: Json) -> list[str]:
        """What calls of tools have brought back in this conversation."""
        ...

    def whole(self, said: Said, model: str) -> Json: ...

    def stream(self, said: Said, model: str) -> tuple[Events, Events]:
        """All that comes up to and with the text, and what ends it: a broken stream lacks the second part."""
        ...


class ChatCompletions:
    ending = "/chat/completions"

    def tools(self, body: Json) -> Iterator[Tool]:
        for tool in body.get("tools") or ():
            if tool.get("type") == "function":
                yield _tool(tool["function"]["name"], tool["function"].get("parameters"))

    def results(self, body: Json) -> list[str]:
        return [_text(message.get("content")) for message in body.get("messages", ()) if message.get("role") == "tool"]

    def whole(self, said: Said, model: str) -> Json:
        message: Json = {"role": "assistant", "content": said.text or None}
        if said.calls:
            message["tool_calls"] = self._calls(said)
        choice = {"index": 0, "message": message, "finish_reason": self._reason(said)}
        return self._object("chat.completion", model, [choice]) | self._usage(said)

    def stream(self, said: Said, model: str) -> tuple[Events, Events]:
        def chunk(delta: Json, reason: str | None = None) -> tuple[str, Json]:
            choice = {"index": 0, "delta": delta, "finish_reason": reason}
            return "", self._object("chat.completion.chunk", model, [choice])

        opening = [
            chunk({"role": "assistant", "content": ""}),
            *(chunk({"content": part}) for part in _parts(said.text)),
        ]
        calls = [chunk({"tool_calls": [{"index": i, **call}]}) for i, call in enumerate(self._calls(said))]
        last = ("", self._object("chat.completion.chunk", model, []) | self._usage(said))
        return opening, [*calls, chunk({}, self._reason(said)), last]

    def _calls(self, said: Said) -> list[Json]:
        return [
            {
                "id": f"call_{said.turn}_{i}",
                "type": "function",
                "function": {"name": call.tool.name, "arguments": _json(call)},
            }
            for i, call in enumerate(said.calls)
        ]

    def _reason(self, said: Said) -> str:
        return "tool_calls" if said.calls else "stop"

    def _object(self, kind: str, model: str, choices: list[Json]) -> Json:
        return {"id": "chatcmpl-1", "object": kind, "created": CREATED, "model": model, "choices": choices}

    def _usage(self, said: Said) -> Json:
        if said.usage is None:
            return {}
        into, out = said.usage
        return {"usage": {"prompt_tokens": into, "completion_tokens": out, "total_tokens": into + out}}


class Responses:
    ending = "/responses"

    def tools(self, body: Json) -> Iterator[Tool]:
        for tool in body.get("tools") or ():
            if tool.get("type") == "function":
                yield _tool(tool["name"], tool.get("parameters"))
            elif tool.get("type") == "custom":
                yield Tool(tool["name"], custom=True)

    def results(self, body: Json) -> list[str]:
        items = [item for item in body.get("input", ()) if isinstance(item, dict)]
        return [_text(item.get("output")) for item in items if str(item.get("type", "")).endswith("_call_output")]

    def whole(self, said: Said, model: str) -> Json:
        return self._response(said, model, "completed", self._items(said))

    def stream(self, said: Said, model: str) -> tuple[Events, Events]:
        items, begun = self._items(said), self._response(said, model, "in_progress", [])
        opening: Events = [(name, {"response": begun}) for name in ("response.created", "response.in_progress")]
        closing: Events = []
        for index, item in enumerate(items):
            at = {"item_id": item["id"], "output_index": index}
            start = ("response.output_item.added", {"output_index": index, "item": _hollow(item)})
            opened = [start, *self._text(item, at)] if item["type"] == "message" else []
            opening += opened
            closing += [*([] if opened else [start, *self._arguments(item, at)])]
            closing.append(("response.output_item.done", {"output_index": index, "item": item}))
        closing.append(("response.completed", {"response": self._response(said, model, "completed", items)}))
        return [_typed(event) for event in opening], [_typed(event) for event in closing]

    def _text(self, item: Json, at: Json) -> Iterator[tuple[str, Json]]:
        part, where = item["content"][0], at | {"content_index": 0}
        yield "response.content_part.added", where | {"part": part | {"text": ""}}
        for text in _parts(part["text"]):
            yield "response.output_text.delta", where | {"delta": text}
        yield "response.output_text.done", where | {"text": part["text"]}
        yield "response.content_part.done", where | {"part": part}

    def _arguments(self, item: Json, at: Json) -> Iterator[tuple[str, Json]]:
        custom = item["type"] == "custom_tool_call"
        field, name = ("input", "custom_tool_call_input") if custom else ("arguments", "function_call_arguments")
        for text in _parts(item[field]):
            yield f"response.{name}.delta", at | {"delta": text}
        yield f"response.{name}.done", at | {field: item[field]}

    def _items(self, said: Said) -> list[Json]:
        part = {"type": "output_text", "text": said.text, "annotations": []}
        message = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}
        calls = [self._call(f"{said.turn}_{i}", call) for i, call in enumerate(said.calls)]
        return [message, *calls] if said.text else calls

    def _call(self, name: str, call: Call) -> Json:
        own = {"id": f"item_{name}", "call_id": f"call_{name}", "name": call.tool.name, "status": "completed"}
        if call.tool.custom:
            return own | {"type": "custom_tool_call", "input": call.arguments}
        return own | {"type": "function_call", "arguments": _json(call)}

    def _response(self, said: Said, model: str, status: str, items: list[Json]) -> Json:
        plain = {"id": "resp_1", "object": "response", "created_at": CREATED, "model": model, "status": status}
        usage = None
        if said.usage and status == "completed":
            into, out = said.usage
            details = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
            usage = {"input_tokens": into, "output_tokens": out, "total_tokens": into + out, **details}
        return plain | {"output": items, "error": None, "incomplete_details": None, "usage": usage}


class Messages:
    ending = "/messages"

    def tools(self, body: Json) -> Iterator[Tool]:
        for tool in body.get("tools") or ():
            if "input_schema" in tool:
                yield _tool(tool["name"], tool["input_schema"])

    def results(self, body: Json) -> list[str]:
        contents = (message.get("content") for message in body.get("messages", ()))
        blocks = [block for many in contents if isinstance(many, list) for block in many]
        return [_text(block.get("content")) for block in blocks if block.get("type") == "tool_result"]

    def whole(self, said: Said, model: str) -> Json:
        into, out = said.usage or (0, 0)
        usage = {"input_tokens": into, "output_tokens": out}
        reason = "tool_use" if said.calls else "end_turn"
        return self._message(model, reason, usage) | {"content": self._blocks(said)}

    def stream(self, said: Said, model: str) -> tuple[Events, Events]:
        into, out = said.usage or (0, 0)
        message = self._message(model, None, {"input_tokens": into, "output_tokens": 1})
        opening: Events = [("message_start", {"message": message})]
        closing: Events = []
        for index, block in enumerate(self._blocks(said)):
            (opening if block["type"] == "text" else closing).extend(self._block(index, block))
            closing.append(("content_block_stop", {"index": index}))
        reason = {"stop_reason": "tool_use" if said.calls else "end_turn", "stop_sequence": None}
        closing.append(("message_delta", {"delta": reason, "usage": {"output_tokens": out}}))
        closing.append(("message_stop", {}))
        return [_typed(event) for event in opening], [_typed(event) for event in closing]

    def _block(self, index: int, block: Json) -> Iterator[tuple[str, Json]]:
        text = block["type"] == "text"
        empty: Json = {"text": ""} if text else {"input": {}}
        yield "content_block_start", {"index": index, "content_block": block | empty}
        for part in _parts(block["text"] if text else json.dumps(block["input"])):
            delta = {"type": "text_delta", "text": part} if text else {"type": "input_json_delta", "partial_json": part}
            yield "content_block_delta", {"index": index, "delta": delta}

    def _blocks(self, said: Said) -> list[Json]:
        text = [{"type": "text", "text": said.text}] if said.text else []
        return text + [
            {"type": "tool_use", "id": f"toolu_{said.turn}_{i}", "name": call.tool.name, "input": call.arguments}
            for i, call in enumerate(said.calls)
        ]

    def _message(self, model: str, reason: str | None, usage: Json) -> Json:
        own = {"id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": []}
        return own | {"stop_reason": reason, "stop_sequence": None, "usage": usage}


DIALECTS: Sequence[Dialect] = (ChatCompletions(), Responses(), Messages())


def _tool(name: str, schema: Mapping[str, Any] | None) -> Tool:
    return Tool(name, (schema or {}).get("properties") or {}, (schema or {}).get("required") or ())


def _json(call: Call) -> str:
    return json.dumps(call.arguments)


def _text(content: object) -> str:
    """Of something that a client sent: a text, or a list of blocks that hold texts."""
    blocks = content if isinstance(content, list) else [content]
    return "".join(str(block.get("text", "")) if isinstance(block, dict) else str(block) for block in blocks)


def _parts(text: str, most: int = 8) -> list[str]:
    """The text in a few pieces, as it comes from a model."""
    size = max(1, -(-len(text) // most))
    return [text[at : at + size] for at in range(0, len(text), size)]


def _typed(event: tuple[str, Json]) -> tuple[str, Json]:
    return event[0], {"type": event[0], **event[1]}


def _hollow(item: Json) -> Json:
    """As an item begins: its text is still to come."""
    empty: Json = (
        {"content": []} if "content" in item else {name: "" for name in ("arguments", "input") if name in item}
    )
    return item | {"status": "in_progress"} | empty
