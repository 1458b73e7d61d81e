"""What a request and an event cost, beside the obvious way: ratios taken in one run."""

from __future__ import annotations

import json
import timeit
from collections.abc import Callable

from xrouter.chat.target import Target
from xrouter.dialects import openai
from xrouter.routing.embedded.judge import judge
from xrouter.routing.lens.read import read_ask
from xrouter.upstream.relay import Headers, RawRelay

TARGET = Target(tier="cheap", provider="openai", dialect="openai", url="http://127.0.0.1", model="another-model")


class Nowhere:
    """A client that reads at once and keeps nothing."""

    begun = True
    full = False

    def write(self, data: bytes) -> None:
        """Take bytes."""

    def reply(self, status: int, headers: Headers, body: bytes) -> None:
        """Take an answer."""

    def begin(self, status: int, headers: Headers) -> None:
        """Take a head."""

    def end(self) -> None:
        """Nothing is left."""

    def abort(self) -> None:
        """Nothing is left."""

    def when_ready(self, callback: Callable[[], None] | None) -> None:
        """Always ready."""


def agent_body(size: int) -> bytes:
    """A request like an agent's: a long system prompt, tools, a tool loop; about `size` bytes."""
    words = "the model reads “a file” and writes 文件 \n into the cache "
    text = words * (size // 40 // len(words) + 1)
    parameters = {"type": "object", "properties": {"path": {"type": "string", "description": text[:200]}}}
    tools = [
        {
            "type": "function",
            "function": {"name": f"tool_{number}", "description": text[:300], "parameters": parameters},
        }
        for number in range(20)
    ]
    messages: list[dict[str, object]] = [{"role": "system", "content": text * 10}]
    for number in range(10):
        call = {"id": f"call_{number}", "type": "function", "function": {"name": "tool_1", "arguments": "{}"}}
        messages += [
            {"role": "user", "content": text[:300]},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"call_{number}", "content": text},
        ]
    messages.append({"role": "user", "content": "Why does the second test fail?"})
    body = {"model": "auto", "messages": messages, "tools": tools, "stream": True, "temperature": 1.0}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def median_us(work: Callable[[], object], number: int) -> float:
    """Microseconds of one call: the median of nine rounds."""
    rounds = timeit.repeat(work, number=number, repeat=9)
    return sorted(rounds)[4] / number * 1e6


def row(name: str, ours: float, other: str, theirs: float) -> str:
    """A line of the table."""
    return f"| {name} | {ours:.1f} | {other} | {theirs:.1f} | {theirs / ours:.1f} |"


def main() -> None:
    """Print the table."""
    body = agent_body(100_000)
    event = b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"word "},"finish_reason":null}]}\n\n'
    relay = RawRelay(Nowhere(), openai, None, hide_usage=False)
    hiding = RawRelay(Nowhere(), openai, None, hide_usage=True)

    def rewrite() -> bytes:
        return openai.rewrite(openai.read_envelope(body), TARGET, add_usage=False)

    def rewrite_with_json() -> bytes:
        return json.dumps({**json.loads(body), "model": "another-model"}).encode()

    def decide() -> object:
        return judge(read_ask(openai.read_turns(openai.read_envelope(body)), offers_tools=True))

    parsed = median_us(lambda: json.loads(body), 50)
    read = median_us(lambda: json.loads(event[6:]), 5000)
    lines = [
        "| what | µs | beside | µs | times |",
        "|---|---|---|---|---|",
        row(
            f"model spliced into {len(body) // 1000} KB",
            median_us(rewrite, 50),
            "json, both ways",
            median_us(rewrite_with_json, 20),
        ),
        row(f"decided, from {len(body) // 1000} KB", median_us(decide, 50), "json.loads", parsed),
        row("an event relayed", median_us(lambda: relay.feed(event), 5000), "json.loads of it", read),
        row("… its usage hidden", median_us(lambda: hiding.feed(event), 5000), "json.loads of it", read),
    ]
    print("\n".join(lines))


if __name__ == "__main__":
    main()
