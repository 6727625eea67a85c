"""The eigenproblem of TCA against the paper's formula, matrix by matrix."""

import numpy as np
import pytest
import scipy.linalg

from sslzoo.nn.transfer_components import (
    linear_components,
    mean_difference,
    rbf_kernel,
    transfer_components,
)

SOURCES, TARGETS, FEATURES = 14, 9, 5


def domains(sources=SOURCES, targets=TARGETS, features=FEATURES, seed=0):
    """Gaussians whose means and widths differ: (N, D), the source first."""
    rng = np.random.default_rng(seed)
    source = rng.normal(0.0, 1.0, (sources, features))
    return np.concatenate([source, rng.normal(1.0, 0.5, (targets, features))])


def naive(kernel, sources=SOURCES, mu=1.0, form="2011"):
    """A and B entry by entry, as section III of the paper has them."""
    n = len(kernel)
    centering, distance = np.empty((n, n)), np.empty((n, n))
    for i in range(n):
        for j in range(n):
            centering[i, j] = (i == j) - 1 / n
            signs = 1 if (i < sources) == (j < sources) else -1
            sizes = [sources if row < sources else n - sources for row in (i, j)]
            distance[i, j] = signs / (sizes[0] * sizes[1])
    spread = kernel @ centering @ kernel
    apart = kernel @ distance @ kernel
    a = apart + mu * np.eye(n) if form == "2011" else np.eye(n) + mu * apart
    return a, spread


def is_solution(w, a, b):
    """Whether the columns are eigenvectors of B w = value A w, up to their lengths."""
    values = np.sum(w * (b @ w), axis=0) / np.sum(w * (a @ w), axis=0)
    return np.allclose(b @ w, a @ w * values, rtol=1e-6, atol=1e-8 * np.abs(b @ w).max())


def objective(w, a, b):
    """trace(W^T A W) after W is brought to W^T B W = I."""
    root = np.linalg.cholesky(w.T @ b @ w)
    white = w @ np.linalg.inv(root).T
    return np.trace(white.T @ a @ white)


KERNEL = rbf_kernel(domains(), domains(), gamma=0.1)
E = mean_difference(SOURCES, TARGETS)
CASES = [(form, mu) for form in ("2011", "2009") for mu in (0.01, 1.0, 30.0)]


def test_outer_product_of_the_difference_is_the_papers_l():
    _, _ = naive(KERNEL)
    expected = np.full((3, 3), 0.25)
    expected[2, :2] = expected[:2, 2] = -0.5
    expected[2, 2] = 1.0
    e = mean_difference(2, 1)
    np.testing.assert_allclose(np.outer(e, e), expected)
    assert e @ e == pytest.approx(np.linalg.norm(np.outer(e, e)))


def test_rbf_kernel_is_the_formula():
    x, y = domains(3, 2), domains(2, 2, seed=1)
    expected = [[np.exp(-0.3 * np.sum((a - b) ** 2)) for b in y] for a in x]
    np.testing.assert_allclose(rbf_kernel(x, y, 0.3), expected, rtol=1e-12)


@pytest.mark.parametrize(("form", "mu"), CASES)
def test_whitened_components_fulfil_the_constraint_of_the_paper(form, mu):
    _, b = naive(KERNEL, mu=mu, form=form)
    w = transfer_components(KERNEL, E, 4, mu, form, whiten=True)
    np.testing.assert_allclose(w.T @ b @ w, np.eye(4), atol=1e-8)


@pytest.mark.parametrize(("form", "mu"), CASES)
def test_no_other_feasible_map_has_a_lower_objective(form, mu):
    a, b = naive(KERNEL, mu=mu, form=form)
    w = transfer_components(KERNEL, E, 3, mu, form)
    best = objective(w, a, b)
    rng = np.random.default_rng(0)
    near = [w + 10.0**-k * rng.normal(size=w.shape) for k in range(5) for _ in range(20)]
    assert best <= min(objective(other, a, b) for other in near)


@pytest.mark.parametrize(("form", "mu"), CASES)
def test_components_are_the_smallest_eigenvectors_of_the_inverse_problem(form, mu):
    """`scipy.linalg.eig(A, B)`, the route of jindongwang/transferlearning: B is singular there, so
    some values are infinite.
    """
    a, b = naive(KERNEL, mu=mu, form=form)
    values, vectors = scipy.linalg.eig(a, b)
    values = np.where(np.isfinite(values) & (values.real > 0), values.real, np.inf)
    expected = vectors[:, np.argsort(values)[:3]].real
    w = transfer_components(KERNEL, E, 3, mu, form)
    cosines = np.abs(np.sum(w * expected, axis=0)) / np.linalg.norm(expected, axis=0)
    np.testing.assert_allclose(cosines, 1, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(w, axis=0), 1)


