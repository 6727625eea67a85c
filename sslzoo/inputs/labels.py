"""Fields beside the input: labels, targets, domains, index. Each has a check of its own."""

from typing import Any

from sslzoo.checks import check_domains, check_index, check_labels, check_targets

# {field: its check (values, number of items) -> array}
LABELS = {
    "labels": check_labels,
    "targets": check_targets,
    "domains": check_domains,
    "index": lambda values, count: check_index(values),  # of any number, as `Paired` gives it
}


def check_label_field(field: str, values: Any, count: int) -> Any:
    """The values of a field beside the input, checked; fields without a check pass as they are.

    Args:
        field: "labels", "targets", ...
        values: one for each item; `index` may have another number.
        count: of items.

    Example:
        >>> from sslzoo.inputs import check_label_field
        >>> check_label_field("labels", [0, 1], 2).tolist()
        [0, 1]
    """
    return LABELS[field](values, count) if field in LABELS else values
