"""A warm Python does what the ordinary one does; here with few libraries, which are imported quickly."""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sce.running import warm
from tests.conftest import ROOT

SCRIPTS = Path("/workflow/scripts")
OURS = f"__file__ = '{SCRIPTS}/step.py'\n"  # as Snakemake writes it before a script
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
STARTER = f"""
import pathlib, subprocess, sys
from sce.running import warm
command = warm.start(pathlib.Path(), pathlib.Path({str(SCRIPTS)!r}), ("wave",), ())
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
def command(in_a_terminal, tmp_path_factory):
    return warm.start(tmp_path_factory.mktemp("made"), SCRIPTS, ("wave", "no_such_library"), ())


@pytest.fixture
def script(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)

    def write(text, before=OURS):
        path = tmp_path / "script.py"
        path.write_text(before + text)
        return str(path)

    return write


def run(*arguments, **options):
    return subprocess.run(arguments, capture_output=True, text=True, timeout=30, **options)


def is_warm(command, script, **environment):
    done = run(command, script(SAY), env={**os.environ, **environment}, input="")
    return json.loads(done.stdout)["warm"]


def wait_until(holds, seconds=20):
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_script_finds_what_the_ordinary_python_gives_it(command, script, tmp_path):
    there = tmp_path / "there"
    there.mkdir()
    env = {**os.environ, "COLOUR": "blue", "PYTHONPATH": f"{there}:{tmp_path}"}
    asked = (script(SAY), "an argument", "-x")
    ours, ordinary = (run(python, *asked, env=env, input="sent") for python in (command, sys.executable))
    found = json.loads(ours.stdout)
    assert found == json.loads(ordinary.stdout) | {"warm": True}
    assert found["path"] == [str(tmp_path), str(there), str(tmp_path)]
    assert (ours.stderr, ours.returncode) == ("to the log\n", 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "import sys; sys.exit(3)",
        "raise SystemExit('why it ended')",
        "import sys; sys.exit(2**40 + 5)",
        "def f():\n    1 / 0\nf()",
        "import os, signal; print('killed', flush=True); os.kill(os.getpid(), signal.SIGTERM)",
        "import atexit, sys; atexit.register(print, 'at the end', file=sys.stderr)",
        "import sys; sys.excepthook = lambda *_: print('in its own words', file=sys.stderr); 1 / 0",
        "import sys; sys.stdout.close(); sys.stderr = None",
        "import sys\nwith open('log', 'w') as file:\n    sys.stdout = sys.stderr = file\n    print('said')",
        "import threading, time, sys\n"
        "threading.Thread(target=lambda: (time.sleep(0.1), print('later', file=sys.stderr))).start()",
    ],
)
def test_it_ends_as_the_ordinary_python_does(command, script, text):
    shell = "{python} {script} && true"  # tells of a signal by its number
    ours, ordinary = (
        run("sh", "-c", shell.format(python=python, script=script(text)))
        for python in (command, sys.executable)
    )
    assert ours.returncode == ordinary.returncode
    assert ours.stdout == ordinary.stdout
    assert ours.stderr == ordinary.stderr.removesuffix("Terminated\n")  # the shell's word


def test_files_that_a_script_leaves_open_are_written(command, script, tmp_path):
    run(command, script("def f(): pass\nfile = open('left', 'w'); file.write('all of it')"))
    assert (tmp_path / "left").read_text() == "all of it"


def test_each_script_has_a_process_of_its_own(command, script):
    ask = script("import os, wave; print(os.getpid(), hasattr(wave, 'mine')); wave.mine = 1")
    (first, seen_first), (second, seen_second) = (run(command, ask).stdout.split() for _ in range(2))
    assert first != second
    assert (seen_first, seen_second) == ("False", "False")


def test_random_numbers_differ_from_script_to_script(tmp_path, script):
    own = warm.start(tmp_path, SCRIPTS, ("numpy",), ())
    draw = script("import random, numpy; print(random.random(), numpy.random.rand())")
    drawn = {number for _ in range(3) for number in run(own, draw).stdout.split()}
    assert len(drawn) == 6


def test_some_libraries_are_imported_with_the_second_script(tmp_path, script):
    own = warm.start(tmp_path, SCRIPTS, ("wave",), ("sched",))
    asked = script("import sys; print('wave' in sys.modules, 'sched' in sys.modules)")
    assert [run(own, asked).stdout.strip() for _ in range(3)] == ["True False", "True True", "True True"]


@pytest.mark.parametrize("before", ["", "__file__ = '/somebody/scripts/step.py'\n"])
def test_scripts_of_others_run_in_the_ordinary_python(command, script, before):
    found = json.loads(run(command, script(SAY, before), input="").stdout)
    assert not found["warm"]
    assert found["executable"] == sys.executable


@pytest.mark.parametrize(
    "environment",
    [
        {"OMP_NUM_THREADS": "2"},
        {"LD_LIBRARY_PATH": "/a/module/of/the/cluster"},
        {"PYTHONWARNINGS": "error"},
        {"MPLBACKEND": "svg"},
    ],
)
def test_other_settings_of_libraries_take_the_ordinary_python(command, script, environment):
    assert is_warm(command, script, OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
    assert not is_warm(command, script, **environment)


def test_threads_that_the_user_allows_are_not_those_of_a_job_with_one(tmp_path, script, monkeypatch):
    monkeypatch.setenv("NUMEXPR_NUM_THREADS", "8")
    own = warm.start(tmp_path, SCRIPTS, ("wave",), ())
    assert not is_warm(own, script)
    assert is_warm(own, script, NUMEXPR_NUM_THREADS="1")


def test_whatever_is_no_file_is_run_by_the_ordinary_python(command):
    assert run(command, "-c", "print(1)").stdout == "1\n"
    assert "can't open file" in run(command, "no_such_script.py").stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_who_ends_the_command_ends_its_script(command, script, number, tmp_path):
    running = subprocess.Popen([command, script(WAIT)])
    wait_until((tmp_path / "began").exists)
    running.send_signal(number)
    assert running.wait(20) == (7 if number == signal.SIGTERM else -number)
    wait_until((tmp_path / "ended").exists)


def test_a_signal_right_at_the_start_is_not_lost(command, script, tmp_path):
    for tenth_of_ms in range(0, 400, 10):
        running = subprocess.Popen(
            [command, script("import time; time.sleep(20)")], stderr=subprocess.DEVNULL
        )
        time.sleep(tenth_of_ms / 10_000)
        running.send_signal(signal.SIGTERM)
        assert running.wait(10) in (-signal.SIGTERM, 128 + signal.SIGTERM)
    wait_until(lambda: not processes(tmp_path))


def test_commands_that_send_nothing_hold_up_nobody_for_long(command, script, monkeypatch):
    monkeypatch.chdir(Path(command).parent)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect("socket")
        assert is_warm(command, script)


def test_without_files_to_open_the_ordinary_python_runs_it(tmp_path, script):
    """The server fails to take on a script, and lives on."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    own = warm.start(tmp_path, SCRIPTS, ("wave",), ())
    assert is_warm(own, script)
    server = server_in(tmp_path)
    resource.prlimit(server, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{server}/fd")) + 1, hard))
    assert not is_warm(own, script)
    resource.prlimit(server, resource.RLIMIT_NOFILE, (soft, hard))
    assert is_warm(own, script)


def test_a_script_is_not_run_again_where_its_server_is_killed_before_it_reads_a_signal(tmp_path, script):
    own = warm.start(tmp_path, SCRIPTS, ("wave",), ())
    assert is_warm(own, script)
    server, began = server_in(tmp_path), tmp_path / "began"
    with subprocess.Popen([own, script(WAIT)], stderr=subprocess.PIPE, text=True) as running:
        wait_until(began.exists)
        began.unlink()
        os.kill(server, signal.SIGSTOP)
        running.terminate()
        time.sleep(0.2)  # the command sends it on
        os.kill(server, signal.SIGKILL)
        assert "run again" in running.communicate(timeout=20)[1]
    assert running.returncode == 1
    assert not began.exists()


def test_a_server_keeps_no_stream_of_its_starter(tmp_path, script):
    """A terminal's bars, say, which end when nobody can write to them any more."""
    own = warm.start(tmp_path, SCRIPTS, ("wave",), ())
    assert is_warm(own, script)
    streams = Path(f"/proc/{server_in(tmp_path)}/fd")
    assert [os.readlink(streams / name) for name in "12"] == ["/dev/null"] * 2


@pytest.mark.parametrize("name", ["with a space", "it's"])
def test_a_folder_that_cannot_hold_the_command_is_an_error_and_left_empty(name, tmp_path):
    folder = tmp_path / name
    folder.mkdir()
    with pytest.raises(OSError, match="cannot be run by its path"):
        warm.start(folder, SCRIPTS)
    assert not list(folder.iterdir())


def test_a_folder_with_a_long_path_holds_the_socket(tmp_path, script):
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    assert is_warm(warm.start(folder, SCRIPTS, ("wave",), ()), script)


@pytest.fixture
def started(script, tmp_path):
    """A process that has started a server and runs a script by it, and the path of its command."""
    with subprocess.Popen(
        [sys.executable, "-c", STARTER, script(WAIT)], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, start_new_session=True,
    ) as process:  # fmt: skip
        command = process.stdout.readline().strip()
        wait_until((tmp_path / "began").exists)
        yield process, command
        process.kill()


def processes(folder):
    """Other processes in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if Path(os.readlink(process / "cwd")) == folder and int(process.name) != os.getpid():
                found.append(int(process.name))
        except OSError:  # it has ended
            continue
    return found


def server_in(folder):
    """The server that was started in a folder, while none of its forks is there."""
    (server,) = (pid for pid in processes(folder) if "server.py" in arguments(pid))
    return server


def arguments(pid):
    return Path(f"/proc/{pid}/cmdline").read_text()


def test_a_whole_run_gets_signals_as_one_group(started, tmp_path):
    process, _ = started
    assert {os.getpgid(pid) for pid in processes(tmp_path)} == {process.pid}
    os.killpg(process.pid, signal.SIGINT)  # Ctrl-C
    wait_until(lambda: not processes(tmp_path))
    assert (tmp_path / "ended").exists()


def test_kill_9_of_a_whole_run_leaves_no_process(started, tmp_path):
    os.killpg(started[0].pid, signal.SIGKILL)
    wait_until(lambda: not processes(tmp_path))
    assert not (tmp_path / "ended").exists()  # killed, not asked to end


def test_a_script_does_not_outlive_its_server(started, tmp_path):
    (server,) = (pid for pid in processes(tmp_path) if "server.py" in arguments(pid) and is_parent(pid))
    os.kill(server, signal.SIGKILL)
    wait_until(lambda: not processes(tmp_path))
    assert not (tmp_path / "ended").exists()


def is_parent(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text() != ""


def test_what_runs_when_its_starter_dies_goes_on_to_its_end(started, script, tmp_path):
    process, command = started
    process.kill()
    process.wait()
    wait_until(lambda: not is_warm(command, script))  # its server has seen it
    (fork,) = (pid for pid in processes(tmp_path) if "server.py" in arguments(pid) and not is_parent(pid))
    os.kill(fork, signal.SIGTERM)
    wait_until(lambda: not processes(tmp_path))
    assert (tmp_path / "ended").exists()
    assert not Path(command).parent.exists()  # nor does the server leave anything
