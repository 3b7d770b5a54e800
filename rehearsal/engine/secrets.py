"""Pulumi's passphrase secrets provider: AES-256-GCM under a key from PBKDF2-SHA256 with 1,000,000 rounds.

Byte-compatible with Pulumi's, so that both engines read each other's state and config.
"""

from __future__ import annotations

from collections.abc import Mapping


class Secrets:
    """Encrypts and decrypts for one salt. The key costs about 0.3 s of CPU: it is derived when first needed, once
    per process and salt, and never when nothing is secret. Safe to use from several threads.
    """

    def __init__(self, salt: str | None, environ: Mapping[str, str]) -> None:
        """`salt` is `encryptionsalt` (`v1:…:v1:…:…`), or None: then one is made when first encrypting.

        The passphrase comes from PULUMI_CONFIG_PASSPHRASE, or the file that PULUMI_CONFIG_PASSPHRASE_FILE names.
        """
        raise NotImplementedError

    @property
    def salt(self) -> str | None:
        """The salt in use; None as long as none was given and nothing was encrypted."""
        raise NotImplementedError

    def decrypt(self, ciphertext: str) -> str:
        """Raises UsageError when the passphrase is missing or wrong, or the ciphertext is damaged."""
        raise NotImplementedError

    def encrypt(self, plaintext: str, place: str = "") -> str:
        """The ciphertext. With a `place` (any name of where it is kept), the ciphertext that was last seen there is
        kept when the plaintext is the same, so that files do not change without a reason.
        """
        raise NotImplementedError
