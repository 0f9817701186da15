from legitext.progress import track


def test_without_a_terminal_progress_is_plain_lines(capsys, monkeypatch):
    monkeypatch.setattr("legitext.progress.SECONDS_BETWEEN_LINES", 0.0)
    assert list(track(range(3), "things")) == [0, 1, 2]
    err = capsys.readouterr().err
    assert err.splitlines() == ["things: 1 of 3", "things: 2 of 3", "things: 3 of 3", "things: 3 of 3 done"]


def test_ci_asks_for_plain_lines_even_on_a_terminal(monkeypatch):
    from legitext import progress

    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("CI", "true")
    assert not progress.shows_bars()
    monkeypatch.delenv("CI")
    assert progress.shows_bars()


def test_without_tqdm_a_terminal_gets_plain_lines_of_what_items_hold(capsys, monkeypatch):
    monkeypatch.setattr("legitext.progress.shows_bars", lambda: True)
    monkeypatch.setattr("legitext.progress.find_spec", lambda name: None)
    assert list(track(["ab", "c"], "letters", 3, len)) == ["ab", "c"]
    assert capsys.readouterr().err == "letters: 3 of 3 done\n"
