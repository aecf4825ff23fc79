"""Pictures in every format and kind that Pillow writes, and what Pillow sees in them, upright, in RGBA."""

import io
import pathlib
import random
import sys

from PIL import Image, ImageOps, TiffImagePlugin

ORIENTATION = 274
SIZES = [(1, 1), (17, 33), (64, 48)]


def main(folder):
    folder = pathlib.Path(folder)
    lines = []
    for number, (name, file, tolerance) in enumerate(files()):
        picture = ImageOps.exif_transpose(Image.open(io.BytesIO(file)))
        width, height = picture.size
        (folder / f"{number}.file").write_bytes(file)
        (folder / f"{number}.rgba").write_bytes(seen(picture).tobytes())
        lines.append(f"{number} {width} {height} {tolerance} {name}\n")
    (folder / "list").write_text("".join(lines))


def seen(picture):
    """RGBA of 8 bits; of wide samples the high bytes."""
    if picture.mode.startswith("I;16"):
        high = picture.tobytes()[0 if picture.mode == "I;16B" else 1 :: 2]
        picture = Image.frombytes("L", picture.size, high)
    if picture.mode == "CMYK":
        picture = picture.convert("RGB")
    return picture.convert("RGBA")


def photo(size=(64, 48), mode="RGB"):
    """A gradient with a little noise, the same every time."""
    dice = random.Random(7)
    width, height = size
    picture = Image.new("RGB", size)
    picture.putdata(
        [
            (x * 255 // width, y * 255 // height, (x + y) * 127 // (width + height) + dice.randrange(20))
            for y in range(height)
            for x in range(width)
        ]
    )
    if mode == "P":
        return picture.quantize(64)
    if mode in ("LA", "RGBA"):
        alpha = Image.linear_gradient("L").resize(size)
        picture = picture.convert(mode[:-1])
        picture.putalpha(alpha)
        return picture
    if mode.startswith("I;16"):
        wide = ((255 - sample, sample) for sample in picture.convert("L").tobytes())
        order = 1 if mode == "I;16B" else -1
        return Image.frombytes(mode, size, bytes(byte for low, high in wide for byte in (high, low)[::order]))
    return picture.convert(mode)


def saved(picture, format, **options):
    file = io.BytesIO()
    picture.save(file, format, **options)
    return file.getvalue()


def turned(orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif


def files():
    yield from jpegs()
    yield from pngs()
    yield from webps()
    yield from tiffs()
    yield from gifs()
    yield from bmps()
    yield from avifs()


def jpegs():
    for size in SIZES:
        for subsampling in ("4:4:4", "4:2:2", "4:2:0"):
            file = saved(photo(size), "JPEG", subsampling=subsampling, quality=90)
            yield f"JPEG {subsampling} {size}", file, 2
    for orientation in range(1, 9):
        yield f"JPEG turned {orientation}", saved(photo(), "JPEG", exif=turned(orientation)), 2
    yield "JPEG gray", saved(photo(mode="L"), "JPEG"), 2
    yield "JPEG CMYK", saved(photo(mode="CMYK"), "JPEG"), 2
    yield "JPEG progressive", saved(photo(), "JPEG", progressive=True), 2
    yield "JPEG with restart marks", saved(photo(), "JPEG", restart_marker_blocks=2), 2


def pngs():
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"):
        for size in SIZES:
            yield f"PNG {mode} {size}", saved(photo(size, mode), "PNG"), 0
    for bits in (1, 2, 4):
        few = photo().quantize(2**bits)
        yield f"PNG palette of {bits} bits", saved(few, "PNG", bits=bits), 0
    yield "PNG palette with alpha", saved(photo(mode="P"), "PNG", transparency=bytes(range(0, 256, 4))), 0
    for orientation in range(1, 9):
        yield f"PNG turned {orientation}", saved(photo(), "PNG", exif=turned(orientation)), 0


def webps():
    for size in SIZES:
        yield f"WebP lossless {size}", saved(photo(size, "RGBA"), "WEBP", lossless=True), 0
        yield f"WebP {size}", saved(photo(size), "WEBP", quality=90), 2
    for orientation in range(1, 9):
        yield f"WebP turned {orientation}", saved(photo(), "WEBP", lossless=True, exif=turned(orientation)), 0


def tiffs():
    TiffImagePlugin.STRIP_SIZE = 1000
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "I;16B"):
        for compression in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"):
            # Of mixed inks a rounding step may be another's.
            tolerance = 1 if mode == "CMYK" else 0
            if mode == "I;16B" and compression != "raw":
                continue
            for size in SIZES:
                file = saved(photo(size, mode), "TIFF", compression=compression)
                yield f"TIFF {mode} {compression} {size}", file, tolerance
    for size in SIZES:
        yield f"TIFF fax {size}", saved(photo(size, "1"), "TIFF", compression="group4"), 0
    yield "TIFF JPEG", saved(photo(), "TIFF", compression="jpeg", quality=90), 3
    yield "TIFF JPEG gray", saved(photo(mode="L"), "TIFF", compression="jpeg", quality=90), 2
    for orientation in range(1, 9):
        yield f"TIFF turned {orientation}", saved(photo(), "TIFF", exif=turned(orientation)), 0


def gifs():
    for size in SIZES:
        for interlace in (0, 1):
            yield f"GIF {interlace} {size}", saved(photo(size, "P"), "GIF", interlace=interlace), 0
    yield "GIF gray", saved(photo(mode="L"), "GIF"), 0
    yield "GIF with transparency", saved(photo(mode="P"), "GIF", transparency=5), 0


def bmps():
    for mode in ("1", "L", "P", "RGB"):
        for size in SIZES:
            yield f"BMP {mode} {size}", saved(photo(size, mode), "BMP"), 0
    yield "BMP RGBA", saved(photo(mode="RGBA"), "BMP"), 0


def avifs():
    for size in SIZES:
        for subsampling in ("4:4:4", "4:2:2", "4:2:0"):
            file = saved(photo(size), "AVIF", quality=90, subsampling=subsampling)
            # How colours that are shared are spread again is not the format's affair.
            yield f"AVIF {subsampling} {size}", file, 2 if subsampling == "4:4:4" else 3
        yield f"AVIF RGBA {size}", saved(photo(size, "RGBA"), "AVIF", quality=90), 3
    yield "AVIF gray", saved(photo(mode="L"), "AVIF", quality=90, subsampling="4:0:0"), 2
    yield "AVIF in parts of its range", saved(photo(), "AVIF", quality=90, range="limited"), 3
    for orientation in range(1, 9):
        yield f"AVIF turned {orientation}", saved(photo(), "AVIF", quality=90, exif=turned(orientation)), 3


if __name__ == "__main__":
    main(*sys.argv[1:])
