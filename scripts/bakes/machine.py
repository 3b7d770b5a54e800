"""A machine under QEMU that boots a baked image, and a place where scripts run on it.

It gets what a launch template gives a server: user data, and nothing else. Where AWS has the instance
metadata, the image's own program reads the same text from a disk that is labelled `cidata`.
"""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.bakes import process
from scripts.bakes.executor import Ended
from scripts.bakes.packing import INITRD, KERNEL
from scripts.bakes.requirements import Architecture
from scripts.releases.errors import ReleaseError, one_line

PORT = 8080
HEALTH_PATH = "/healthz"
MEMORY_MIB = 1024
BOOT_SECONDS = 600
"""A boot that takes longer has failed. Alone on two cores it takes seconds, beside much else minutes."""

GRACE_SECONDS = 30
"""What a script may take longer than its own limit until its answer counts as lost."""

_MACHINES = {"x86_64": ("q35", "ttyS0"), "arm64": ("virt", "ttyAMA0")}

AGENT = "immutable-bake"
_CHANNEL = "immutable.bake"
QEMU_LOG = "qemu.log"
_AGENT_UNIT = f"""\
[Unit]
Description=Runs the tests of the image on this copy of it

[Service]
ExecStart=/bin/bash /opt/{AGENT}
Environment=HOME=/root LANG=C.UTF-8 PATH={process.SEARCH_PATH}
"""
# A line in: the time limit in seconds, 0 for none, and a script; a line out: its exit code and its output.
_AGENT = f"""\
port=/dev/virtio-ports/{_CHANNEL}
until [ -c "$port" ]; do sleep 0.1; done
exec 3<>"$port"
while read -r seconds script <&3; do
    base64 --decode <<<"$script" >/run/{AGENT}.sh
    timeout --kill-after=5 "$seconds" bash /run/{AGENT}.sh </dev/null >/run/{AGENT}.log 2>&1 3>&-
    code=$?
    [ "$code" -ne 137 ] || code=124
    printf '%d %s\\n' "$code" "$(tail -c 200000 /run/{AGENT}.log | base64 --wrap=0)" >&3
done
"""
_PROBE_UNIT = f"""\
[Unit]
Description=Answers where the image has no service of its own
ConditionPathExists=/etc/immutable/probe.env
After=network.target immutable-user-data.service

[Service]
EnvironmentFile=/etc/immutable/probe.env
DynamicUser=yes
RuntimeDirectory=probe
WorkingDirectory=/run/probe
ExecStartPre=/usr/bin/touch /run/probe{HEALTH_PATH}
ExecStart=/usr/bin/python3 -I -m http.server ${{IMMUTABLE_PORT}}
"""


def user_data(service: str) -> str:
    """What the launch template of a service would hold: its environment file, and no hooks."""
    variables = {
        "IMMUTABLE_HEALTH_PATH": HEALTH_PATH,
        "IMMUTABLE_LAUNCH_SECONDS": "0",
        "IMMUTABLE_PORT": str(PORT),
        "IMMUTABLE_TERMINATION_SECONDS": "0",
    }
    content = "".join(f'{name}="{value}"\n' for name, value in variables.items())
    return (
        "#cloud-config\n"
        "write_files:\n"
        f"- path: /etc/immutable/{service}.env\n"
        '  permissions: "0600"\n'
        "  owner: root:root\n"
        f"  content: {json.dumps(content)}\n"
    )


def command(
    architecture: Architecture, folder: Path, disk: str, port: int, accelerators: tuple[str, ...] = ("tcg",)
) -> list[str]:
    """The QEMU command that boots what is in `folder`, with the service at `port` of this machine.

    `disk` is named beside its format, such as `disk.qcow2,format=qcow2`; nothing is written to it.
    """
    kind, console = _MACHINES[architecture.name]
    chosen = [word for accelerator in accelerators for word in ("-accel", accelerator)]
    seed = f"driver=vvfat,node-name=seed,dir={folder / 'seed'},label=cidata,read-only=on"
    return [
        architecture.emulator, "-M", kind, *chosen, "-cpu", "max", "-smp", "2", "-m", str(MEMORY_MIB),
        "-nodefaults", "-display", "none", "-no-reboot",
        "-kernel", str(folder / KERNEL), "-initrd", str(folder / INITRD),
        "-append", f"root=/dev/vda rw quiet systemd.show_status=1 console={console}",
        "-drive", f"if=none,id=root,snapshot=on,file={disk}", "-device", "virtio-blk-pci,drive=root",
        "-blockdev", seed, "-device", "virtio-blk-pci,drive=seed",
        # Without a boot ROM: nothing is booted from the network.
        "-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-:{PORT}",
        "-device", "virtio-net-pci,netdev=net,romfile=",
    ]  # fmt: skip


