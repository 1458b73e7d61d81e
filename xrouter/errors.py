"""Every error that xrouter raises on purpose.

    XrouterError
    ├── ConfigError            settings are missing or wrong (exit 2)
    ├── PortTaken              the address to listen on is in use (exit 3)
    ├── NothingToRead          there is no usage to show (exit 4)
    ├── RequestError           the client's request cannot be served as it is (4xx)
    │   ├── BadRequest         400
    │   │   └── Unsupported    400: the target that was chosen cannot take what the request asks for
    │   ├── Unauthorized       401
    │   ├── Forbidden          403
    │   ├── NotFound           404
    │   ├── MethodNotAllowed   405
    │   ├── RequestTimeout     408
    │   └── TooLarge           413
    ├── InternalError          500: a fault of ours, the log has the details
    ├── Draining               503: the router is about to end
    └── UpstreamError          a provider failed (its own status, or 502 and 504)
        ├── Unreachable        502: no connection
        │   └── StaleConnection  a pooled connection was dead before any byte of an answer came
        ├── Broken             502: what came is no answer, or half of one
        └── TimedOut           504

`code`, `kind`, `status`, `param` and `headers` are what a client reads; `hint` is what a person can do about it.
"""

from __future__ import annotations

from collections.abc import Sequence


class XrouterError(Exception):
    """The root: `message` says what happened, `hint` what to try."""

    status = 500
    kind = "server_error"
    code: str | None = "internal_error"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.param: str | None = None
        self.headers: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """Message and hint as one line for a client."""
        return f"{self.message} {self.hint}" if self.hint else self.message


class ConfigError(XrouterError):
    """All that is wrong with the settings, one line a finding."""

    code = "config_error"

    def __init__(self, findings: Sequence[str]) -> None:
        super().__init__("\n".join(findings))
        self.findings = tuple(findings)


class PortTaken(XrouterError):
    """Another program listens on the address already."""

    code = "port_taken"


class NothingToRead(XrouterError):
    """Neither a running router nor a store was found."""

    code = "nothing_to_read"


class RequestError(XrouterError):
    """The client has to change something before it asks again."""

    status = 400
    kind = "invalid_request_error"
    code: str | None = "invalid_request"

    def __init__(
        self, message: str, *, hint: str | None = None, param: str | None = None, code: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.param = param
        self.code = code or type(self).code


class BadRequest(RequestError):
    """The body or a header cannot be read, or asks for what cannot be done."""


class Unsupported(BadRequest):
    """The chosen target cannot take what the request asks for, and without it the request would mean something else."""

    code = "unsupported_parameter"


class Unauthorized(RequestError):
    """The key is missing or wrong."""

    status = 401
    kind = "authentication_error"
    code = "invalid_api_key"


class Forbidden(RequestError):
    """The Host or Origin of the request is foreign."""

    status = 403
    kind = "permission_error"
    code = "forbidden"


class NotFound(RequestError):
    """No such path."""

    status = 404
    kind = "not_found_error"
    code = "not_found"


class MethodNotAllowed(RequestError):
    """The path exists, but not for this method."""

    status = 405
    code = "method_not_allowed"


class RequestTimeout(RequestError):
    """The request did not come in whole within its time."""

    status = 408
    code = "request_timeout"


class TooLarge(RequestError):
    """The body is larger than server.max_body_bytes."""

    status = 413
    code = "request_too_large"


class InternalError(XrouterError):
    """A fault of ours: the client gets no details, the log has them."""

    def __init__(self) -> None:
        super().__init__("The router failed on this request; its log has the details.")


class Draining(XrouterError):
    """The router is shutting down: it takes nothing new, and what has not ended in time is cut."""

    status = 503
    code = "shutting_down"

    def __init__(self) -> None:
        super().__init__("The router is shutting down.", hint="Try again in a moment.")


class UpstreamError(XrouterError):
    """A provider's own error, passed on with its status, message and Retry-After.

    `headers` are the provider's headers that a client needs (Retry-After, rate limits).
    """

    kind = "upstream_error"
    code: str | None = "upstream_error"

    def __init__(
        self,
        message: str,
        *,
        status: int = 502,
        kind: str | None = None,
        code: str | None = None,
        param: str | None = None,
        headers: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind or type(self).kind
        self.code = code or type(self).code
        self.param = param
        self.headers = tuple(headers)

    @property
    def refused(self) -> bool:
        """Whether these are the provider's own words: it did no work that it would charge for."""
        return type(self) is UpstreamError


class Unreachable(UpstreamError):
    """No connection to the provider."""

    code = "upstream_unreachable"


class StaleConnection(Unreachable):
    """A pooled connection was dead before any byte of an answer came: safe to try once more on a new one."""

    code = "upstream_connection_lost"


class Broken(UpstreamError):
    """The provider's answer ended early or is not what it says it is."""

    code = "upstream_broken"


class TimedOut(UpstreamError):
    """The provider did not answer in time."""

    code = "upstream_timeout"

    def __init__(self, message: str) -> None:
        super().__init__(message, status=504)
