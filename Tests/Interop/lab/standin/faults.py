"""Misbehaviour on demand: rules that say which requests go wrong, how, and how often."""

import re
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from .errors import ApiError

KINDS = {
    "late": "carries the request out after `seconds`, and answers then, also if the client has gone by then",
    "lost": "carries the request out and closes the connection without an answer",
    "cut": "closes the connection without an answer; nothing is carried out",
    "truncated": "carries the request out and closes the connection in the middle of the answer or of a watch's event",
    "foreign": "answers 200 with a page of HTML, carrying nothing out; in a watch, one such line among the events",
    "silence": "does not answer for `seconds` (a watch: tells nothing), keeping the connection; then closes it",
    "drop-watch": "closes a watch's connection in the middle",
}
"""Besides these, any HTTP status from 400 up: answered as a Status object, nothing carried out. Within a watch it is
an ERROR event, as the real server sends 410."""


@dataclass
class Rule:
    """One fault and the requests it meets."""

    fault: str
    """One of `KINDS`, or an HTTP status as text."""
    method: str | None = None
    """An HTTP method, or `WATCH` for watches, which `GET` does not mean; None for any."""
    path: str = ""
    """A regular expression sought in the path and query."""
    times: int | None = 1
    """How many requests it meets before it is used up; None for all."""
    seconds: float = 1.0
    """The delay of `late` and `silence`."""
    retryAfter: int | None = None
    """The Retry-After of a status, in seconds."""

    def __post_init__(self) -> None:
        """Raises ValueError for a rule that could never work."""
        if self.fault not in KINDS and not re.fullmatch(r"[45]\d\d", self.fault):
            raise ValueError(f"unknown fault {self.fault!r}: use one of {', '.join(KINDS)} or a status such as 409")
        try:
            re.compile(self.path)
        except re.error as error:
            raise ValueError(f"bad regular expression {self.path!r}: {error}") from error

    @property
    def is_status(self) -> bool:
        """Whether the fault is an HTTP status."""
        return self.fault not in KINDS

    def error(self) -> ApiError:
        """The error that a status rule answers with."""
        message = f"the stand-in was told to answer {self.fault}"
        return ApiError(int(self.fault), message, retry_after_seconds=self.retryAfter)

    def meets(self, method: str, target: str) -> bool:
        """Whether it applies to a request."""
        if self.fault == "drop-watch" and method != "WATCH":
            return False
        return self.method in (None, method) and re.search(self.path, target) is not None


class Faults:
    """The rules in force, oldest first. Safe to use from any thread."""

    def __init__(self, wake: Callable[[], None]) -> None:
        """No rules; `wake` is called after a change so that running watches look at them."""
        self._wake = wake
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._told: dict[str, int] = {}

    def add(self, **fields: Any) -> None:
        """Adds a rule with these fields of `Rule`. Raises TypeError or ValueError for bad ones."""
        rule = Rule(**fields)
        with self._lock:
            self._rules.append(rule)
        self._wake()

    def take(self, method: str, target: str) -> Rule | None:
        """The rule that this request meets, counted down; None where it goes well."""
        with self._lock:
            for rule in self._rules:
                if rule.meets(method, target):
                    if rule.times is not None:
                        rule.times -= 1
                    self._rules = [each for each in self._rules if each.times is None or each.times > 0]
                    self._told[rule.fault] = self._told.get(rule.fault, 0) + 1
                    return rule
        return None

    def clear(self) -> None:
        """Behaves from now on."""
        with self._lock:
            self._rules = []
        self._wake()

    def pending(self) -> list[dict[str, Any]]:
        """The rules that are not used up, as JSON."""
        with self._lock:
            return [asdict(rule) for rule in self._rules]

    def counts(self) -> dict[str, int]:
        """How often each fault has been played."""
        with self._lock:
            return dict(self._told)