def prepare(copy: Path, work: Path, log: Path, probe: bool) -> None:
    """Adds the agent to a copy of the disk, and the probe where the image has no service to ask."""
    files = {f"/opt/{AGENT}": _AGENT, f"/etc/systemd/system/{AGENT}.service": _AGENT_UNIT}
    units = [AGENT]
    if probe:
        files["/etc/systemd/system/probe.service"] = _PROBE_UNIT
        units.append("probe")
    lines = ["mkdir /opt", "mkdir /etc/systemd/system/multi-user.target.wants"]
    for number, (path, text) in enumerate(files.items()):
        (work / f"added-{number}").write_text(text)
        lines.append(f"write {work}/added-{number} {path}")
    wants = "/etc/systemd/system/multi-user.target.wants"
    lines += [f"symlink {wants}/{unit}.service /etc/systemd/system/{unit}.service" for unit in units]
    (work / "added").write_text("\n".join(lines) + "\n")
    process.must(["debugfs", "-w", "-f", str(work / "added"), str(copy)], log, "adding the tests to a copy")


@dataclass
class Machine:
    """A running machine. `boot_seconds`: from the start of QEMU to the first 200 on the health path."""

    process: subprocess.Popen[bytes]
    console: Path
    agent: socket.socket
    boot_seconds: float = 0.0

    def wait_for(self, port: int, began: float) -> None:
        """Waits until the service answers. Raises ReleaseError with the end of the console if it does not."""
        while time.monotonic() - began < BOOT_SECONDS:
            if _answers(port):
                self.boot_seconds = time.monotonic() - began
                return
            if self.process.poll() is not None:
                raise self._failed("the machine ended")
            time.sleep(0.1)
        raise self._failed(f"no 200 from {HEALTH_PATH} in {BOOT_SECONDS} s")

    def run(self, script: str, timeout_seconds: int) -> Ended:
        """Runs `script` on the machine; see `executor.Place`."""
        limit = 0 if timeout_seconds == -1 else timeout_seconds
        self.agent.settimeout(limit + GRACE_SECONDS if limit else None)
        try:
            self.agent.sendall(b"%d %s\n" % (limit, base64.b64encode(script.encode())))
            answer = b""
            while not answer.endswith(b"\n"):
                block = self.agent.recv(2**16)
                if not block:
                    raise self._failed("the machine ended during its tests")
                answer += block
        except TimeoutError:
            raise self._failed("the machine does not answer any more") from None
        code, _, output = answer.decode().strip().partition(" ")
        return Ended(int(code), base64.b64decode(output).decode(errors="replace"))

    def _failed(self, what: str) -> ReleaseError:
        # QEMU itself says why it did not start.
        logs = [log for log in (self.console, self.console.with_name(QEMU_LOG)) if log.exists()]
        text = "".join(log.read_text(errors="replace") for log in logs)
        lines = [one_line(line) for line in text.splitlines() if line.strip()][-60:]
        error = ReleaseError(f"{what}; it ends with: {lines[-1] if lines else 'nothing'}")
        error.details = {"step": "boot", "log": lines}
        return error


@contextlib.contextmanager
def booted(architecture: Architecture, folder: Path, disk: Path, work: Path) -> Iterator[Machine]:
    """Boots `disk` with the kernel and the seed in `folder`, until the service answers.

    Raises:
        ReleaseError: it did not come up.
    """
    port = _free_port()
    channel, console = work / "agent", work / "console"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(channel))
        listener.listen(1)
        listener.settimeout(GRACE_SECONDS)
        extra = [
            "-serial", f"file:{console}", "-device", "virtio-serial-pci",
            "-chardev", f"socket,id=agent,path={channel}",
            "-device", f"virtserialport,chardev=agent,name={_CHANNEL}",
        ]  # fmt: skip
        began = time.monotonic()
        whole = [*command(architecture, folder, f"{disk},format=raw", port), *extra]
        # What the machine writes goes to a file of QEMU's own there.
        here = {"TMPDIR": str(work)}
        with (work / QEMU_LOG).open("wb") as log, process.started(whole, log, here) as running:
            try:
                agent, _ = listener.accept()
            except TimeoutError:
                said = one_line((work / QEMU_LOG).read_text(errors="replace"))
                raise ReleaseError(
                    f"{architecture.emulator} did not start: {said or 'it said nothing'}"
                ) from None
            with agent:
                machine = Machine(running, console, agent)
                machine.wait_for(port, began)
                yield machine


def seed(folder: Path, files: Mapping[str, str]) -> None:
    """Writes the files of the disk that the user data is read from."""
    (folder / "seed").mkdir()
    for name, text in files.items():
        (folder / "seed" / name).write_text(text)


def _answers(port: int) -> bool:
    # No proxy stands between a bake and its own machine.
    ask = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
    try:
        with ask(f"http://127.0.0.1:{port}{HEALTH_PATH}", timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
