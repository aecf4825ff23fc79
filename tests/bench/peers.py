"""One edit by one peer, as a program: prints the least CPU time of some repetitions, as JSON.

`peers.py PEER EDIT PHOTO REPETITIONS OUTPUT`. Bytes in, bytes out, in memory; jpegtran is a program and
gets files. One thread each: by the environment that images.py gives, and `setNumThreads`.
"""

import io
import json
import pathlib
import re
import resource
import subprocess
import sys
from collections.abc import Callable

# The photo's own quality, which the server keeps: with another one the work would not be the same.
QUALITY = 92
COMPRESSED = 60

Edit = Callable[[bytes], bytes]


def pillow() -> dict[str, Edit]:
    from PIL import Image

    def save(image: Image.Image, quality: int = QUALITY, optimize: bool = False) -> bytes:
        output = io.BytesIO()
        image.save(output, "JPEG", quality=quality, subsampling="4:2:0", optimize=optimize)
        return output.getvalue()

    def read(source: bytes) -> Image.Image:
        return Image.open(io.BytesIO(source))

    def gray(source: bytes) -> bytes:
        image = read(source)
        # Decodes the brightness alone.
        image.draft("L", image.size)
        return save(image)

    def double(source: bytes) -> bytes:
        image = read(source)
        return save(image.resize((image.width * 2, image.height * 2), Image.Resampling.NEAREST))

    return {
        "left": lambda source: save(read(source).transpose(Image.Transpose.ROTATE_90)),
        "right": lambda source: save(read(source).transpose(Image.Transpose.ROTATE_270)),
        "gray": gray,
        "compress": lambda source: save(read(source), COMPRESSED, optimize=True),
        "double": double,
    }


def opencv() -> dict[str, Edit]:
    import cv2
    import numpy

    cv2.setNumThreads(1)
    colour, brightness = cv2.IMREAD_COLOR, cv2.IMREAD_GRAYSCALE

    def read(source: bytes, flags: int = colour) -> numpy.ndarray:
        return cv2.imdecode(numpy.frombuffer(source, numpy.uint8), flags)

    def save(image: numpy.ndarray, quality: int = QUALITY, optimize: int = 0) -> bytes:
        options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, optimize]
        options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420]
        return cv2.imencode(".jpg", image, options)[1].tobytes()

    return {
        "left": lambda source: save(cv2.rotate(read(source), cv2.ROTATE_90_COUNTERCLOCKWISE)),
        "right": lambda source: save(cv2.rotate(read(source), cv2.ROTATE_90_CLOCKWISE)),
        "gray": lambda source: save(read(source, brightness)),
        "compress": lambda source: save(read(source), COMPRESSED, optimize=1),
        "double": lambda source: save(cv2.resize(read(source), None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)),
    }


def libvips() -> dict[str, Edit]:
    import pyvips

    # An edit must not be answered from the cache of the one before.
    pyvips.cache_set_max(0)

    def read(source: bytes, access: str = "sequential") -> pyvips.Image:
        return pyvips.Image.new_from_buffer(source, "", access=access)

    def save(image: pyvips.Image, quality: int = QUALITY, optimize: bool = False) -> bytes:
        # "on" is 4:2:0; left to itself it is 4:4:4 from quality 90 on.
        return image.jpegsave_buffer(Q=quality, subsample_mode="on", optimize_coding=optimize)

    return {
        "left": lambda source: save(read(source, "random").rot270()),
        "right": lambda source: save(read(source, "random").rot90()),
        "gray": lambda source: save(read(source).colourspace("b-w")),
        "compress": lambda source: save(read(source), COMPRESSED, optimize=True),
        "double": lambda source: save(read(source).zoom(2, 2)),
    }


PEERS = {"Pillow": pillow, "OpenCV": opencv, "libvips": libvips}
# It moves coefficients and can do nothing else. It can't turn this photo right: 3000 rows are no multiple of
# a block's 16, and what would be the first column is half a block.
JPEGTRAN = {"left": ["-perfect", "-rotate", "270"], "gray": ["-grayscale"]}


def run_library(edit: Edit, source: bytes, repetitions: int, output: pathlib.Path) -> dict[str, float]:
    times = []
    start = memory("VmRSS")
    for _ in range(repetitions):
        before = cpu(resource.RUSAGE_SELF)
        result = edit(source)
        times.append(cpu(resource.RUSAGE_SELF) - before)
        output.write_bytes(result)
    return {"cpu_ms": min(times), "memory_mb": memory("VmHWM") - start}


def run_jpegtran(arguments: list[str], source: str, repetitions: int, output: pathlib.Path) -> dict[str, float]:
    times = []
    for _ in range(repetitions):
        before = cpu(resource.RUSAGE_CHILDREN)
        subprocess.run(["jpegtran", *arguments, "-outfile", output, source], check=True)
        times.append(cpu(resource.RUSAGE_CHILDREN) - before)
    # Of a child that has ended, the most includes what its parent had at the fork: this small program.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {"cpu_ms": min(times), "memory_mb": peak}


def cpu(who: int) -> float:
    """Milliseconds of CPU, in the program and in the kernel for it."""
    usage = resource.getrusage(who)
    return (usage.ru_utime + usage.ru_stime) * 1000


def memory(field: str) -> float:
    """Resident MiB: now (`VmRSS`) or at most (`VmHWM`)."""
    text = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(rf"{field}:\s+(\d+)", text)[1]) / 1024


def main() -> None:
    peer, edit, source, repetitions, output = sys.argv[1:]
    if peer == "jpegtran":
        found = run_jpegtran(JPEGTRAN[edit], source, int(repetitions), pathlib.Path(output))
    else:
        photograph = pathlib.Path(source).read_bytes()
        found = run_library(PEERS[peer]()[edit], photograph, int(repetitions), pathlib.Path(output))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
