"""The photo that the benchmarks edit: 12 megapixels, the same bytes on every machine.

A mosaic of the photographs that scikit-image ships, enlarged, with the noise of a sensor laid over it:
enlarged pictures alone are too smooth, and their JPEGs half as large as a camera's.
"""

import hashlib
import io
import pathlib
import sys
import sysconfig

import numpy
from peers import QUALITY
from PIL import Image, ImageOps

WIDTH, HEIGHT, TILE = 4000, 3000, 1000
SEED = 12
# Variance of the noise at black, and what each step of brightness adds to it (shot noise).
READ_NOISE, SHOT_NOISE = 2.0, 0.13
PHOTOS = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "motorcycle_left.png", "motorcycle_right.png")
BANDS = 6


def make() -> bytes:
    """The photo: JPEG, quality 92, 4:2:0, about 3 MB, without metadata."""
    return encoded(noisy(mosaic()), QUALITY)


def small(image: bytes, width: int, height: int) -> bytes:
    """The same picture in another size."""
    with Image.open(io.BytesIO(image)) as opened:
        return encoded(opened.resize((width, height), Image.Resampling.LANCZOS), QUALITY)


def encoded(picture: Image.Image, quality: int) -> bytes:
    output = io.BytesIO()
    picture.save(output, "JPEG", quality=quality, subsampling="4:2:0")
    return output.getvalue()


def mosaic() -> Image.Image:
    folder = pathlib.Path(sysconfig.get_path("purelib"), "skimage", "data")
    whole = Image.new("RGB", (WIDTH, HEIGHT))
    places = [(x, y) for y in range(0, HEIGHT, TILE) for x in range(0, WIDTH, TILE)]
    for number, place in enumerate(places):
        with Image.open(folder / PHOTOS[number % len(PHOTOS)]) as photo:
            tile = ImageOps.fit(photo.convert("RGB"), (TILE, TILE), Image.Resampling.LANCZOS)
        # The second time round each photo is its own mirror image.
        whole.paste(ImageOps.mirror(tile) if number >= len(PHOTOS) else tile, place)
    return whole


def noisy(picture: Image.Image) -> Image.Image:
    dice = numpy.random.Generator(numpy.random.PCG64(SEED))
    pixels = numpy.array(picture)
    # In bands, for the noise needs eight times the memory of the picture.
    for band in numpy.array_split(pixels, BANDS):
        spread = numpy.sqrt(READ_NOISE + SHOT_NOISE * band)
        band[:] = numpy.clip(numpy.rint(band + dice.standard_normal(band.shape) * spread), 0, 255)
    return Image.fromarray(pixels)


def describe(photo: bytes) -> str:
    digest = hashlib.sha256(photo).hexdigest()[:16]
    return f"{WIDTH}x{HEIGHT}, q{QUALITY}, 4:2:0, {len(photo):,} bytes, SHA-256 {digest}…"


if __name__ == "__main__":
    made = make()
    pathlib.Path(sys.argv[1]).write_bytes(made)
    print(describe(made))
