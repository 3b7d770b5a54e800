"""How every command of the rehearsal ends: one line on standard error instead of a box or a traceback."""

from __future__ import annotations

import signal
import sys
from contextlib import suppress

import typer

from rehearsal.errors import RehearsalError, UsageError
from rehearsal.processes import INTERRUPTIONS

INTERRUPTED = 130
# Typer's wrong usage; the class has no public name of its own.
CommandLineError: type[Exception] = typer.BadParameter.__bases__[0]


def run(app: typer.Typer, name: str, arguments: list[str] | None = None) -> int:
    """Run the command line (`sys.argv` by default) and return its exit code.

    0 done, 1 failed, 2 refused or bad input, 130 interrupted.
    """
    try:
        code = typer.main.get_command(app).main(arguments, prog_name=name, standalone_mode=False)
    except CommandLineError as error:
        text = error.format_message()  # type: ignore[attr-defined]
        return _say(name, f"{text} (see {name} --help)", UsageError.exit_code)
    except RehearsalError as error:
        return _say(name, str(error), error.exit_code)
    except OSError as error:
        return _say(name, str(error), RehearsalError.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    if code == INTERRUPTED:
        return _say(name, "interrupted; all that it started is stopped", INTERRUPTED)
    return code if isinstance(code, int) else 0


def stop_on_signals() -> None:
    """Let Ctrl-C, a request to end and a closed terminal stop the command and clear up."""
    for number in INTERRUPTIONS:
        # A signal that the caller ignores (nohup, a job in the background) stays ignored.
        with suppress(ValueError):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, _interrupt)


def _interrupt(*_: object) -> None:
    """The first signal stops the command; more of them must not break off the clearing up."""
    for number in INTERRUPTIONS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _say(name: str, message: str, code: int) -> int:
    print(f"{name}: {' '.join(message.split())}", file=sys.stderr)
    return code
