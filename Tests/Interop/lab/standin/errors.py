"""Errors as Kubernetes tells them: a metav1.Status object."""

from .resources import Json, Resource

REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    406: "NotAcceptable",
    409: "Conflict",
    410: "Expired",
    413: "RequestEntityTooLarge",
    415: "UnsupportedMediaType",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


class ApiError(Exception):
    """A request that failed: the Status to answer with."""

    def __init__(
        self,
        code: int,
        message: str,
        reason: str | None = None,
        details: Json | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        """A failure with this HTTP `code`; `reason` defaults to the code's usual one."""
        super().__init__(message)
        self.code = code
        self.message = message
        self.reason = reason or REASONS.get(code, "Unknown")
        self.details = dict(details or {})
        self.retry_after_seconds = retry_after_seconds
        if retry_after_seconds is not None:
            self.details["retryAfterSeconds"] = retry_after_seconds

    def status(self) -> Json:
        """The Status object."""
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "details": self.details,
            "code": self.code,
        }


def details_of(resource: Resource, name: str) -> Json:
    """A Status's details about one object."""
    group = {"group": resource.group} if resource.group else {}
    return {"name": name, **group, "kind": resource.plural}


def not_found(resource: Resource, name: str) -> ApiError:
    """404 for an object."""
    return ApiError(404, f'{resource.qualified} "{name}" not found', details=details_of(resource, name))


def already_exists(resource: Resource, name: str) -> ApiError:
    """409 for a create."""
    message = f'{resource.qualified} "{name}" already exists'
    return ApiError(409, message, "AlreadyExists", details_of(resource, name))


def conflict(resource: Resource, name: str, why: str | None = None) -> ApiError:
    """409 for a write based on an old copy, or whose preconditions do not hold."""
    why = why or "the object has been modified; please apply your changes to the latest version and try again"
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}'
    return ApiError(409, message, details=details_of(resource, name))


def invalid(resource: Resource, name: str, field: str, why: str) -> ApiError:
    """422 for an object with a bad field."""
    group = f".{resource.group}" if resource.group else ""
    causes = [{"reason": "FieldValueInvalid", "message": why, "field": field}]
    details = {**details_of(resource, name), "kind": resource.kind, "causes": causes}
    return ApiError(422, f'{resource.kind}{group} "{name}" is invalid: {field}: {why}', details=details)


def expired(version: int, oldest: int) -> ApiError:
    """410 for a resourceVersion that the history no longer reaches."""
    return ApiError(410, f"too old resource version: {version} ({oldest})")
