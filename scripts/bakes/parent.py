"""The parent of an image that is baked here: Debian with a kernel, as its image in AWS has them.

It is made by mmdebstrap and kept, because the next bake of the day starts from the same. A kept one is taken
only while Debian's archive has nothing newer for it, which apt finds out with the archive's signatures.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path

from scripts.bakes import process
from scripts.bakes.requirements import Architecture
from scripts.bakes.root import EPOCH_SECONDS, Root

PACKAGES = (
    "ca-certificates", "chrony", "cloud-guest-utils", "curl", "dbus", "iproute2",
    "linux-image-cloud-{debian}", "python3", "python3-yaml", "systemd-resolved", "systemd-sysv",
    "udev", "usr-is-merged", "zstd",
)  # fmt: skip
"""What Debian's image for EC2 has and the documents build on. The rest of it they would remove anyway."""

FILES = {
    # Pages, and texts in other languages, are for people; nobody logs in.
    "etc/dpkg/dpkg.cfg.d/immutable": "path-exclude=/usr/share/doc/*\npath-exclude=/usr/share/info/*\n"
    "path-exclude=/usr/share/locale/*\npath-exclude=/usr/share/man/*\n",
    # An initial file system for disks of EC2 (NVMe) and QEMU (virtio), instead of for any machine at all. The
    # kernel makes the devices; to look for others by udev takes two seconds of an emulated start.
    "etc/initramfs-tools/conf.d/immutable": "MODULES=list\nCOMPRESS=zstd\nCOMPRESSLEVEL=3\n",
    "etc/initramfs-tools/modules": "ext4\nnvme\nvirtio_blk\nvirtio_pci\n",
    "etc/initramfs-tools/scripts/init-top/udev": "#!/bin/sh\nexit 0\n",
    "etc/initramfs-tools/scripts/init-bottom/udev": "#!/bin/sh\n"
    '[ "$1" = prereqs ] || mount -n -o move /dev "${rootmnt:?}/dev"\n',
    "etc/initramfs-tools/hooks/immutable": "#!/bin/sh\n"
    '[ "$1" = prereqs ] || rm -rf "${DESTDIR:?}/lib/systemd" "$DESTDIR/lib/udev" "$DESTDIR/bin/udevadm"\n',
}
EXCLUDED = ("usr/share/doc", "usr/share/info", "usr/share/locale", "usr/share/man")
_UPGRADES = "apt-get update -qq && apt-get -s -qq full-upgrade | grep -c ^Inst || [ $? -eq 1 ]"


def make(suite: str, architecture: Architecture, root: Path, work: Path, kept: Path) -> bool:
    """Makes `root` the parent's file system; true when a kept one was taken.

    Args:
        suite: Debian's release.
        work: a folder for logs and for what goes away with the bake.
        kept: the folder of kept parents.

    Raises:
        ReleaseError: mmdebstrap failed, with its last line.
    """
    options = _options(suite, architecture)
    key = hashlib.sha256(json.dumps([options, FILES, EPOCH_SECONDS]).encode()).hexdigest()[:16]
    archive = kept / f"{suite}-{architecture.debian}-{key}.tar.zst"
    if archive.exists():
        root.mkdir()
        command = ["tar", *_ATTRIBUTES, "-C", str(root), "-xf", str(archive)]
        unpacked = process.run(command, work / "parent.log")
        if unpacked.code == 0:
            with Root(root, work) as inside:
                if inside.run(_UPGRADES, 300).output.strip() == "0":
                    return True
        process.must(["rm", "-rf", str(root)], work / "parent.log", "removing an old parent")
    _bootstrap(options, root, work)
    kept.mkdir(parents=True, exist_ok=True)
    new = work / archive.name
    pack = ["--use-compress-program=zstd -1 -T0", "-C", str(root), "-cf", str(new), "."]
    command = ["tar", *_ATTRIBUTES, *pack]
    process.must(command, work / "parent.log", "keeping the parent")
    for old in kept.glob(f"{suite}-{architecture.debian}-*"):
        old.unlink(missing_ok=True)
    new.replace(archive)
    return False


_ATTRIBUTES = ("--xattrs", "--xattrs-include=*", "--numeric-owner")


def _options(suite: str, architecture: Architecture) -> list[str]:
    packages = ",".join(PACKAGES).format(debian=architecture.debian)
    return [
        "--mode=root", "--variant=apt", "--format=directory", f"--architectures={architecture.debian}",
        f"--include={packages}", "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr",
        '--aptopt=Acquire::Languages "none"', '--aptopt=APT::Install-Recommends "false"',
        # The files are thrown away when the machine stops in the middle.
        "--dpkgopt=force-unsafe-io", suite,
    ]  # fmt: skip


def _bootstrap(options: list[str], root: Path, work: Path) -> None:
    began = time.time()
    files = work / "parent-files"
    write(files, FILES)
    # Before the packages that the files are about; the pages of the few that come earlier are removed below.
    hook = f'--essential-hook=cp -r "{files}"/. "$1"/'
    own = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    *given, suite = options
    command = [*own, "mmdebstrap", "--quiet", *given, hook, suite, str(root)]
    epoch = {"SOURCE_DATE_EPOCH": str(EPOCH_SECONDS), "TMPDIR": str(work)}
    process.must(command, work / "parent.log", "mmdebstrap", epoch)
    for folder in EXCLUDED:
        command = ["find", str(root / folder), "-mindepth", "1", "-delete"]
        process.must(command, work / "parent.log", "removing pages")
    # What the packages of an image come with is for its documents to say, as in AWS.
    (root / "etc/apt/apt.conf.d/99mmdebstrap").unlink(missing_ok=True)
    # Of this machine, which an image knows nothing of.
    (root / "etc/hostname").write_text("localhost\n")
    settle(root, began)


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755 if text.startswith("#!") else 0o644)


def settle(root: Path, since: float) -> None:
    """Gives everything that was changed since `since` (seconds of the epoch) the one time of all images.

    What packages brought keeps its time: compiled Python is only used while that of its source is the same.
    """
    for folder, folders, names in os.walk(root, topdown=False):
        for name in [*names, *folders]:
            path = f"{folder}/{name}"
            if os.lstat(path).st_mtime >= since:
                os.utime(path, (EPOCH_SECONDS, EPOCH_SECONDS), follow_symlinks=False)
    with contextlib.suppress(FileNotFoundError):
        os.utime(root, (EPOCH_SECONDS, EPOCH_SECONDS))
