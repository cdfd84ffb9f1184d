"""A real Slurm on this machine for tests: two nodes, one with pretended GPUs, in a temporary folder.

It shares nothing with a Slurm that may be installed here: its own configuration, ports, munge socket and
key. Only processes started here are ended.
"""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

PACKAGES = ("slurm-wlm", "munge")
DAEMONS = ("munged", "slurmctld", "slurmd")
COMMANDS = ("sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo", "sacct")
CPUS, MEMORY_MB = 4, 64_000  # pretended: what is scheduled here sleeps or waits for most of its time
LONGEST_MIN = 120  # in partition cpu
GPUS = {"small": 2, "large": 1}  # type -> number, on the first node
NODES = ("first", "second")

CONFIGURATION = """\
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
SlurmctldPort={controller_port}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
MailProg=/bin/true
MpiDefault=none
# No cgroups and no accounting: a container seldom has them.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
# The nodes have the cores and the memory that are written here, whatever the machine has.
SlurmdParameters=config_overrides
GresTypes=gpu
SchedulerParameters=sched_interval=1,batch_sched_delay=0,bf_interval=1
KillWait=2
# squeue tells of a job that ended for as long.
MinJobAge=3600
{nodes}PartitionName=cpu Nodes=ALL Default=YES MaxTime={longest_min} DefMemPerCPU=500 State=UP
PartitionName=gpu Nodes=first MaxTime=INFINITE DefMemPerCPU=500 State=UP
"""
# The second is used where the first has no room.
NODE = (
    "NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cpus} RealMemory={memory} "
    "Weight={weight}{gres} State=UNKNOWN\n"
)


class Unavailable(Exception):
    """Slurm cannot run on this machine; the message says why."""


def install() -> None:
    """Install Slurm from the distribution's packages, where it is missing. Raises Unavailable."""
    if os.getuid() != 0:
        raise Unavailable("a Slurm of our own needs root")
    if all(_found(daemon) for daemon in DAEMONS):
        return
    if shutil.which("apt-get") is None:
        raise Unavailable("no slurmctld here, and no apt-get to install it with")
    for command in (["update", "-qq"], ["install", "-qq", "--no-install-recommends", *PACKAGES]):
        done = subprocess.run(
            ["apt-get", "-y", *command],
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        if done.returncode:
            raise Unavailable(f"apt-get {command[0]} failed: {done.stderr.strip()[-300:]}")


class Slurm:
    """A running cluster. ``env``: what programs need to reach it.

    It is a PATH on which Slurm's commands set SLURM_CONF themselves, because Snakemake's plugin removes that
    variable from a job's environment.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        commands = folder / "bin"
        commands.mkdir()
        for name in COMMANDS:
            (commands / name).write_text(
                f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {_found(name)} "$@"\n'
            )
            (commands / name).chmod(0o755)
        self.env = {"PATH": f"{commands}:{os.environ['PATH']}"}

    def tell(self, *command: str) -> str:
        """The output of one of Slurm's commands."""
        env = {**os.environ, **self.env}
        return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout

    def jobs(self) -> list[dict[str, str]]:
        """Every job so far, as ``scontrol show job`` has it."""
        told = self.tell("scontrol", "--oneliner", "show", "job")
        lines = [line for line in told.splitlines() if line.startswith("JobId=")]
        return [dict(part.split("=", 1) for part in line.split(" ") if "=" in part) for line in lines]

    def running(self, comment: str, within_s: float = 90) -> str:
        """The id of the running job with this in its comment, once there is one."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            for job in self.jobs():
                if job["JobState"] == "RUNNING" and comment in job.get("Comment", ""):
                    return job["JobId"]
            time.sleep(0.5)
        raise AssertionError(f"no job {comment} is running: {self.tell('squeue')}")


@contextmanager
def started():
    """A cluster, ended with all its jobs afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="sce-slurm-"))
    folder.chmod(0o755)  # munge wants its socket's folder open to all
    daemons = []
    try:
        _configure(folder)
        slurm = Slurm(folder)
        munge = {
            "socket": folder / "munge.socket",
            "key-file": folder / "munge.key",
            "pid-file": folder / "munge.pid",
            "log-file": folder / "munge.log",
            "seed-file": folder / "munge.seed",
        }
        options = [f"--{name}={value}" for name, value in munge.items()]
        of_nodes = [["slurmd", "-D", "-N", name] for name in NODES]
        for command in (["munged", "--foreground", *options], ["slurmctld", "-D", "-i"], *of_nodes):
            daemons.append(_daemon(command, slurm))
            if command[0] == "munged":
                _wait(lambda: (folder / "munge.socket").exists(), daemons[-1], folder / "munge.log")
        _wait(lambda: _nodes_are_up(slurm), daemons[-1], folder / f"slurmd-{NODES[-1]}.log")
        try:
            yield slurm
        finally:  # the daemons would leave the processes of jobs behind
            slurm.tell("scancel", "--user=root")
            _wait(lambda: not slurm.tell("squeue", "--noheader"), daemons[1], folder / "slurmctld.log")
    finally:
        for daemon in reversed(daemons):
            daemon.terminate()
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _configure(folder):
    host = socket.gethostname().split(".")[0]
    for name in ("state", *(f"spool-{node}" for node in NODES)):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.touch(0o400)
    key.write_bytes(secrets.token_bytes(1024))
    devices = []
    for kind, number in GPUS.items():
        for _ in range(number):
            device = folder / f"gpu{len(devices)}"
            device.symlink_to("/dev/null")  # slurmd wants a character device
            devices.append(f"NodeName={NODES[0]} Name=gpu Type={kind} File={device}\n")
    (folder / "gres.conf").write_text("".join(devices))
    gpus = ",".join(f"gpu:{kind}:{number}" for kind, number in GPUS.items())
    nodes = [
        NODE.format(
            name=name,
            host=host,
            port=_free_port(),
            cpus=CPUS,
            memory=MEMORY_MB,
            weight=1 + number,
            gres="" if number else f" Gres={gpus}",
        )
        for number, name in enumerate(NODES)
    ]
    configuration = CONFIGURATION.format(
        host=host,
        folder=folder,
        controller_port=_free_port(),
        longest_min=LONGEST_MIN,
        nodes="".join(nodes),
    )
    (folder / "slurm.conf").write_text(configuration)


def _daemon(command, slurm):
    with (slurm.folder / f"{command[0]}-{command[-1].rpartition('/')[2]}.out").open("wb") as out:
        return subprocess.Popen(
            [_found(command[0]), *command[1:]],
            env={**os.environ, "SLURM_CONF": str(slurm.folder / "slurm.conf")},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )


def _wait(ready, daemon, log, seconds=60):
    until = time.monotonic() + seconds
    while not ready():
        if daemon.poll() is not None or time.monotonic() > until:
            told = log.read_text()[-2000:] if log.exists() else ""
            out = "".join(path.read_text()[-500:] for path in log.parent.glob("*.out"))
            raise RuntimeError(f"Slurm did not start: {told}{out}")
        time.sleep(0.1)


def _nodes_are_up(slurm):
    try:
        states = slurm.tell("sinfo", "--noheader", "--Node", "--format=%T", "--partition=cpu").split()
        return len(states) == len(NODES) and set(states) <= {"idle", "mixed"}
    except subprocess.CalledProcessError:  # the controller is not up yet
        return False


def _found(program):
    return shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
