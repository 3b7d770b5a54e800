"""One bake: the parent, the build phases in it, its tests on a booted copy; all of it is kept, or nothing."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from images.recipes import Recipe
from scripts.bakes import executor, machine, packing, parent, process, requirements
from scripts.bakes.executor import Ended
from scripts.bakes.requirements import Architecture
from scripts.bakes.root import Root
from scripts.bakes.workspace import full_disk, workspace

PROBE = "probe"


@dataclass(frozen=True)
class Baked:
    """An image on this machine.

    Attributes:
        hash: of its content: equal for two bakes of the same recipe on the same package versions.
        recipe_hash: of the recipe, as in AWS; it stands for the documents, not for the packages.
        seconds: of the whole bake.
        compressed_mb: of all that is kept of it, in units of 1,000,000 bytes.
        boot_seconds: from the start of QEMU (emulating, without hardware virtualisation) to the first 200.
        parent_kept: true when the parent of an earlier bake was taken, which Debian has nothing newer for.
        left_out: documents of the recipe that only AWS runs.
        run: the command that runs the image on this machine.
    """

    recipe: str
    recipe_hash: str
    hash: str
    architecture: str
    seconds: float
    compressed_mb: float
    boot_seconds: float
    parent_kept: bool
    left_out: tuple[str, ...]
    folder: str
    run: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def bake(recipe: Recipe, folder: Path, say: Callable[[str], None], fresh: bool = False) -> Baked:
    """Bakes `recipe` on this machine.

    Args:
        folder: where images are kept, each in a folder of its recipe's name and its own hash.
        say: is told of every step, in a line.
        fresh: whether a kept parent is not taken.

    Raises:
        RefusedError: this machine cannot, or its disk is full; nothing is left.
        ReleaseError: a step failed; `details["log"]` has its own output. Nothing is left either.
    """
    began = time.monotonic()
    executor.check(recipe)
    here = requirements.check(folder)
    requirements.make(folder)
    with workspace(folder) as work, full_disk(folder):
        if fresh:
            shutil.rmtree(folder / "parents", ignore_errors=True)
        new = work / "new"
        new.mkdir()
        kept = build(recipe, here, work, folder / "parents", say)
        content, probe = _pack(recipe, work, new)
        boot_seconds = _test(recipe, here, work, new, probe, say)
        place = folder / f"{recipe.name}-{content}"
        baked = Baked(
            recipe=recipe.name,
            recipe_hash=recipe.hash,
            hash=content,
            architecture=here.name,
            seconds=round(time.monotonic() - began, 1),
            compressed_mb=packing.size_mb(new),
            boot_seconds=round(boot_seconds, 1),
            parent_kept=kept,
            left_out=executor.left_out(recipe),
            folder=str(place),
            run=run_command(here, place),
        )
        (new / "image.json").write_text(json.dumps(baked.as_json(), indent=2) + "\n")
        keep(new, place, work)
        return baked


def build(recipe: Recipe, here: Architecture, work: Path, parents: Path, say: Callable[[str], None]) -> bool:
    """Makes the image's files in `work`/root; true when they started from a kept parent."""
    began, since = time.monotonic(), time.time()
    root = work / "root"
    kept = parent.make(recipe.parent.suite, here, root, work, parents)
    took = f"{', kept from before' if kept else ''}: {time.monotonic() - began:.1f} s"
    say(f"parent Debian {recipe.parent.suite} for {here.name}{took}")
    with Root(root, work) as place:
        for phase in ("build", "validate"):
            executor.run_phase(executor.here(recipe), phase, place, say)
    packing.clean(root, since)
    return kept


def _pack(recipe: Recipe, work: Path, new: Path) -> tuple[str, bool]:
    """Makes the disk, and a copy for the tests. Gives the hash, and whether the tests bring a service."""
    root, log = work / "root", work / "pack.log"
    service = service_of(root)
    packing.boot_files(root, new)
    (new / packing.PACKAGES).write_text(packing.packages(root, log))
    machine.seed(new, {"user-data": machine.user_data(service or PROBE), "meta-data": ""})
    packing.disk(root, work / "disk", recipe.volume_size_gib, log)
    copy = ["cp", "--sparse=always", str(work / "disk"), str(work / "copy")]
    process.must(copy, log, "copying the disk")
    machine.prepare(work / "copy", work, log, probe=service is None)
    return packing.content_hash(root), service is None


def _test(
    recipe: Recipe, here: Architecture, work: Path, new: Path, probe: bool, say: Callable[[str], None]
) -> float:
    """Runs the test phases on the booted copy while the disk is compressed; the seconds of the boot."""
    log = work / "compress.log"
    with (
        log.open("wb") as output,
        packing.compressing(work / "disk", new / packing.DISK, output) as compressing,
        machine.booted(here, new, work / "copy", work) as booted,
    ):
        what = "the probe, for there is no service" if probe else "the service"
        say(f"boot to a 200 of {what}: {booted.boot_seconds:.1f} s")
        # The tests of an image build start on a machine that has long come up.
        booted.run("systemctl is-system-running --wait", machine.BOOT_SECONDS)
        executor.run_phase(executor.here(recipe), "test", booted, say)
        if compressing.wait() != 0:
            raise process.failure("compressing the disk", Ended(compressing.returncode, log.read_text()))
        return booted.boot_seconds


def run_command(here: Architecture, folder: Path) -> str:
    """Runs the image in `folder`: with hardware virtualisation where there is one, its console here."""
    disk = f"{folder / packing.DISK},format=qcow2"
    words = [*machine.command(here, folder, disk, machine.PORT, ("kvm", "tcg")), "-serial", "mon:stdio"]
    return shlex.join(words)


def service_of(root: Path) -> str | None:
    """The first enabled service of the image that reads an environment file and is asked; None without one.

    A worker's unit and a job's say that nobody asks them; systemd passes over words that begin with X-.
    """
    wanted = sorted((root / "etc/systemd/system/multi-user.target.wants").glob("*.service"))
    for link in wanted:
        # The link is absolute, from the image's own root.
        target = root / str(link.readlink()).lstrip("/") if link.is_symlink() else link
        text = target.read_text(errors="replace") if target.is_file() else ""
        asked = not re.search(r"^X-Immutable-Asked=no$", text, re.MULTILINE)
        reads = re.search(r"^EnvironmentFile=/etc/immutable/", text, re.MULTILINE)
        if "@" not in link.name and asked and reads:
            return link.stem
    return None


def keep(new: Path, place: Path, work: Path) -> None:
    """Puts the finished image in its place; what is equal there already is exchanged as a whole."""
    if place.exists():
        place.rename(work / "old")
    new.rename(place)
