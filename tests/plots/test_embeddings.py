"""Maps of embeddings, nearest neighbors and confusion matrices: what is drawn."""

import sys

import matplotlib.colors
import numpy as np
import pytest

from sslzoo import plots
from sslzoo.data import Dataset
from sslzoo.plots.embeddings import MOST_CLASSES, map_2d
from sslzoo.plots.figure import RIGHT, WRONG, png
from sslzoo.plots.neighbors import neighbors


def clusters(classes, each=6):
    labels = np.repeat(np.arange(classes), each)
    noise = np.random.default_rng(0).normal(size=(len(labels), classes))
    return np.eye(classes)[labels] + 0.01 * noise, labels


def looks(axes):
    """What tells the classes of a map apart: (color, number of the shape's corners) of each."""
    return {
        (tuple(dots.get_facecolor()[0]), tuple(dots.get_paths()[0].vertices.ravel().round(3)))
        for dots in axes.collections
    }


def test_what_is_public_is_there():
    assert set(plots.__all__) == {
        *("attention_maps", "confusion_matrix", "decisions", "embedding_map"),
        *("nearest_neighbors", "reconstructed_images", "restored_images", "sampled_images"),
    }
    assert all(callable(getattr(plots, name)) for name in plots.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'map'"):
        plots.map  # noqa: B018


@pytest.mark.parametrize("classes", [2, 10, 37, MOST_CLASSES])
def test_no_two_classes_of_a_map_look_alike(classes):
    features, labels = clusters(classes)
    axes = plots.embedding_map(features, labels, method="pca").axes[0]
    assert len(looks(axes)) == classes
    named = [text.get_text() for text in axes.get_legend().get_texts()]
    assert named == [str(label) for label in range(classes)]


def test_more_classes_than_looks_are_said():
    features, labels = clusters(MOST_CLASSES + 1)
    axes = plots.embedding_map(features, labels, method="pca").axes[0]
    assert axes.get_legend() is None and axes.get_xlabel() == "81 classes, colors repeat"


def test_a_named_class_keeps_its_color_where_another_one_is_missing():
    features, labels = clusters(3)
    whole, part = (
        plots.embedding_map(features[rows], labels[rows], ["a", "b", "c"], method="pca").axes[0]
        for rows in (labels >= 0, labels != 1)
    )
    color = {dots.get_label(): dots.get_facecolor()[0].tolist() for dots in whole.collections}
    for dots in part.collections:
        assert dots.get_facecolor()[0].tolist() == color[dots.get_label()]


def test_a_map_keeps_groups_together():
    features, labels = clusters(4, each=15)
    points = map_2d(features)
    centers = np.stack([points[labels == label].mean(axis=0) for label in range(4)])
    nearest = np.linalg.norm(points[:, None] - centers, axis=-1).argmin(axis=1)
    assert (nearest == labels).mean() > 0.95
    assert np.allclose(points.std(axis=0), 1, atol=1e-4)


@pytest.mark.parametrize("shape", [(3, 1), (3, 64), (5, 2), (31, 3)])
@pytest.mark.parametrize("method", ["tsne", "pca"])
def test_small_sets_have_a_map(shape, method):
    features = np.random.default_rng(0).normal(size=shape)
    figure = plots.embedding_map(features, method=method)
    (dots,) = figure.axes[0].collections
    assert dots.get_offsets().shape == (shape[0], 2) and figure.axes[0].get_legend() is None


@pytest.mark.slow
def test_umap_keeps_groups_together_and_maps_small_sets():
    pytest.importorskip("umap")
    features, labels = clusters(4, each=15)
    points = map_2d(features, "umap")
    centers = np.stack([points[labels == label].mean(axis=0) for label in range(4)])
    nearest = np.linalg.norm(points[:, None] - centers, axis=-1).argmin(axis=1)
    assert (nearest == labels).mean() > 0.95
    assert np.array_equal(points, map_2d(features, "umap"))
    for rows, columns in ((3, 1), (3, 64), (4, 5), (5, 2), (31, 3)):
        assert np.isfinite(map_2d(features[:rows, :1].repeat(columns, 1) + 0.1, "umap")).all()
    title = plots.embedding_map(features, method="umap").axes[0].get_title(loc="left")
    assert title == "UMAP of 60 embeddings"


def test_umap_that_is_missing_is_asked_for(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(ModuleNotFoundError, match=r"pip install sslzoo\[umap\]"):
        map_2d(np.eye(4), "umap")


def test_of_a_large_set_a_part_is_shown_and_the_title_says_so():
    features = np.random.default_rng(0).normal(size=(2500, 3))
    axes = plots.embedding_map(features, np.arange(2500) % 2, method="pca").axes[0]
    assert sum(len(dots.get_offsets()) for dots in axes.collections) == 2000
    assert axes.get_title(loc="left") == "PCA of 2,000 of 2,500 embeddings"


@pytest.mark.parametrize(
    ("features", "labels", "message"),
    [
        (np.eye(2), None, "features: got 2 rows; it must have at least 3 for a map"),
        (np.zeros((4, 2, 2)), None, r"features: got shape \(4, 2, 2\); it must be"),
        (np.full((4, 2), np.nan), None, "features: got non-finite values in 4 of 4 rows"),
        (np.eye(4), [0, 1], "labels: got 2 for 4 rows; it must be one per row"),
        (np.eye(4), [0, 1, 2, 3], r"labels: got integers from 0 to 3; it must be in 0\.\.1"),
    ],
)
def test_a_map_is_refused_in_one_sentence(features, labels, message):
    with pytest.raises(ValueError, match=message):
        plots.embedding_map(features, labels, None if labels is None else ["a", "b"])


# ---- nearest neighbors ---------------------------------------------------------------


@pytest.fixture
def photos():
    """Nine images of three gray values, each a class, and features that tell them apart."""
    labels = np.repeat([0, 1, 2], 3)
    images = np.full((9, 8, 8, 3), 1, "uint8") * (80 * labels).astype("uint8")[:, None, None, None]
    features = np.eye(3)[labels] + 0.01 * np.random.default_rng(0).normal(size=(9, 3))
    return Dataset(images, labels, ["dark", "gray", "bright"]), features


def frames(figure):
    """{title: edge color} of the neighbors."""
    return [
        (axes.get_title(), matplotlib.colors.to_hex(axes.spines["top"].get_edgecolor()))
        for axes in figure.axes
        if axes.spines["top"].get_visible()
    ]


def test_neighbors_are_of_the_same_class_and_never_the_query(photos):
    data, features = photos
    found, similarity = neighbors(features, features, 2, own=np.arange(9))
    assert (data.labels[found] == data.labels[:, None]).all()
    assert not (found == np.arange(9)[:, None]).any()
    assert (np.diff(similarity, axis=1) <= 0).all() and similarity.max() <= 1 + 1e-6


def test_a_query_among_equal_rows_still_has_as_many_neighbors():
    rows = np.ones((6, 3), "float32")
    found, similarity = neighbors(rows, rows, 3, own=np.arange(6))
    assert found.shape == (6, 3) and not (found == np.arange(6)[:, None]).any()
    assert np.allclose(similarity, 1)


def test_frames_tell_the_same_class_from_another(photos):
    data, features = photos
    figure = plots.nearest_neighbors(data, features, rows=[4], count=4)
    found = frames(figure)
    assert found[:2] == [("gray", RIGHT), ("gray", RIGHT)]
    assert [color for _, color in found[2:]] == [WRONG, WRONG]
    assert png(figure, 50).startswith(b"\x89PNG")


def test_neighbors_from_another_set_and_without_labels(photos):
    data, features = photos
    bank = Dataset(data.images)
    figure = plots.nearest_neighbors(data, features, [0], 9, bank, features)
    assert len(figure.axes) == 10 and frames(figure) == []


@pytest.mark.parametrize("images", [np.zeros((4, 8, 8)), np.zeros((4, 8, 8, 1), "uint8")])
def test_gray_images_are_shown(images):
    figure = plots.nearest_neighbors(Dataset(images), np.eye(4), [0, 1], 3)
    assert figure.axes[0].images[0].get_array().shape == (8, 8)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rows": [9]}, "rows: got 9; it must be an integer of at least 0 and at most 8"),
        ({"rows": []}, "rows: got none; it must name at least one image"),
        ({"count": 9}, "count: got 9; it must be an integer of at least 1 and at most 8"),
        ({"features": np.eye(4)}, "features: got 4 rows for 9 images; it must be one per image"),
        ({"bank_features": np.eye(9)}, "bank: got one of bank and bank_features"),
        ({"data": Dataset(vectors=np.eye(9))}, "data: got vectors; it must hold images"),
    ],
)
def test_neighbors_are_refused_in_one_sentence(photos, options, message):
    data, features = photos
    with pytest.raises(ValueError, match=message):
        plots.nearest_neighbors(**{"data": data, "features": features, "count": 2, **options})


