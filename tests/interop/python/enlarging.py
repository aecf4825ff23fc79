"""Photos made smaller and enlarged again by the server: nearer to the truth than Lanczos' filter makes them."""

import sys

import numpy as np
from atalaya.images.v1 import edit_pb2
from caller import Caller, opened
from photos import NAMES, photo, png
from PIL import Image

# Those that are stored without losses: the noise of others counts as truth.
PHOTOS = [name for name in NAMES if name.endswith(".png")]
# Longest side of what is cut out of the middle of each photo.
SIDE = 400
# Decibels above Lanczos' filter, on average, at least.
GAINS = {2: 2.2, 4: 1.4}


def main(address, _models):
    mara = Caller(address)
    mara.sign_up()
    mara.log_in()
    for scale, wanted in GAINS.items():
        gains = [gain(mara, middle(photo(name), scale), scale) for name in PHOTOS]
        print(f"x{scale}: {np.mean(gains):.2f} dB above Lanczos", [f"{gain:.2f}" for gain in gains])
        assert np.mean(gains) >= wanted, (scale, gains)
    thrice(mara)
    detailed(mara)
    transparent(mara)


def middle(picture, scale):
    """A part whose sides are multiples of the scale."""
    width, height = (min(side, SIDE) // scale * scale for side in picture.size)
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return picture.crop((left, top, left + width, top + height))


def reduced(picture, scale):
    return picture.resize((picture.width // scale, picture.height // scale), Image.Resampling.BICUBIC)


def enlarged(mara, picture, scale, style=edit_pb2.UPSCALE_STYLE_UNSPECIFIED):
    image = mara.upload(png(picture), name="small.png").id
    algorithm = edit_pb2.UPSCALE_ALGORITHM_AI
    request = edit_pb2.UpscaleImageRequest(id=image, algorithm=algorithm, scale=scale, style=style)
    states = mara.watch(mara.call(mara.images.UpscaleImage, request).task)
    assert states[-1].progress_permille == 1000, states
    info, content = mara.download(image)
    assert info.revision.operation == "upscale_image", info
    result = opened(content)
    assert result.format == "PNG" and result.size == (picture.width * scale, picture.height * scale), result
    return result


def gain(mara, truth, scale):
    """Decibels by which the server is nearer to the truth than Lanczos' filter."""
    small = reduced(truth, scale)
    return psnr(enlarged(mara, small, scale), truth) - psnr(small.resize(truth.size, Image.Resampling.LANCZOS), truth)


def psnr(picture, truth):
    """Of the brightness, in decibels."""
    luma = [np.asarray(one.convert("RGB"), np.float64) @ (0.299, 0.587, 0.114) for one in (picture, truth)]
    return 10 * np.log10(255**2 / np.mean((luma[0] - luma[1]) ** 2))


def thrice(mara):
    """Odd factors, and the other style, keep what is where."""
    truth = photo("chelsea.png").crop((120, 60, 240, 180))
    for style in (edit_pb2.UPSCALE_STYLE_PHOTO, edit_pb2.UPSCALE_STYLE_ILLUSTRATION):
        result = enlarged(mara, reduced(truth, 3), 3, style)
        assert psnr(result, truth) > 24, psnr(result, truth)


def detailed(mara):
    """The style that invents texture keeps what is where, and is sharper than Lanczos' filter."""
    truth = photo("astronaut.png").crop((160, 40, 352, 232))
    small = reduced(truth, 4)
    by_filter = small.resize(truth.size, Image.Resampling.LANCZOS)
    for scale in (2, 4):
        result = enlarged(mara, small, scale, edit_pb2.UPSCALE_STYLE_DETAIL)
        print(f"detail x{scale}: {psnr(result.resize(truth.size), truth):.2f} dB")
        assert psnr(result.resize(truth.size), truth) > 23
    assert sharpness(result) > 1.3 * sharpness(by_filter), (sharpness(result), sharpness(by_filter))


def sharpness(picture):
    """How much brightness changes from pixel to pixel, on average."""
    luma = np.asarray(picture.convert("L"), np.float64)
    return np.abs(np.diff(luma, axis=0)).mean() + np.abs(np.diff(luma, axis=1)).mean()


def transparent(mara):
    """What is hidden below transparent pixels is seen nowhere, and gray stays gray."""
    picture = Image.new("RGBA", (32, 24), (255, 0, 0, 0))
    picture.paste((0, 0, 255, 255), (8, 6, 24, 18))
    result = np.asarray(enlarged(mara, picture, 2).convert("RGBA"), np.int32)
    seen = result[result[:, :, 3] > 64]
    assert seen[:, 0].max() < 40 and seen[:, 2].min() > 215, (seen[:, 0].max(), seen[:, 2].min())
    assert result[0, 0, 3] == 0 and result[24, 32, 3] == 255
    gray = photo("coffee.png").convert("L").crop((200, 100, 260, 140))
    assert enlarged(mara, gray, 2).mode == "L"
    wide = Image.fromarray(np.arange(40 * 30, dtype=np.uint16).reshape(30, 40) * 50)
    levels = np.unique(np.asarray(enlarged(mara, wide, 2)))
    assert len(levels) > 1000, "16 bits stay 16 bits"


if __name__ == "__main__":
    main(*sys.argv[1:])
