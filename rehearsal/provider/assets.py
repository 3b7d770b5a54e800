"""Files and archives that a program hands over: their hashes, and the zip files that they become.

The real engine notes the hash of each asset where a program registers it, so that a changed file is a changed
input. The embedded one does not; so it is done here, once, when inputs are checked.
"""

from __future__ import annotations

import hashlib
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

from rehearsal.plugin import ProviderError

SIGNATURE = "4dabf18193072939515e22adb298388d"
ASSET = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE = "0def7320c3a5731c473e5ecbe6d01bc7"
# A program's relative paths are meant from where it is; the provider may have been started elsewhere.
ROOTS = (Path(), Path(__file__).resolve().parents[2])
# Zip files know no time before this; one that is always the same makes equal files equal archives.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_READABLE = 0o644 << 16


def hashed(value: Any) -> Any:
    """The archive or asset with its hash, which its contents alone make; anything else as it is."""
    if not isinstance(value, dict) or value.get(SIGNATURE) not in (ASSET, ARCHIVE) or value.get("hash"):
        return value
    if value[SIGNATURE] == ASSET:
        return {**value, "hash": hashlib.sha256(_read(value)).hexdigest()}
    return {**value, "hash": hashlib.sha256(zipped(value)).hexdigest()}


def zipped(archive: dict[str, Any]) -> bytes:
    """The archive as a zip file. Raises ProviderError for one that cannot be read."""
    if archive.get("path"):
        path = _existing(archive["path"])
        if path.is_file():
            return path.read_bytes()
        files = {str(each.relative_to(path)): each.read_bytes() for each in path.rglob("*") if each.is_file()}
    else:
        files = dict(_files(archive.get("assets") or {}, ""))
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = _READABLE
            entry.compress_type = zipfile.ZIP_DEFLATED
            made.writestr(entry, files[name])
    return target.getvalue()


def _files(assets: dict[str, Any], folder: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for name, item in assets.items():
        if item.get(SIGNATURE) == ARCHIVE:
            found += _files(item.get("assets") or {}, f"{folder}{name}/")
        else:
            found.append((folder + name, _read(item)))
    return found


def _read(asset: dict[str, Any]) -> bytes:
    if asset.get("text") is not None:
        return str(asset["text"]).encode()
    if not asset.get("path"):
        raise ProviderError("an asset is given neither as a text nor as a file; nothing else is emulated")
    return _existing(asset["path"]).read_bytes()


def _existing(path: str) -> Path:
    for root in ROOTS:
        if (root / path).exists():
            return root / path
    raise ProviderError(f"failed to open asset {path}: there is no such file or directory")
