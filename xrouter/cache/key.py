"""What a decision is remembered under."""

from __future__ import annotations

from hashlib import sha256

_DOMAIN = b"xrouter:decision:1"


def decision_key(looked_at: str, classifier: str) -> str:
    """64 hexadecimal digits for what a classifier looked at and which classifier it was.

    `classifier` names whatever can change its decision (kind, model, URL, prompt), and never an API key. The text
    cannot be read back, and the length in front of each part keeps two pairs from meeting in one key.
    """
    digest = sha256(_DOMAIN)
    for part in (classifier, looked_at):
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "big"))
        digest.update(encoded)
    return digest.hexdigest()
