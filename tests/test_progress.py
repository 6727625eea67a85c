import importlib.util
import sys
import time

import pytest
import rich.progress

from sslzoo.notices import notice, silence
from sslzoo.progress import progress


@pytest.fixture
def bars(monkeypatch):
    """The bars of rich that were shown."""
    shown = []

    class Kept(rich.progress.Progress):
        def __init__(self, *columns, **settings):
            super().__init__(*columns, **settings)
            shown.append(self)

    monkeypatch.setattr(rich.progress, "Progress", Kept)
    return shown


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)


def test_there_is_no_bar_where_nobody_watches(capsys):
    assert list(progress(range(3), "reading", 3, least=0)) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")


def test_a_bar_goes_to_the_terminal_and_changes_no_item(terminal, bars):
    assert list(progress(range(3), "reading", 3)) == [0, 1, 2]
    assert bars == []  # few items
    assert list(progress(range(3), "reading", 3, least=2)) == [0, 1, 2]
    assert bars[0].console.stderr


def test_a_bar_counts_the_images_of_batches_and_says_their_rate(terminal, bars):
    for _ in progress(range(3), "reading", 3, least=0, each=256):
        time.sleep(0.05)
    task = bars[0].tasks[0]
    assert task.completed == task.total == 768
    said = float(bars[0].columns[3].render(task).removesuffix("/s").replace(",", ""))
    assert 0.3 < said / (768 / 0.15) < 1.1  # a busy machine is slower


def test_a_notebook_has_a_bar_with_widgets_and_lines_without(monkeypatch, bars, caplog):
    monkeypatch.setattr("sslzoo.progress.SECONDS", 0.0)
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    monkeypatch.setitem(sys.modules, "IPython", sys)
    found = importlib.util.find_spec
    for widgets in (None, found("json")):
        monkeypatch.setattr(
            importlib.util,
            "find_spec",
            lambda name, widgets=widgets: widgets if name == "ipywidgets" else found(name),
        )
        monkeypatch.setattr(rich.progress.Progress, "start", lambda bar: None)
        assert list(progress(range(3), "reading", 3, least=2)) == [0, 1, 2]
    assert [bar.console.is_jupyter for bar in bars] == [True]
    assert caplog.messages[-1].startswith("reading: 2 of 3, ")


def test_nothing_is_shown_in_silence(capsys, bars, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with silence():
        assert list(progress(range(3), "reading", 3, least=0)) == [0, 1, 2]
        notice("a sentence")
    assert bars == [] and capsys.readouterr().err == ""
    assert list(progress(range(3), "reading", 3, least=0)) == [0, 1, 2]
    assert len(bars) == 1
