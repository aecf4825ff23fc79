"""Edits by neural networks: ours by rten and by ONNX Runtime, beside the same in Python's onnxruntime, and rembg."""

import importlib.util
import io
import json
import os
import pathlib
import subprocess
import sys

from PIL import Image
from sandbox import sandbox
from tables import ratio, table, verdict

ROUNDS, REPETITIONS, THREADS = 3, 5, 2
HEADS = ["edit", "program", "wall ms", "to Python", "CPU ms", "to Python", "MiB at most"]
# Of our wall time to Python's, at most.
GOALS = {"rten": 1.5, "ONNX Runtime": 1.05}
# Each edit: what it is called here, how a task spells it, and its networks.
EDITS = {
    "x4, 256x256": ("upscale_image 4 photo", ["upconv7photo_n1_x2.onnx", "upconv7photo_x2.onnx"]),
    "background, 1024x768": ("remove_background_image", ["u2netp.onnx"]),
}
PYTHON = "Python, onnxruntime"
# What each edit is beside, and what networks_peer.py calls that.
PEERS = {
    "x4, 256x256": {PYTHON: "x4"},
    "background, 1024x768": {PYTHON: "background", "rembg": "rembg"},
}


def measure(program: str, models: pathlib.Path) -> str:
    rows, goals = [], []
    for edit, (text, names) in EDITS.items():
        source = pictures()[edit]
        networks = [(models / name).read_bytes() for name in names]
        rounds = []
        for _ in range(ROUNDS):
            mine = {engine: ours(program, engine, text, source, networks) for engine in GOALS}
            rounds.append(({name: peer(work, models, source) for name, work in PEERS[edit].items()}, mine))
        theirs = {name: least([found[name] for found, _ in rounds]) for name in PEERS[edit]}
        python = theirs[PYTHON]
        rows += [[edit, name, *figures(found, python)] for name, found in theirs.items()]
        for engine, most in GOALS.items():
            made = least([mine[engine] for _, mine in rounds])
            part = made["wall_ms"] / python["wall_ms"]
            rows.append([edit, f"Atalaya, {engine}", *figures(made, python)])
            lean = all(made["memory_mb"] < found["memory_mb"] for found in theirs.values())
            goals.append(f"{edit}, {engine}, at most {most:g} times: {verdict(part <= most)}, less memory: {verdict(lean)}")
    return table(HEADS, rows) + f"\n\nGoals: {'; '.join(goals)}."


def least(rounds: list[dict[str, float]]) -> dict[str, float]:
    """The least times; of memory the most."""
    memory = max(found["memory_mb"] for found in rounds)
    return {**{time: min(found[time] for found in rounds) for time in ("wall_ms", "cpu_ms")}, "memory_mb": memory}


def figures(found: dict[str, float], theirs: dict[str, float]) -> list[str]:
    times = [(f"{found[time]:.0f}", ratio(found[time] / theirs[time])) for time in ("wall_ms", "cpu_ms")]
    return [*sum(times, ()), f"{found['memory_mb']:.0f}"]


def pictures() -> dict[str, bytes]:
    """A PNG of a face, and one of a cup."""
    folder = pathlib.Path(importlib.util.find_spec("skimage").submodule_search_locations[0], "data")
    face = Image.open(folder / "astronaut.png").convert("RGB").crop((96, 0, 352, 256))
    cup = Image.open(folder / "coffee.png").convert("RGB").resize((1024, 768), Image.Resampling.LANCZOS)
    return dict(zip(EDITS, map(png, (face, cup))))


def png(picture: Image.Image) -> bytes:
    output = io.BytesIO()
    picture.save(output, "PNG")
    return output.getvalue()


def ours(program: str, engine: str, text: str, source: bytes, networks: list[bytes]) -> dict[str, float]:
    arguments = ["--networks", f"--threads={THREADS}"]
    if engine == "ONNX Runtime":
        arguments += ["--library", str(library())]
    with sandbox(program, *arguments, threads=THREADS) as process:
        cpu_ms, wall_ms, _ = process.least(REPETITIONS, text, source, *networks)
        return {"cpu_ms": cpu_ms, "wall_ms": wall_ms, "memory_mb": process.memory("VmHWM")}


def library() -> pathlib.Path:
    """ONNX Runtime's, in the package that Python's is in too."""
    folder = pathlib.Path(importlib.util.find_spec("onnxruntime").submodule_search_locations[0], "capi")
    return next(folder.glob("libonnxruntime.so.*"))


def peer(work: str, models: pathlib.Path, source: bytes) -> dict[str, float]:
    here = pathlib.Path(__file__).with_name("networks_peer.py")
    command = [sys.executable, here, work, models, str(THREADS), str(REPETITIONS)]
    ran = subprocess.run(command, input=source, env=os.environ, check=True, stdout=subprocess.PIPE)
    return json.loads(ran.stdout)
