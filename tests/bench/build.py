"""Builds what is measured, optimised, and says where it is."""

import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).parents[2]


def server() -> str:
    """The program as `make run` builds it."""
    return built("atalaya", "build", "--release", "--bin", "atalaya")


def lab() -> str:
    """What runs inside network namespaces."""
    return built("lab", "build", "--release", "--package", "atalaya-tests", "--bin", "lab")


def bench(name: str) -> str:
    """A program of tests/bench."""
    return built(name, "bench", "--package", "atalaya-tests", "--bench", name, "--no-run")


def built(name: str, *words: str) -> str:
    """Programs that it needs may be built with it."""
    command = ["cargo", *words, "--locked", "--message-format", "json-render-diagnostics"]
    lines = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout.splitlines()
    made = [message for message in map(json.loads, lines) if message.get("executable")]
    return next(message["executable"] for message in made if message["target"]["name"] == name)
