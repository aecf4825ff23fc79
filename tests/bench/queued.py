"""Edits through the whole house: uploaded, queued, fetched, edited in the sandbox, kept, reported."""

import pathlib
import time

import photo
from client import Client
from server import server
from tables import table

# As many as an account may have waiting, at most 100; enough to keep every worker busy for seconds.
LARGE, SMALL = 40, 100
SMALL_SIZE = (640, 480)
POLL_S = 0.01


def measure(program: str, folder: pathlib.Path) -> str:
    large = photo.make()
    rows = [
        run(program, folder / "large", "12 MP, rotate 90°", large, LARGE),
        run(program, folder / "small", "640x480, rotate 90°", photo.small(large, *SMALL_SIZE), SMALL),
    ]
    heads = ["edits", "bytes each", "count", "seconds", "edits/s", "CPU ms each", "server MiB at most"]
    return table(heads, rows)


def run(program: str, folder: pathlib.Path, name: str, image: bytes, count: int) -> list[str]:
    with server(program, folder) as house:
        client = Client(house.url)
        client.sign_up()
        client.log_in()
        images = [client.upload(image) for _ in range(count)]
        # Whatever is started at the first edit is not what is measured.
        warm_up = client.upload(image)
        client.rotate(warm_up)
        wait(client, [warm_up])
        house.forget_peak()
        cpu, begin = house.cpu(), time.monotonic()
        for uploaded in images:
            client.rotate(uploaded)
        wait(client, images)
        seconds, cpu = time.monotonic() - begin, house.cpu() - cpu
        figures = [f"{seconds:.1f}", f"{count / seconds:.1f}", f"{cpu / count * 1000:.1f}"]
        return [name, f"{len(image):,}", f"{count}", *figures, f"{house.memory('VmHWM'):.0f}"]


def wait(client: Client, images: list[str]) -> None:
    """Until each is turned. They end in about their order, so one poll at a time is enough."""
    for image in images:
        while (status := client.rotation(image)) != "success":
            if status == "failure":
                raise SystemExit("an edit failed")
            time.sleep(POLL_S)
