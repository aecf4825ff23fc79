"""Photos that scikit-image carries."""

import importlib.util
import io
import pathlib

from PIL import Image

# Of people, animals, things and machines, by day and by night.
NAMES = ["astronaut.png", "chelsea.png", "coffee.png", "motorcycle_left.png", "rocket.jpg"]


def photo(name):
    """One of them, without running the package."""
    package = pathlib.Path(importlib.util.find_spec("skimage").submodule_search_locations[0])
    return Image.open(package / "data" / name).convert("RGB")


def png(picture):
    """A PNG's bytes."""
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)
    return file.getvalue()
