"""Generated cards: of every entry, of saved folders, and as model hubs read them."""

import math
import re
import time

import keras
import numpy as np
import pytest
from PIL import Image

import sslzoo
from sslzoo import nn, training
from sslzoo.zoo import yaml_text
from sslzoo.zoo.citation import bibtex, citation_key, cited
from sslzoo.zoo.interface import interface_of
from sslzoo.zoo.markdown_card import content, markdown_card
from sslzoo.zoo.records import Reference
from sslzoo.zoo.schema import Paper
from sslzoo.zoo.sections import _published

ENTRY = "simclr_resnet20.digits"
BIBTEX = re.compile(r"@misc\{[a-z0-9]+,\n(  [a-z]+ = \{.*\},\n)*  [a-z]+ = \{.*\}\n\}", re.I)


@pytest.fixture(scope="module")
def cards():
    """{name: card as Markdown} of every entry."""
    return {name: markdown_card(name) for name in sslzoo.list_models()}


def front_matter(text):
    return yaml_text.parse(text.split("---\n")[1], "card")


def test_every_entry_has_a_card(cards):
    always = ("## Use", "## Input", "## Output", "## Training", "## Limits", "## License")
    for name, text in cards.items():
        assert [title for title in (*always, f"# {name}") if title not in text] == [], name
        assert "None" not in text.replace("weights=None", "") and " nan" not in text, name


def test_a_card_takes_milliseconds(cards):
    known = [sslzoo.info(name) for name in cards]
    start = time.process_time()
    for card in known:
        markdown_card(card)
    assert (time.process_time() - start) / len(known) < 0.05


@pytest.mark.slow
@pytest.mark.tensorflow
def test_the_lines_of_use_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    for index in range(2):
        picture = np.full((40, 30, 3), 50 * index, "uint8")
        Image.fromarray(picture).save(tmp_path / "photos" / f"{index}.png")
    code = re.search(r"```python\n(.*?)```", markdown_card(ENTRY), re.DOTALL)[1]
    assert len([line for line in code.splitlines() if line and "import" not in line]) == 3
    names = {}
    exec(code, names)
    assert names["embedding"].shape == (2, 64) and (tmp_path / "served").is_dir()


@pytest.mark.parametrize("name", [ENTRY, "vae_mlp.mnist", "tca.office_caltech10"])
def test_the_outputs_are_those_of_the_model(name):
    interface = interface_of(sslzoo.info(name).config)
    model = sslzoo.load(name)
    assert [verb for verb, _, _ in interface.outputs] == list(model.verbs)
    items = model.reads.examples(2)
    assert model.encode(items).shape == (2, interface.embedding)


def test_bibtex_parses_and_a_key_stands_for_one_paper(cards):
    papers = {}
    for name, text in cards.items():
        entry = re.search(r"```bibtex\n(.*?)\n```", text, re.DOTALL)[1]
        assert BIBTEX.fullmatch(entry) and entry.count("{") == entry.count("}"), name
        paper = sslzoo.info(name).config.paper
        papers.setdefault(citation_key(paper), set()).add(bibtex(paper))
    assert {key: texts for key, texts in papers.items() if len(texts) > 1} == {}


def test_bibtex_escapes_what_tex_reads_otherwise():
    paper = Paper(title="R&D: 5 % of {a_b}", authors="van de Ven, Li & Ho et al.", year=2020)
    text = bibtex(paper)
    assert r"title = {{R\&D: 5 \% of a\_b}}" in text
    assert "author = {van de Ven and Li and Ho and others}" in text
    assert text.startswith("@misc{vandeven2020rd,")


def test_a_paper_is_read_from_the_docstring_of_its_method():
    paper = cited('Naive: van de Ven & Tolias 2019, "Three scenarios," arXiv:1904.07734.')
    assert paper.authors == "van de Ven & Tolias" and paper.arxiv == "1904.07734"
    assert cited("A network that somebody else trained.") is None


def test_published_figures_stand_beside_those_that_begin_alike():
    metrics = [
        {"protocol": "knn", "accuracy": 0.5, "settings": {"k": 200}},
        {"protocol": "linear_probe", "accuracy": 0.6, "settings": {}},
    ]
    known = [
        Reference(what="linear probe on ImageNet", value=0.7, source="a"),
        Reference(what="kNN (k 200)", value=0.4, source="b"),
        Reference(what="fine-tuned", value=0.8, source="c"),
    ]
    rows = _published(known, metrics)[1].rows
    assert [row[2] for row in rows] == ["60.0 % (linear probe)", "50.0 % (kNN, k 200)", "–"]
    rows = _published([Reference(what="PSNR on Set14", value=28.5, source="a")], pictures())[1].rows
    assert rows[0][2] == "27.00 dB (PSNR, Set14, x4)"


def pictures():
    """Evaluations on two sets."""
    figures = {"protocol": "super_resolution", "ssim": 0.9}
    settings = {"scale": 4, "test_name": "Set5"}
    return [
        figures | {"psnr": 31.0, "settings": settings},
        figures | {"psnr": 27.0, "settings": settings | {"test_name": "Set14"}},
    ]


def test_what_is_better_than_the_model_is_a_limit(cards):
    assert "kNN, k 20: 97.4 % by raw pixels, 97.0 % by this model." in cards[ENTRY]


