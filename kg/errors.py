"""The one tree of errors, and the one table from errors to answers.

Every fault that a user can cause ends as a `KgError`: one sentence that says
what is wrong, where, and what to do about it. The command line prints that
sentence; the server sends it as a problem document with `status`. Anything that is
not a `KgError` is a defect of ours. From one of our processes to another an error goes as JSON,
which `pack_error` makes and `unpack_error` reads.
"""

from collections.abc import Mapping


class KgError(Exception):
    """Base of all foreseen faults; `str(error)` is the sentence for the user."""

    status = 500
    title = "The request could not be answered"


class InputError(KgError):
    """The user's file, query or argument is wrong (SPARQL Protocol 2.1.4: MalformedQuery)."""

    status = 400
    title = "Malformed request"


class QueryError(InputError):
    """A query that is not SPARQL 1.1; the sentence carries line and column."""

    title = "Malformed query"


class DataError(InputError):
    """A fault in `ontology/`, `data/` or `shapes/`: names the file, line or IRI and the remedy."""

    title = "Faulty data"


class EvidenceError(DataError):
    """A document does not have the recorded digest, or a passage is not where it should be."""


class NotFoundError(KgError):
    """No such question, entity, snapshot or page; the sentence offers near spellings."""

    status = 404
    title = "Not found"


class ForbiddenError(KgError):
    """What a read-only server refuses: an update, a file, SERVICE where it is not allowed."""

    status = 403
    title = "Refused"


class MethodError(KgError):
    """An HTTP method that the resource does not offer; answered with `Allow`."""

    status = 405
    title = "Method not allowed"


class NotAcceptableError(KgError):
    """No media type that the client accepts can be produced (RFC 9110, 15.5.7)."""

    status = 406
    title = "Not acceptable"


class TooLargeError(KgError):
    """A request or an answer above the set limit."""

    status = 413
    title = "Too large"


class MemoryLimitError(TooLargeError):
    """A query that needed more memory than one query may take and was stopped."""

    title = "Memory limit reached"


class AddressError(KgError):
    """A request whose query stands in an address that is too long; POST has room for it."""

    status = 414
    title = "Address too long"


class HeadError(KgError):
    """A request whose headers or trailers are too long (RFC 6585, 5)."""

    status = 431
    title = "Headers too long"


class MediaTypeError(KgError):
    """A request body of a media type that the SPARQL Protocol does not name."""

    status = 415
    title = "Unsupported media type"


class TimeLimitError(KgError):
    """A query that ran longer than its time limit and was stopped."""

    status = 504
    title = "Time limit reached"


class BusyError(KgError):
    """All workers are taken; the client may try again shortly."""

    status = 503
    title = "Busy"


class ServiceError(KgError):
    """A server that SERVICE names does not answer, or not in SPARQL JSON (RFC 9110, 15.6.3)."""

    status = 502
    title = "Another server failed"


class StoreLostError(BusyError):
    """The store cannot be read at the moment: its folder is gone, or its server does not answer."""

    title = "The store does not answer"


class InternalError(KgError):
    """A fault of ours, told without a path, a stack trace or the environment."""


def pack_error(error: KgError) -> dict[str, str]:
    """Return an error as it goes to another process.

    >>> pack_error(InputError("No."))
    {'error': 'InputError', 'message': 'No.'}
    """
    return {"error": type(error).__name__, "message": str(error)}


def unpack_error(about: Mapping[str, str]) -> KgError:
    """Return the error that another process has packed, as the exception that it was there."""
    found: KgError = globals().get(about["error"], InternalError)(about["message"])
    return found
