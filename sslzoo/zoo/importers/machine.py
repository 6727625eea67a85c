"""A pickle as a list of instructions, carried out without Python's own unpickler."""

import pickletools
from collections.abc import Callable
from typing import Any, BinaryIO

from sslzoo.zoo.importers.keys import checked_keys, pairs
from sslzoo.zoo.importers.names import build, call, find
from sslzoo.zoo.importers.opaque import Opaque, kind_of
from sslzoo.zoo.importers.refusal import Refusal, quoted

MOST_INSTRUCTIONS = 2_000_000  # of one pickle; a state dict has about 40 for each tensor
MOST_BITS = 128  # of an integer; the magic number of torch has 79
CONSTANTS = [  # instructions that push their own argument: numbers, words, bytes
    code.name
    for code in pickletools.opcodes
    if code.arg and not code.stack_before and code.stack_after not in ([], [pickletools.anyobject])
]


def unpickle(stream: BinaryIO, persistent: Callable[[Any], Any] | None = None) -> Any:
    """The object of a pickle; the stream then stands behind it.

    Args:
        stream: file, BytesIO or mmap.
        persistent: gives the object of a persistent id, such as a storage.

    Raises:
        Refusal: the pickle asks for something that only a program could give.
        Exception: of any kind, where the pickle is damaged.

    >>> import io, pickle
    >>> unpickle(io.BytesIO(pickle.dumps({"epoch": 3, "names": ["a", ("b", None)]})))
    {'epoch': 3, 'names': ['a', ('b', None)]}
    """
    machine = _Machine(persistent, _remaining(stream))
    for count, (instruction, argument, _) in enumerate(pickletools.genops(stream)):
        if count > MOST_INSTRUCTIONS:
            raise Refusal(f"more than {MOST_INSTRUCTIONS} instructions", "be a small pickle")
        if instruction.name == "STOP":
            return machine.pop()
        machine.step(instruction.name, argument)
    raise Refusal("a pickle without an end", "be whole")


class _Machine:
    """The stack, its marks and the memo, and what each instruction does to them."""

    def __init__(self, persistent, size):
        self.persistent = persistent
        self.left = size
        self.stack = []
        self.marks = []
        self.memo = {}

    def step(self, name, argument):
        action = ACTIONS.get(name)
        if action is None:
            raise Refusal(f"a pickle with the instruction {name}", "hold tensors and plain values")
        action(self, argument)

    def push(self, value):
        self.stack.append(value)

    def pop(self):
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise Refusal("a pickle that takes from an empty stack", "be whole")
        return self.stack.pop()

    def top(self):
        value = self.pop()
        self.stack.append(value)
        return value

    def pop_to_mark(self):
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def pop_many(self, count):
        return tuple([self.pop() for _ in range(count)][::-1])

    def constant(self, value):
        if isinstance(value, int) and value.bit_length() > MOST_BITS:
            raise Refusal(f"an integer of {value.bit_length()} bits", f"have at most {MOST_BITS}")
        self.push(value)

    def fetch(self, place):
        self.push(self.memo[place])

    def store(self, place=None):
        self.memo[len(self.memo) if place is None else place] = self.top()

    def set_items(self, items):
        target = self.top()
        if isinstance(target, Opaque):
            return
        if type(target) is not dict or len(items) % 2:
            raise Refusal(f"items for {kind_of(target)}", "put items into a dict")
        target.update(pairs(items))

    def append(self, items):
        target = self.top()
        if isinstance(target, Opaque):
            return
        if type(target) is not list:
            raise Refusal(f"an append to {kind_of(target)}", "append to a list")
        target.extend(items)

    def add(self, items):
        target = self.top()
        if type(target) is not set:
            raise Refusal(f"members for {kind_of(target)}", "add to a set")
        target.update(checked_keys(items))

    def stack_global(self):
        module, name = self.pop_many(2)
        self.push(find(module, name))

    def reduce(self):
        function, arguments = self.pop_many(2)
        value = call(function, arguments)
        self.push(value)
        # What the pickle holds once must not be copied a million times.
        self.left -= len(value) if isinstance(value, (bytes, dict, set)) else 0
        if self.left < 0:
            raise Refusal("a pickle that makes more than it holds", "hold its own values")

    def new_with_names(self):
        names = self.pop()
        cls, arguments = self.pop_many(2)
        self.push(Opaque(kind_of(cls), arguments, names))

    def build(self):
        state = self.pop()
        build(self.top(), state)

    def load_persistent(self):
        if self.persistent is None:
            raise Refusal("a pickle with persistent ids", "hold its own values")
        self.push(self.persistent(self.pop()))


def _remaining(stream):
    """Bytes from here to the end."""
    start = stream.tell()
    stream.seek(0, 2)
    size = stream.tell() - start
    stream.seek(start)
    return size


def _global(machine, argument):
    module, _, name = argument.partition(" ")
    machine.push(find(module, name))


def _persistent_word(machine, argument):
    raise Refusal(f"the persistent id {quoted(argument)}", "be a tuple that names a storage")


ACTIONS = {name: _Machine.constant for name in CONSTANTS} | {
    "PROTO": lambda machine, _: None,
    "FRAME": lambda machine, _: None,
    "MARK": lambda machine, _: machine.marks.append(len(machine.stack)),
    "POP": lambda machine, _: machine.pop(),
    "POP_MARK": lambda machine, _: machine.pop_to_mark(),
    "DUP": lambda machine, _: machine.push(machine.top()),
    "NONE": lambda machine, _: machine.push(None),
    "NEWTRUE": lambda machine, _: machine.push(True),
    "NEWFALSE": lambda machine, _: machine.push(False),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _Machine.fetch),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), _Machine.store),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "EMPTY_TUPLE": lambda machine, _: machine.push(()),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "EMPTY_SET": lambda machine, _: machine.push(set()),
    "LIST": lambda machine, _: machine.push(machine.pop_to_mark()),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.pop_to_mark())),
    "TUPLE1": lambda machine, _: machine.push(machine.pop_many(1)),
    "TUPLE2": lambda machine, _: machine.push(machine.pop_many(2)),
    "TUPLE3": lambda machine, _: machine.push(machine.pop_many(3)),
    "DICT": lambda machine, _: machine.push(pairs(machine.pop_to_mark())),
    "FROZENSET": lambda machine, _: machine.push(frozenset(checked_keys(machine.pop_to_mark()))),
    "APPEND": lambda machine, _: machine.append([machine.pop()]),
    "APPENDS": lambda machine, _: machine.append(machine.pop_to_mark()),
    "SETITEM": lambda machine, _: machine.set_items(machine.pop_many(2)),
    "SETITEMS": lambda machine, _: machine.set_items(machine.pop_to_mark()),
    "ADDITEMS": lambda machine, _: machine.add(machine.pop_to_mark()),
    "GLOBAL": _global,
    "STACK_GLOBAL": lambda machine, _: machine.stack_global(),
    "REDUCE": lambda machine, _: machine.reduce(),
    "NEWOBJ": lambda machine, _: machine.reduce(),
    "NEWOBJ_EX": lambda machine, _: machine.new_with_names(),
    "BUILD": lambda machine, _: machine.build(),
    "PERSID": _persistent_word,
    "BINPERSID": lambda machine, _: machine.load_persistent(),
}
