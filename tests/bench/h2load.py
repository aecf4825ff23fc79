"""The load generator: nghttp2's h2load, one thread."""

import pathlib
import re
import subprocess
import tempfile
from dataclasses import dataclass, field

# A gRPC message without fields: not compressed, no bytes.
EMPTY_MESSAGE = bytes(5)
GRPC = {"content-type": "application/grpc", "te": "trailers"}
JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Call:
    """What is sent over and over: a GET, or a POST of the body."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    http1: bool = False


@dataclass(frozen=True)
class Load:
    """What came back."""

    succeeded: int
    refused: int
    seconds: float
    body_bytes: int


def run(call: Call, *flags: str) -> Load:
    """Runs to its end; everything but a 2xx ends the benchmark."""
    with tempfile.NamedTemporaryFile() as body:
        done = subprocess.run(command(call, body, *flags), capture_output=True, text=True, check=True)
    load = read(done.stdout)
    if load.refused:
        raise SystemExit(f"calls were refused:\n{done.stdout}")
    return load


def command(call: Call, body: "tempfile._TemporaryFileWrapper[bytes]", *flags: str) -> list[str]:
    words = ["h2load", "--threads=1", *flags, *(["--h1"] if call.http1 else [])]
    if call.body is not None:
        body.write(call.body)
        body.flush()
        words += ["-d", body.name]
    for name, value in call.headers.items():
        words += ["-H", f"{name}: {value}"]
    return [*words, call.url]


def read(text: str) -> Load:
    """What h2load says at its end. Calls without an answer end the benchmark."""
    total, done = map(int, re.search(r"requests: (\d+) total, .* (\d+) done, ", text).groups())
    if done < total or not re.search(r" 0 errored, 0 timeout", text):
        raise SystemExit(f"calls had no answer:\n{text}")
    good, *others = map(int, re.findall(r"(\d+) [2345]xx", text))
    seconds = duration(re.search(r"finished in ([\d.]+\w+)", text)[1])
    return Load(good, sum(others), seconds, int(re.search(r"\((\d+)\) data", text)[1]))


def duration(text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 1e-6, "ms": 1e-3, "s": 1, "m": 60}[unit]


def latencies(log: pathlib.Path) -> list[tuple[int, float]]:
    """Status and milliseconds of every request of a `--log-file`."""
    lines = (line.split("\t") for line in log.read_text().splitlines())
    return [(int(status), int(micros) / 1000) for _, status, micros in lines]
