"""`make bench-images`: four edits of a 12-megapixel JPEG, ours beside the peers', one thread each, in one run; looks at
the same photo; and edits by neural networks.

Every measurement is a process of its own; rounds go through all programs in turn, so that a busy
machine slows all of them alike. Prints Markdown; says which goals are missed.
"""

import io
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

import build
import looks
import machine
import networks
import numpy
import peers
import photo
from PIL import Image
from tables import ratio, table

ROUNDS = 5
REPETITIONS = 5
OURS = "Atalaya"
PROGRAMS = (OURS, *peers.PEERS, "jpegtran")
# Each edit: what it is called here, how a task spells it, and what it is.
EDITS = {
    "left": ("rotate_image 90", "rotate 90° left"),
    "right": ("rotate_image 270", "rotate 90° right"),
    "gray": ("grayscale_image", "grayscale"),
    "compress": ("compress_image 60", "recompress q60"),
    "double": ("upscale_image 2", "x2 nearest"),
}
ONE_THREAD = {"VIPS_CONCURRENCY": "1", "OMP_NUM_THREADS": "1"}
# Blocks of memory with and without huge pages. The server gives its image processes the former.
MEMORIES = {"huge pages": {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}, "small pages": {}}


@dataclass
class Found:
    """The best of all rounds."""

    cpu_ms: dict[str, float] = field(default_factory=dict)
    memory_mb: float = 0.0
    bytes: int = 0
    fidelity_db: float = 0.0


def measure(ours: str, folder: pathlib.Path) -> dict[tuple[str, str], Found]:
    found: dict[tuple[str, str], Found] = {}
    for number in range(ROUNDS):
        for edit in EDITS:
            for program in [p for p in PROGRAMS if p != "jpegtran" or edit in peers.JPEGTRAN]:
                best = found.setdefault((edit, program), Found())
                for memory, tunables in MEMORIES.items():
                    result = run(ours, edit, program, folder, tunables)
                    cpu = min(result["cpu_ms"], best.cpu_ms.get(memory, math.inf))
                    best.cpu_ms[memory] = cpu
                    best.memory_mb = max(best.memory_mb, result["memory_mb"])
        print(f"round {number + 1} of {ROUNDS}, load {machine.load()}", file=sys.stderr)
    for (edit, program), best in found.items():
        made = output(folder, edit, program).read_bytes()
        best.bytes = len(made)
        best.fidelity_db = fidelity(edit, (folder / "photo.jpg").read_bytes(), made)
    return found


def run(ours: str, edit: str, program: str, folder: pathlib.Path, tunables: dict[str, str]) -> dict[str, float]:
    here = pathlib.Path(__file__).parent
    command = [ours, EDITS[edit][0]] if program == OURS else [sys.executable, here / "peers.py", program, edit]
    command += [folder / "photo.jpg", str(REPETITIONS), output(folder, edit, program)]
    environment = os.environ | ONE_THREAD | tunables
    return json.loads(subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE).stdout)


def output(folder: pathlib.Path, edit: str, program: str) -> pathlib.Path:
    return folder / f"{edit}-{program}.jpg"


def fidelity(edit: str, source: bytes, result: bytes) -> float:
    """PSNR in dB of the brightness against the edit of the photo's own pixels; infinite if it is the same."""
    expected, made = brightness(source), brightness(result)
    expected = {
        "left": lambda: numpy.rot90(expected),
        "right": lambda: numpy.rot90(expected, -1),
        "gray": lambda: expected,
        "compress": lambda: expected,
        "double": lambda: expected.repeat(2, 0).repeat(2, 1),
    }[edit]()
    if expected.shape != made.shape:
        raise SystemExit(f"{edit}: the result is {made.shape}, not {expected.shape}")
    squares = numpy.square(expected.astype(numpy.int16) - made, dtype=numpy.int32)
    error = float(squares.mean())
    return 10 * math.log10(255**2 / error) if error else math.inf


def brightness(image: bytes) -> numpy.ndarray:
    with Image.open(io.BytesIO(image)) as opened:
        opened.draft("L", opened.size)
        return numpy.asarray(opened.convert("L"))


def report(found: dict[tuple[str, str], Found]) -> None:
    rows = []
    missed: dict[str, list[str]] = {memory: [] for memory in MEMORIES}
    for (edit, program), theirs in found.items():
        times = []
        for memory, misses in missed.items():
            part = found[edit, OURS].cpu_ms[memory] / theirs.cpu_ms[memory]
            times += [f"{theirs.cpu_ms[memory]:.1f}", ratio(part)]
            misses += [f"{EDITS[edit][1]}, {program}: {ratio(part)}"] if part > 1 else []
        same = "identical" if math.isinf(theirs.fidelity_db) else f"{theirs.fidelity_db:.1f} dB"
        rows.append([EDITS[edit][1], program, *times, f"{theirs.bytes:,}", same, f"{theirs.memory_mb:.0f}"])
    heads = [head for memory in MEMORIES for head in (f"CPU ms, {memory}", "ours / theirs")]
    print(table(["edit", "program", *heads, "bytes", "fidelity", "MiB"], rows))
    print()
    for memory, misses in missed.items():
        verdict = "; ".join(["missed", *misses]) if misses else "reached"
        print(f"Goal, CPU no more than each peer's, {memory}: {verdict}.")


def versions() -> str:
    import cv2
    import pyvips
    from PIL import __version__ as pillow
    from PIL import features

    jpegtran = subprocess.run(["jpegtran", "-version"], capture_output=True, text=True, check=True)
    vips = ".".join(str(pyvips.version(part)) for part in range(3))
    return (
        f"Pillow {pillow} (libjpeg-turbo {features.version('libjpeg_turbo')}), OpenCV {cv2.__version__}, "
        f"libvips {vips}, jpegtran: {(jpegtran.stderr or jpegtran.stdout).split(' (')[0]}"
    )


def main() -> None:
    ours, program = build.bench("edits"), build.server()
    source = photo.make()
    print(f"{machine.describe()}\n\n{versions()}\n\nPhoto: {photo.describe(source)}")
    print(f"\nLeast CPU time of {ROUNDS} x {REPETITIONS}, one thread each.", end=" ")
    with tempfile.TemporaryDirectory(prefix="atalaya-bench-") as name:
        folder = pathlib.Path(name)
        (folder / "photo.jpg").write_bytes(source)
        found = measure(ours, folder)
        print(f"Load of the machine at the end: {machine.load()}.\n")
        report(found)
        print("\n### Looks at the photo\n")
        print(looks.measure(program, folder / "house"))
        print(f"\n### Neural networks, {networks.THREADS} threads\n")
        print(networks.measure(program, build.ROOT / "models"))
        print(f"\nLoad of the machine at the end: {machine.load()}.")


if __name__ == "__main__":
    main()
