"""Two servers, one with rten and one with ONNX Runtime and networks of its operator's: they make the same of a photo."""

import sys

import numpy as np
from atalaya.images.v1 import edit_pb2, redraw_pb2
from caller import Caller, opened
from photos import photo, png

# Levels of 255 by which they may differ: they add up in another order. Where next to nothing of a colour is left, the
# same goes further.
TOLERANCE, ON_AVERAGE = 1, 0.05


def main(ours, theirs):
    callers = [Caller(address) for address in (ours, theirs)]
    for caller in callers:
        caller.sign_up()
        caller.log_in()
    picture = photo("coffee.png").crop((180, 100, 260, 160))
    photo_style, detail = edit_pb2.UPSCALE_STYLE_PHOTO, edit_pb2.UPSCALE_STYLE_DETAIL
    illustration = edit_pb2.UPSCALE_STYLE_ILLUSTRATION
    # The second server's network for details is our plain one for photos.
    for style, other, scale in (
        (photo_style, photo_style, 2),
        (photo_style, detail, 2),
        (photo_style, detail, 4),
        (illustration, illustration, 4),
    ):
        one, two = (enlarged(caller, picture, scale, s) for caller, s in zip(callers, (style, other)))
        difference = np.abs(one - two).max()
        assert one.shape == (60 * scale, 80 * scale, 3) and difference <= TOLERANCE, (style, other, scale, difference)
    one, two = (cut_out(caller, photo("coffee.png")) for caller in callers)
    difference = np.abs(one - two)
    assert one[:, :, 3].min() == 0 and difference[:, :, 3].max() <= TOLERANCE, difference[:, :, 3].max()
    assert difference.mean() <= ON_AVERAGE, difference.mean()


def enlarged(caller, picture, scale, style):
    image = caller.upload(png(picture), name="small.png").id
    algorithm = edit_pb2.UPSCALE_ALGORITHM_AI
    request = edit_pb2.UpscaleImageRequest(id=image, algorithm=algorithm, scale=scale, style=style)
    return result(caller, image, caller.call(caller.images.UpscaleImage, request).task)


def cut_out(caller, picture):
    image = caller.upload(png(picture), name="photo.png").id
    request = redraw_pb2.RemoveBackgroundRequest(id=image)
    return result(caller, image, caller.call(caller.images.RemoveBackground, request).task)


def result(caller, image, task):
    states = caller.watch(task)
    assert states[-1].progress_permille == 1000, states
    return np.asarray(opened(caller.download(image)[1]), np.int32)


if __name__ == "__main__":
    main(*sys.argv[1:])
