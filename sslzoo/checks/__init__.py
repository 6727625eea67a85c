"""Checks of arguments and of data, each with one sentence: `field: got X; it must be Y.`

Arguments: `whole`, `sizes`, `in_range`, `above`, `at_least`, `one_of` return the value that they
checked; `check_call` holds keyword arguments against a signature.
Arrays: `check_images`, `check_series`, `check_tokens`, `check_vectors`, `check_audio`,
`check_nodes`, `check_edges` are for what a network reads; `check_labels`, `check_targets`,
`check_domains`, `check_index`, `check_masks`, `check_boxes` for what stands beside it;
`check_fields` for all fields of a data set, by their names. They return the array as it is used.
Imports NumPy alone.
"""

from sslzoo.checks.annotated import check_call
from sslzoo.checks.arguments import above, at_least, in_range, one_of, refused, sizes, whole
from sslzoo.checks.arrays import extent, finite, numbers
from sslzoo.checks.beside import check_domains, check_index, check_labels, check_targets
from sslzoo.checks.dense import check_boxes, check_masks
from sslzoo.checks.fields import INPUTS, check_fields
from sslzoo.checks.graphs import check_edges, check_nodes
from sslzoo.checks.images import check_images
from sslzoo.checks.items import check_audio, check_series, check_tokens, check_vectors
from sslzoo.checks.paths import local_path

__all__ = [
    "INPUTS",
    "above",
    "at_least",
    "check_audio",
    "check_boxes",
    "check_call",
    "check_domains",
    "check_edges",
    "check_fields",
    "check_images",
    "check_index",
    "check_labels",
    "check_masks",
    "check_nodes",
    "check_series",
    "check_targets",
    "check_tokens",
    "check_vectors",
    "extent",
    "finite",
    "in_range",
    "local_path",
    "numbers",
    "one_of",
    "refused",
    "sizes",
    "whole",
]
