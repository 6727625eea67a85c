"""How much of a defect a model has."""

from typing import Any

import numpy as np

from sslzoo.checks import refused
from sslzoo.evaluate.record import wilson


def inheritance(clean: Any, attacked: Any, labels: Any, target: int | None = None) -> dict:
    """The defect inheritance rate (Zhang et al. 2022, ReMoS): the share of the items that a model
    answers rightly and then, attacked, wrongly.

    Items that are wrong before are not counted: no attack was needed.

    Args:
        clean: The class (N,) that the model answers for each item.
        attacked: The same, of the items after the attack.
        labels: The right classes (N,).
        target: The class that a backdoor answers with. Then what counts is this answer alone, and
            items of that class are left out.

    Returns:
        {"inheritance", "inheritance_95", "n_right"}: the rate, its 95 % interval, and the items
        that were right before, which is what it is a share of.

    Raises:
        ValueError: Different numbers of answers, or no item is right before.

    >>> rate = inheritance(clean=[0, 1, 1, 1], attacked=[1, 1, 0, 0], labels=[0, 1, 1, 0])
    >>> round(rate["inheritance"], 3), rate["n_right"]
    (0.667, 3)
    """
    clean, attacked = np.asarray(clean), np.asarray(attacked)
    labels = np.asarray(labels)
    if not clean.shape == attacked.shape == labels.shape:
        got = f"{len(clean)} clean and {len(attacked)} attacked ones for {len(labels)} labels"
        raise refused("answers", got, "be one per item")
    right = clean == labels
    turned = attacked != labels
    if target is not None:
        right &= labels != target
        turned = attacked == target
    count, tried = int((right & turned).sum()), int(right.sum())
    if not tried:
        raise refused("answers", "none that is right before the attack", "have at least one")
    return {
        "inheritance": count / tried,
        "inheritance_95": wilson(count, tried),
        "n_right": tried,
    }
