"""What one item of data is: an image, a series, a text, a vector, a sound, a graph.

A method asks its `Input` for everything that depends on the kind of data: the name of its field in
a batch, the check of values from outside, the layer into the network, examples for checks, and the
signature of an export.
"""

from sslzoo.inputs.audio import Audio
from sslzoo.inputs.base import Input
from sslzoo.inputs.graph import Graph
from sslzoo.inputs.images import Images
from sslzoo.inputs.labels import LABELS, check_label_field
from sslzoo.inputs.preprocess import Preprocess, unit_range
from sslzoo.inputs.reads import reads
from sslzoo.inputs.series import Series
from sslzoo.inputs.settings import check_settings
from sslzoo.inputs.tokens import Tokens
from sslzoo.inputs.vectors import Vectors

__all__ = [
    "LABELS",
    "Audio",
    "Graph",
    "Images",
    "Input",
    "Preprocess",
    "Series",
    "Tokens",
    "Vectors",
    "check_label_field",
    "check_settings",
    "reads",
    "unit_range",
]
