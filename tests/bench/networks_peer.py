"""One edit by a neural network in Python, as a program: prints milliseconds and memory, as JSON.

`networks_peer.py EDIT MODELS THREADS REPETITIONS`, the picture on standard input. Bytes in, bytes out, in memory. The
networks are loaded before, which ours are not. Backgrounds go by rembg's steps, without its detours: the network's mask
is stretched over the picture as it is. `rembg` is that program itself.
"""

import io
import json
import os
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
    run = rembg(models, threads) if edit == "rembg" else ready(edit, models, threads)
    run(source)
    cpu_ms, wall_ms = [], []
    for _ in range(int(repetitions)):
        cpu, begin = time.process_time(), time.monotonic()
        run(source)
        cpu_ms.append((time.process_time() - cpu) * 1e3)
        wall_ms.append((time.monotonic() - begin) * 1e3)
    print(json.dumps({"cpu_ms": min(cpu_ms), "wall_ms": min(wall_ms), "memory_mb": memory("VmHWM")}))


def rembg(models: str, threads: str):
    """What that program does by default; it reads its network in the folder, or would fetch it."""
    os.environ.update(U2NET_HOME=models, OMP_NUM_THREADS=threads)
    import rembg

    session = rembg.new_session("u2netp")
    return lambda source: rembg.remove(source, session=session)


def ready(edit: str, models: str, threads: str):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = int(threads), 1
    work, name = EDITS[edit]
    network = onnxruntime.InferenceSession(str(pathlib.Path(models, name)), options)

    def run(source: bytes) -> bytes:
        output = io.BytesIO()
        work(network, Image.open(io.BytesIO(source)).convert("RGB")).save(output, "PNG")
        return output.getvalue()

    return run


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
