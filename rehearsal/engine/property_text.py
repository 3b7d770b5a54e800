"""Property values as a checkpoint keeps them: secrets as ciphertext, NaN and infinities as their bits."""

from __future__ import annotations

import json
import math
import struct
from typing import Any

from rehearsal.engine.secrets import Secrets
from rehearsal.engine.values import BYTE_STRING, SECRET, SIGNATURE, lower_outputs, make_secret

_FLOAT = "8ad145fe-0d11-4827-bfd7-1abcbf086f5c"  # floatSignature in pkg/resource/stack/deployment.go

# Keys are sorted, as Go sorts them: the same value always gives the same text.
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False).encode


class PropertyText:
    """Turns property values into JSON text and back. A `place` names where a value is kept (URN and field): a
    secret whose value did not change there keeps its ciphertext.
    """

    BYTE_STRING_MARK = BYTE_STRING

    def __init__(self, secrets: Secrets) -> None:
        self.secrets = secrets

    def text(self, value: Any, place: str) -> str:
        """JSON text. Raises UsageError when there is a secret and no passphrase."""
        try:
            text = _encode(value)
        except ValueError:
            return _encode(self._plain(value, place))
        # Few values hold anything special, and looking for its mark in the text is far cheaper than a walk.
        return _encode(self._plain(value, place)) if SIGNATURE in text else text

    def _plain(self, value: Any, place: str, inside: bool = False) -> Any:
        if isinstance(value, dict):
            value = lower_outputs(value)
        if isinstance(value, dict):
            if value.get(SIGNATURE) != SECRET:
                return {key: self._plain(item, f"{place}.{key}", inside) for key, item in value.items()}
            text = _encode(self._plain(value.get("value"), place, inside=True))
            # A secret in a secret is only marked: as in Pulumi, its "ciphertext" is the plain text.
            return {SIGNATURE: SECRET, "ciphertext": text if inside else self.secrets.encrypt(text, place)}
        if isinstance(value, list):
            return [self._plain(item, f"{place}[{index}]", inside) for index, item in enumerate(value)]
        if isinstance(value, float) and not math.isfinite(value):
            return {SIGNATURE: _FLOAT, "value": struct.pack(">d", value).hex()}
        return value

    def read(self, value: Any, place: str) -> Any:
        """The inverse, from parsed JSON. Raises UsageError when a secret cannot be decrypted."""
        return self._read(value, place, inside=False) if _is_special(value) else value

    def _read(self, value: Any, place: str, inside: bool) -> Any:
        if isinstance(value, dict):
            signature = value.get(SIGNATURE)
            if signature == SECRET:
                return make_secret(self._secret(value, place, inside))
            if signature == _FLOAT:
                return struct.unpack(">d", bytes.fromhex(value["value"]))[0]
            return {key: self._read(item, f"{place}.{key}", inside) for key, item in value.items()}
        if isinstance(value, list):
            return [self._read(item, f"{place}[{index}]", inside) for index, item in enumerate(value)]
        return value

    def _secret(self, value: dict[str, Any], place: str, inside: bool) -> Any:
        """Raises ValueError when it holds neither a ciphertext nor a plaintext, or no JSON in it."""
        ciphertext, plaintext = value.get("ciphertext"), value.get("plaintext")
        if (ciphertext is None) == (plaintext is None):
            raise ValueError(f"the secret {place} needs exactly one of ciphertext and plaintext")
        if ciphertext is None:
            plain = json.loads(str(plaintext))
        elif inside:
            plain = json.loads(ciphertext)
        else:
            plain = json.loads(self.secrets.decrypt(ciphertext))
            # Pulumi's JSON may be spelled otherwise than ours: remember the ciphertext under our spelling.
            self.secrets.keep(place, _encode(plain), ciphertext)
        return self._read(plain, place, inside=True)


def _is_special(value: Any) -> bool:
    """Whether there is a signature anywhere in the tree. Most values have none and are kept as they are."""
    if isinstance(value, dict):
        return SIGNATURE in value or any(map(_is_special, value.values()))
    return isinstance(value, list) and any(map(_is_special, value))
