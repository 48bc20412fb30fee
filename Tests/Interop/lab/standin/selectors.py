"""Label and field selectors."""

import re
from collections.abc import Callable

from .errors import ApiError
from .resources import Json

Predicate = Callable[[Json], bool]

_SET = re.compile(r"^([\w./-]+)\s+(in|notin)\s+\(([^)]*)\)$")
_EQUALITY = re.compile(r"^([\w./-]+)\s*(==|=|!=)\s*([\w./:-]*)$")
_EXISTS = re.compile(r"^(!?)\s*([\w./-]+)$")


def _label_requirement(text: str) -> Predicate:
    """One requirement of a label selector."""

    def labels(obj: Json) -> Json:
        return obj["metadata"].get("labels") or {}

    if match := _SET.match(text):
        key, operator, listed = match.groups()
        values = {value.strip() for value in listed.split(",")}
        if operator == "in":
            return lambda obj: labels(obj).get(key) in values
        return lambda obj: labels(obj).get(key) not in values
    if match := _EQUALITY.match(text):
        key, operator, value = match.groups()
        if operator == "!=":
            return lambda obj: labels(obj).get(key) != value
        return lambda obj: labels(obj).get(key) == value
    if match := _EXISTS.match(text):
        negated, key = match.groups()
        return lambda obj: (key in labels(obj)) != bool(negated)
    raise ApiError(400, f"unable to parse requirement: {text!r}")


def _field_requirement(text: str) -> Predicate:
    """One requirement of a field selector: any dotted path, compared as text; an unset field is empty."""
    match = re.match(r"^([\w.]+)(==|=|!=)(.*)$", text)
    if match is None:
        raise ApiError(400, f"invalid field selector: {text!r}")
    path, operator, value = match.groups()

    def field(obj: Json) -> str:
        found: object = obj
        for part in path.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        return "" if found is None else str(found)

    if operator == "!=":
        return lambda obj: field(obj) != value
    return lambda obj: field(obj) == value


def predicate(label_selector: str, field_selector: str) -> Predicate:
    """Whether an object satisfies both selectors; an empty one selects everything. Raises ApiError 400."""
    split = [part.strip() for part in re.split(r",(?![^(]*\))", label_selector)]
    requirements = [_label_requirement(part) for part in split if part]
    requirements += [_field_requirement(part) for part in field_selector.split(",") if part]
    return lambda obj: all(holds(obj) for holds in requirements)
