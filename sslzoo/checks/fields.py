"""All fields of a data set at once."""

from collections.abc import Mapping, Sequence

from numpy.typing import ArrayLike, NDArray

from sslzoo.checks.beside import check_domains, check_labels, check_targets
from sslzoo.checks.graphs import check_edges, check_nodes
from sslzoo.checks.images import check_images
from sslzoo.checks.items import check_audio, check_series, check_tokens, check_vectors

# {field that a network reads: its check}
INPUTS = {
    "images": check_images,
    "series": check_series,
    "tokens": check_tokens,
    "vectors": check_vectors,
    "audio": check_audio,
    "nodes": check_nodes,
}


def check_fields(
    fields: Mapping[str, ArrayLike],
    classes: Sequence[str] | None = None,
    names: Mapping[str, str] | None = None,
) -> dict[str, NDArray]:
    """{field: array} as `check_images`, `check_labels`, ... return it; other fields as they are.

    Args:
        fields: {field: all its rows}, one of them in `INPUTS`.
        classes: names of the labels.
        names: {field: how errors speak of it}, where that is not its own name.

    Raises:
        TypeError, ValueError: of the check that a field does not pass.

    >>> import numpy as np
    >>> check_fields({"images": np.zeros((2, 4, 4), "uint8"), "labels": [0, 1]})["images"].shape
    (2, 4, 4, 1)
    """
    names = {field: field for field in fields} | dict(names or {})
    checked = dict(fields)
    for field in INPUTS.keys() & fields.keys():
        checked[field] = INPUTS[field](fields[field], name=names[field])
    if "edges" in fields and "nodes" in fields:
        nodes = checked["nodes"].shape[1]
        checked["edges"] = check_edges(fields["edges"], nodes, names["edges"])
    n = next(len(checked[field]) for field in INPUTS if field in checked)
    if "labels" in fields:
        checked["labels"] = check_labels(fields["labels"], n, classes, names["labels"])
    if "targets" in fields:
        checked["targets"] = check_targets(fields["targets"], n, name=names["targets"])
    if "domains" in fields:
        checked["domains"] = check_domains(fields["domains"], n, name=names["domains"])
    return checked
