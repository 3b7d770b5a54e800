"""Pulumi's passphrase secrets provider: AES-256-GCM under a key from PBKDF2-SHA256 with 1,000,000 rounds.

Byte-compatible with Pulumi's (`pkg/secrets/passphrase`, `sdk/go/common/resource/config/crypt.go`), so that
both engines read each other's state and config. A salt is `v1:<8 bytes>:<ciphertext of "pulumi">`, a
ciphertext `v1:<nonce>:<sealed>`, each part in base64.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rehearsal.errors import UsageError

_ROUNDS = 1_000_000  # fixed by the format; about 0.3 s of CPU
_KEY_BYTES = 32
_NONCE_BYTES = 12
_CHECK = "pulumi"  # what the second half of a salt decrypts to under the right passphrase

_keys: dict[tuple[str, bytes], bytes] = {}
_keys_lock = threading.Lock()


class Secrets:
    """Encrypts and decrypts for one salt. The key is derived when first needed, once per process and salt,
    and never when nothing is secret. Safe to use from several threads.
    """

    def __init__(self, salt: str | None, environ: Mapping[str, str]) -> None:
        """`salt` is `encryptionsalt` (`v1:…:v1:…:…`), or None: then one is made when first encrypting.

        The passphrase comes from PULUMI_CONFIG_PASSPHRASE, or the file that PULUMI_CONFIG_PASSPHRASE_FILE
        names; it is not looked up before it is needed.
        """
        self._salt = salt
        self._environ = environ
        self._cipher: Any = None
        self._lock = threading.RLock()
        self._kept: dict[tuple[str, str], str] = {}

    @property
    def salt(self) -> str | None:
        """The salt in use; None as long as none was given and nothing was encrypted."""
        return self._salt

    def with_salt(self, salt: str) -> Secrets:
        """Secrets for another salt and the same passphrase."""
        return Secrets(salt, self._environ)

    def keep(self, place: str, plaintext: str, ciphertext: str) -> None:
        """From now on, `encrypt` gives this ciphertext for this plaintext at this place."""
        with self._lock:
            self._kept[place, plaintext] = ciphertext

    def decrypt(self, ciphertext: str) -> str:
        """Raises UsageError when the passphrase is missing or wrong, or the ciphertext is damaged."""
        plaintext = _open(self._unlocked(), ciphertext)
        if plaintext is None:
            raise UsageError(
                "a secret cannot be decrypted: its ciphertext is damaged or belongs to another "
                "encryptionsalt; set it again with `pulumi config set --secret`"
            )
        return plaintext

    def encrypt(self, plaintext: str, place: str = "") -> str:
        """The ciphertext. With a `place` (any name of where it is kept), the ciphertext that was last seen
        there is kept when the plaintext is the same, so that files do not change without a reason.

        The same plaintext in two places gets two ciphertexts: a reader of the file must not see that they are
        equal.
        """
        cipher = self._unlocked()
        with self._lock:
            kept = self._kept.get((place, plaintext)) if place else None
            if kept is None:
                kept = _seal(cipher, plaintext)
                if place:
                    self._kept[place, plaintext] = kept
        return kept

    def _unlocked(self) -> Any:
        with self._lock:
            if self._cipher is None:
                phrase = passphrase(self._environ)
                if self._salt is None:
                    salt = os.urandom(8)
                    self._cipher = _cipher(phrase, salt)
                    self._salt = f"v1:{_text(salt)}:{_seal(self._cipher, _CHECK)}"
                else:
                    self._cipher = _checked_cipher(phrase, self._salt)
            return self._cipher


def passphrase(environ: Mapping[str, str]) -> str:
    """The passphrase that the environment gives. Raises UsageError when there is none."""
    if "PULUMI_CONFIG_PASSPHRASE" in environ:
        return environ["PULUMI_CONFIG_PASSPHRASE"]
    file = environ.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if not file:
        raise UsageError(
            "passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE: "
            "the stack has secrets"
        )
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"PULUMI_CONFIG_PASSPHRASE_FILE: cannot read {file}: {error}") from None


def _checked_cipher(phrase: str, state: str) -> Any:
    version, _, rest = state.partition(":")
    salt, _, check = rest.partition(":")
    if version != "v1" or not check:
        raise UsageError(f"encryptionsalt {state!r} is malformed: expected v1:<salt>:v1:<nonce>:<ciphertext>")
    try:
        cipher = _cipher(phrase, base64.b64decode(salt, validate=True))
    except binascii.Error:
        raise UsageError(f"encryptionsalt {state!r} is malformed: its salt is not base64") from None
    if _open(cipher, check) != _CHECK:
        raise UsageError(
            "incorrect passphrase: set PULUMI_CONFIG_PASSPHRASE to the correct passphrase or "
            "PULUMI_CONFIG_PASSPHRASE_FILE to a file containing it"
        )
    return cipher


def _cipher(phrase: str, salt: bytes) -> Any:
    # Imported here: nothing but a secret needs it, and it costs tens of milliseconds.
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    with _keys_lock:
        key = _keys.get((phrase, salt))
        if key is None:
            key = hashlib.pbkdf2_hmac("sha256", phrase.encode(), salt, _ROUNDS, _KEY_BYTES)
            _keys[phrase, salt] = key
    return AESGCM(key)


def _seal(cipher: Any, plaintext: str) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    return f"v1:{_text(nonce)}:{_text(cipher.encrypt(nonce, plaintext.encode(), None))}"


def _open(cipher: Any, ciphertext: str) -> str | None:
    """The plaintext, or None when the key does not fit or the text is damaged."""
    from cryptography.exceptions import InvalidTag

    parts = ciphertext.split(":")
    if len(parts) != 3 or parts[0] != "v1":
        return None
    try:
        nonce, sealed = (base64.b64decode(part, validate=True) for part in parts[1:])
        if len(nonce) != _NONCE_BYTES:
            return None
        return str(cipher.decrypt(nonce, sealed, None), "utf-8")
    except (binascii.Error, InvalidTag, UnicodeDecodeError):
        return None


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
