"""What is kept of a local bake is named by its content, and what differs from bake to bake is not in it."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from components import user_data
from scripts.bakes import local, machine, packing, parent
from scripts.bakes.requirements import ARCHITECTURES
from scripts.bakes.root import EPOCH_SECONDS
from scripts.releases.errors import ReleaseError

X86, ARM = ARCHITECTURES


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "root"
    (made / "etc").mkdir(parents=True)
    (made / "etc/name").write_text("value\n")
    (made / "etc/link").symlink_to("name")
    parent.settle(made, 0)
    return made


def rewrite(root: Path) -> None:
    (root / "etc/name").write_text("other\n")


def add(root: Path) -> None:
    (root / "etc/more").touch()


def permit(root: Path) -> None:
    (root / "etc/name").chmod(0o600)


def point(root: Path) -> None:
    (root / "etc/link").unlink()
    (root / "etc/link").symlink_to("names")


@pytest.mark.parametrize("change", [rewrite, add, permit, point])
def test_a_hash_stands_for_every_file(root: Path, change: Callable[[Path], None]) -> None:
    before = packing.content_hash(root)
    change(root)
    parent.settle(root, 0)
    assert packing.content_hash(root) != before


def test_a_hash_stands_for_times_of_files(root: Path) -> None:
    before = packing.content_hash(root)
    os.utime(root / "etc/name", (1, 1))
    assert packing.content_hash(root) != before


def test_the_same_files_have_the_same_hash_wherever_and_whenever_they_are(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "somewhere" / "else"
    (other / "etc").mkdir(parents=True)
    # In another order, so that no folder lists them as the first one does.
    (other / "etc/link").symlink_to("name")
    shutil.copyfile(root / "etc/name", other / "etc/name")
    parent.settle(other, 0)
    (other / "etc/name").read_text()
    assert packing.content_hash(other) == packing.content_hash(root)
    assert len(packing.content_hash(root)) == 16


def test_only_what_the_bake_changed_gets_the_one_time(root: Path) -> None:
    os.utime(root / "etc/name", (1_000_000_000, 1_000_000_000))
    os.utime(root / "etc", (1_800_000_000, 1_800_000_000))
    os.utime(root / "etc/link", (1_800_000_000, 1_800_000_000), follow_symlinks=False)
    parent.settle(root, 1_700_000_000)
    times = [(root / name).lstat().st_mtime for name in ("etc/name", "etc", "etc/link", ".")]
    assert times == [1_000_000_000, EPOCH_SECONDS, EPOCH_SECONDS, EPOCH_SECONDS]


def test_caches_logs_and_former_files_go_and_their_folders_stay(root: Path) -> None:
    for name in (
        "var/log/apt/term.log",
        "var/lib/apt/lists/partial/x",
        "etc/passwd-",
        "var/lib/dpkg/status-old",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    (root / "var/log/link").symlink_to("apt")
    (root / "var/lib/dpkg/status").touch()
    packing.clean(root, 0)
    left = sorted(str(path.relative_to(root)) for path in root.rglob("*"))
    assert left == [
        "etc", "etc/link", "etc/name", "var", "var/lib", "var/lib/apt", "var/lib/apt/lists",
        "var/lib/apt/lists/partial", "var/lib/dpkg", "var/lib/dpkg/status", "var/log", "var/log/apt",
    ]  # fmt: skip
    assert (root / "var").stat().st_mtime == EPOCH_SECONDS


def test_the_newest_kernel_goes_along(root: Path, tmp_path: Path) -> None:
    (root / "boot").mkdir()
    for version in ("6.1.0-10", "6.1.0-56", "6.1.0-9"):
        (root / f"boot/vmlinuz-{version}-cloud-amd64").write_text(version)
        (root / f"boot/initrd.img-{version}-cloud-amd64").write_text(version)
    packing.boot_files(root, tmp_path)
    assert (tmp_path / "vmlinuz").read_text() == (tmp_path / "initrd.img").read_text() == "6.1.0-56"


def test_an_image_without_a_kernel_fails(root: Path, tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="a document has removed its kernel"):
        packing.boot_files(root, tmp_path)


def test_size_counts_everything_that_is_kept(tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(b"0" * 1_500_000)
    (tmp_path / "seed").mkdir()
    (tmp_path / "seed/user-data").write_bytes(b"0" * 100_000)
    assert packing.size_mb(tmp_path) == 1.6


def unit(root: Path, name: str, text: str) -> None:
    (root / "etc/systemd/system/multi-user.target.wants").mkdir(parents=True, exist_ok=True)
    (root / f"etc/systemd/system/{name}").write_text(text)
    wants = root / f"etc/systemd/system/multi-user.target.wants/{name}"
    wants.symlink_to(f"/etc/systemd/system/{name}")


def test_the_service_is_the_first_unit_that_reads_an_environment_file(root: Path) -> None:
    assert local.service_of(root) is None
    unit(root, "chrony.service", "[Service]\nExecStart=/usr/sbin/chronyd\n")
    unit(root, "another@web.service", "[Service]\nEnvironmentFile=/etc/immutable/%i.env\n")
    assert local.service_of(root) is None
    unit(root, "web.service", "[Service]\nEnvironmentFile=/etc/immutable/web.env\n")
    unit(root, "api.service", "[Service]\nEnvironmentFile=/etc/immutable/%p.env\n")
    assert local.service_of(root) == "api"


def test_the_machine_gets_the_user_data_of_a_launch_template() -> None:
    environment = {
        "IMMUTABLE_HEALTH_PATH": "/healthz",
        "IMMUTABLE_LAUNCH_SECONDS": "0",
        "IMMUTABLE_PORT": "8080",
        "IMMUTABLE_TERMINATION_SECONDS": "0",
    }
    given = machine.user_data("web")
    assert given == user_data.cloud_config("web", environment)


def test_no_proxy_stands_between_a_bake_and_its_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Healthy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == machine.HEALTH_PATH else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with HTTPServer(("127.0.0.1", 0), Healthy) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        ours, theirs = socket.socketpair()
        with ours, theirs, subprocess.Popen(["true"]) as process:
            booted = machine.Machine(process, tmp_path / "console", ours)
            booted.wait_for(server.server_port, time.monotonic())
        thread.join()
    assert booted.boot_seconds > 0


def test_a_machine_writes_nothing_to_the_image_and_starts_its_own_kernel(tmp_path: Path) -> None:
    words = machine.command(X86, tmp_path, "disk,format=raw", 18080)
    given = dict(itertools.pairwise(words))
    assert words[0] == "qemu-system-x86_64"
    assert given["-drive"] == "if=none,id=root,snapshot=on,file=disk,format=raw"
    assert given["-blockdev"].endswith(f"dir={tmp_path}/seed,label=cidata,read-only=on")
    assert (given["-kernel"], given["-initrd"]) == (f"{tmp_path}/vmlinuz", f"{tmp_path}/initrd.img")
    assert given["-append"] == "root=/dev/vda rw quiet systemd.show_status=1 console=ttyS0"
    assert given["-netdev"].endswith("hostfwd=tcp:127.0.0.1:18080-:8080")
    # The first disk of the command is the first of the machine.
    assert words.index("virtio-blk-pci,drive=root") < words.index("virtio-blk-pci,drive=seed")
    assert given["-accel"] == "tcg"


def test_a_machine_of_arm_has_other_parts() -> None:
    words = machine.command(ARM, Path("image"), "disk", 1)
    assert words[:3] == ["qemu-system-aarch64", "-M", "virt"]
    assert "root=/dev/vda rw quiet systemd.show_status=1 console=ttyAMA0" in words


def test_the_command_for_a_laptop_uses_its_virtualisation_where_there_is_one(tmp_path: Path) -> None:
    command = local.run_command(X86, tmp_path)
    assert "-accel kvm -accel tcg" in command
    assert f"file={tmp_path}/disk.qcow2,format=qcow2" in command
    assert "hostfwd=tcp:127.0.0.1:8080-:8080" in command


def test_a_finished_image_takes_the_place_of_an_equal_one(tmp_path: Path) -> None:
    for name in ("new", "place"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    local.keep(tmp_path / "new", tmp_path / "place", tmp_path)
    assert (tmp_path / "place/file").read_text() == "new"
    local.keep(tmp_path / "place", tmp_path / "elsewhere", tmp_path)
    assert (tmp_path / "elsewhere/file").read_text() == "new"
