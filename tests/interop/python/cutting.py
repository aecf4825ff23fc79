"""Backgrounds removed by the server and by the same steps in numpy: the same masks."""

import io
import sys

import numpy as np
import onnxruntime
from atalaya.images.v1 import redraw_pb2
from caller import Caller, opened
from photos import NAMES, photo, png
from PIL import Image

# What the network sees, and what it was trained on.
SIDE = 320
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
# What two masks have in common of what either has, at least, at each of these opacities.
LIKENESS, OPACITIES = 0.95, (32, 128, 224)
# Levels of 255 by which colours and opacities may differ, on average.
TOLERANCE = 2.0


def main(address, models):
    mara = Caller(address)
    mara.sign_up()
    mara.log_in()
    network = onnxruntime.InferenceSession(f"{models}/u2netp.onnx")
    for name in NAMES:
        picture = photo(name)
        wanted = cut_out(network, np.asarray(picture, np.float64) / 255)
        made = np.asarray(removed(mara, png(picture), "PNG"), np.float64)
        compare(name, made, np.rint(wanted * 255))
    formats(mara)
    large(mara, network)


def large(mara, network):
    """Beyond 0.3 megapixels masks are worked out on a smaller picture: the edges lie where they lie on that one."""
    small = photo("coffee.png")
    picture = small.resize((small.width * 3, small.height * 3), Image.Resampling.BICUBIC)
    made = np.asarray(removed(mara, png(picture), "PNG"), np.float64)[:, :, 3]
    wanted = cut_out(network, np.asarray(small, np.float64) / 255)[:, :, 3]
    wanted = np.asarray(Image.fromarray(wanted.astype(np.float32)).resize(picture.size, Image.Resampling.BICUBIC)) * 255
    for opacity in OPACITIES:
        likeness = ((made >= opacity) & (wanted >= opacity)).sum() / ((made >= opacity) | (wanted >= opacity)).sum()
        print(f"{picture.width} x {picture.height} at {opacity}: {likeness:.4f}")
        assert likeness >= LIKENESS, (opacity, likeness)


def removed(mara, content, wanted):
    image = mara.upload(content).id
    states = mara.watch(mara.call(mara.images.RemoveBackground, redraw_pb2.RemoveBackgroundRequest(id=image)).task)
    assert states[-1].progress_permille == 1000, states
    info, content = mara.download(image)
    assert info.revision.operation == "remove_background_image", info
    result = opened(content)
    assert result.format == wanted, result
    return result.convert("RGBA")


def compare(name, made, wanted):
    for opacity in OPACITIES:
        ours, theirs = made[:, :, 3] >= opacity, wanted[:, :, 3] >= opacity
        likeness = (ours & theirs).sum() / max((ours | theirs).sum(), 1)
        print(f"{name} at {opacity}: {likeness:.4f}")
        assert likeness >= LIKENESS, (name, opacity, likeness)
    assert 0.02 < (made[:, :, 3] >= 128).mean() < 0.98, f"{name}: nothing is cut out of nothing"
    difference = np.abs(made[:, :, 3] - wanted[:, :, 3]).mean()
    colours = np.abs(made - wanted)[:, :, :3].mean(axis=2)[wanted[:, :, 3] > 0].mean()
    print(f"{name}: opacity {difference:.3f}, colours {colours:.3f}")
    assert difference < TOLERANCE and colours < TOLERANCE, (name, difference, colours)


def formats(mara):
    """A JPEG becomes a PNG, and a WebP stays one."""
    picture = photo("coffee.png").resize((300, 200))
    for name, wanted in (("JPEG", "PNG"), ("WEBP", "WEBP")):
        file = io.BytesIO()
        picture.save(file, name, quality=95)
        alpha = np.asarray(removed(mara, file.getvalue(), wanted))[:, :, 3]
        assert alpha.min() == 0 and alpha.max() == 255, (alpha.min(), alpha.max())


def cut_out(network, picture):
    """RGBA of 0 to 1."""
    height, width, _ = picture.shape
    longer = max(width, height)
    rough = mask(network, picture)
    radius = max(1, round(longer / SIDE * 1.5))
    alpha = np.clip((guided(picture, rough, radius) - 0.08) / 0.84, 0, 1)
    front = back = picture
    for part in (24, 340):
        front, back = unmixed(picture, front, back, alpha, max(1, round(longer / part)))
    return np.dstack([front, alpha])


def mask(network, picture):
    """Where the foreground is, roughly."""
    height, width, _ = picture.shape
    small = Image.fromarray(np.rint(picture * 255).astype(np.uint8)).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    small = np.asarray(small, np.float64)
    small = (small / small.max() - MEAN) / DEVIATION
    given = small.transpose(2, 0, 1)[None].astype(np.float32)
    seen = network.run(None, {network.get_inputs()[0].name: given})[0][0, 0]
    seen = (seen - seen.min()) / (seen.max() - seen.min())
    return np.clip(np.asarray(Image.fromarray(seen).resize((width, height), Image.Resampling.BICUBIC)), 0, 1)


def mean(plane, radius):
    """The mean of what is at most this far away and within the picture."""
    for axis in (0, 1):
        side = plane.shape[axis]
        sums = np.concatenate([np.zeros_like(plane.take([0], axis)), np.cumsum(plane, axis)], axis)
        first, last = np.maximum(np.arange(side) - radius, 0), np.minimum(np.arange(side) + radius + 1, side)
        counts = (last - first).reshape([-1 if each == axis else 1 for each in range(plane.ndim)])
        plane = (sums.take(last, axis) - sums.take(first, axis)) / counts
    return plane


def guided(picture, rough, radius):
    """The guided filter of He, Sun and Tang with a guide in colour."""
    rough = rough.astype(np.float64)
    means, mask_mean = mean(picture, radius), mean(rough, radius)
    covariance = mean(picture * rough[..., None], radius) - means * mask_mean[..., None]
    products = mean((picture[..., :, None] * picture[..., None, :]).reshape(*rough.shape, 9), radius)
    variance = products.reshape(*rough.shape, 3, 3) - means[..., :, None] * means[..., None, :]
    slope = np.linalg.solve(variance + 1e-4 * np.eye(3), covariance[..., None])[..., 0]
    offset = mask_mean - (slope * means).sum(axis=2)
    return (mean(slope, radius) * picture).sum(axis=2) + mean(offset, radius)


def unmixed(picture, front, back, alpha, radius):
    """Colours of what is before and behind, by blurred fusion."""
    alpha = alpha[..., None]
    share = mean(alpha, radius)
    front = mean(front * alpha, radius) / (share + 1e-5)
    back = mean(back * (1 - alpha), radius) / (1 - share + 1e-5)
    return np.clip(front + alpha * (picture - alpha * front - (1 - alpha) * back), 0, 1), back


if __name__ == "__main__":
    main(*sys.argv[1:])
