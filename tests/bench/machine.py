"""Where and when a benchmark ran."""

import os
import pathlib
import platform
import subprocess
from datetime import datetime, timezone


def describe() -> str:
    """One line: date, processor, memory, kernel, compiler, load."""
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.split(" (")[0]
    return (
        f"{now}; {processor()}, {os.cpu_count()} cores, {memory:.0f} GiB; "
        f"Linux {platform.release()}; {rustc}; load at the start {load()}"
    )


def processor() -> str:
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    fields = dict(map(str.strip, line.split(":", 1)) for line in lines if ":" in line)
    model = fields.get("model name", platform.machine())
    return f"{model} (family {fields.get('cpu family', '?')}, model {fields.get('model', '?')})"


def load() -> str:
    """Programs that wanted a core, on average over the last minute."""
    return f"{os.getloadavg()[0]:.1f}"
