"""Long text cut to what a judge needs: pasted logs and code keep their head and tail."""

from __future__ import annotations

import re

_FENCE = re.compile(r"^(`{3,}|~{3,})[^\n]*\n(.*?)(?:\n\1[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_BLOCK_HEAD, _BLOCK_TAIL = 240, 120
_MOST_SEARCHED = 60_000


def cut(text: str, most: int) -> str:
    """`text` in about `most` characters: whole where it fits.

    Else fenced blocks are cut, the largest first, and at last its middle: what is asked stands before or after a paste.
    """
    if len(text) > most:
        text = _cut_blocks(_cut_middle(text, _MOST_SEARCHED * 2 // 3, _MOST_SEARCHED // 3), most)
    if len(text) > most:
        text = _cut_middle(text, most * 3 // 5, most * 2 // 5)
    return text


def _cut_blocks(text: str, most: int) -> str:
    spare = len(text) - most
    chosen = []
    for start, end in sorted((match.span(2) for match in _FENCE.finditer(text)), key=lambda span: span[0] - span[1]):
        if spare > 0 and end - start > _BLOCK_HEAD + _BLOCK_TAIL:
            spare -= end - start - _BLOCK_HEAD - _BLOCK_TAIL - len(_mark(end - start))
            chosen.append((start, end))
    for start, end in sorted(chosen, reverse=True):
        text = text[:start] + _cut_middle(text[start:end], _BLOCK_HEAD, _BLOCK_TAIL) + text[end:]
    return text


def _cut_middle(text: str, head: int, tail: int) -> str:
    gone = len(text) - head - tail
    return f"{text[:head]}{_mark(gone)}{text[-tail:]}" if gone > 0 else text


def _mark(gone: int) -> str:
    return f"\n[… {gone} characters …]\n"
