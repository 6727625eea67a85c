"""The site of the zoo: what its pages say, and what is left of them where something fails."""

import re

import numpy as np
import pytest

import sslzoo
from sslzoo.data import Dataset
from sslzoo.report import gallery
from sslzoo.report.curves import curve_pictures, task_pictures
from sslzoo.report.enlarged import enlarged
from sslzoo.report.gallery import index_page, model_page, write_gallery
from sslzoo.report.hover import hover_maps
from sslzoo.report.pictures import Look, look_at, pictures
from sslzoo.report.records import model_rows
from sslzoo.zoo import Entry

pytest.importorskip("bokeh")
DIGITS = "simclr_resnet20.digits"
NO_DATA = Look(None, None, None, "The data are not <here>.")


@pytest.fixture
def digits():
    return sslzoo.data.load("digits", "test").take(slice(24))


def look(model, data):
    return Look(model, data, model.encode(data.inputs))


def test_the_table_has_every_entry_and_escapes_what_it_shows():
    (row,) = model_rows([DIGITS])
    page = index_page([row | {"name": "<b>&", "data": "<script>alert(1)</script>"}])
    assert "<b>" not in page and "<script>alert" not in page
    assert "models/%3Cb%3E%26.html" in page and "97.0 %" in page


def test_a_model_without_its_data_has_a_page_that_says_so(monkeypatch):
    monkeypatch.setattr(gallery, "look_at", lambda entry: NO_DATA)
    page = model_page(DIGITS)
    assert "The data are not &lt;here&gt;." in page
    assert 'id="maps"' not in page and '<h2 id="use">Use</h2>' in page


def test_data_that_are_not_here_are_not_fetched(monkeypatch):
    monkeypatch.setattr("sslzoo.data.remote.download_bytes", lambda name: 10**9)
    found = look_at(Entry.find(DIGITS))
    assert found.data is None and found.missing == "The data digits are not on this machine."


def test_weights_that_are_not_here_are_not_fetched(monkeypatch):
    def fetched(*_):
        raise AssertionError("loaded")

    monkeypatch.setattr(sslzoo, "load", fetched)
    page = model_page("dino_vit_base16.imagenet")
    assert "The weights are not on this machine" in page and "loaded" not in page


@pytest.mark.parametrize("broken", ["look_at", "hover_maps", "pictures", "content"])
def test_what_fails_takes_no_other_page_with_it(broken, tmp_path, monkeypatch, caplog):
    def fails(*_, **__):
        raise RuntimeError(f"{broken} <failed>")

    monkeypatch.setattr(gallery, "look_at", lambda entry: NO_DATA)
    homes = {"hover_maps": "sslzoo.report.hover", "content": "sslzoo.zoo.markdown_card"}
    monkeypatch.setattr(f"{homes.get(broken, 'sslzoo.report.gallery')}.{broken}", fails)
    index = write_gallery(tmp_path / "site", [DIGITS, "tca.office_caltech10"])
    for name in (DIGITS, "tca.office_caltech10"):
        page = (index.parent / "models" / f"{name}.html").read_text(encoding="utf-8")
        assert f"<h1>{name}</h1>" in page
    page = (index.parent / "models" / f"{DIGITS}.html").read_text(encoding="utf-8")
    assert f"{broken} &lt;failed&gt;" in page
    assert f"{DIGITS}: " in caplog.text and f"{broken} <failed>" in caplog.text


def test_a_picture_that_fails_leaves_the_others(digits, monkeypatch):
    def fails(*_):
        raise RuntimeError("out of paint")

    monkeypatch.setattr("sslzoo.plots.nearest_neighbors", fails, raising=False)
    drawn = pictures(look(sslzoo.build("vae", "mlp", 8, latent_dim=2), digits))
    assert [picture.title for picture in drawn if not picture.image] == ["Nearest neighbors"]
    assert "out of paint" in drawn[2].caption and len(drawn) == 4


def titles(look):
    return {picture.title for picture in pictures(look, embedding_map=False)}


