import numpy as np
import pytest
import scipy.integrate
import scipy.linalg

from sslzoo.nn.subspaces import geodesic_flow, principal_axes, recoloring

rng = np.random.default_rng(0)


def basis(rows, columns, seed):
    values = np.random.default_rng(seed).normal(size=(rows, columns))
    return np.linalg.qr(values)[0]


def test_principal_axes_are_those_of_scikit_learn():
    from sklearn.decomposition import PCA

    rows = rng.normal(size=(30, 5)) @ rng.normal(size=(5, 5)) + 3
    expected = PCA(3).fit(rows).components_.T
    axes = principal_axes(rows, 3)
    np.testing.assert_allclose(axes, expected * np.sign((axes * expected).sum(axis=0)), atol=1e-9)
    assert (axes.max(axis=0) == np.abs(axes).max(axis=0)).all()


def test_recolored_rows_have_the_covariance_of_the_target():
    source = rng.normal(size=(200, 4)) @ rng.normal(size=(4, 4))
    target = rng.normal(size=(150, 4)) @ rng.normal(size=(4, 4))
    moved = (source - source.mean(axis=0)) @ recoloring(source, target, ridge=1e-9)
    covariance = np.cov(target, rowvar=False)
    np.testing.assert_allclose(np.cov(moved, rowvar=False), covariance, rtol=1e-5, atol=1e-7)


def test_recoloring_is_the_product_of_symmetric_roots():
    source, target = rng.normal(size=(9, 3)), 2 * rng.normal(size=(8, 3))
    c_s, c_t = (np.cov(rows.T) + np.eye(3) for rows in (source, target))
    power = scipy.linalg.fractional_matrix_power
    expected = power(c_s, -0.5) @ power(c_t, 0.5)
    np.testing.assert_allclose(recoloring(source, target), expected, atol=1e-10)


@pytest.mark.parametrize("seeds", [(0, 1), (2, 3)])
def test_geodesic_flow_is_the_integral_over_the_path(seeds):
    """The path by its definition: exp(t B) applied to the source, B the tangent to the target."""
    source, target = (basis(7, 2, seed) for seed in seeds)
    rest = scipy.linalg.null_space(source.T)  # (7, 5)
    whole = np.hstack([source, rest])
    u, cosines, vt = np.linalg.svd(source.T @ target)
    angles = np.arccos(np.clip(cosines, -1, 1))
    right = rest.T @ target @ vt.T / np.sin(angles)  # (5, 2)

    def at(t):
        along = np.vstack([u * np.cos(t * angles), right * np.sin(t * angles)])
        basis_at = whole @ along
        return (basis_at @ basis_at.T).ravel()

    integral, _ = scipy.integrate.quad_vec(at, 0, 1)
    flow = geodesic_flow(source, target)
    np.testing.assert_allclose(flow @ flow.T, 2 * integral.reshape(7, 7), atol=1e-7)


def test_equal_subspaces_give_their_own_projection():
    source = basis(6, 3, 4)
    flow = geodesic_flow(source, source[:, ::-1])
    np.testing.assert_allclose(flow @ flow.T, 2 * source @ source.T, atol=1e-7)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: principal_axes(np.eye(3), 3), "components: got 3; it must be at most 2"),
        (lambda: principal_axes(np.ones((4, 3)), 1), "components: got 1; it must be at most 0"),
        (lambda: recoloring(np.eye(3), np.eye(3), 0), "ridge: got 0"),
        (lambda: geodesic_flow(np.eye(3)[:, :1], np.eye(3)), "target: got a basis of shape"),
    ],
)
def test_what_has_no_answer_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