@pytest.mark.parametrize("form", ["2011", "2009"])
def test_a_symmetric_solver_of_the_product_would_be_noticed(form):
    """adapt and skada give A^-1 B, which is not symmetric, to `eigh`."""
    a, b = naive(KERNEL, mu=0.1, form=form)
    _, vectors = np.linalg.eigh(np.linalg.inv(a) @ b)
    wrong = vectors[:, ::-1][:, :3]
    right = transfer_components(KERNEL, E, 3, 0.1, form)
    assert is_solution(right, a, b)
    assert not is_solution(wrong, a, b)
    assert objective(right, a, b) < objective(wrong, a, b)


def test_the_2009_form_is_the_2011_form_with_the_inverse_of_mu():
    np.testing.assert_allclose(
        transfer_components(KERNEL, E, 3, 4.0, "2009"),
        transfer_components(KERNEL, E, 3, 0.25, "2011"),
        atol=1e-8,
    )


@pytest.mark.parametrize(("form", "mus"), [("2011", [100, 1, 0.01]), ("2009", [0.01, 1, 100])])
def test_mu_adapts_in_the_direction_that_its_form_says(form, mus):
    """The squared difference of means as a share of all variance falls."""
    shares = []
    for mu in mus:
        z = KERNEL @ transfer_components(KERNEL, E, 3, mu, form)
        shares.append(np.sum((E @ z) ** 2) / z.var(axis=0).sum())
    assert shares[0] > shares[1] > shares[2]


def test_domains_come_together_and_keep_their_variance():
    """Two Gaussians that are far apart in one of four features."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, 4)) * [3, 2, 1, 1]
    rows[100:, 0] += 20
    e = mean_difference(100, 100)

    def share(z):
        return np.sum((e @ z) ** 2) / z.var(axis=0).sum()

    z = rows @ linear_components(rows, e, 2, mu=1e-3)
    assert share(rows) > 2
    assert share(z) < 1e-3
    # The other features: the first component is nearly the second feature.
    assert abs(np.corrcoef(z[:, 0], rows[:, 1])[0, 1]) > 0.99


@pytest.mark.parametrize("features", [4, 23, 40])
@pytest.mark.parametrize("whiten", [False, True])
@pytest.mark.parametrize("form", ["2011", "2009"])
def test_projection_is_the_linear_kernel(features, whiten, form):
    """With fewer features than rows, as many, and more."""
    rows = domains(features=features)
    settings = {"components": 3, "mu": 0.3, "form": form, "whiten": whiten}
    w = transfer_components(rows @ rows.T, E, **settings)
    p = linear_components(rows, E, **settings)
    assert p.shape == (features, 3)
    np.testing.assert_allclose(rows @ p, rows @ rows.T @ w, rtol=1e-6, atol=1e-8)


def test_projection_of_features_that_repeat_each_other_is_found():
    rows = domains(features=3)
    rows = np.concatenate([rows, rows, np.zeros((len(rows), 2))], axis=1)  # rank 3 of 8
    w = transfer_components(rows @ rows.T, E, 2)
    z = rows @ linear_components(rows, E, 2)
    np.testing.assert_allclose(z, rows @ rows.T @ w, rtol=1e-6, atol=1e-8)


def test_signs_do_not_depend_on_the_order_of_the_rows():
    rows = domains()
    order = np.concatenate([np.arange(SOURCES)[::-1], SOURCES + np.arange(TARGETS)[::-1]])
    p = linear_components(rows, E, 3)
    np.testing.assert_allclose(linear_components(rows[order], E, 3), p, atol=1e-9)
    z = rows @ p
    assert (z[np.abs(z).argmax(axis=0), np.arange(3)] > 0).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"components": 0}, "components: got 0; it must be an integer of at least 1"),
        ({"components": 6}, "components: got 6; it must be at most 5 for data that varies so"),
        ({"mu": 0.0}, "mu: got 0.0; it must be a finite number above 0"),
        ({"mu": float("nan")}, "mu: got nan"),
        ({"form": "2010"}, "form: got '2010'; it must be one of '2011', '2009'"),
    ],
)
def test_impossible_settings_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        linear_components(domains(), E, **{"components": 3} | arguments)


def test_more_components_than_the_data_has_directions_are_refused():
    rows = domains(features=2)
    with pytest.raises(ValueError, match="components: got 3; it must be at most 2"):
        transfer_components(rows @ rows.T, E, 3)
    with pytest.raises(ValueError, match="sources: got 0"):
        mean_difference(0, 3)
