from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from typing import Any

import pytest

from rehearsal.engine import secrets as module
from rehearsal.engine.secrets import Secrets
from rehearsal.errors import UsageError
from tests.rehearsal.engine.samples import ENVIRONMENT, HUNTER2, PASSPHRASE, SALT


@pytest.fixture
def derivations(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Counts the derivations of a key, and makes them quick; none is left over from other tests."""
    monkeypatch.setattr(module, "_keys", {})
    calls: list[tuple[Any, ...]] = []
    real = hashlib.pbkdf2_hmac

    def counted(name: str, phrase: bytes, salt: bytes, rounds: int, length: int) -> bytes:
        calls.append((name, phrase, salt, rounds, length))
        return real(name, phrase, salt, 1, length)

    monkeypatch.setattr(hashlib, "pbkdf2_hmac", counted)
    return calls


def test_a_ciphertext_of_the_real_engine_is_read() -> None:
    assert Secrets(SALT, ENVIRONMENT).decrypt(HUNTER2) == "hunter2"


def test_what_is_encrypted_is_read_back() -> None:
    secrets = Secrets(SALT, ENVIRONMENT)
    ciphertext = secrets.encrypt("geheim é")
    assert "geheim" not in ciphertext
    assert Secrets(SALT, ENVIRONMENT).decrypt(ciphertext) == "geheim é"


def test_the_key_takes_the_rounds_that_the_format_fixes(derivations: list[tuple[Any, ...]]) -> None:
    Secrets(None, ENVIRONMENT).encrypt("x")
    ((name, phrase, salt, rounds, length),) = derivations
    assert (name, phrase, len(salt), rounds, length) == ("sha256", b"x", 8, 1_000_000, 32)


def test_the_key_is_derived_once_for_one_salt(derivations: list[tuple[Any, ...]]) -> None:
    first = Secrets(None, ENVIRONMENT)
    ciphertext = first.encrypt("x")
    threads = [
        threading.Thread(target=Secrets(first.salt, ENVIRONMENT).decrypt, args=(ciphertext,)) for _ in "abc"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(derivations) == 1


def test_no_key_is_derived_and_no_passphrase_asked_for_without_a_secret(
    derivations: list[tuple[Any, ...]],
) -> None:
    secrets = Secrets(SALT, {})
    assert secrets.salt == SALT
    assert Secrets(None, {}).salt is None
    assert derivations == []


def test_a_new_salt_opens_with_the_same_passphrase_only(derivations: list[tuple[Any, ...]]) -> None:
    first = Secrets(None, ENVIRONMENT)
    ciphertext = first.encrypt("x")
    assert first.salt is not None
    assert first.salt.count(":") == 4
    assert Secrets(first.salt, ENVIRONMENT).decrypt(ciphertext) == "x"
    with pytest.raises(UsageError, match="incorrect passphrase"):
        Secrets(first.salt, {"PULUMI_CONFIG_PASSPHRASE": "y"}).decrypt(ciphertext)


def test_an_unchanged_secret_keeps_its_ciphertext() -> None:
    secrets = Secrets(SALT, ENVIRONMENT)
    secrets.keep("here", "plain", "v1:as:before")
    assert secrets.encrypt("plain", "here") == "v1:as:before"
    assert secrets.encrypt("other", "here") != "v1:as:before"
    assert secrets.encrypt("new", "here") == secrets.encrypt("new", "here")


def test_equal_secrets_in_two_places_cannot_be_told_from_the_file() -> None:
    secrets = Secrets(SALT, ENVIRONMENT)
    assert secrets.encrypt("plain", "here") != secrets.encrypt("plain", "there")
    assert secrets.encrypt("plain") != secrets.encrypt("plain")


def test_the_passphrase_can_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text(f"{PASSPHRASE}\n")
    assert Secrets(SALT, {"PULUMI_CONFIG_PASSPHRASE_FILE": str(file)}).decrypt(HUNTER2) == "hunter2"


def test_an_empty_passphrase_is_one_and_goes_before_the_file(tmp_path: Path) -> None:
    environ = {"PULUMI_CONFIG_PASSPHRASE": "", "PULUMI_CONFIG_PASSPHRASE_FILE": str(tmp_path / "missing")}
    assert module.passphrase(environ) == ""


def test_a_missing_passphrase_is_asked_for_by_the_names_of_the_variables() -> None:
    with pytest.raises(UsageError, match=r"PULUMI_CONFIG_PASSPHRASE or"):
        Secrets(SALT, {}).decrypt(HUNTER2)


def test_a_passphrase_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="missing"):
        Secrets(SALT, {"PULUMI_CONFIG_PASSPHRASE_FILE": str(tmp_path / "missing")}).decrypt(HUNTER2)


@pytest.mark.parametrize("salt", ["", "v1", "v2:AAAA:v1:a:b", "v1:***:v1:a:b", "v1:AAAA"])
def test_a_malformed_salt_is_shown(salt: str) -> None:
    with pytest.raises(UsageError, match=r"encryptionsalt .* is malformed"):
        Secrets(salt, ENVIRONMENT).decrypt(HUNTER2)


@pytest.mark.parametrize(
    "ciphertext", ["", "v1:a", "v2:AAAA:AAAA", "v1:AAAA:AAAA", HUNTER2[:-8] + "AAAAAAA=", "v1:*:*"]
)
def test_a_damaged_ciphertext_is_an_error_of_one_line(ciphertext: str) -> None:
    with pytest.raises(UsageError, match="cannot be decrypted") as refused:
        Secrets(SALT, ENVIRONMENT).decrypt(ciphertext)
    assert "\n" not in str(refused.value)
