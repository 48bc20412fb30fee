"""From a request to its answer: Kubernetes' REST paths and verbs."""

import json
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .errors import ApiError, conflict, details_of
from .patches import APPLY, applied, apply_patch
from .protobuf import decode
from .resources import Catalogue, Json, Resource
from .selectors import Predicate, predicate
from .store import Store
from .tables import table

CONTINUE_LIMIT = 64
"""How many unfinished chunked lists are kept; the oldest expires first."""


@dataclass
class Request:
    """One HTTP request."""

    method: str
    target: str
    """Path and query."""
    headers: dict[str, str] = field(default_factory=dict)
    """By lower-case name."""
    body: bytes = b""

    def __post_init__(self) -> None:
        """Splits the target."""
        parts = urlsplit(self.target)
        self.path = parts.path.rstrip("/") or "/"
        self.query = {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}

    @property
    def is_watch(self) -> bool:
        """Whether it asks for a watch."""
        return self.method == "GET" and self.query.get("watch", "") in ("1", "true")

    @property
    def wants_table(self) -> bool:
        """Whether the first choice of its Accept header is a Table."""
        first = self.headers.get("accept", "").split(",")[0]
        return "as=Table" in first and "g=meta.k8s.io" in first

    def json(self) -> Json:
        """The body as a JSON object, also where it came as protobuf. Raises ApiError 400 or 415."""
        if "protobuf" in self.headers.get("content-type", ""):
            return decode(self.body)
        try:
            value = json.loads(self.body)
        except ValueError as error:
            raise ApiError(400, f"the object provided is unrecognized: {error}") from error
        if not isinstance(value, dict):
            raise ApiError(400, "the object provided is unrecognized: not a JSON object")
        return value