def test_each_kind_of_model_has_the_pictures_that_suit_it(digits, monkeypatch):
    monkeypatch.setattr("sslzoo.plots.figure.png", lambda figure, dpi: b"drawn")
    vae = sslzoo.build("vae", "mlp", 8, latent_dim=2)
    assert titles(look(vae, digits)) == {"Samples", "Nearest neighbors", "Reconstructions"}
    assert titles(Look(vae, None, None)) == {"Samples"}  # which need no data
    small = {"decoder_width": 16, "decoder_blocks": 1, "decoder_heads": 2}
    mae = sslzoo.build("mae", {"name": "vit_micro", "patch": 2}, 8, **small)
    assert titles(look(mae, digits)) == {"Nearest neighbors", "Restored images", "Attention"}
    flexmatch = sslzoo.build("flexmatch", "micro", 8, classes=10, unlabeled_size=10)
    assert titles(look(flexmatch, digits)) == {"Nearest neighbors", "Confusion matrix"}
    vectors = Dataset(vectors=digits.images.reshape(24, -1).astype("float32"))
    assert titles(Look(sslzoo.build("simclr", "micro", 8), vectors, vectors.vectors)) == set()


def test_the_items_of_a_picture_come_from_all_classes_of_sorted_data(digits, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "sslzoo.plots.nearest_neighbors", lambda *given: asked.append(given[2]), raising=False
    )
    rows = np.argsort(digits.labels, kind="stable")
    pictures(Look(None, digits.take(rows), digits.images.reshape(24, -1)), embedding_map=False)
    assert asked[0].tolist() == [0, 5, 9, 14, 18, 23]


def test_what_enlarges_has_two_photographs_beside_bicubic_ones():
    model = sslzoo.build("srresnet", {"name": "srresnet", "width": 4, "blocks": 1}, 8, scale=2)
    for photograph in enlarged(model):
        sides = {image[16:24] for image in (photograph.before, photograph.after)}
        assert len(sides) == 1 and photograph.before != photograph.after
        assert photograph.scale == 2 and "CC BY 2.0" in photograph.credit
    assert len(enlarged(model)) == 2 and enlarged(None) == []


def test_maps_have_an_item_for_each_point_and_a_color_for_each_class(digits):
    maps = hover_maps(Look(None, digits, digits.images.reshape(24, -1).astype("float32")))
    assert maps.count == 24 and maps.images and maps.script.count("data:image/jpeg") == 24
    assert maps.maps[0][0] == "PCA" and maps.maps[1][0] in ("UMAP", "t-SNE")
    assert [name for _, name in maps.legend] == [str(label) for label in range(10)]
    assert len({color for color, _ in maps.legend}) == 10
    many = Dataset(digits.images, np.arange(24))  # colors would repeat
    assert hover_maps(Look(None, many, np.eye(24, dtype="float32"))).legend == []


def test_curves_are_those_of_the_record_and_of_tasks(tmp_path):
    entry = Entry.find(DIGITS)
    record = entry.config.record
    curves = {"epoch": [1, 5, 9], "loss": [3.0, 2.0, 1.0], "constant": [1.0, 1.0, 1.0]}
    curves |= {"same": [3.0, 2.0, 1.0]}
    with_curves = record.model_copy(update={"curves": curves})
    entry.__dict__["config"] = entry.config.model_copy(update={"record": with_curves})
    assert [name for name, _ in curve_pictures(entry)] == ["loss"]
    metrics = Entry.find("lwf_mlp.mnist").card.metrics
    assert [picture.title for picture in task_pictures(metrics)] == [
        "Task by task",
        "What was forgotten",
    ]


def test_a_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("kept")
    with pytest.raises(ValueError, match="--out: got .*; it must be a new or empty folder"):
        write_gallery(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_site_needs_no_network_and_is_written_anew(tmp_path, command, monkeypatch):
    with monkeypatch.context() as without:
        without.setattr(gallery, "look_at", lambda entry: NO_DATA)
        write_gallery(tmp_path / "site", [DIGITS])
    index = write_gallery(tmp_path / "site", [DIGITS])
    page = (index.parent / "models" / f"{DIGITS}.html").read_text(encoding="utf-8")
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page + index.read_text(encoding="utf-8"))
    anchors = {address[1:] for address in addresses if address.startswith("#")}
    assert "maps" in anchors and anchors <= set(re.findall(r'id="([^"]+)"', page))
    local = [a for a in addresses if not a.startswith(("data:", "https://", "#", "@image"))]
    assert {"../bokeh.js", "../index.html", f"models/{DIGITS}.html"} == set(local)
    assert not re.search(r"(?:<script|<img|<link)[^>]*https?://", page)
    code, _, error = command("report")
    assert code == 2 and "got neither a name nor --out" in error
