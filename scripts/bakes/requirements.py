"""What a bake needs of this machine. Asked before anything is made; each refusal is one line."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from scripts.bakes import process
from scripts.releases.errors import RefusedError

FREE_MIB = 2048
"""What a bake takes at its height: the files, the disk, its copy under test, and what is kept of them."""


@dataclass(frozen=True)
class Architecture:
    """A kind of machine, in AWS's word, the kernel's, Debian's, and the QEMU that emulates it."""

    name: str
    kernel: str
    debian: str
    emulator: str
    package: str


ARCHITECTURES = (
    Architecture("x86_64", "x86_64", "amd64", "qemu-system-x86_64", "qemu-system-x86"),
    Architecture("arm64", "aarch64", "arm64", "qemu-system-aarch64", "qemu-system-arm"),
)

TOOLS = {
    "mmdebstrap": "mmdebstrap",
    "mke2fs": "e2fsprogs",
    "debugfs": "e2fsprogs",
    "qemu-img": "qemu-utils",
    "setpriv": "util-linux",
    "unshare": "util-linux",
    "tar": "tar",
    "zstd": "zstd",
}
"""Each program, and the Debian package that has it."""

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def architecture() -> Architecture:
    """This machine's. Raises RefusedError for one that no image is built for."""
    machine = platform.machine()
    for known in ARCHITECTURES:
        if machine == known.kernel:
            return known
    names = " and ".join(known.kernel for known in ARCHITECTURES)
    raise RefusedError(f"this machine is {machine!r}, and images are built on {names}; bake without --local")


def check(folder: Path) -> Architecture:
    """Raises RefusedError, with all that is to be installed in one line, unless a bake can work here.

    Args:
        folder: where the images are kept; it need not be there yet.
    """
    here = architecture()
    if os.geteuid() != 0:
        raise RefusedError("a bake on this machine needs root, who owns the files of an image; use sudo")
    needed = {**TOOLS, here.emulator: here.package}
    missing = {tool: package for tool, package in needed.items() if process.find(tool) is None}
    if not KEYRING.exists():
        missing[str(KEYRING)] = "debian-archive-keyring"
    if missing:
        packages = " ".join(sorted(set(missing.values())))
        raise RefusedError(f"missing {', '.join(sorted(missing))}: apt-get install {packages}")
    if not may_mount():
        raise RefusedError("root may not mount here, as in a container; use a machine of its own")
    check_space(folder, FREE_MIB)
    return here


def may_mount() -> bool:
    """Whether root has what a step is kept apart with."""
    mount = ["unshare", "--mount", "--pid", "--fork", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    environment = {"PATH": process.SEARCH_PATH}
    return subprocess.run(mount, capture_output=True, env=environment).returncode == 0


def make(folder: Path) -> None:
    """Makes the folder of the images. Raises RefusedError when it cannot be one."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RefusedError(f"{folder} cannot be made: {error.strerror}; bake elsewhere") from error


def check_space(folder: Path, needed_mib: int) -> None:
    """Raises RefusedError unless the disk of `folder` has so much room."""
    free = free_mib(folder)
    if free < needed_mib:
        raise RefusedError(
            f"{folder} has {free} MiB free and a bake takes {needed_mib}; make room, or bake elsewhere"
        )


def free_mib(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free // 2**20
