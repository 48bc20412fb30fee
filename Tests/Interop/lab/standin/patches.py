"""The kinds of PATCH: merge patch (RFC 7386), JSON patch (RFC 6902), strategic merge patch, server-side apply."""

import copy
import json
from typing import Any

import yaml

from .errors import ApiError
from .resources import Json

MERGE_KEYS = {
    "conditions": "type",
    "containers": "name",
    "env": "name",
    "imagePullSecrets": "name",
    "initContainers": "name",
    "ownerReferences": "uid",
    "ports": "port",
    "secrets": "name",
    "volumeMounts": "mountPath",
    "volumes": "name",
}
"""The lists of objects that a strategic merge patch merges by a key; every other list of objects is replaced whole."""

MERGED_SETS = {"finalizers"}
"""The lists of plain values that a strategic merge patch adds to."""


def apply_patch(content_type: str, target: Json, body: bytes) -> Json:
    """`target` with the patch applied; `target` stays as it is. Raises ApiError 400, 415 or 422."""
    try:
        patch = json.loads(body)
    except ValueError as error:
        raise ApiError(400, f"error decoding patch: {error}") from error
    match content_type:
        case "application/merge-patch+json" if isinstance(patch, dict):
            return merge(target, patch)
        case "application/strategic-merge-patch+json" if isinstance(patch, dict):
            return strategic_merge(target, patch)
        case "application/json-patch+json" if isinstance(patch, list):
            return json_patch(target, patch)
        case "application/merge-patch+json" | "application/strategic-merge-patch+json" | "application/json-patch+json":
            raise ApiError(400, "the patch has the wrong JSON type for its content type")
    raise ApiError(415, f"the body of the request was in an unknown format: {content_type}")


APPLY = "application/apply-patch+yaml"
"""Server-side apply, which creates what is not there yet."""


def applied(target: Json, body: bytes, query: dict[str, str]) -> Json:
    """`target` with an applied configuration, YAML, in it; an empty `target` is created. Fields are taken from whoever
    had them, and no owner of a field is kept: what an earlier configuration named stays where a later one does not name
    it. Raises ApiError 400 without a field manager or without force."""
    if not query.get("fieldManager"):
        raise ApiError(400, "PatchOptions is invalid: fieldManager: Required value: is required for apply patch")
    if query.get("force") != "true":
        raise ApiError(400, "the stand-in applies with force=true only")
    try:
        patch = yaml.safe_load(body)
    except yaml.YAMLError as error:
        raise ApiError(400, f"error decoding YAML: {error}") from error
    if not isinstance(patch, dict):
        raise ApiError(400, "error decoding YAML: not an object")
    return strategic_merge(target, patch)


def merge(target: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def strategic_merge(target: Any, patch: Json) -> Json:
    """A merge in which lists with a merge key are merged item by item and `$` directives are honoured."""
    if patch.get("$patch") == "replace":
        return copy.deepcopy({key: value for key, value in patch.items() if key != "$patch"})
    result = dict(target) if isinstance(target, dict) else {}
    if "$retainKeys" in patch:
        result = {key: value for key, value in result.items() if key in patch["$retainKeys"]}
    for key, value in patch.items():
        if key.startswith("$deleteFromPrimitiveList/"):
            name = key.partition("/")[2]
            result[name] = [each for each in result.get(name) or [] if each not in value]
        elif key.startswith("$"):
            continue
        elif value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            if value.get("$patch") == "delete":
                result.pop(key, None)
            else:
                result[key] = strategic_merge(result.get(key), value)
        elif isinstance(value, list):
            result[key] = _merge_list(key, result.get(key) or [], value)
        else:
            result[key] = value
    return result


def _merge_list(name: str, current: list[Any], patch: list[Any]) -> list[Any]:
    """The list `name` after a strategic merge."""
    if name in MERGED_SETS:
        return current + [each for each in patch if each not in current]
    merge_key = MERGE_KEYS.get(name)
    if name == "ports" and any(isinstance(each, dict) and "containerPort" in each for each in current + patch):
        merge_key = "containerPort"
    items = [each for each in patch if isinstance(each, dict)]
    if merge_key is None or len(items) != len(patch):
        return copy.deepcopy(patch)
    result = list(current)
    if any(each.get("$patch") == "replace" for each in items):
        result, items = [], [each for each in items if each.get("$patch") != "replace"]
    for item in items:
        if merge_key not in item:
            raise ApiError(400, f"map: {item} does not contain declared merge key: {merge_key}")
        places = [index for index, each in enumerate(result) if each.get(merge_key) == item[merge_key]]
        if item.get("$patch") == "delete":
            result = [each for each in result if each.get(merge_key) != item[merge_key]]
        elif places:
            result[places[0]] = strategic_merge(result[places[0]], item)
        else:
            result.append(strategic_merge({}, item))
    return result


def json_patch(target: Json, operations: list[Any]) -> Json:
    """RFC 6902. An operation that cannot be carried out is ApiError 422."""
    result = copy.deepcopy(target)
    for operation in operations:
        try:
            _operate(result, operation)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise ApiError(422, f"the server rejected our request due to an error in our request: {error}") from error
    return result


def _parts(pointer: str) -> list[str]:
    """The unescaped parts of a JSON pointer (RFC 6901)."""
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _find(document: Any, parts: list[str]) -> Any:
    """The value at `parts`."""
    for part in parts:
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


def _operate(document: Json, operation: Json) -> None:
    """Carries out one operation in place."""
    kind, (*parents, last) = operation["op"], _parts(operation["path"])
    parent = _find(document, parents)
    if kind in ("move", "copy"):
        source = _parts(operation["from"])
        value = copy.deepcopy(_find(document, source))
        if kind == "move":
            _operate(document, {"op": "remove", "path": operation["from"]})
    elif kind != "remove":
        value = copy.deepcopy(operation["value"])
    if kind == "test":
        if _find(parent, [last]) != value:
            raise ValueError(f"test of {operation['path']} failed")
    elif kind == "remove":
        del parent[int(last) if isinstance(parent, list) else last]
    elif kind == "replace":
        _find(parent, [last])
        parent[int(last) if isinstance(parent, list) else last] = value
    elif kind in ("add", "move", "copy"):
        if isinstance(parent, list):
            parent.insert(len(parent) if last == "-" else int(last), value)
        else:
            parent[last] = value
    else:
        raise ValueError(f"unknown operation {kind!r}")
