"""The outputs of the blocks of a network."""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import keras
from keras import layers, ops

from sslzoo.checks import one_of, refused

LAST = "features"  # the name of the last block, which is the output of the network
BLOCK = re.compile(r"(.*block_?\d+[a-z]?)(_|$)")  # the block that the name of a layer speaks of
PADDING = (layers.ZeroPadding1D, layers.ZeroPadding2D)
POOLING = (layers.GlobalAveragePooling1D, layers.GlobalAveragePooling2D)


class Blocks(NamedTuple):
    """The blocks of a network, from the first to the last.

    names: of the blocks. The last one is "features".
    network: items -> a list of their outputs. It shares the weights of the network.

    Example:
        >>> from sslzoo import nn
        >>> len(nn.blocks(nn.backbone("resnet20", 32)).network.outputs)
        10
    """

    names: list[str]
    network: keras.Model


class Step(NamedTuple):
    """One operation of a network, with its tensors.

    Example:
        >>> from sslzoo import nn
        >>> walked(nn.backbone("micro", 8)).steps[0].operation.name
        'block1_conv'
    """

    operation: Any
    inputs: list
    outputs: list


class Walk(NamedTuple):
    """The input of a network, {name: end of a block}, its output, and its operations.

    Example:
        >>> from sslzoo import nn
        >>> list(walked(nn.backbone("micro", 8)).ends)
        ['block1', 'features']
    """

    input: Any
    ends: dict[str, Any]
    output: Any
    steps: list[Step]


def blocks(network: keras.Model, pooled: bool = True) -> Blocks:
    """The outputs of every block of a network.

    A block ends where a single tensor leads on: behind a residual addition and what follows it, or
    between two layers of a chain. It holds a convolution, a dense layer, or another layer with
    matrices. Layers named "block1_..." or "stage1_block1_..." are one block.

    Args:
        network: A Functional model from items to features. Functional models inside it are looked
            into.
        pooled: Whether each output is the mean over its map, tokens or steps: (N, D). The last one
            is the output of the network then. Otherwise each is as it comes, and the last one is
            the map that the network pools, if it ends in global average pooling.

    Raises:
        ValueError: No Functional model.

    Example:
        >>> from sslzoo import nn
        >>> names, network = nn.blocks(nn.backbone("convnet", 28, depth=3))
        >>> names
        ['block1', 'block2', 'features']
        >>> network.output_shape
        [(None, 64), (None, 64), (None, 64)]
    """
    walk = walked(network)
    ends = walk.ends
    if pooled:
        ends = {name: _vectors(end) for name, end in ends.items()} | {LAST: walk.output}
    return Blocks(list(ends), keras.Model(walk.input, list(ends.values()), name=_name(network)))


def block_maps(network: keras.Model, names: Sequence[str] = (LAST,)) -> keras.Model:
    """A network that gives maps of some of its blocks beside its features.

    Args:
        network: A Functional model from images to features (N, D).
        names: Blocks whose outputs are maps. "features" is the map that the network pools.

    Returns:
        A model from images to [*maps (N, H, W, C), features]. It shares the weights of the network.

    Raises:
        ValueError: No Functional model, an unknown block, or a block without a map.

    Example:
        >>> from sslzoo import nn
        >>> nn.block_maps(nn.backbone("micro", 8), ["block1", "features"]).output_shape
        [(None, 8, 8, 8), (None, 4, 4, 16), (None, 16)]
    """
    walk = walked(network)
    maps = [walk.ends[one_of("block", name, walk.ends)] for name in names]
    for name, x in zip(names, maps, strict=True):
        if len(x.shape) != 4:
            raise refused("block", f"{name} of shape {tuple(x.shape)}", "give maps (N, H, W, C)")
    return keras.Model(walk.input, [*maps, walk.output], name=_name(network))


def parts(network: keras.Model, names: Sequence[str]) -> list[keras.Model]:
    """A network cut behind some of its blocks: applied one after the other, the parts are the
    network. They share its weights.

    Args:
        network: A Functional model from items to features (N, D).
        names: Blocks that give maps (N, H, W, C) or series (N, T, C), from the first to the last.

    Raises:
        ValueError: No Functional model, an unknown block, one without a map, or another order.

    Example:
        >>> from sslzoo import nn
        >>> first, second = nn.parts(nn.backbone("micro", 8), ["block1"])
        >>> first.output_shape, second.output_shape
        ((None, 8, 8, 8), (None, 16))
    """
    walk = walked(network)
    known = [name for name in walk.ends if len(walk.ends[name].shape) in (3, 4)]
    for name in names:
        one_of("block", name, known)
    if list(names) != [name for name in known if name in names]:
        raise refused("blocks", ", ".join(names), f"be in the order {', '.join(known)}")
    return _cut([walk.input, *(walk.ends[name] for name in names), walk.output])


def block_parts(network: keras.Model) -> tuple[list[str], list[keras.Model]]:
    """(names of the blocks, parts of a network): applied one after the other, the parts are the
    network. Each ends a block, but for the pooling of maps, which is one more. They share its
    weights.

    Args:
        network: A Functional model from items to features.

    Raises:
        ValueError: No Functional model.

    Example:
        >>> from sslzoo import nn
        >>> names, parts = nn.block_parts(nn.backbone("micro", 8))
        >>> names, [part.output_shape for part in parts]
        (['block1', 'features'], [(None, 8, 8, 8), (None, 4, 4, 16), (None, 16)])
    """
    walk = walked(network)
    cuts = list(walk.ends.values())
    if cuts[-1] is not walk.output:
        cuts.append(walk.output)
    return list(walk.ends), _cut([walk.input, *cuts])


