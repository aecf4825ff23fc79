"""An image process of the server's, asked by its pipes what the server asks it (server/src/sandbox/wire.rs)."""

import contextlib
import os
import struct
import subprocess
import time
from collections.abc import Iterator

from server import Process

# What the server gives its image processes.
TUNABLES = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}


class Sandbox(Process):
    """One that waits for work."""

    def __init__(self, popen: subprocess.Popen) -> None:
        super().__init__(popen.pid)
        self.popen = popen

    def work(self, text: str, *files: bytes) -> list[bytes]:
        """Has a job done; its files."""
        job = struct.pack("<I", len(text)) + text.encode() + bytes([len(files)])
        self.popen.stdin.write(job + b"".join(struct.pack("<Q", len(file)) + file for file in files))
        self.popen.stdin.flush()
        while (kind := self._read(1)) == b"P":
            self._read(2)
        if kind != b"R":
            raise SystemExit(f"{text}: {self._read(*struct.unpack('<I', self._read(4)))!r}")
        return [self._read(*struct.unpack("<Q", self._read(8))) for _ in range(self._read(1)[0])]

    def _read(self, length: int) -> bytes:
        read = self.popen.stdout.read(length)
        if len(read) < length:
            raise SystemExit(f"the image process ended: {self.popen.wait()}")
        return read

    def least(self, repetitions: int, text: str, *files: bytes) -> tuple[float, float, list[bytes]]:
        """The least milliseconds of CPU and of waiting, and the last files. A job before warms up."""
        self.work(text, *files)
        cpu_ms, wall_ms, made = [], [], []
        for _ in range(repetitions):
            before, begin = self.busy(""), time.monotonic()
            made = self.work(text, *files)
            wall_ms.append((time.monotonic() - begin) * 1e3)
            cpu_ms.append((self.busy("") - before) / 1e6)
        return min(cpu_ms), min(wall_ms), made


@contextlib.contextmanager
def sandbox(program: str, *arguments: str, threads: int = 1) -> Iterator[Sandbox]:
    """One, ended at the end; with arguments it runs neural networks."""
    environment = {"PATH": os.environ["PATH"], "RTEN_NUM_THREADS": str(threads)} | TUNABLES
    command = [program, "sandbox", *arguments]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as popen:
        yield Sandbox(popen)
        popen.stdin.close()
