"""How long a picture of a page takes, drawn by Debian's Chromium as scans draw it: a browser that draws one page, and
then ten others of different kinds, of a site on the loopback of a network namespace without anybody else.
"""

import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile

import build
import machine
import nginx
import town
from PIL import Image
from tables import table

ROUNDS = 3
# Seconds at most for each after the first.
MOST_S = 0.5
PORT = 8000
PHOTOS = pathlib.Path(sysconfig.get_path("purelib"), "skimage", "data")
PHOTO, SMALL = "coffee.png", "small.jpg"
FIRST = "first"
# The sites of tests/servers, and pages of other kinds.
OWN = ("museum", "intranet")
ROWS = "".join(f"<tr><td>{row}<td>198.18.7.{row % 256}<td>open<td>http<td>nginx 1.22.1" for row in range(200))
WORDS = "<p>The quick brown fox jumps over the lazy dog, and sleeps until the evening comes.</p>" * 500
TILES = "".join(f"<img src=/{SMALL}?{tile} width=240 height=160 alt=''>" for tile in range(24))
FORM = "<form><label>Name <input></label><label>Password <input type=password></label><button>Log in</button></form>"
SCRIPT = """<ul id=list></ul><script>for (let i = 0; i < 1000; i++) {
    const item = document.createElement('li'); item.textContent = `item ${i}`; list.append(item);
}</script>"""
LATE = "<h1 id=told>...</h1><script>fetch('/words.json').then(r => r.json()).then(t => told.textContent = t)</script>"
STYLED = "<link rel=stylesheet href=/style.css><main><h1>Styled</h1><p>With a sheet of its own.</p></main>"
BODIES = {
    FIRST: "<h1>It works!</h1>",
    "words": WORDS,
    "table": f"<table>{ROWS}</table>",
    "photo": f"<img src=/{PHOTO} alt=''>",
    "gallery": TILES,
    "form": FORM,
    "script": SCRIPT,
    "fetched": LATE,
    "styled": STYLED,
}
STYLE = """main { min-height: 100vh; background: linear-gradient(45deg, #012, #48a); color: #fff; font: 20px sans-serif;
    filter: drop-shadow(0 0 9px #000); animation: come 1s } @keyframes come { from { opacity: 0 } }"""

Goal = tuple[str, str, bool]


def build_site(folder: pathlib.Path) -> list[str]:
    """The pages' paths, the first first. Whoever serves them is nobody."""
    folder.mkdir()
    folder.parent.chmod(0o755)
    for name in OWN:
        shutil.copytree(build.ROOT / "tests/servers/pages" / name, folder / name)
    for name, body in BODIES.items():
        (folder / name).mkdir()
        (folder / name / "index.html").write_text(f"<!doctype html><meta charset=utf-8><title>{name}</title>{body}")
    shutil.copy(PHOTOS / PHOTO, folder / PHOTO)
    with Image.open(PHOTOS / PHOTO) as photo:
        photo.resize((240, 160)).save(folder / SMALL)
    (folder / "words.json").write_text('"fetched"')
    (folder / "style.css").write_text(STYLE)
    return [f"/{name}/" for name in (*BODIES, *OWN)]


def draw(made: town.Town, tools: str, paths: list[str]) -> list[float]:
    """The seconds of each page."""
    words = made.at(tools, "shots", "chromium", f"{town.ONE}:{PORT}", *paths)
    shots = json.loads(subprocess.run(words, check=True, capture_output=True).stdout)
    wrong = [shot for shot in shots if not shot["is_whole"]]
    if wrong or len(shots) != len(paths):
        raise SystemExit(f"pages that were not drawn whole: {wrong}")
    return [shot["seconds"] for shot in shots]


def versions() -> str:
    words = subprocess.run(["chromium", "--version"], check=True, capture_output=True, text=True).stdout.split()
    return " ".join(words[:2])


def measure(tools: str) -> tuple[str, list[Goal]]:
    """A table, and the goal with what came of it and whether it is reached."""
    rounds = []
    with tempfile.TemporaryDirectory(prefix="atalaya-bench-") as name, town.town(()) as made:
        folder = pathlib.Path(name)
        paths = build_site(folder / "site")
        with nginx.serving(made.at, folder, f"listen {town.ONE}:{PORT}; root {folder}/site;"):
            for number in range(ROUNDS):
                rounds.append(draw(made, tools, paths))
                print(f"pictures: round {number + 1} of {ROUNDS}, load {machine.load()}", file=sys.stderr)
    least = list(map(min, zip(*rounds)))
    rows = [[path.strip("/"), f"{seconds:.2f}"] for path, seconds in zip(paths, least)]
    following = least[1:]
    most, middle = max(following), statistics.median(following)
    rows += [["each but the first: median", f"{middle:.2f}"], ["each but the first: most", f"{most:.2f}"]]
    worst = max(max(seconds[1:]) for seconds in rounds)
    told = f"{table(['page', 's'], rows)}\n\nThe slowest of all {ROUNDS} rounds but for the first pages: {worst:.2f} s."
    return told, [(f"Pictures: <= {MOST_S} s each after the first", f"{most:.2f} s at most", most <= MOST_S)]