@dataclass
class Answer:
    """One HTTP answer."""

    status: int
    body: Any
    """JSON, or bytes as they are."""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """The body's bytes."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode() + b"\n"


@dataclass
class Watch:
    """A watch that was accepted: what to tell, from where, and how long."""

    resource: Resource
    namespace: str
    selects: Predicate
    since: int | None
    """The resourceVersion to go on from; None to begin with what is there."""
    timeout_seconds: float
    bookmarks: bool
    table: str | None
    """includeObject where the client asked for Tables."""


@dataclass
class Target:
    """What a path names."""

    resource: Resource
    namespace: str
    name: str
    subresource: str

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.namespace, self.name


class Api:
    """Answers requests from a store."""

    def __init__(self, store: Store, catalogue: Catalogue) -> None:
        """The API of `store`."""
        self.store = store
        self.catalogue = catalogue
        self._continued: OrderedDict[str, tuple[int, list[Json]]] = OrderedDict()

    def answer(self, request: Request) -> Answer | Watch:
        """Carries the request out. Failures are answers too."""
        try:
            return self._answer(request)
        except ApiError as error:
            return failure(error)

    def _answer(self, request: Request) -> Answer | Watch:
        """Carries the request out; raises ApiError."""
        if request.path in ("/healthz", "/livez", "/readyz"):
            return Answer(200, b"ok", "text/plain")
        if request.path == "/openapi/v2" and request.method == "GET":
            # An empty document: kubectl takes it for a server that describes nothing, and validates nothing.
            return Answer(200, b"", "application/com.github.proto-openapi.spec.v2.v1.0+protobuf")
        document = self.catalogue.document(request.path)
        if document is not None and request.method == "GET":
            return Answer(200, document)
        target = self._target(request)
        dry_run = request.query.get("dryRun") == "All"
        match request.method, bool(target.name):
            case "GET", True if not request.is_watch:
                return self._single(request, target)
            case "GET", _:
                return self._watch(request, target) if request.is_watch else self._list(request, target)
            case "POST", False:
                self._check_kind(target.resource, new := request.json())
                return Answer(201, self.store.create(target.resource, target.namespace, new, dry_run))
            case "POST", True if target.subresource == "token":
                self.store.get(target.resource, *target.key)
                return Answer(201, {**request.json(), "status": {"token": secrets.token_hex(16)}})
            case "POST", True if target.subresource == "binding":
                node = request.json().get("target", {}).get("name", "")
                self.store.update(target.resource, target.key, lambda pod: _bound(target, pod, node), False, dry_run)
                return Answer(201, {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"})
            case "PUT", True:
                self._check_kind(target.resource, new := request.json())
                return Answer(200, self._update(target, lambda _: new, dry_run))
            case "PATCH", True:
                kind = request.headers.get("content-type", "").split(";")[0]
                if kind == APPLY:
                    return self._apply(request, target, dry_run)
                patched = self._update(target, lambda old: apply_patch(kind, old, request.body), dry_run)
                return Answer(200, patched)
            case "DELETE", True:
                return self._delete(request, target, dry_run)
            case "DELETE", False:
                objects, version = self._selected(request, target)
                for each in objects:
                    self.store.delete(target.resource, (target.namespace, each["metadata"]["name"]))
                return Answer(200, self._list_object(target.resource, objects, {"resourceVersion": str(version)}))
        raise ApiError(405, "the server does not allow this method on the requested resource")

    def _target(self, request: Request) -> Target:
        """What the request's path names. Raises ApiError 404."""
        unknown = ApiError(404, "the server could not find the requested resource")
        match request.path.split("/")[1:]:
            case ["api", version, *rest]:
                group = ""
            case ["apis", group, version, *rest]:
                pass
            case _:
                raise unknown
        namespace = ""
        if len(rest) >= 3 and rest[0] == "namespaces" and (group, version, rest[2]) in self.catalogue.by_path:
            namespace, rest = rest[1], rest[2:]
        resource = self.catalogue.by_path.get((group, version, rest[0] if rest else ""))
        if resource is None or len(rest) > 3:
            raise unknown
        name, subresource = (rest[1:] + ["", ""])[:2]
        has = {
            "": True,
            "status": resource.has_status,
            "token": resource.kind == "ServiceAccount",
            "binding": resource.kind == "Pod",
        }
        needs_namespace = resource.namespaced and (name or request.method not in ("GET", "DELETE"))
        if not has.get(subresource, False) or (needs_namespace and not namespace):
            raise unknown
        return Target(resource, namespace, name, subresource)

    def _check_kind(self, resource: Resource, new: Json) -> None:
        """Raises ApiError 400 where a body's kind is not the path's."""
        said = (new.get("apiVersion", resource.api_version), new.get("kind", resource.kind))
        if said != (resource.api_version, resource.kind):
            raise ApiError(400, f"{said[1]} in version {said[0]!r} cannot be handled as a {resource.kind}")

    def _single(self, request: Request, target: Target) -> Answer:
        """GET of one object."""
        obj = self.store.get(target.resource, *target.key)
        if not request.wants_table:
            return Answer(200, obj)
        metadata = {"resourceVersion": obj["metadata"]["resourceVersion"]}
        return Answer(200, table(target.resource, [obj], metadata, request.query.get("includeObject", "")))

    def _selected(self, request: Request, target: Target) -> tuple[list[Json], int]:
        """The objects that a list's path and selectors name, and the version of the list."""
        selects = self._selectors(request, target)
        objects, version = self.store.objects(target.resource, target.namespace)
        return [obj for obj in objects if selects(obj)], version

    def _selectors(self, request: Request, target: Target) -> Predicate:
        """The request's selectors; a name in the path (watch of one object) counts as one."""
        fields = request.query.get("fieldSelector", "")
        if target.name:
            fields += f",metadata.name={target.name}"
        return predicate(request.query.get("labelSelector", ""), fields)

    def _list(self, request: Request, target: Target) -> Answer:
        """GET of a list, in chunks where the client asks for them."""
        limit = _number(request.query.get("limit"), "limit") or 0
        token = request.query.get("continue", "")
        if token:
            if token not in self._continued:
                raise ApiError(410, "The provided continue parameter is too old to display a consistent list result.")
            version, objects = self._continued[token]
        else:
            objects, version = self._selected(request, target)
        metadata: Json = {"resourceVersion": str(version)}
        if limit and len(objects) > limit:
            metadata |= {"continue": secrets.token_urlsafe(12), "remainingItemCount": len(objects) - limit}
            self._continued[metadata["continue"]] = (version, objects[limit:])
            if len(self._continued) > CONTINUE_LIMIT:
                self._continued.popitem(last=False)
            objects = objects[:limit]
        if request.wants_table:
            return Answer(200, table(target.resource, objects, metadata, request.query.get("includeObject", "")))
        return Answer(200, self._list_object(target.resource, objects, metadata))

    def expire_lists(self) -> None:
        """Forgets unfinished chunked lists: their continue tokens are answered with 410."""
        self._continued.clear()

    def _list_object(self, resource: Resource, objects: list[Json], metadata: Json) -> Json:
        """A list object. As with the real server, its items do not repeat apiVersion and kind."""
        items = [{key: value for key, value in obj.items() if key not in ("apiVersion", "kind")} for obj in objects]
        kind = {"kind": f"{resource.kind}List", "apiVersion": resource.api_version}
        return {**kind, "metadata": metadata, "items": items}

    def _watch(self, request: Request, target: Target) -> Watch:
        """The watch that the request asks for."""
        version = _number(request.query.get("resourceVersion"), "resourceVersion")
        timeout = _number(request.query.get("timeoutSeconds"), "timeoutSeconds")
        return Watch(
            resource=target.resource,
            namespace=target.namespace,
            selects=self._selectors(request, target),
            since=version or None,
            timeout_seconds=timeout or 1800,
            bookmarks=request.query.get("allowWatchBookmarks") in ("1", "true"),
            table=request.query.get("includeObject", "Metadata") if request.wants_table else None,
        )

    def _update(self, target: Target, change: Any, dry_run: bool) -> Json:
        """Changes one object, or its status."""
        return self.store.update(target.resource, target.key, change, target.subresource == "status", dry_run)

    def _apply(self, request: Request, target: Target, dry_run: bool) -> Answer:
        """Server-side apply: creates the object or changes it."""

        def change(old: Json) -> Json:
            new = applied(old, request.body, request.query)
            self._check_kind(target.resource, new)
            return new

        try:
            return Answer(200, self._update(target, change, dry_run))
        except ApiError as error:
            if error.code != 404:
                raise
        return Answer(201, self.store.create(target.resource, target.namespace, change({}), dry_run))

    def _delete(self, request: Request, target: Target, dry_run: bool) -> Answer:
        """Deletes one object: a Status says so, or the object itself where finalizers hold it."""
        options = request.json() if request.body else {}
        before = self.store.get(target.resource, *target.key)
        obj = before if dry_run else self.store.delete(target.resource, target.key, options.get("preconditions"))
        if obj["metadata"].get("deletionTimestamp"):
            return Answer(200, obj)
        details = {**details_of(target.resource, target.name), "uid": obj["metadata"]["uid"]}
        body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}
        return Answer(200, body)


def _bound(target: Target, pod: Json, node: str) -> Json:
    """A Pod on its node. Raises ApiError 409 where it has one already."""
    if pod.setdefault("spec", {}).get("nodeName"):
        raise conflict(target.resource, target.name, f"pod {target.name} is already assigned to a node")
    pod["spec"]["nodeName"] = node
    return pod


def failure(error: ApiError) -> Answer:
    """The answer that tells of an error."""
    headers = {} if error.retry_after_seconds is None else {"Retry-After": str(error.retry_after_seconds)}
    return Answer(error.code, error.status(), headers=headers)


def _number(text: str | None, name: str) -> int | None:
    """A query parameter that is a number, None where it is unset or empty. Raises ApiError 400."""
    if not text:
        return None
    if not text.isdigit():
        raise ApiError(400, f"{name}: Invalid value: {text!r}")
    return int(text)
