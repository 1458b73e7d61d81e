"""How a request goes to one target and how its answer comes back: as it is, or translated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from xrouter.chat.reply import Usage, estimate
from xrouter.chat.request import Conversation, Envelope, Part
from xrouter.chat.target import Target
from xrouter.dialects.base import ClientDialect, Dialect, ProviderDialect, Stamp, StreamWriter
from xrouter.upstream.attempt import secrets_of
from xrouter.upstream.relay import Client, RawRelay, Relay
from xrouter.upstream.translation import Translation, put_names_back


class Whole(msgspec.Struct, frozen=True):
    """An answer in one piece, as the client gets it; `parts` are what is to be remembered of it."""

    body: bytes
    usage: Usage
    parts: Sequence[Part] = ()


class Passage(Protocol):
    """One request on its way to one target."""

    @property
    def provider(self) -> ProviderDialect:
        """What the target speaks."""

    @property
    def target(self) -> Target:
        """Whom it goes to."""

    @property
    def body(self) -> bytes:
        """What the target is sent."""

    @property
    def dropped(self) -> Sequence[str]:
        """The client's members that it is not sent."""

    def reply(self, body: bytes) -> Whole:
        """The answer for the client. Raises UpstreamError where it is none."""

    def relay(self, client: Client, writer: Callable[[], StreamWriter]) -> Relay:
        """For one streamed answer; `writer` makes the client's, or gives the one that has spoken already."""


class Raw:
    """Both ends speak the same dialect: bytes pass, and only what must change is changed."""

    def __init__(self, dialect: Dialect, envelope: Envelope, target: Target, *, add_usage: bool) -> None:
        self.provider, self.target, self._envelope, self._add_usage = dialect, target, envelope, add_usage
        self.body = dialect.rewrite(envelope, target, add_usage=add_usage)
        self.dropped: Sequence[str] = dialect.dropped(envelope, target)

    def reply(self, body: bytes) -> Whole:
        """The answer as it is; of a provider that deviates, in the official shape."""
        body = self.provider.mend_reply(body, self.target)
        usage, said = self.provider.read_used(body)
        return Whole(body, usage or estimate(len(self._envelope.body), said))

    def relay(self, client: Client, _: Callable[[], StreamWriter]) -> Relay:
        """For one streamed answer."""
        mender, secrets = self.provider.mender(self.target), secrets_of(self.target)
        return RawRelay(client, self.provider, mender, hide_usage=self._add_usage, secrets=secrets)


class Translated:
    """The ends speak different dialects: everything goes through the waist."""

    def __init__(
        self,
        client_dialect: ClientDialect,
        provider: ProviderDialect,
        talk: Conversation,
        target: Target,
        stamp: Stamp,
    ) -> None:
        written = provider.write_request(talk, target)
        self._client_dialect, self._stamp = client_dialect, stamp
        self.provider, self._renamed = provider, written.renamed
        self.target = target if written.url == target.url else msgspec.structs.replace(target, url=written.url)
        self.body, self.dropped = written.body, written.dropped

    def reply(self, body: bytes) -> Whole:
        """The answer in the client's dialect."""
        reply = put_names_back(self.provider.read_reply(body), self._renamed)
        usage = reply.usage or estimate(len(self._stamp.envelope.body), reply.chars)
        reply = msgspec.structs.replace(reply, usage=usage)
        return Whole(self._client_dialect.write_reply(reply, self._stamp), usage, reply.answers[0].parts)

    def relay(self, client: Client, writer: Callable[[], StreamWriter]) -> Relay:
        """For one streamed answer."""
        return Translation(client, self.provider, writer(), self._renamed)
