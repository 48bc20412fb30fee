"""The objects, the resourceVersion that counts their changes, and the history that watches read."""

import copy
import datetime
import random
import string
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from .defaults import Defaults, with_subresource
from .errors import ApiError, already_exists, conflict, expired, invalid, not_found
from .resources import Catalogue, Json, Resource

Key = tuple[str, str]
"""Namespace (empty where the resource has none) and name."""


@dataclass(frozen=True)
class Change:
    """One change of one object."""

    version: int
    """The resourceVersion that it made."""
    type: str
    """`ADDED`, `MODIFIED` or `DELETED`."""
    obj: Json
    """The object after it; for a deletion, its last state with the new resourceVersion."""
    previous: Json | None
    """The object before it."""


class Store:
    """All objects of one cluster. Every method may be called from any thread; objects that it returns are shared: read
    them, do not change them."""

    def __init__(self, catalogue: Catalogue, history: int = 1000) -> None:
        """A store with the namespaces every cluster has. `history` is how many changes of each resource are kept."""
        self.catalogue = catalogue
        self.defaults = Defaults(catalogue.dialect)
        self.changed = threading.Condition(threading.RLock())
        self.version = 0
        self._history_limit = history
        self._objects: dict[Key, dict[Key, Json]] = {each.key: {} for each in catalogue.resources}
        self._history: dict[Key, deque[Change]] = {each.key: deque() for each in catalogue.resources}
        self._oldest: dict[Key, int] = {each.key: 0 for each in catalogue.resources}
        namespaces = catalogue.by_plural["namespaces"]
        for name in ("default", "kube-node-lease", "kube-public", "kube-system"):
            self.create(namespaces, "", {"metadata": {"name": name}})

    def get(self, resource: Resource, namespace: str, name: str) -> Json:
        """One object. Raises ApiError 404."""
        with self.changed:
            found = self._objects[resource.key].get((namespace, name))
        if found is None:
            raise not_found(resource, name)
        return found

    def objects(self, resource: Resource, namespace: str = "") -> tuple[list[Json], int]:
        """The objects of `namespace`, or of all where it is empty, in order of namespace and name; and the version."""
        with self.changed:
            found = self._objects[resource.key]
            keys = sorted(key for key in found if not namespace or key[0] == namespace)
            return [found[key] for key in keys], self.version

    def changes(self, resource: Resource, after: int) -> list[Change]:
        """The changes of a resource after a version, in order. Raises ApiError 410 where the history is too short."""
        with self.changed:
            history = self._history[resource.key]
            if after < self._oldest[resource.key]:
                raise expired(after, self._oldest[resource.key])
            if not history or history[-1].version <= after:
                return []
            return [change for change in history if change.version > after]

    def create(self, resource: Resource, namespace: str, new: Json, dry_run: bool = False) -> Json:
        """Stores a new object. Raises ApiError 404 (no such namespace), 409, 422."""
        new = self._named(resource, namespace, copy.deepcopy(new))
        metadata = new["metadata"]
        if metadata.get("resourceVersion"):
            raise ApiError(500, "resourceVersion should not be set on objects to be created")
        key = (namespace, metadata["name"])
        with self.changed:
            if resource.namespaced:
                self.get(self.catalogue.by_plural["namespaces"], "", namespace)
            if key in self._objects[resource.key]:
                raise already_exists(resource, key[1])
            if resource.kind in ("Service", "Deployment"):
                new.pop("status", None)
            metadata["uid"] = str(uuid.uuid4())
            metadata["creationTimestamp"] = now()
            new = self.defaults.prepare(resource, new, None, self._services())
            return new if dry_run else self._commit(resource, key, "ADDED", new, None)

    def update(
        self,
        resource: Resource,
        key: Key,
        change: Callable[[Json], Json],
        is_status: bool = False,
        dry_run: bool = False,
    ) -> Json:
        """Replaces an object by what `change` makes of a copy of it. Raises ApiError 404, 409, 422 or `change`'s own.

        An update that changes nothing makes no new version, as with the real server.
        """
        with self.changed:
            old = self.get(resource, *key)
            changed = change(copy.deepcopy(old))
            metadata = changed.setdefault("metadata", {})
            before = old["metadata"]
            if (metadata.get("name", key[1]), metadata.get("namespace", key[0])) != (key[1], key[0]):
                raise ApiError(400, "the name or namespace of the object does not match the one in the URL")
            if metadata.get("uid", before["uid"]) != before["uid"]:
                raise conflict(resource, key[1], f"Precondition failed: UID in precondition: {metadata['uid']}")
            if metadata.get("resourceVersion", before["resourceVersion"]) != before["resourceVersion"]:
                raise conflict(resource, key[1])
            new = with_subresource(resource, old, copy.deepcopy(changed), is_status)
            new["apiVersion"], new["kind"] = resource.api_version, resource.kind
            fixed = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp", "deletionTimestamp")
            new["metadata"].update({field: before[field] for field in fixed if field in before})
            new = self.defaults.prepare(resource, new, old, self._services())
            if new == old or dry_run:
                return new
            if before.get("deletionTimestamp") and not new["metadata"].get("finalizers"):
                return self._commit(resource, key, "DELETED", new, old)
            return self._commit(resource, key, "MODIFIED", new, old)

    def delete(self, resource: Resource, key: Key, preconditions: Json | None = None) -> Json:
        """Deletes an object, or marks it while it has finalizers; a namespace takes its objects with it.

        Returns the object as it was last. Raises ApiError 404, or 409 where a precondition does not hold.
        """
        with self.changed:
            old = self.get(resource, *key)
            for field in ("uid", "resourceVersion"):
                demanded = (preconditions or {}).get(field)
                if demanded is not None and demanded != old["metadata"][field]:
                    name = "UID" if field == "uid" else "ResourceVersion"
                    why = f"Precondition failed: {name} in precondition: {demanded}"
                    raise conflict(resource, key[1], f"{why}, {name} in object meta: {old['metadata'][field]}")
            if old["metadata"].get("finalizers"):
                if old["metadata"].get("deletionTimestamp"):
                    return old
                marked = copy.deepcopy(old)
                marked["metadata"].update(deletionTimestamp=now(), deletionGracePeriodSeconds=0)
                return self._commit(resource, key, "MODIFIED", marked, old)
            if resource.kind == "Namespace":
                for each in self.catalogue.resources:
                    for obj in self.objects(each, key[1])[0] if each.namespaced else []:
                        self.delete(each, (key[1], obj["metadata"]["name"]))
            return self._commit(resource, key, "DELETED", copy.deepcopy(old), old)

    def compact(self) -> None:
        """Forgets the history: every older resourceVersion is answered with 410 from now on."""
        with self.changed:
            for key, history in self._history.items():
                history.clear()
                self._oldest[key] = self.version
            self.changed.notify_all()

    def wake(self) -> None:
        """Lets every watch look around."""
        with self.changed:
            self.changed.notify_all()

    def _services(self) -> list[Json]:
        """All Services."""
        return list(self._objects["", "services"].values())

    def _named(self, resource: Resource, namespace: str, new: Json) -> Json:
        """`new` with kind, namespace and name settled."""
        metadata = new.setdefault("metadata", {})
        if metadata.get("namespace", namespace) != namespace:
            raise ApiError(400, "the namespace of the provided object does not match the namespace sent on the request")
        if resource.namespaced:
            metadata["namespace"] = namespace
        if not metadata.get("name") and metadata.get("generateName"):
            alphabet = "bcdfghjklmnpqrstvwxz2456789"
            metadata["name"] = metadata["generateName"] + "".join(random.choices(alphabet, k=5))
        name = metadata.get("name", "")
        if not name:
            raise invalid(resource, "", "metadata.name", "Required value: name or generateName is required")
        allowed = string.ascii_lowercase + string.digits + "-.:" + ("_" if "rbac" in resource.group else "")
        if len(name) > 253 or any(letter not in allowed for letter in name):
            raise invalid(resource, name, "metadata.name", f'Invalid value: "{name}": a lowercase RFC 1123 subdomain')
        return {"apiVersion": resource.api_version, "kind": resource.kind, **new, "metadata": metadata}

    def _commit(self, resource: Resource, key: Key, kind: str, new: Json, old: Json | None) -> Json:
        """Makes a change visible: new version, history, waiting watches."""
        self.version += 1
        new["metadata"]["resourceVersion"] = str(self.version)
        objects, history = self._objects[resource.key], self._history[resource.key]
        if kind == "DELETED":
            del objects[key]
        else:
            objects[key] = new
        history.append(Change(self.version, kind, new, old))
        if len(history) > self._history_limit:
            self._oldest[resource.key] = history.popleft().version
        self.changed.notify_all()
        return new


def now() -> str:
    """The wall clock as metav1.Time."""
    return datetime.datetime.fromtimestamp(int(time.time()), datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
