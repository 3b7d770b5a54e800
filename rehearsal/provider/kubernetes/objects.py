"""Kubernetes objects as plain dictionaries: what they are called, and what of them is ours."""

from __future__ import annotations

import hashlib
from typing import Any

from rehearsal.plugin import Properties, ProviderError
from rehearsal.provider.record import words

# What the real provider keeps in the state beside the object. It keeps the inputs too, which a provider is
# given anyway; a copy among the outputs would carry secrets into the state that nobody marks as such.
INITIAL_API_VERSION, FIELD_MANAGER = "__initialApiVersion", "__fieldManager"
_OURS = ("__inputs", INITIAL_API_VERSION, FIELD_MANAGER)
_READ_ONLY = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
)
AUTONAMED = "pulumi.com/autonamed"
SKIP_AWAIT = "pulumi.com/skipAwait"
PATCH_FORCE = "pulumi.com/patchForce"
PATCH_FIELD_MANAGER = "pulumi.com/patchFieldManager"
REPLACE_UNREADY = "pulumi.com/replaceUnready"
TIMEOUT_SECONDS = "pulumi.com/timeoutSeconds"
DELETION_PROPAGATION = "pulumi.com/deletionPropagationPolicy"
_RANDOM_HEX_DIGITS = 8
_CLUSTER_WIDE = words("""APIService CSIDriver CSINode CertificateSigningRequest ClusterRole ClusterRoleBinding
    ClusterTrustBundle CustomResourceDefinition DeviceClass FlowSchema IPAddress IngressClass
    MutatingAdmissionPolicy MutatingAdmissionPolicyBinding MutatingWebhookConfiguration Namespace Node
    PersistentVolume PriorityClass PriorityLevelConfiguration RuntimeClass ServiceCIDR StorageClass
    ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration
    VolumeAttachment""")


def version_and_kind(token: str) -> tuple[str, str]:
    """apiVersion and kind of a type such as `kubernetes:apps/v1:Deployment`. Raises ProviderError."""
    package, _, rest = token.partition(":")
    version, _, kind = rest.partition(":")
    if package != "kubernetes" or not version or not kind:
        raise ProviderError(f"{token!r} is no Kubernetes type such as kubernetes:apps/v1:Deployment")
    return version.removeprefix("core/"), kind


def token_and_name(urn: str) -> tuple[str, str]:
    """Type and logical name of a URN."""
    parts = urn.split("::", 3)
    if len(parts) != 4:
        raise ProviderError(f"{urn!r} is no resource URN")
    return parts[2].rsplit("$", 1)[-1], parts[3]


def metadata(thing: Properties) -> Properties:
    """The object's metadata, or an empty one while it is not known."""
    found = thing.get("metadata")
    return found if isinstance(found, dict) else {}


def name_of(thing: Properties) -> str:
    """The object's name, or nothing."""
    return str(metadata(thing).get("name") or "")


def namespace_of(thing: Properties) -> str:
    """The object's namespace, or nothing."""
    return str(metadata(thing).get("namespace") or "")


def annotation(thing: Properties, key: str) -> str:
    """An annotation's value, or nothing."""
    annotations = metadata(thing).get("annotations")
    return str(annotations.get(key, "")) if isinstance(annotations, dict) else ""


def is_annotated(thing: Properties, key: str) -> bool:
    """Whether the annotation says `true`."""
    return annotation(thing, key) == "true"


def shown_name(thing: Properties) -> str:
    """`namespace/name`, as an ID and in messages; the namespace is left out where there is none."""
    namespace = namespace_of(thing)
    return f"{namespace}/{name_of(thing)}" if namespace else name_of(thing)


def of_id(resource_id: str) -> tuple[str, str]:
    """Namespace and name of an ID."""
    namespace, _, name = resource_id.rpartition("/")
    return namespace, name


def is_cluster_wide(kind: str) -> bool:
    """Whether a kind of Kubernetes' own has no namespaces, without asking anyone."""
    return kind in _CLUSTER_WIDE


def given(inputs: Properties, token: str) -> Properties:
    """A program's inputs as an object to be sent: whole, and without what only the server writes."""
    api_version, kind = version_and_kind(token)
    thing = {key: value for key, value in inputs.items() if key not in _OURS and value is not None}
    thing = {"apiVersion": api_version, "kind": kind, **thing}
    if isinstance(thing.get("metadata"), dict):
        thing["metadata"] = {
            key: value
            for key, value in thing["metadata"].items()
            if key not in _READ_ONLY and value is not None
        }
    return thing


def live(outputs: Properties) -> Properties:
    """The object in a resource's outputs."""
    return {key: value for key, value in outputs.items() if key not in _OURS}


def outputs(thing: Properties, initial_api_version: str, field_manager: str) -> Properties:
    """A resource's outputs: the object as the server has it, and what the provider has to remember."""
    return {**thing, INITIAL_API_VERSION: initial_api_version, FIELD_MANAGER: field_manager}


def named(inputs: Properties, olds: Properties, logical_name: str, seed: bytes) -> Properties:
    """Inputs with a name. One that the program does not give is made of the logical name, and marked; it
    stays from then on.
    """
    found = inputs.get("metadata")
    if isinstance(found, str):  # Not known yet, and perhaps with a name.
        return inputs
    found = dict(found or {})
    if found.get("name") or found.get("generateName"):
        return inputs
    if is_annotated(olds, AUTONAMED):
        found["name"] = name_of(olds)
    elif olds:
        return inputs
    else:
        digest = hashlib.sha256(seed).hexdigest()[:_RANDOM_HEX_DIGITS] if seed else "0" * _RANDOM_HEX_DIGITS
        found["name"] = f"{logical_name}-{digest}"
    annotations = found.get("annotations") or {}
    if isinstance(annotations, dict):
        found["annotations"] = {**annotations, AUTONAMED: "true"}
    return {**inputs, "metadata": found}


def pruned(source: Any, target: Any) -> Any:
    """What of `source` the `target` speaks of too; lists are compared place by place."""
    if isinstance(source, dict) and isinstance(target, dict):
        return {key: pruned(value, target[key]) for key, value in source.items() if key in target}
    if isinstance(source, list) and isinstance(target, list):
        if not source or not target:
            return []
        if type(source[0]) is not type(target[0]):
            return source
        return [pruned(left, right) for left, right in zip(source, target, strict=False)]
    return source
