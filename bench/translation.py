"""What an event of a translated stream costs: each provider's dialect read, each client's written; µs an event."""

from __future__ import annotations

import json
import timeit
from collections.abc import Callable, Iterator
from itertools import count

from xrouter.chat.request import Envelope
from xrouter.dialects.base import ClientDialect, ProviderDialect, Stamp, speak

WORDS = 500
"""Deltas of a stream: as many as an answer of 400 words has."""
PIECE_BYTES = 1200
"""About what one read of a connection brings of a fast stream."""
CLIENTS = {
    "openai": b'{"model":"auto","messages":[],"stream":true,"stream_options":{"include_usage":true}}',
    "anthropic": b'{"model":"auto","max_tokens":9,"messages":[],"stream":true}',
    "responses": b'{"model":"auto","input":"hi","stream":true}',
}


def said(events: Iterator[tuple[str, object]], *, named: bool) -> bytes:
    """Events as they stand on the wire."""
    return b"".join(
        (f"event: {name}\n" if named else "").encode() + b"data: " + json.dumps(data).encode() + b"\n\n"
        for name, data in events
    )


def openai() -> bytes:
    """A chat completion."""

    def events() -> Iterator[tuple[str, object]]:
        lead = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        for number in range(WORDS):
            delta = {"content": f"word {number} "}
            yield "", {**lead, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
        yield "", {**lead, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
        yield "", {**lead, "choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18}}

    return said(events(), named=False) + b"data: [DONE]\n\n"


def anthropic() -> bytes:
    """A message."""

    def events() -> Iterator[tuple[str, object]]:
        usage = {"input_tokens": 9, "output_tokens": 1}
        message = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": usage}
        yield "message_start", {"type": "message_start", "message": message}
        start = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
        yield "content_block_start", start
        for number in range(WORDS):
            delta = {"type": "text_delta", "text": f"word {number} "}
            yield "content_block_delta", {"type": "content_block_delta", "index": 0, "delta": delta}
        yield "content_block_stop", {"type": "content_block_stop", "index": 0}
        end = {"stop_reason": "end_turn", "stop_sequence": None}
        yield "message_delta", {"type": "message_delta", "delta": end, "usage": {"output_tokens": 9}}
        yield "message_stop", {"type": "message_stop"}

    return said(events(), named=True)


def gemini() -> bytes:
    """A generateContent answer."""

    def events() -> Iterator[tuple[str, object]]:
        usage = {"promptTokenCount": 9, "candidatesTokenCount": 9, "totalTokenCount": 18}
        for number in range(WORDS):
            candidate = {"content": {"role": "model", "parts": [{"text": f"word {number} "}]}, "index": 0}
            end = {"finishReason": "STOP"} if number == WORDS - 1 else {}
            yield "", {"candidates": [{**candidate, **end}], "usageMetadata": usage, "modelVersion": "m"}

    return said(events(), named=False)


def cohere() -> bytes:
    """A v2 chat answer."""

    def events() -> Iterator[tuple[str, object]]:
        yield "message-start", {"type": "message-start", "id": "m", "delta": {"message": {"role": "assistant"}}}
        block = {"message": {"content": {"type": "text", "text": ""}}}
        yield "content-start", {"type": "content-start", "index": 0, "delta": block}
        for number in range(WORDS):
            delta = {"message": {"content": {"text": f"word {number} "}}}
            yield "content-delta", {"type": "content-delta", "index": 0, "delta": delta}
        yield "content-end", {"type": "content-end", "index": 0}
        usage = {"tokens": {"input_tokens": 9, "output_tokens": 9}}
        yield "message-end", {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": usage}}

    return said(events(), named=True)


def responses() -> bytes:
    """A response."""
    numbers = count()

    def event(kind: str, **data: object) -> tuple[str, object]:
        return kind, {"type": kind, "sequence_number": next(numbers), **data}

    def events() -> Iterator[tuple[str, object]]:
        whole = {"id": "r", "object": "response", "created_at": 1, "status": "in_progress", "model": "m", "output": []}
        yield event("response.created", response=whole)
        item = {"id": "i", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        yield event("response.output_item.added", output_index=0, item=item)
        for number in range(WORDS):
            delta = f"word {number} "
            yield event("response.output_text.delta", item_id="i", output_index=0, content_index=0, delta=delta)
        usage = {"input_tokens": 9, "output_tokens": 9, "total_tokens": 18}
        yield event("response.completed", response={**whole, "status": "completed", "usage": usage})

    return said(events(), named=True)


PROVIDERS: dict[str, Callable[[], bytes]] = {
    "openai": openai,
    "anthropic": anthropic,
    "gemini": gemini,
    "cohere": cohere,
    "responses": responses,
}


def translate(provider: ProviderDialect, client: ClientDialect, pieces: list[bytes], envelope: Envelope) -> bytes:
    """The whole stream, as the relay does it."""
    reader = provider.reader()
    writer = client.writer(Stamp("id", "model", 1, envelope))
    written = [b"".join(map(writer.send, reader.feed(piece))) for piece in pieces]
    return b"".join((*written, *map(writer.send, reader.close())))


def median_us(work: Callable[[], object], events: int) -> float:
    """Microseconds an event: the median of nine rounds."""
    return sorted(timeit.repeat(work, number=10, repeat=9))[4] / 10 / events * 1e6


def main() -> None:
    """Print the table: a row for each provider's dialect, a column for each client's."""
    print("| from \\ to | " + " | ".join(CLIENTS) + " | json.loads of each event |")
    print("|---" * (len(CLIENTS) + 2) + "|")
    for name, stream_of in PROVIDERS.items():
        stream = stream_of()
        pieces = [stream[at : at + PIECE_BYTES] for at in range(0, len(stream), PIECE_BYTES)]
        events = stream.count(b"data: ")
        costs = []
        for client_name, body in CLIENTS.items():
            client = speak(client_name)
            envelope = client.read_envelope(body)
            assert b"word 499 " in translate(speak(name), client, pieces, envelope)  # noqa: S101 - else it measures nothing
            costs.append(median_us(lambda s=name, c=client, e=envelope, p=pieces: translate(speak(s), c, p, e), events))
        data = [line[6:] for line in stream.split(b"\n") if line.startswith(b"data: {")]
        beside = median_us(lambda lines=data: [json.loads(line) for line in lines], events)
        print(f"| {name} | " + " | ".join(f"{cost:.1f}" for cost in costs) + f" | {beside:.1f} |")


if __name__ == "__main__":
    main()
