"""The root file system in the making, as a place where scripts run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.bakes import process
from scripts.bakes.executor import Ended

EPOCH_SECONDS = 1_686_355_200
"""What stands for the time of the bake in an image: 10 June 2023, the day of Debian 12."""

ENVIRONMENT = {
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "PATH": process.SEARCH_PATH,
    "SOURCE_DATE_EPOCH": str(EPOCH_SECONDS),
}

_POLICY = "usr/sbin/policy-rc.d"

# A step has a mount namespace and a process namespace of its own: both are gone with it, also when the bake
# is killed, and nothing ever stays mounted on this machine.
_ENTER = r"""
set -eu
root=$1 kept=$2 script=$3
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
echo localhost >/proc/sys/kernel/hostname
mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"
mount -t tmpfs -o mode=0755,nosuid tmpfs "$root/dev"
make() { mknod -m 0666 "$root/dev/$1" c "$2" "$3"; }
make null 1 3
make zero 1 5
make full 1 7
make random 1 8
make urandom 1 9
make tty 5 0
ln -s /proc/self/fd "$root/dev/fd"
ln -s fd/0 "$root/dev/stdin"
ln -s fd/1 "$root/dev/stdout"
ln -s fd/2 "$root/dev/stderr"
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs "$root/dev/shm"
mount --bind "$kept/run" "$root/run"
mount --bind "$kept/tmp" "$root/tmp"
exec chroot "$root" bash -c "$script" step
"""


@dataclass(frozen=True)
class Root:
    """The files below `path`; /run and /tmp of its steps are below `kept` and no part of it."""

    path: Path
    kept: Path

    def __enter__(self) -> Root:
        """Makes it a place where packages can be installed: names are resolved, no service is started."""
        for name, mode in (("run", 0o755), ("tmp", 0o1777), ("run/systemd", 0o755), ("run/lock", 0o1777)):
            (self.kept / name).mkdir(parents=True, exist_ok=True)
            (self.kept / name).chmod(mode)
        names = Path("/etc/resolv.conf").read_bytes() if Path("/etc/resolv.conf").exists() else b""
        (self.kept / "run/systemd/resolve").mkdir(exist_ok=True)
        for name in ("stub-resolv.conf", "resolv.conf"):
            (self.kept / "run/systemd/resolve" / name).write_bytes(names)
        resolver = self.path / "etc/resolv.conf"
        resolver.unlink(missing_ok=True)
        resolver.symlink_to("../run/systemd/resolve/stub-resolv.conf")
        policy = self.path / _POLICY
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
        return self

    def __exit__(self, *_: Any) -> None:
        (self.path / _POLICY).unlink(missing_ok=True)

    def run(self, script: str, timeout_seconds: int) -> Ended:
        """Runs `script` in it; see `executor.Place`."""
        inside = ["env", "-i", *(f"{name}={value}" for name, value in ENVIRONMENT.items())]
        own = [
            "unshare",
            "--mount",
            "--pid",
            "--ipc",
            "--uts",
            "--fork",
            "--kill-child",
            "--propagation",
            "private",
        ]
        enter = ["bash", "-c", _ENTER, "enter", str(self.path), str(self.kept), script]
        return process.run([*own, *inside, *enter], self.kept / "step.log", timeout_seconds)
