"""What a look at the photo costs: EXIF read through the house, a report made in an image process."""

import io
import pathlib

import photo
from client import Client
from PIL import Image
from sandbox import sandbox
from server import server
from tables import table, verdict

READS, REPETITIONS = 1000, 5
GOALS_MS = {"EXIF": 1.0, "report": 400.0}
HEADS = ["look", "CPU ms"]


def measure(program: str, folder: pathlib.Path) -> str:
    source = described(photo.make())
    looks = {"EXIF": exif(program, folder, source)}
    with sandbox(program) as process:
        looks["report"], _, _ = process.least(REPETITIONS, "analyze_image", source)
        with_maps, _, _ = process.least(REPETITIONS, "analyze_image error_levels noise", source)
        hashes, _, _ = process.least(REPETITIONS, "fingerprint", source)
        comparison, _, _ = process.least(REPETITIONS, "compare_images", source, source)
    rows = [
        ["EXIF, what it adds to a REST call that reads an account", f"{looks['EXIF']:.2f}"],
        ["evidence report without maps", f"{looks['report']:.0f}"],
        ["evidence report with both maps", f"{with_maps:.0f}"],
        ["perceptual hashes", f"{hashes:.0f}"],
        ["comparison with itself", f"{comparison:.0f}"],
    ]
    goals = [f"{name} at most {most:g} ms: {verdict(looks[name] <= most)}" for name, most in GOALS_MS.items()]
    return table(HEADS, rows) + f"\n\nGoals, CPU: {'; '.join(goals)}."


def described(image: bytes) -> bytes:
    """The photo with what a camera says of it."""
    exif = Image.Exif()
    exif.update({271: "Canon", 272: "Canon EOS R5", 274: 1, 306: "2026:05:01 12:34:56"})
    exif.get_ifd(0x8769).update({33434: 1 / 125, 33437: 2.8, 34855: 400, 36867: "2026:05:01 12:34:56", 37386: 50.0})
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 30.0), 3: "E", 4: (2.0, 17.0, 40.0)})
    with Image.open(io.BytesIO(image)) as opened:
        output = io.BytesIO()
        opened.save(output, "JPEG", quality="keep", exif=exif)
    return output.getvalue()


def exif(program: str, folder: pathlib.Path, source: bytes) -> float:
    """Milliseconds of CPU of the whole server for a call, less those for one that reads an account."""
    with server(program, folder) as house:
        client = Client(house.url)
        client.sign_up()
        client.log_in()
        path = f"/api/v1/image/id/{client.upload(source)}/exif/"
        if b"Canon EOS R5" not in client.call("GET", path, 200).body:
            raise SystemExit("the EXIF is not read")
        spent = []
        for asked in (path, "/api/v1/auth/me/"):
            before = house.cpu()
            for _ in range(READS):
                client.call("GET", asked, 200)
            spent.append((house.cpu() - before) / READS * 1e3)
        return spent[0] - spent[1]
