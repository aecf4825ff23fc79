"""Builds what is measured, optimised, and says where it is."""

import json
import pathlib
import subprocess

ROOT = pathlib.Path(__file__).parents[2]


def server() -> str:
    """The program as `make run` builds it."""
    return built("build", "--release", "--bin", "atalaya")


def bench(name: str) -> str:
    """A program of tests/bench."""
    return built("bench", "--package", "atalaya-tests", "--bench", name, "--no-run")


def built(*words: str) -> str:
    command = ["cargo", *words, "--locked", "--message-format", "json-render-diagnostics"]
    lines = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout.splitlines()
    programs = [message["executable"] for message in map(json.loads, lines) if message.get("executable")]
    return programs[-1]
