"""Bodies in Kubernetes' protobuf form: what newer kubectl sends with `kubectl create namespace` and its like.

Only the kinds that such commands make are read, and only the fields that they set; answers are always JSON, which every
client accepts. The field numbers are those of the generated.proto files in k8s.io/api and k8s.io/apimachinery.
"""

import base64
from collections.abc import Iterator
from typing import Any

from .errors import ApiError
from .resources import Json

MAGIC = b"k8s\0"
"""What each body begins with; a runtime.Unknown message follows."""

Schema = dict[int, tuple[str, Any]]
"""Field number: JSON name, and type. A type is a nested Schema, or one of the words that `_value` knows; in a list of
one where the field is repeated."""

_META: Schema = {
    1: ("name", "text"),
    2: ("generateName", "text"),
    3: ("namespace", "text"),
    11: ("labels", "map"),
    12: ("annotations", "map"),
    14: ("finalizers", ["text"]),
}
_SERVICE_PORT: Schema = {
    1: ("name", "text"),
    2: ("protocol", "text"),
    3: ("port", "number"),
    4: ("targetPort", "number or text"),
    5: ("nodePort", "number"),
}
_SERVICE_SPEC: Schema = {
    1: ("ports", [_SERVICE_PORT]),
    2: ("selector", "map"),
    3: ("clusterIP", "text"),
    4: ("type", "text"),
    5: ("externalIPs", ["text"]),
    8: ("loadBalancerIP", "text"),
    10: ("externalName", "text"),
    11: ("externalTrafficPolicy", "text"),
    21: ("loadBalancerClass", "text"),
}
_CONTAINER_PORT: Schema = {1: ("name", "text"), 3: ("containerPort", "number"), 4: ("protocol", "text")}
_CONTAINER: Schema = {
    1: ("name", "text"),
    2: ("image", "text"),
    3: ("command", ["text"]),
    4: ("args", ["text"]),
    6: ("ports", [_CONTAINER_PORT]),
}
_POD_TEMPLATE: Schema = {1: ("metadata", _META), 2: ("spec", {2: ("containers", [_CONTAINER])})}
_DEPLOYMENT_SPEC: Schema = {
    1: ("replicas", "number"),
    2: ("selector", {1: ("matchLabels", "map")}),
    3: ("template", _POD_TEMPLATE),
}
SCHEMAS: dict[tuple[str, str], Schema] = {
    ("v1", "ConfigMap"): {1: ("metadata", _META), 2: ("data", "map"), 3: ("binaryData", "map of bytes")},
    ("v1", "DeleteOptions"): {3: ("preconditions", {1: ("uid", "text"), 2: ("resourceVersion", "text")})},
    ("v1", "Namespace"): {1: ("metadata", _META)},
    ("v1", "Secret"): {1: ("metadata", _META), 2: ("data", "map of bytes"), 3: ("type", "text")},
    ("v1", "Service"): {1: ("metadata", _META), 2: ("spec", _SERVICE_SPEC)},
    ("v1", "ServiceAccount"): {1: ("metadata", _META)},
    ("apps/v1", "Deployment"): {1: ("metadata", _META), 2: ("spec", _DEPLOYMENT_SPEC)},
    ("authentication.k8s.io/v1", "TokenRequest"): {1: ("metadata", _META)},
}


def decode(body: bytes) -> Json:
    """The object in a protobuf body, as JSON. Raises ApiError 400, or 415 for a kind that is not in `SCHEMAS`."""
    if not body.startswith(MAGIC):
        raise ApiError(400, "the body is not Kubernetes' protobuf")
    try:
        unknown = dict(_fields(body[len(MAGIC) :]))
        type_meta = dict(_fields(unknown[1]))
        kind = (type_meta.get(1, b"").decode(), type_meta.get(2, b"").decode())
        if kind not in SCHEMAS:
            raise ApiError(415, f"the stand-in reads {kind[1]} in {kind[0]} as JSON only")
        return {"apiVersion": kind[0], "kind": kind[1], **_message(unknown.get(2, b""), SCHEMAS[kind])}
    except (IndexError, KeyError, TypeError, UnicodeDecodeError, AttributeError) as error:
        raise ApiError(400, f"the body is broken protobuf: {error}") from error


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A varint and the place after it."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """The fields of a message: number, and an int or bytes."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        match tag & 7:
            case 0:
                value, at = _varint(data, at)
                yield tag >> 3, value
            case 2:
                length, at = _varint(data, at)
                if at + length > len(data):
                    raise IndexError("a field reaches beyond the end")
                yield tag >> 3, data[at : at + length]
                at += length
            case 1 | 5 as wire_type:
                at += 8 if wire_type == 1 else 4
            case wire_type:
                raise KeyError(f"wire type {wire_type}")


def _message(data: bytes, schema: Schema) -> Json:
    """A message as JSON; fields without content are left out, since Go writes them all."""
    result: Json = {}
    for number, raw in _fields(data):
        if number not in schema:
            continue
        name, kind = schema[number]
        if isinstance(kind, list):
            result.setdefault(name, []).append(_value(raw, kind[0]))
        elif kind in ("map", "map of bytes"):
            entry = dict(_fields(raw))
            value = entry.get(2, b"")
            text = value.decode() if kind == "map" else base64.b64encode(value).decode()
            result.setdefault(name, {})[entry.get(1, b"").decode()] = text
        elif (value := _value(raw, kind)) not in ("", 0, {}):
            result[name] = value
    return result


def _value(raw: Any, kind: Any) -> Any:
    """One value of a type."""
    if isinstance(kind, dict):
        return _message(raw, kind)
    if kind == "text":
        return raw.decode()
    if kind == "number or text":
        either = dict(_fields(raw))
        return either.get(3, b"").decode() if either.get(1, 0) == 1 else either.get(2, 0)
    return int(raw)
