"""Settings for every test: how many cases the property tests try, and what they see of the caller's shell."""

from __future__ import annotations

import os
import signal
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# No deadline: a shared machine may stall any single case for longer than a fair limit. The same cases each
# time: a run is about the commit at hand; `scripts/test --thorough` is what looks for new ones.
settings.register_profile(
    "normal",
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "thorough", parent=settings.get_profile("normal"), max_examples=5000, derandomize=False
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "normal"))

FOREIGN = ("AWS_", "PULUMI_", "RICH_", "TYPER_", "_TYPER_")
"""How variables begin that would lead a test to an account, a backend or a screen of the developer's."""

FOREIGN_NAMES = {
    "CI", "COLUMNS", "FORCE_COLOR", "GITHUB_ACTIONS", "LINES", "NO_COLOR", "PY_COLORS", "PYTHONPATH",
    "PYTHONWARNINGS", "TTY_COMPATIBLE", "TTY_INTERACTIVE",
}  # fmt: skip


def is_foreign(name: str) -> bool:
    """Whether a test, and a process that one starts, must not see this variable."""
    return name in FOREIGN_NAMES or name.startswith(FOREIGN) or name.lower().endswith("_proxy")


def pytest_collection() -> None:
    """Forget what is foreign before any module is imported: typer, for one, looks only then."""
    for name in filter(is_foreign, list(os.environ)):
        del os.environ[name]
    # A shell's background job ignores Ctrl-C, and so would every process that a test starts and interrupts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits for a build that goes on meanwhile comes last."""
    items.sort(key=lambda item: item.path.is_relative_to(Path(__file__).parent / "kubernetes"))


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No profile, setting or plugin from the developer's own home, and no credentials from the machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was skipped, one line a reason: how many tests, and in which files."""
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    for report in terminalreporter.stats.get("skipped", ()):
        _, _, reason = report.longrepr
        reasons[reason.removeprefix("Skipped: ")][report.nodeid.partition("::")[0]] += 1
    if reasons:
        terminalreporter.section("skipped (-ra names each test)")
    for reason, files in reasons.items():
        where = ", ".join(f"{file} ({count})" for file, count in sorted(files.items()))
        terminalreporter.line(f"SKIPPED {files.total()}: {reason}: {where}")
