import numpy as np
import shared_features

from sslzoo.methods.transfer.dan import DAN


def discrepancy(x, y):
    """The biased MMD of five Gaussian kernels, one pair of rows at a time."""
    rows = [*x, *y]
    n = len(rows)
    mean = sum(np.sum((a - b) ** 2) for a in rows for b in rows) / (n * n - n)

    def kernel(a, b):
        return sum(np.exp(-np.sum((a - b) ** 2) / (2.0**i * mean)) for i in range(-2, 3))

    def over(a, b):
        return np.mean([[kernel(p, q) for q in b] for p in a])

    return over(x, x) + over(y, y) - 2 * over(x, y)


class TestDAN(shared_features.Checks):
    method = DAN
    term = "mmd"

    def alignment(self, model, batch, source, target):
        return 0.5 * discrepancy(source, target)
