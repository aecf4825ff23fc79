"""Images beside each other: the server's numbers are those of scikit-image and numpy."""

import io
import sys

import numpy as np
from atalaya.images.v1 import comparison_pb2
from caller import Caller, opened
from photos import photo, png
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity


def main(address, _models):
    mara = Caller(address)
    mara.sign_up()
    mara.log_in()
    for name in ("astronaut.png", "chelsea.png", "coffee.png"):
        first = photo(name)
        for quality in (20, 80, 98):
            file = io.BytesIO()
            first.save(file, "JPEG", quality=quality)
            compare(mara, first, Image.open(file).convert("RGB"))
        compare(mara, first, first.transpose(Image.Transpose.FLIP_LEFT_RIGHT))


def compare(mara, first, second):
    ids = [mara.upload(png(picture), name="one.png").id for picture in (first, second)]
    request = comparison_pb2.CompareImagesRequest(id=ids[0], other_id=ids[1])
    told = mara.call(mara.evidence.CompareImages, request)
    one, other = (np.asarray(picture) for picture in (first, second))
    psnr = peak_signal_noise_ratio(one, other, data_range=255)
    assert abs(told.psnr - psnr) < 1e-6, (told.psnr, psnr)
    # As Wang et al. 2004 weigh and average.
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    luma = [np.asarray(picture.convert("L"), np.float64) for picture in (first, second)]
    ssim = structural_similarity(*luma, **options)
    assert abs(told.ssim - ssim) < 1e-5, (told.ssim, ssim)
    difference = np.abs(one.astype(int) - other)
    assert told.differing_pixels == np.count_nonzero(difference.any(axis=2)), told.differing_pixels
    assert told.largest_difference == difference.max(), told.largest_difference
    shown = np.asarray(opened(told.difference), int)
    assert (shown == difference * told.amplification).all() and shown.max() > 127, told.amplification


if __name__ == "__main__":
    main(*sys.argv[1:])
