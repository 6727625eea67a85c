"""Every notebook runs from top to bottom, at a small size and with the data of the package.
`make notebooks` runs them on what SSLZOO_DATA holds.
"""

import os
from pathlib import Path

import pytest

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.mark.slow
@pytest.mark.tensorflow
@pytest.mark.skipif(
    os.environ.get("KERAS_BACKEND") == "jax", reason="the notebooks export, which needs TensorFlow"
)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook(path, monkeypatch, tmp_path):
    monkeypatch.setenv("NOTEBOOK_EPOCHS", "1")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # scikit-learn's threads wait for each other
    monkeypatch.delenv("SSLZOO_DATA", raising=False)
    notebook = nbformat.read(path, 4)
    assert any(cell.get("outputs") for cell in notebook.cells), (
        f"{path.name} is committed without its outputs: make notebooks"
    )
    nbclient.NotebookClient(
        notebook, timeout=600, resources={"metadata": {"path": tmp_path}}
    ).execute()
