"""A real bake on this machine: from Debian's packages to a booted copy that serves and passes its tests.

It needs root and Debian packages, which `scripts/test` installs where it may; elsewhere it is skipped.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from images import recipes
from scripts.bakes import local, packing, requirements
from scripts.bakes.local import Baked
from scripts.bakes.workspace import workspace
from scripts.releases.errors import RefusedError, ReleaseError
from tests.scripts.bake_place import document, recipe, step

ROOT = Path(__file__).parents[2]
RECIPE = recipes.load(recipes.FOLDER, "service")


def unable() -> str:
    """Why this machine bakes nothing; "" when it does."""
    try:
        requirements.check(Path("/"))
    except RefusedError as error:
        return f"no bake on this machine: {error}"
    return ""


REASON = unable()
pytestmark = pytest.mark.skipif(REASON != "", reason=REASON)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("images")


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def baked(folder: Path, said: list[str]) -> Baked:
    return local.bake(RECIPE, folder, said.append)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def mounted(folder: Path) -> bool:
    return str(folder) in Path("/proc/mounts").read_text()


def test_every_phase_of_every_document_passes_on_this_machine(baked: Baked, said: list[str]) -> None:
    ran = [line.split(":")[0] for line in said]
    expected = [
        f"{phase} {component.document.name}/{each.name}"
        for phase in ("build", "validate", "test")
        for component in RECIPE.components
        if component.on == "anywhere"
        for each in component.document.phase(phase)
    ]
    boot = next(line for line in ran if line.startswith("boot to a 200 of the service"))
    assert [line for line in ran[1:] if line != boot] == expected
    assert baked.left_out == ("agents",)


def test_an_image_is_kept_by_its_hash_with_all_that_it_needs_to_run(baked: Baked, folder: Path) -> None:
    place = folder / f"service-{baked.hash}"
    assert names(folder) == ["parents", place.name]
    assert names(place) == ["disk.qcow2", "image.json", "initrd.img", "packages.txt", "seed", "vmlinuz"]
    assert json.loads((place / "image.json").read_text()) == json.loads(json.dumps(baked.as_json()))
    assert baked.recipe_hash == RECIPE.hash
    packages = (place / "packages.txt").read_text().splitlines()
    assert packages == sorted(packages)
    assert any(line.startswith("linux-image-") for line in packages)
    assert not any(line.startswith(("openssh-server ", "gcc ", "cloud-init ")) for line in packages)
    assert baked.run.startswith(f"qemu-system-{'x86_64' if baked.architecture == 'x86_64' else 'aarch64'} ")


def test_an_image_is_small(baked: Baked) -> None:
    assert 30 < baked.compressed_mb <= 150


def test_two_bakes_of_the_same_recipe_have_the_same_hash(baked: Baked, folder: Path) -> None:
    with workspace(folder) as work:
        kept = local.build(RECIPE, requirements.architecture(), work, folder / "parents", lambda _: None)
        assert kept
        assert packing.content_hash(work / "root") == baked.hash


def test_the_copy_under_test_is_not_the_image(baked: Baked, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    kept = Path(baked.folder) / "disk.qcow2"
    subprocess.run(["qemu-img", "convert", "-O", "raw", str(kept), str(disk)], check=True)
    listed = subprocess.run(
        ["/usr/sbin/debugfs", "-R", "ls -p /etc/systemd/system/multi-user.target.wants", str(disk)],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "web.service" in listed and "immutable-bake" not in listed
    checked = subprocess.run(["/usr/sbin/e2fsck", "-fn", str(disk)], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


def test_a_step_that_fails_leaves_its_output_and_nothing_else(baked: Baked, folder: Path) -> None:
    before = names(folder)
    script = "echo to the root file system >/made-here; uname; echo no good; exit 7"
    wrong = recipe(document(build=[step("bad", inputs={"commands": [script]})], test=[step()]), name="wrong")
    with pytest.raises(ReleaseError, match=r"^build first/bad failed \(exit code 7\): no good$") as error:
        local.bake(wrong, folder, lambda _: None)
    assert error.value.details["log"] == ["Linux", "no good"]
    assert names(folder) == before
    assert not Path("/made-here").exists()


def test_a_step_that_takes_too_long_is_ended_with_all_that_it_started(baked: Baked, folder: Path) -> None:
    script = "sleep 987654 & sleep 987654"
    slow = recipe(
        document(build=[step("slow", inputs={"commands": [script]}, timeout_seconds=1)], test=[step()])
    )
    with pytest.raises(ReleaseError, match="took longer than 1 s"):
        local.bake(slow, folder, lambda _: None)
    assert not running("987654")


def test_a_bake_that_is_ended_leaves_no_file_mount_or_process(baked: Baked, folder: Path) -> None:
    before = names(folder)
    code = (
        "import sys; from pathlib import Path; from scripts.bakes import local; "
        "from tests.scripts.bake_place import document, recipe, step; "
        "slow = step('slow', inputs={'commands': ['sleep 876543']}); "
        "local.bake(recipe(document(build=[slow], test=[step()])), Path(sys.argv[1]), print)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], cwd=ROOT, stderr=subprocess.PIPE
    ) as bake:
        until = time.monotonic() + 100
        while not running("876543"):
            assert bake.poll() is None, bake.communicate()
            assert time.monotonic() < until
            time.sleep(0.1)
        os.kill(bake.pid, signal.SIGTERM)
        _, error = bake.communicate(timeout=60)
    assert b"KeyboardInterrupt" in error
    assert names(folder) == before
    assert not running("876543") and not mounted(folder)


def running(word: str) -> bool:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes().split(b"\0")[:2] == [b"sleep", word.encode()]:
                return True
        except OSError:
            continue
    return False
