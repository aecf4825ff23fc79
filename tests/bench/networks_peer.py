"""One edit by a neural network in Python, as a program: prints milliseconds and memory, as JSON.

`networks_peer.py EDIT MODELS THREADS REPETITIONS`, the picture on standard input. Bytes in, bytes out, in memory. The
networks are loaded before, which ours are not. Backgrounds go by rembg's steps: the network's mask is stretched over the
picture as it is.
"""

import io
import json
import pathlib
import sys
import time

import numpy
import onnxruntime
from peers import memory
from PIL import Image

# Of upconv_7_photo: what it eats of each side.
MARGIN = 7
# What U-2-Net sees, and what it was trained on.
SIDE, MEAN, DEVIATION = 320, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def main() -> None:
    edit, models, threads, repetitions = sys.argv[1:]
    source = sys.stdin.buffer.read()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = int(threads), 1
    work, name = EDITS[edit]
    network = onnxruntime.InferenceSession(str(pathlib.Path(models, name)), options)
    run(network, work, source)
    cpu_ms, wall_ms = [], []
    for _ in range(int(repetitions)):
        cpu, begin = time.process_time(), time.monotonic()
        run(network, work, source)
        cpu_ms.append((time.process_time() - cpu) * 1e3)
        wall_ms.append((time.monotonic() - begin) * 1e3)
    print(json.dumps({"cpu_ms": min(cpu_ms), "wall_ms": min(wall_ms), "memory_mb": memory("VmHWM")}))


def run(network: onnxruntime.InferenceSession, work, source: bytes) -> bytes:
    picture = Image.open(io.BytesIO(source)).convert("RGB")
    output = io.BytesIO()
    work(network, picture).save(output, "PNG")
    return output.getvalue()


def answer(network: onnxruntime.InferenceSession, given: numpy.ndarray) -> numpy.ndarray:
    name = network.get_inputs()[0].name
    return network.run(None, {name: given.transpose(2, 0, 1)[None].astype(numpy.float32)})[0][0]


def enlarged(network: onnxruntime.InferenceSession, picture: Image.Image) -> Image.Image:
    seen = numpy.asarray(picture, numpy.float32) / 255
    for _ in range(2):
        padded = numpy.pad(seen, ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)), "edge")
        seen = numpy.clip(answer(network, padded).transpose(1, 2, 0), 0, 1)
    return Image.fromarray(numpy.rint(seen * 255).astype(numpy.uint8))


def cut_out(network: onnxruntime.InferenceSession, picture: Image.Image) -> Image.Image:
    small = numpy.asarray(picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS), numpy.float32)
    mask = answer(network, (small / small.max() - MEAN) / DEVIATION)[0]
    mask = (mask - mask.min()) / (mask.max() - mask.min())
    alpha = Image.fromarray((mask * 255).astype(numpy.uint8)).resize(picture.size, Image.Resampling.LANCZOS)
    return Image.composite(picture.convert("RGBA"), Image.new("RGBA", picture.size), alpha)


EDITS = {"x4": (enlarged, "upconv7photo_x2.onnx"), "background": (cut_out, "u2netp.onnx")}


if __name__ == "__main__":
    main()