def test_weights_of_other_people_are_named(cards):
    text = cards["moco_v2_resnet50.imagenet"]
    assert "dl.fbaipublicfiles.com/moco" in text and "`sslzoo.load` fetches the file" in text
    assert "(x - (0.485, 0.456, 0.406)) / (0.229, 0.224, 0.225), in the model" in text
    assert "It forbids commercial use." in cards["mae_vit_base16.imagenet"]


def test_a_config_of_ones_own_has_a_card(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "method: simclr\nbackbone: micro\nimage_size: [8, 16]\ndata: {name: <b>, split: train}\n"
        "optimizer: {name: sgd, learning_rate: 0.1}\nbatch_size: 8\nepochs: 2\n"
    )
    text = markdown_card(str(path))
    assert f'sslzoo.load("{path}", weights=None)' in text and "8 x 16 px" in text
    assert "<b>" not in text.partition("---\n# ")[2] and "## License" not in text
    assert "license" not in front_matter(text)


def test_a_saved_folder_has_the_same_card(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = sslzoo.load(ENTRY)
    card = sslzoo.save(model, "mine")
    text = (tmp_path / "mine" / "README.md").read_text(encoding="utf-8")
    assert text == markdown_card("mine") == markdown_card(card)
    metadata = front_matter(text)
    assert metadata["license"] == "apache-2.0"
    assert metadata["pipeline_tag"] == "image-feature-extraction"
    for part in ("@misc{chen2020simple,", f"`sslzoo info {ENTRY}`", card.sha256, "(N, 64)"):
        assert part in text
    assert content("mine").title == "mine"
    assert 'sslzoo.load("hf://me/mine")' in markdown_card(card, "hf://me/mine")


def test_a_saved_classifier_says_its_classes_and_pictures(tmp_path):
    classifier = sslzoo.build("fixmatch", "micro", 8, classes=7)
    text = markdown_card(sslzoo.save(classifier, tmp_path / "classifier"))
    assert "-> float32 (N, 7), rows sum to 1" in text and "| encode | embedding | float32" in text
    text = markdown_card(sslzoo.save(sslzoo.build("vae", "mlp", 8), tmp_path / "vae"))
    assert "| sample | images | float32 (n, 8, 8, 3) in 0..1 |" in text


@keras.saving.register_keras_serializable("tests")
class OwnMethod(training.Method):
    """Of a user."""

    verbs = {"measure": training.Verb("length")}


def test_a_saved_class_of_ones_own_has_a_card(tmp_path):
    text = markdown_card(sslzoo.save(OwnMethod(nn.backbone("micro", 8)), tmp_path / "mine"))
    assert 'length = model.measure("photos")' in text and "| measure | length |  |" in text
    assert "Nothing was measured of it." in text and "## Citation" not in text


def test_the_hub_reads_the_metadata(cards):
    hub = pytest.importorskip("huggingface_hub")
    from huggingface_hub.repocard_data import model_index_to_eval_results

    for name, text in cards.items():
        card = hub.ModelCard(text)
        assert card.data.library_name == "keras" and card.data.license, name
        index = front_matter(text).get("model-index", [])
        for entry in index:
            _, results = model_index_to_eval_results([entry])
            assert card.data.eval_results == results, name
        if sslzoo.info(name).metrics:
            assert index, name


def test_figures_of_the_hub_are_those_of_the_record(cards):
    (entry,) = front_matter(cards[ENTRY])["model-index"]
    (result,) = entry["results"]
    assert result["dataset"] == {"type": "digits", "name": "digits", "split": "test"}
    values = {metric["name"]: metric["value"] for metric in result["metrics"]}
    assert values == {"kNN, k 20": 97.0, "linear probe": 98.6}


def test_transfer_is_a_table_and_a_result_of_each_data_set(cards):
    text = cards["simclr_resnet20.cifar10"]
    rows = sslzoo.info("simclr_resnet20.cifar10").config.record.transfer
    (entry,) = front_matter(text)["model-index"]
    results = {result["dataset"]["name"]: result["metrics"] for result in entry["results"]}
    for row in rows:
        share = row.figures["this_model"]["probe_10"]
        assert results[row.set][0]["value"] == round(100 * share, 4)
        assert f"| {row.set} ({row.classes} classes) | this model | {100 * share:.1f} %" in text
    for encoder in ("untrained encoder", "raw pixels", "hog and colors"):
        assert text.partition("## Transfer")[2].count(f"|  | {encoder} |") == len(rows)


def test_figures_of_other_people_have_their_source(cards):
    (entry,) = front_matter(cards["dino_vit_base8.imagenet"])["model-index"]
    result = entry["results"][0]
    assert result["source"]["url"] == "https://github.com/facebookresearch/dino"
    assert result["dataset"]["type"] == "ILSVRC/imagenet-1k"
    assert result["metrics"][0]["value"] == 80.1


COUNTED = ("dino_vit_small16.imagenet", "simclr_v2_resnet50_sk.imagenet", "srresnet_x4.fast_srgan")


@pytest.mark.parametrize("name", COUNTED)
def test_parameters_of_other_peoples_weights_are_those_of_the_network(name):
    config = sslzoo.info(name).config
    with keras.StatelessScope(initialize_variables=False):  # no weight is drawn
        network = nn.backbone(config.backbone.name, config.image_size, **config.backbone.options())
    count = sum(math.prod(weight.shape) for weight in network.weights)
    assert config.checkpoint.parameters == count
