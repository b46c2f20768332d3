"""What can go wrong between us and a helpdesk.

    ConnectorError                 retryable, retry_after_s, status
      BadSignature                 the web process answers 401
      MalformedPayload             signed, but unreadable: stored and parked
      UnknownEvent                 signed, readable, of a type on none of our lists
      AuthFailed                   the credentials are refused (401): waits until renewed or reconnected
      Forbidden                    the credentials are good, the right, scope or plan is missing (403): parked
      NotFound                     the object is gone
      Rejected(details)            the helpdesk refuses the change: parked, never retried
      Conflict                     the ticket changed since it was read: read again, decide again
      RateLimited                  retry after `retry_after_s`
        OverBudget                 our own budget says so, before anything was sent
          CircuitOpen              the helpdesk has not answered lately: left alone for a moment
      Unavailable                  nothing was applied (refused connection, 5xx before sending): retry
      OutcomeUnknown               sent, no answer: verify before any retry
      Unsupported(feature)         this helpdesk cannot do it

Vendor and library exceptions never leave `connectors`; the cause is kept with `raise ... from`.
"""

from __future__ import annotations


class ConnectorError(Exception):
    """A failed exchange: which helpdesk, which operation, what came back.

    `probe_s` is set while the helpdesk's circuit is open: when it is asked again, by whichever row is the first.
    """

    retryable = False
    probe_s: float | None = None

    def __init__(
        self,
        message: str,
        *,
        vendor: str = "",
        operation: str = "",
        status: int | None = None,
        request_id: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.vendor = vendor
        self.operation = operation
        self.status = status
        self.request_id = request_id
        self.retry_after_s = retry_after_s


class BadSignature(ConnectorError):
    """The delivery is not from who it says."""


class MalformedPayload(ConnectorError):
    """Correctly signed, but not readable as an event."""


class UnknownEvent(ConnectorError):
    """Correctly signed and readable, of a type that is on none of our lists."""


class AuthFailed(ConnectorError):
    """The helpdesk refuses our credentials."""


class Forbidden(ConnectorError):
    """The helpdesk knows us, and the right, scope or plan for this is missing."""


class NotFound(ConnectorError):
    """The object does not exist (any more)."""


class Rejected(ConnectorError):
    """The helpdesk read the request and refuses it; `details` is its own explanation by field."""

    def __init__(self, message: str, *, details: dict[str, str] | None = None, **kwargs: object) -> None:
        super().__init__(message, **kwargs)  # type: ignore[arg-type]
        self.details = details or {}


class Conflict(ConnectorError):
    """The ticket changed after it was read."""

    retryable = True


class RateLimited(ConnectorError):
    """Over the helpdesk's limit; `retry_after_s` says when to come back."""

    retryable = True


class OverBudget(RateLimited):
    """Our own share of the limit is used up: nothing was sent, and the helpdesk has not complained."""


class CircuitOpen(OverBudget):
    """The helpdesk failed our last requests: nothing was sent, and the next one goes out after `retry_after_s`."""


class Unavailable(ConnectorError):
    """The request was not applied: the connection failed before sending, or a 5xx came back."""

    retryable = True


class OutcomeUnknown(ConnectorError):
    """The request was sent and no answer came: it may or may not have been applied."""


class Unsupported(ConnectorError):
    """This helpdesk does not offer the feature."""
