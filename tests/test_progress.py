import sys

from sslzoo.progress import progress


def test_there_is_no_bar_where_nobody_watches(capsys):
    assert list(progress(range(3), "reading", 3, least=0)) == [0, 1, 2]
    assert capsys.readouterr() == ("", "")


def test_a_bar_goes_to_the_terminal_and_changes_no_item(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert list(progress(range(3), "reading", 3)) == [0, 1, 2]
    assert capsys.readouterr().err == ""  # few items
    assert list(progress(range(3), "reading", 3, least=2)) == [0, 1, 2]
