"""Names, labels and annotations."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rehearsal.cloud.kubernetes import names
from rehearsal.cloud.kubernetes.errors import FieldError, Object, required, wrong

_FORMS: dict[str, Callable[[str], Iterator[str]]] = {"Namespace": names.dotless, "Service": names.label}
#: Bytes of all keys and values of annotations together.
_ANNOTATIONS_BYTES = 256 * 1024


def of_metadata(kind: str, value: Object) -> Iterator[FieldError]:
    metadata = value["metadata"]
    name = metadata.get("name", "")
    if not name:
        yield required("metadata.name", "name or generateName is required")
    elif kind not in ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"):
        for text in _FORMS.get(kind, names.subdomain)(name):
            yield wrong("metadata.name", name, text)
    yield from of_labels("metadata.labels", metadata.get("labels") or {})
    yield from of_annotations("metadata.annotations", metadata.get("annotations") or {})


def of_labels(field: str, given: Object) -> Iterator[FieldError]:
    for key, value in sorted(given.items()):
        for text in names.qualified(key):
            yield wrong(field, key, text)
        for text in names.label_value(value):
            yield wrong(field, value, text)


def of_annotations(field: str, given: Object) -> Iterator[FieldError]:
    for key in sorted(given):
        for text in names.qualified(key.lower()):
            yield wrong(field, key, text)
    size = sum(len(key.encode()) + len(value.encode()) for key, value in given.items())
    if size > _ANNOTATIONS_BYTES:
        yield FieldError(
            field, "FieldValueTooLong", f"Too long: may not be more than {_ANNOTATIONS_BYTES} bytes"
        )


def selector(field: str, given: Object | None) -> Iterator[FieldError]:
    """A `LabelSelector` with its expressions."""
    yield from of_labels(f"{field}.matchLabels", (given or {}).get("matchLabels") or {})
    for number, each in enumerate((given or {}).get("matchExpressions") or ()):
        where = f"{field}.matchExpressions[{number}]"
        some = each.get("operator") in ("In", "NotIn")
        if some and not each.get("values"):
            yield required(f"{where}.values", "must be specified when `operator` is 'In' or 'NotIn'")
        if each.get("operator") not in ("In", "NotIn", "Exists", "DoesNotExist"):
            yield wrong(f"{where}.operator", each.get("operator"), "not a valid selector operator")
