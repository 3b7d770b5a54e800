"""What the API refuses, as the `Status` objects of a real one.

Source: "API concepts", and the errors of k8s.io/apimachinery/pkg/api/errors.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]


class Refused(Exception):  # noqa: N818 - told as a Status
    """A request that is not done. `status` is the answer's body."""

    def __init__(self, code: int, reason: str, message: str, details: Object | None = None) -> None:
        super().__init__(message)
        self.code, self.reason, self.message, self.details = code, reason, message, details

    def status(self) -> Object:
        body: Object = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
        body["message"] = self.message
        if self.reason:
            body["reason"] = self.reason
        if self.details is not None:
            body["details"] = self.details
        return body | {"code": self.code}


@dataclass(frozen=True)
class FieldError:
    """One thing that is wrong with an object: where, of which sort, and how it is told."""

    field: str
    reason: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


def required(field: str, detail: str = "") -> FieldError:
    return FieldError(field, "FieldValueRequired", "Required value" + (f": {detail}" if detail else ""))


def wrong(field: str, value: Any, detail: str) -> FieldError:
    return FieldError(field, "FieldValueInvalid", f"Invalid value: {told(value)}: {detail}")


def unsupported(field: str, value: Any, known: Sequence[str]) -> FieldError:
    listed = ", ".join(json.dumps(each) for each in sorted(known))
    return FieldError(
        field, "FieldValueNotSupported", f"Unsupported value: {told(value)}: supported values: {listed}"
    )


def forbidden(field: str, detail: str) -> FieldError:
    return FieldError(field, "FieldValueForbidden", f"Forbidden: {detail}")


def duplicate(field: str, value: Any) -> FieldError:
    return FieldError(field, "FieldValueDuplicate", f"Duplicate value: {told(value)}")


def not_there(field: str, value: Any) -> FieldError:
    return FieldError(field, "FieldValueNotFound", f"Not found: {told(value)}")


def told(value: Any) -> str:
    """A value as Go prints it in such an error."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def invalid(kind: str, group: str, name: str, found: Sequence[FieldError]) -> Refused:
    """422: the object is of the right form, its values are not right."""
    text = ", ".join(str(each) for each in found)
    text = f"[{text}]" if len(found) > 1 else text
    what = f"{kind}.{group}" if group else kind
    details: Object = {"name": name} if name else {}
    details |= {"group": group} if group else {}
    details["kind"] = kind
    details["causes"] = [
        {"reason": each.reason, "message": each.message, "field": each.field} for each in found
    ]
    return Refused(422, "Invalid", f'{what} "{name}" is invalid: {text}', details)


def bad_request(message: str) -> Refused:
    return Refused(400, "BadRequest", message)


def _of(resource: str, group: str, name: str) -> tuple[str, Object]:
    details = {"name": name} | ({"group": group} if group else {}) | {"kind": resource}
    return (f"{resource}.{group}" if group else resource), details


def not_found(resource: str, group: str, name: str) -> Refused:
    what, details = _of(resource, group, name)
    return Refused(404, "NotFound", f'{what} "{name}" not found', details)


def exists(resource: str, group: str, name: str) -> Refused:
    what, details = _of(resource, group, name)
    return Refused(409, "AlreadyExists", f'{what} "{name}" already exists', details)


def modified(resource: str, group: str, name: str) -> Refused:
    what, details = _of(resource, group, name)
    text = "the object has been modified; please apply your changes to the latest version and try again"
    return Refused(409, "Conflict", f'Operation cannot be fulfilled on {what} "{name}": {text}', details)


def not_allowed(resource: str, group: str, name: str, why: str) -> Refused:
    """403, by admission or for want of a permission."""
    what, details = _of(resource, group, name)
    shown = f' "{name}"' if name else ""
    if not name:
        details.pop("name")
    return Refused(403, "Forbidden", f"{what}{shown} is forbidden: {why}", details)


def no_such_resource() -> Refused:
    return Refused(404, "NotFound", "the server could not find the requested resource", {})


def no_such_method() -> Refused:
    text = "the server does not allow this method on the requested resource"
    return Refused(405, "MethodNotAllowed", text, {})