# ---- the confusion matrix ------------------------------------------------------------


def test_the_matrix_says_what_was_taken_for_what():
    labels, predictions = [0, 0, 0, 0, 1, 2], [0, 0, 1, 2, 1, 1]
    axes = plots.confusion_matrix(labels, predictions, ["cat", "dog", "bird"]).axes[0]
    expected = [[0.5, 0.25, 0.25], [0, 1, 0], [0, 1, 0]]
    assert axes.images[0].get_array().tolist() == expected
    assert axes.get_title(loc="left") == "50.0 % of 6 right"
    assert [text.get_text() for text in axes.get_yticklabels()] == ["cat", "dog", "bird"]


def test_scores_count_as_predictions_and_absent_classes_have_no_row():
    scores = np.eye(5)[[1, 3]]
    axes = plots.confusion_matrix([1, 3], scores).axes[0]
    assert axes.images[0].get_array().tolist() == [[1, 0], [0, 1]]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["1", "3"]


@pytest.mark.parametrize("classes", [21, 61])
def test_of_many_classes_what_cannot_be_read_is_left_out(classes):
    labels = np.arange(classes)
    axes = plots.confusion_matrix(labels, labels).axes[0]
    assert len(axes.texts) == 0
    assert len(axes.get_xticklabels()) == (classes if classes <= 60 else 0)


@pytest.mark.parametrize(
    ("labels", "predictions", "message"),
    [
        ([0, 1], [0], "labels: got 2 for 1 rows; it must be one per row"),
        ([], [], "labels: got none; it must be one or more"),
        ([0, 5], [0, 1], r"labels: got integers from 0 to 5; it must be in 0\.\.1"),
        ([0, 1], [0, 5], r"predictions: got integers from 0 to 5; it must be in 0\.\.1"),
    ],
)
def test_a_matrix_is_refused_in_one_sentence(labels, predictions, message):
    labels, predictions = np.array(labels, int), np.array(predictions, int)
    with pytest.raises(ValueError, match=message):
        plots.confusion_matrix(labels, predictions, ["a", "b"])
