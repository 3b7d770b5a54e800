from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from rehearsal.processes import run, stop_group, uninterrupted


def python(code: str, tmp_path: Path) -> list[str]:
    script = tmp_path / "script.py"
    script.write_text(code)
    return [sys.executable, "-u", str(script)]


def gone(pid: int) -> bool:
    """True when there is no such process, or only its remains that wait for their parent."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_lines_of_both_streams_come_as_they_are_printed(tmp_path: Path) -> None:
    seen: list[str] = []
    code = "import sys\nprint('one')\nprint('two', file=sys.stderr)\nprint()\nsys.exit(3)"
    finished = run(python(code, tmp_path), cwd=tmp_path, variables={}, on_line=seen.append)
    assert seen == ["one", "two", ""]
    assert finished.lines == ("one", "two", "")
    assert finished.last_line == "two"
    assert finished.exit_code == 3


def test_a_program_sees_only_the_variables_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    code = "import os\nprint(os.environ.get('AWS_PROFILE'), os.environ['GIVEN'])"
    assert run(python(code, tmp_path), cwd=tmp_path, variables={"GIVEN": "x"}).lines == ("None x",)


def test_the_cost_counts_the_program_and_what_it_waited_for(tmp_path: Path) -> None:
    burn = "import time\nend = time.process_time() + 0.2\nwhile time.process_time() < end: pass"
    code = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {burn!r}])"
    finished = run(python(code, tmp_path), cwd=tmp_path, variables={})
    assert finished.cpu_seconds >= 0.2
    assert finished.peak_rss_mb > 3
    assert finished.seconds >= 0.2


def test_a_program_that_a_signal_ended_has_a_negative_exit_code(tmp_path: Path) -> None:
    code = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
    assert run(python(code, tmp_path), cwd=tmp_path, variables={}).exit_code == -signal.SIGKILL


def test_ctrl_c_asks_the_program_to_stop_and_waits_for_it(tmp_path: Path) -> None:
    code = """
import pathlib, signal, time
def stop(*_):
    time.sleep(0.2)
    pathlib.Path('finished').write_text('yes')
    raise SystemExit(0)
signal.signal(signal.SIGINT, stop)
print('ready')
time.sleep(60)
"""

    def interrupt(line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(python(code, tmp_path), cwd=tmp_path, variables={}, on_line=interrupt)
    assert (tmp_path / "finished").read_text() == "yes"


def started(code: str, tmp_path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        python(code, tmp_path), stdout=subprocess.PIPE, text=True, start_new_session=True, cwd=tmp_path
    )


def test_a_program_that_ignores_the_signal_is_killed_after_the_grace(tmp_path: Path) -> None:
    code = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nprint('ready')\ntime.sleep(60)"
    process = started(code, tmp_path)
    assert process.stdout is not None
    process.stdout.readline()
    stop_group(process, signal.SIGINT, 0.1)
    assert process.returncode == -signal.SIGKILL


def test_nothing_that_the_program_started_is_left_running(tmp_path: Path) -> None:
    code = """
import subprocess, sys, time
deaf = 'import signal, time; signal.signal(2, signal.SIG_IGN); time.sleep(60)'
child = subprocess.Popen([sys.executable, '-c', deaf])
print(child.pid)
time.sleep(60)
"""
    process = started(code, tmp_path)
    assert process.stdout is not None
    child = int(process.stdout.readline())
    stop_group(process, signal.SIGINT, 60)
    deadline = time.monotonic() + 60
    while not gone(child) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert gone(child)


def test_an_interruption_in_the_middle_of_a_start_waits_until_it_is_done() -> None:
    done = False
    with pytest.raises(KeyboardInterrupt), uninterrupted():
        os.kill(os.getpid(), signal.SIGINT)
        done = True
    assert done
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_signal_that_is_ignored_stays_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_program_runs_in_a_group_of_its_own(tmp_path: Path) -> None:
    finished = run(python("import os\nprint(os.getpgid(0))", tmp_path), cwd=tmp_path, variables={})
    assert int(finished.lines[0]) != os.getpgid(0)


def test_a_program_can_be_run_from_another_thread(tmp_path: Path) -> None:
    codes: list[int] = []

    def work() -> None:
        codes.append(run(python("", tmp_path), cwd=tmp_path, variables={}).exit_code)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert codes == [0]
