"""The program under measurement: starts it on loopback, reads its CPU and memory from /proc, ends it."""

import contextlib
import os
import pathlib
import re
import subprocess
import sys
import time
from collections.abc import Iterator

READY = re.compile(r"listening on (http://\S+)")
TICKS = os.sysconf("SC_CLK_TCK")


class Process:
    """A running process and its children."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def cpu(self) -> float:
        """Seconds of CPU so far, children included."""
        return sum(self._cpu(pid) for pid in (self.pid, *self.children()))

    def _cpu(self, pid: int) -> float:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            # User, system, and both of children that have ended: fields 14 to 17.
            return sum(map(int, fields(f"/proc/{pid}/stat")[11:15])) / TICKS
        return 0.0

    def threads(self, name: str) -> list[float]:
        """Seconds of CPU so far of each thread whose name begins so."""
        return [sum(map(int, fields(f"{task}/stat")[11:13])) / TICKS for task in self._tasks(name)]

    def busy(self, name: str) -> int:
        """Nanoseconds of CPU so far of all threads whose name begins so. Exact while they sleep."""
        return sum(int((task / "schedstat").read_text().split()[0]) for task in self._tasks(name))

    def _tasks(self, name: str) -> list[pathlib.Path]:
        tasks = sorted(pathlib.Path(f"/proc/{self.pid}/task").iterdir())
        return [task for task in tasks if (task / "comm").read_text().startswith(name)]

    def memory(self, field: str = "VmRSS") -> float:
        """Resident MiB now; the most so far as `VmHWM`."""
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        found = re.search(rf"^{field}:\s+(\d+) kB", text, re.MULTILINE)
        return int(found[1]) / 1024 if found else 0.0

    def forget_peak(self) -> None:
        """Makes `VmHWM` what is resident now."""
        pathlib.Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def children(self) -> list[int]:
        tasks = pathlib.Path(f"/proc/{self.pid}/task").glob("*/children")
        return [int(pid) for task in tasks for pid in task.read_text().split()]


class Server(Process):
    """A process of ours that is ready."""

    def __init__(self, popen: subprocess.Popen, url: str, ready_s: float) -> None:
        super().__init__(popen.pid)
        self.popen, self.url, self.ready_s = popen, url, ready_s


@contextlib.contextmanager
def server(program: str, folder: pathlib.Path, *arguments: str, **settings: str) -> Iterator[Server]:
    """Our program with its data in a folder, on a free port, without rate limits; ended at the end.

    Settings that can't be flags are named as in the environment.
    """
    command = [program, "--listen", "127.0.0.1:0", "--data-dir", folder, "--rate-limits", "off"]
    command += ["--session-ttl", "1day", "--log-level", "error", *arguments]
    begin = time.monotonic()
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=environment() | settings, text=True) as popen:
        try:
            url = address(popen)
            yield Server(popen, url, time.monotonic() - begin)
        finally:
            popen.terminate()


def environment() -> dict[str, str]:
    """Without settings of whoever measures."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("ATALAYA_", "AWS_"))}


def address(popen: subprocess.Popen) -> str:
    for line in popen.stderr:
        if found := READY.search(line):
            return found[1]
        sys.stderr.write(line)
    raise SystemExit("the server did not start")


def fields(file: str) -> list[str]:
    """A stat file from its third field on: the name before may have blanks."""
    return pathlib.Path(file).read_text().rpartition(")")[2].split()
