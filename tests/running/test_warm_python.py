"""The warm Python does what the ordinary one does; run with few libraries, so that its start is quick."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from sce.running import warm_python

SAY = """
import json, os, sys
print(json.dumps({
    "warm": "wave" in sys.modules, "argv": sys.argv, "name": __name__, "file": __file__, "cwd": os.getcwd(),
    "path": sys.path[:3], "executable": sys.executable, "colour": os.environ.get("COLOUR"),
    "read": sys.stdin.read(),
}))
print("to the log", file=sys.stderr)
"""
WAIT = """
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
pathlib.Path("began").touch()
try:
    time.sleep(60)
except KeyboardInterrupt:
    sys.exit(8)
finally:
    pathlib.Path("ended").touch()
"""
STARTER = """
import subprocess, sys, time
from sce.running import warm_python
command = warm_python.start(("wave",), ())
print(command, flush=True)
subprocess.run([command, *sys.argv[1:]])
"""


@pytest.fixture(scope="module", autouse=True)
def in_a_terminal():
    """Whoever runs the tests in the background has SIGINT ignored, in all that they start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def command(in_a_terminal):
    return warm_python.start(("wave", "no_such_library"), ("sched",))


@pytest.fixture
def script(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)

    def write(text):
        path = tmp_path / "script.py"
        path.write_text(text)
        return str(path)

    return write


def run(*arguments, **options):
    return subprocess.run(arguments, capture_output=True, text=True, timeout=30, **options)


def wait_for(path, seconds=20):
    until = time.monotonic() + seconds
    while not Path(path).exists():
        assert time.monotonic() < until, f"no {path}"
        time.sleep(0.02)


def test_a_script_finds_what_the_ordinary_python_gives_it(command, script, tmp_path):
    there = tmp_path / "there"
    there.mkdir()
    env = {**os.environ, "COLOUR": "blue", "PYTHONPATH": f"{there}:{tmp_path}"}
    asked = (script(SAY), "an argument", "-x")
    warm, cold = (run(python, *asked, env=env, input="sent") for python in (command, sys.executable))
    found = json.loads(warm.stdout)
    assert found == json.loads(cold.stdout) | {"warm": True}
    assert found["path"] == [str(tmp_path), str(there), str(tmp_path)]
    assert (warm.stderr, warm.returncode) == ("to the log\n", 0)


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("", 0, ""),
        ("import sys; sys.exit(3)", 3, ""),
        ("raise SystemExit('why it ended')", 1, "why it ended"),
        ("1 / 0", 1, "ZeroDivisionError"),
        ("raise KeyboardInterrupt", 128 + 2, "KeyboardInterrupt"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 128 + 9, ""),
        ("import atexit, sys; atexit.register(print, 'at the end', file=sys.stderr)", 0, "at the end"),
    ],
)
def test_it_ends_as_its_script_does(command, script, text, status, said):
    done = run(command, script(text))
    assert done.returncode == status
    assert said in done.stderr


def test_each_script_has_a_process_of_its_own(command, script):
    ask = script("import os, wave; print(os.getpid(), hasattr(wave, 'mine')); wave.mine = 1")
    (first, seen_first), (second, seen_second) = (run(command, ask).stdout.split() for _ in range(2))
    assert first != second
    assert (seen_first, seen_second) == ("False", "False")


def test_some_libraries_are_imported_with_the_second_script(script):
    own = warm_python.start(("wave",), ("sched",))
    asked = script("import sys; print('wave' in sys.modules, 'sched' in sys.modules)")
    assert [run(own, asked).stdout.strip() for _ in range(3)] == ["True False", "True True", "True True"]


@pytest.mark.parametrize(
    ("arguments", "env"),
    [(["-c", SAY.replace("__file__", "''")], {}), (["script.py"], {"OMP_NUM_THREADS": "2"})],
)
def test_what_is_no_short_script_runs_in_the_ordinary_python(command, script, arguments, env):
    script(SAY)
    found = json.loads(run(command, *arguments, env={**os.environ, **env}, input="").stdout)
    assert not found["warm"]
    assert found["executable"] == sys.executable


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 7), (signal.SIGINT, 8), (signal.SIGKILL, -9)]
)
def test_a_signal_reaches_the_script(command, script, number, status):
    running = subprocess.Popen([command, script(WAIT)])
    wait_for("began")
    running.send_signal(number)
    assert running.wait(20) == status
    wait_for("ended")  # a command that is killed cannot hand the signal on: its script is told to end


@pytest.mark.parametrize("name", ["too long for the address of a socket" * 3, "with a space"])
def test_a_temporary_folder_that_cannot_hold_it_is_an_error_and_left_empty(name, tmp_path, monkeypatch):
    folder = tmp_path / name
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with pytest.raises(OSError, match=r"AF_UNIX path too long|cannot be run by its path"):
        warm_python.start()
    assert not list(folder.iterdir())


@pytest.fixture
def started(script):
    """A process that has started a server and runs a script by it, with the path of its command."""
    path = script(WAIT)
    env = {**os.environ, "PYTHONPATH": str(Path(warm_python.__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, path],
        stdout=subprocess.PIPE,
        text=True,
        env=env,
        start_new_session=True,
    ) as process:
        command = process.stdout.readline().strip()
        wait_for("began")
        yield process, command
        process.kill()


def running_forks(folder):
    """Processes in a folder, other than this one."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if Path(os.readlink(process / "cwd")) == folder and int(process.name) != os.getpid():
                found.append(int(process.name))
        except OSError:
            continue
    return found


def wait_for_no_process(folder, seconds=20):
    until = time.monotonic() + seconds
    while running_forks(folder):
        assert time.monotonic() < until, "a process goes on"
        time.sleep(0.05)


def test_kill_9_of_a_whole_run_leaves_no_process(started, tmp_path):
    process, _ = started
    os.killpg(process.pid, signal.SIGKILL)
    wait_for_no_process(tmp_path)
    assert not (tmp_path / "ended").exists()  # killed, not asked to end


def test_what_runs_when_its_starter_dies_goes_on_to_its_end(started, tmp_path):
    process, command = started
    process.kill()
    process.wait()
    assert run(command, "-c", "print('cold')").stdout == "cold\n"
    (tmp_path / "script.py").write_text(SAY)
    deadline = time.monotonic() + 20
    while json.loads(run(command, "script.py", input="").stdout)["warm"]:  # until its server has seen it
        assert time.monotonic() < deadline
    assert running_forks(tmp_path)
    (fork,) = [pid for pid in running_forks(tmp_path) if os.getpgid(pid) == pid]
    os.kill(fork, signal.SIGTERM)
    wait_for_no_process(tmp_path)
    assert (tmp_path / "ended").exists()
    assert not Path(command).exists()  # and the server leaves nothing behind
