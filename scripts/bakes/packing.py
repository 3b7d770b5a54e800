"""From a finished root file system to what is kept of it: a hash of its content, a disk, and its kernel."""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from scripts.bakes import process
from scripts.bakes.parent import settle
from scripts.bakes.root import EPOCH_SECONDS
from scripts.releases.errors import ReleaseError

LEFTOVERS = (
    "etc/.pwd.lock", "etc/dpkg/dpkg.cfg.d/99mmdebstrap", "etc/group-", "etc/gshadow-", "etc/passwd-",
    "etc/shadow-", "etc/subgid-", "etc/subuid-", "var/cache/apt", "var/cache/debconf/*-old",
    "var/cache/ldconfig", "var/lib/apt/lists", "var/lib/dpkg/*-old", "var/lib/systemd/random-seed", "var/log",
)  # fmt: skip
"""What differs from bake to bake and says nothing about the image: caches, logs, copies of former files."""

KERNEL, INITRD, DISK, PACKAGES = "vmlinuz", "initrd.img", "disk.qcow2", "packages.txt"

_UUID = "1a9e0000-0000-4000-8000-000000000001"


def clean(root: Path, since: float) -> None:
    """Takes away what only this bake has: `LEFTOVERS`, and times after `since` (seconds of the epoch).

    Folders stay, for the programs that write there. What an image must not hold for safety's sake is the
    business of the document `seal`, in AWS too; this is about equal hashes.
    """
    for pattern in LEFTOVERS:
        for path in sorted(root.glob(pattern)):
            if not path.is_dir():
                path.unlink()
                continue
            for below in sorted(path.rglob("*"), reverse=True):
                if below.is_symlink() or not below.is_dir():
                    below.unlink()
    settle(root, since)


def content_hash(root: Path) -> str:
    """16 hexadecimal digits of the SHA-256 over every file: name, content, owner, mode, time, attributes.

    Over a tar archive that is never written: names sorted, and of the times only that of the content.
    """
    command = [
        "tar", "--create", "--sort=name", "--format=posix", "--numeric-owner",
        "--xattrs", "--xattrs-include=*",
        "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime", "-C", str(root), ".",
    ]  # fmt: skip
    digest = hashlib.sha256()
    with process.started(command, subprocess.PIPE) as archive:
        stream = cast(IO[bytes], archive.stdout)
        while block := stream.read(2**20):
            digest.update(block)
        if archive.wait() != 0:
            raise ReleaseError(f"reading {root}: tar ended with exit code {archive.returncode}")
    return digest.hexdigest()[:16]


def disk(root: Path, path: Path, size_gib: int, log: Path) -> None:
    """Makes a disk of `size_gib` with the files on it, as one file system without partitions."""
    with path.open("wb") as file:
        file.truncate(size_gib * 2**30)
    options = f"root_owner=0:0,hash_seed={_UUID},nodiscard,assume_storage_prezeroed=1"
    command = ["mke2fs", "-q", "-F", "-t", "ext4", "-L", "root", "-U", _UUID, "-E", options, "-d", str(root)]
    environment = {"E2FSPROGS_FAKE_TIME": str(EPOCH_SECONDS), "SOURCE_DATE_EPOCH": str(EPOCH_SECONDS)}
    process.must([*command, str(path)], log, "making the disk", environment)


@contextlib.contextmanager
def compressing(raw: Path, compressed: Path, log: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Compresses the disk meanwhile, into a form that QEMU starts from as it is."""
    command = [
        "qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-c", "-m", "4", "-W",
        "-o", "compression_type=zstd,cluster_size=262144", str(raw), str(compressed),
    ]  # fmt: skip
    with process.started(command, log) as running:
        yield running


def boot_files(root: Path, folder: Path) -> None:
    """Copies the image's own kernel and initial file system. Raises ReleaseError when it has none."""
    for name in (KERNEL, INITRD):
        found = sorted((root / "boot").glob(f"{name}-*"))
        if not found:
            raise ReleaseError(f"the image has no boot/{name}-*; a document has removed its kernel")
        shutil.copyfile(max(found, key=_version), folder / name)


def _version(path: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", path.name)]


def packages(root: Path, log: Path) -> str:
    """The packages of the image with their versions, one a line, sorted."""
    form = "--showformat=${Package} ${Version}\n"
    command = ["dpkg-query", f"--admindir={root}/var/lib/dpkg", "--show", form]
    listed = process.must(command, log, "listing the packages")
    return "".join(sorted(listed.splitlines(keepends=True)))


def size_mb(folder: Path) -> float:
    """What the image takes, in units of 1,000,000 bytes."""
    return round(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6, 1)
