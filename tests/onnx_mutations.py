"""Damages ONNX files: their bytes, and what they say."""

from __future__ import annotations

import onnx

NUMBERS = (-(2**63), -(2**31), -2, -1, 0, 1, 2, 3, 7, 64, 1000, 2**16, 2**31 - 1, 2**31, 2**62, 2**63 - 1)
FLOATS = (0.0, -1.0, 1e-30, 3e38, -3e38, float("inf"), float("nan"))


def mutated_bytes(data, random):
    """The file with some bits flipped, a part left out, a part doubled, or cut off."""
    data = bytearray(data)
    place, width = random.randrange(len(data)), random.randrange(1, 40)
    match random.randrange(4):
        case 0:
            for _ in range(random.randrange(1, 4)):
                data[random.randrange(len(data))] ^= 1 << random.randrange(8)
        case 1:
            del data[place:]
        case 2:
            del data[place : place + width]
        case 3:
            other = random.randrange(len(data))
            data[place : place + width] = data[other : other + width]
    return bytes(data)


def mutated_content(data, random):
    """A well-formed file that says something else: other sizes, types, attributes, names or orders."""
    file = onnx.ModelProto.FromString(data)
    for _ in range(random.randrange(1, 4)):
        random.choice((_node, _attribute, _attribute, _attribute, _tensor, _tensor, _face))(file.graph, random)
    return file.SerializeToString()


def _names(graph):
    return [name for node in graph.node for name in (*node.input, *node.output)] + ["", "nothing"]


def _node(graph, random):
    if not graph.node:
        return
    place = random.randrange(len(graph.node))
    node = graph.node[place]
    match random.randrange(6):
        case 0:
            del graph.node[place]
        case 1 if node.input:
            node.input[random.randrange(len(node.input))] = random.choice(_names(graph))
        case 2:
            node.op_type = random.choice(graph.node).op_type
        case 3 if node.output:
            node.output[0] = random.choice(_names(graph))
        case 4 if node.input:
            node.input.pop()
        case _:
            graph.node.add().CopyFrom(node)


def _changed(numbers, way, random):
    """Whether a list of numbers has another one in a place (0), one more (1) or one less (2) now: it may be empty."""
    if way == 1:
        numbers.append(random.choice(NUMBERS))
        return True
    if not numbers:
        return False
    if way == 0:
        numbers[random.randrange(len(numbers))] = random.choice(NUMBERS)
    else:
        numbers.pop()
    return True


def _attribute(graph, random):
    attributes = [attribute for node in graph.node for attribute in node.attribute]
    if not attributes:
        return
    attribute = random.choice(attributes)
    match random.randrange(5):
        case (0 | 1 | 2) as way if _changed(attribute.ints, way, random):
            pass
        case 3:
            attribute.i, attribute.f = random.choice(NUMBERS), random.choice(FLOATS)
        case _:
            attribute.name = random.choice(attributes).name


def _tensor(graph, random):
    tensors = [*graph.initializer, *(attribute.t for node in graph.node for attribute in node.attribute
                                     if attribute.HasField("t"))]
    if not tensors:
        return
    tensor = random.choice(tensors)
    match random.randrange(7):
        case (0 | 1 | 2) as way if _changed(tensor.dims, way, random):
            pass
        case 3:
            tensor.data_type = random.randrange(25)
        case 4:
            tensor.CopyFrom(random.choice(tensors))
        case 5:
            tensor.data_location = onnx.TensorProto.EXTERNAL
            entry = tensor.external_data.add()
            entry.key, entry.value = "location", "/etc/passwd"
        case _:
            integers = onnx.numpy_helper.from_array(
                onnx.numpy_helper.np.array([random.choice(NUMBERS) for _ in range(random.randrange(5))], "int64"))
            integers.name = tensor.name
            tensor.CopyFrom(integers)


def _face(graph, random):
    match random.randrange(3):
        case 0 if graph.input and graph.input[0].type.tensor_type.shape.dim:
            random.choice(graph.input[0].type.tensor_type.shape.dim).dim_value = random.choice(NUMBERS)
        case 1:
            graph.output[0].name = random.choice(_names(graph))
        case _:
            graph.input[0].type.tensor_type.elem_type = random.randrange(25)
