"""A running watch: what to tell next."""

import threading
import time
from collections.abc import Callable, Iterator

from .errors import ApiError
from .faults import Faults, Rule
from .resources import Json
from .rest import Watch
from .store import Change, Store
from .tables import table

LOOK_SECONDS = 1.0
"""How often an idle watch looks whether its client is still there."""


class Stream:
    """The events of one watch, in order."""

    def __init__(self, watch: Watch, store: Store, faults: Faults, target: str, bookmark_seconds: float) -> None:
        """The stream of `watch`; `target` is its request's path and query, for the faults."""
        self.watch = watch
        self.store = store
        self.faults = faults
        self.target = target
        self.bookmark_seconds = bookmark_seconds
        self.version = watch.since or 0
        self.rule: Rule | None = None
        """The fault that the caller must play now, set before the iteration yields None or an event to spoil."""

    def events(self, stopping: threading.Event, is_alive: Callable[[], bool]) -> Iterator[Json | None]:
        """Each event to tell, until the watch ends. None: look at `rule`."""
        deadline = time.monotonic() + self.watch.timeout_seconds
        bookmark = time.monotonic() + self.bookmark_seconds
        if self.watch.since is None:
            yield from self._initial()
        while not stopping.is_set() and time.monotonic() < deadline and is_alive():
            if (rule := self.rule or self.faults.take("WATCH", self.target)) is not None:
                if rule.is_status:
                    yield {"type": "ERROR", "object": rule.error().status()}
                    return
                self.rule = rule
                if rule.fault != "truncated":
                    yield None
                    continue
            try:
                changes, version = self._changes()
            except ApiError as error:
                yield {"type": "ERROR", "object": error.status()}
                return
            for change in changes:
                if (event := self._event(change)) is not None:
                    yield event
            self.version = version
            if self.watch.bookmarks and time.monotonic() >= bookmark:
                bookmark = time.monotonic() + self.bookmark_seconds
                yield self._bookmark()
            self._wait(min(deadline, bookmark) - time.monotonic())
        if self.watch.bookmarks and not stopping.is_set():
            yield self._bookmark()

    def _initial(self) -> Iterator[Json]:
        """What is there, for a watch that begins without a resourceVersion."""
        objects, self.version = self.store.objects(self.watch.resource, self.watch.namespace)
        for obj in objects:
            if self.watch.selects(obj):
                yield self._shown("ADDED", obj)

    def _changes(self) -> tuple[list[Change], int]:
        """The changes to tell, and the store's version with them. Raises ApiError 410."""
        with self.store.changed:
            return self.store.changes(self.watch.resource, self.version), self.store.version

    def _wait(self, seconds: float) -> None:
        """Waits for a change of anything, at most `seconds` and never long."""
        with self.store.changed:
            if self.store.version <= self.version:
                self.store.changed.wait(min(max(seconds, 0.001), LOOK_SECONDS))

    def _event(self, change: Change) -> Json | None:
        """What the change means to this watch: an object may enter or leave a selector's view."""
        if self.watch.namespace and change.obj["metadata"].get("namespace") != self.watch.namespace:
            return None
        was = change.previous is not None and self.watch.selects(change.previous)
        now = change.type != "DELETED" and self.watch.selects(change.obj)
        if not was and not now:
            return None
        return self._shown("MODIFIED" if was and now else "ADDED" if now else "DELETED", change.obj)

    def _shown(self, kind: str, obj: Json) -> Json:
        """An event about `obj`, as a Table where the client asked for that."""
        if self.watch.table is not None:
            metadata = {"resourceVersion": obj["metadata"]["resourceVersion"]}
            obj = table(self.watch.resource, [obj], metadata, self.watch.table)
        return {"type": kind, "object": obj}

    def _bookmark(self) -> Json:
        """A bookmark at the version reached."""
        resource = self.watch.resource
        metadata = {"resourceVersion": str(self.version), "creationTimestamp": None}
        obj = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": metadata}
        return {"type": "BOOKMARK", "object": obj}
