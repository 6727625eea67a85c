"""Cards as HTML pages: whole, escaped, and without the network."""

import json
import re
from html.parser import HTMLParser

import pytest

import sslzoo
from sslzoo.report.card import html_card
from sslzoo.report.pages import inline

ENTRY = "simclr_resnet20.digits"
VOID = {"meta"}


class Nesting(HTMLParser):
    """Which elements are open."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        self.open += [] if tag in VOID else [tag]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_every_entry_has_a_page_of_closed_elements_that_loads_nothing():
    for name in sslzoo.list_models():
        page = html_card(name)
        parser = Nesting()
        parser.feed(page)
        assert parser.open == [] and f"<h1>{name}</h1>" in page, name
        assert not re.search(r"<(script|link|img|iframe)|@import|url\(|src=", page), name


def test_text_is_escaped(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "description: <script>alert(1)</script> https://a.b/<i>\nmethod: simclr\n"
        "backbone: micro\ndata: {name: <b>, split: train}\n"
        "optimizer: {name: sgd, learning_rate: 0.1}\nbatch_size: 8\nepochs: 2\n"
    )
    page = html_card(str(path))
    assert "<script" not in page and "<b>" not in page and "<i>" not in page
    assert "&lt;script&gt;" in page


def test_a_saved_folder_has_a_page(tmp_path):
    sslzoo.save(sslzoo.build("simclr", "micro", 8), tmp_path / "mine")
    page = html_card(tmp_path / "mine")
    assert "<h1>mine</h1>" in page and "@misc{chen2020simple," in page


def test_links_and_code_are_marked():
    text = str(inline('`a<b` and "https://keras.io/a?b=1", c'))
    assert text == (
        "<code>a&lt;b</code> and &#34;"
        '<a href="https://keras.io/a?b=1">https://keras.io/a?b=1</a>&#34;, c'
    )


def test_a_card_is_printed_or_written(command, tmp_path):
    code, out, _ = command("info", ENTRY, "--markdown")
    assert code == 0 and out.startswith("---\nlicense: apache-2.0\n")
    path = tmp_path / "card.html"
    code, out, _ = command("info", ENTRY, "--html", "--out", path)
    assert code == 0 and out == f"{path}\n" and path.read_text().startswith("<!doctype html>")
    assert json.loads(command("info", ENTRY, "--json")[1])["name"] == ENTRY


@pytest.mark.parametrize(
    "options, sentence",
    [
        (["--markdown", "--html"], "info: got several of --markdown, --html and --json"),
        (["--out", "a.md"], "out: got a.md; it needs --markdown or --html."),
        (["--markdown", "--out", "a.html"], "--out: got a.html; it must end in .md"),
        (["--html", "--out", "nowhere/a.html"], "in an existing folder"),
    ],
)
def test_options_that_do_not_go_together_are_refused(command, options, sentence):
    code, _, err = command("info", ENTRY, *options)
    assert code == 2 and sentence in err and len(err.splitlines()) == 1
