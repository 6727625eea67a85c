import importlib.util
import sys

from sslzoo.notices import notice, silence
from sslzoo.progress import progress


def test_there_is_no_bar_where_nobody_watches(capsys):
    assert list(progress(range(3), "reading", 3, least=0)) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")


def test_a_bar_goes_to_the_terminal_and_changes_no_item(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert list(progress(range(3), "reading", 3)) == [0, 1, 2]
    assert capsys.readouterr().err == ""  # few items
    assert list(progress(range(3), "reading", 3, least=2)) == [0, 1, 2]


def test_a_notebook_has_a_bar_with_widgets_and_lines_without(monkeypatch, caplog):
    import rich.console
    import rich.progress

    consoles = []
    monkeypatch.setattr("sslzoo.progress.SECONDS", 0.0)

    def track(items, what, total, console, transient):
        consoles.append(console)
        return items

    monkeypatch.setattr(rich.progress, "track", track)
    monkeypatch.setattr(rich.console, "_is_jupyter", lambda: True)
    monkeypatch.setitem(sys.modules, "IPython", sys)
    found = importlib.util.find_spec
    for widgets in (None, found("json")):
        monkeypatch.setattr(
            importlib.util,
            "find_spec",
            lambda name, widgets=widgets: widgets if name == "ipywidgets" else found(name),
        )
        assert list(progress(range(3), "reading", 3, least=2)) == [0, 1, 2]
    assert [console.is_jupyter for console in consoles] == [True]
    assert caplog.messages[-1] == "reading: 2 of 3"


def test_nothing_is_shown_in_silence(capsys, monkeypatch):
    shown = []
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("rich.progress.track", lambda items, *_, **__: shown.append(1) or items)
    with silence():
        assert list(progress(range(3), "reading", 3, least=0)) == [0, 1, 2]
        notice("a sentence")
    assert shown == [] and capsys.readouterr().err == ""
    assert list(progress(range(3), "reading", 3, least=0)) == [0, 1, 2]
    assert shown == [1]