def block_weights(network: keras.Model) -> dict[str, list[keras.Variable]]:
    """{block: its weights}, from the first block to the last. A weight that several blocks share is
    the first one's.

    Args:
        network: A Functional model from items to features.

    Raises:
        ValueError: No Functional model.

    Example:
        >>> from sslzoo import nn
        >>> weights = nn.block_weights(nn.backbone("micro", 8))
        >>> {block: len(found) for block, found in weights.items()}
        {'block1': 5, 'features': 5}
    """
    walk = walked(network)
    ends = {id(end): name for name, end in walk.ends.items()}
    names = iter(walk.ends)
    block, seen = next(names), set()
    found: dict[str, list] = {name: [] for name in walk.ends}
    for step in walk.steps:
        new = [v for v in getattr(step.operation, "weights", ()) if id(v) not in seen]
        found[block] += new
        seen.update(id(variable) for variable in new)
        if id(step.outputs[0]) in ends:
            block = next(names, LAST)
    return found


def has_blocks(network: Any) -> bool:
    """Whether `blocks` knows those of a network.

    Example:
        >>> from sslzoo.nn.blocks import has_blocks
        >>> has_blocks(None)
        False
    """
    return isinstance(network, keras.Model) and hasattr(network, "operations")


def _cut(tensors: list) -> list[keras.Model]:
    """The parts of a network between each of the tensors and the next."""
    return [keras.Model(*pair) for pair in zip(tensors, tensors[1:], strict=False)]


def _name(network: keras.Model) -> str:
    return f"{network.name}_blocks"


def walked(network: keras.Model) -> Walk:
    """A network as a graph of its own, with its weights. Models inside it are walked through.

    Raises:
        ValueError: No Functional model.

    Example:
        >>> from sslzoo import nn
        >>> walked(nn.backbone("micro", 8)).output.shape
        (None, 16)
    """
    if not has_blocks(network):
        raise refused("backbone", type(network).__name__, "be a Functional network")
    steps: list[Step] = []

    def call(operation, *args, **kwargs):
        if has_blocks(operation) and len(operation.outputs) == 1:
            _run(operation, args[0], call)  # its own operations, one by one
            return steps[-1].outputs[0]
        outputs = operation(*args, **kwargs)
        steps.append(Step(operation, _tensors((args, kwargs)), _tensors(outputs)))
        return outputs

    copy = _run(network, None, call)
    return Walk(copy.input, _ends(_tensors(copy.input), steps), steps[-1].outputs[0], steps)


def _run(network: keras.Model, inputs: Any, call: Callable) -> keras.Model:
    """A copy of a network on `inputs`, made by calling `call` for each of its operations."""
    return keras.models.clone_model(
        network, input_tensors=inputs, clone_function=lambda layer: layer, call_function=call
    )


def _ends(inputs: list, steps: list[Step]) -> dict[str, Any]:
    """{name: tensor} of the ends of the blocks. The last one is before its pooling."""
    ends, started = {}, False
    possible = {}  # {name: tensor} behind the last matrices: the block may end there
    for step, alone in zip(steps, _alone(inputs, steps), strict=True):
        if _learns(step.operation):
            ends |= dict(list(possible.items())[-1:])  # the next block begins
            possible, started = {}, True
        if alone and started and not isinstance(step.operation, PADDING):
            possible[_block_of(step.operation.name)] = step.outputs[0]
    # What is behind the last matrices is one block, the last one.
    ends = {name: end for name, end in ends.items() if name not in possible}
    pools = isinstance(steps[-1].operation, POOLING)
    return ends | {LAST: (steps[-1].inputs if pools else steps[-1].outputs)[0]}


def _alone(inputs: list, steps: list[Step]) -> list[bool]:
    """Of each step, whether all that follows reads its output alone, of all tensors before."""
    uses = {id(x): index for index, step in enumerate(steps) for x in step.inputs}  # the last one
    needed = max(uses.get(id(x), 0) for x in inputs)
    alone = []
    for index, step in enumerate(steps):
        alone.append(needed <= index and len(step.outputs) == 1)
        needed = max(needed, *(uses.get(id(x), 0) for x in step.outputs))
    return alone


def _learns(operation: Any) -> bool:
    """Whether an operation has matrices, such as the kernel of a convolution."""
    weights = getattr(operation, "weights", ())
    return any(sum(side > 1 for side in weight.shape) > 1 for weight in weights)


def _block_of(name: str) -> str:
    match = BLOCK.match(name)
    return match[1] if match else name


def _vectors(x: Any) -> Any:
    """Means (N, D) of maps (N, H, W, D), tokens or steps (N, T, D); rows (N, D) as they are."""
    between = tuple(range(1, len(x.shape) - 1))
    return ops.mean(x, axis=between) if between else x


def _tensors(values: Any) -> list:
    return [x for x in keras.tree.flatten(values) if isinstance(x, keras.KerasTensor)]
