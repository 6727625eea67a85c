"""Reads checkpoint files of other people. Nothing in a file is ever executed or imported.

`read(path)` gives all that a file holds, `tensors(path)` its network alone, as NumPy arrays.
It needs neither torch, TensorFlow nor JAX. Formats: torch's zip and legacy files, safetensors,
TensorFlow's checkpoints, and pickles of NumPy arrays, such as BYOL's. `parts(path)` names all files
of a checkpoint.
"""

from sslzoo.zoo.importers.parts import parts
from sslzoo.zoo.importers.reading import read
from sslzoo.zoo.importers.state_dict import tensors

__all__ = ["parts", "read", "tensors"]
