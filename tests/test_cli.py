import json
import subprocess
import sys

import pytest

from legitext.artifact import FORMAT
from legitext.cli import main

SCAM = "USPS: your parcel is held, confirm your address https://usps-trk.top/a"


def test_predict_prints_the_verdict_first(capsys):
    assert main(["predict", SCAM, "--sender", "+63 995 271 4822"]) == 0
    verdict, *reasons = capsys.readouterr().out.splitlines()
    assert verdict.startswith("smishing")
    assert len(reasons) == 3
    assert all(reason.startswith("  +") for reason in reasons)


def test_explain_shows_all_that_weighs_and_what_to_do(capsys, monkeypatch):
    assert main(["predict", SCAM, "--sender", "+63 995 271 4822", "--explain"]) == 0
    out = capsys.readouterr().out
    assert "[https://usps-trk.top/a]" in out
    assert "What to do:" in out
    assert "spam@uspis.gov" in out
    weights = [float(line.split()[0]) for line in out.splitlines()[2:] if line.strip()[:1] in "+-" and line.strip()]
    assert len(weights) > 5


def test_explain_colours_only_a_terminal_and_sends_no_control_characters(capsys, monkeypatch):
    text = "USPS held\x1b[2J https://usps-trk.top/a"
    main(["predict", text, "--explain"])
    assert "\x1b" not in capsys.readouterr().out
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    main(["predict", text, "--explain"])
    out = capsys.readouterr().out
    assert "\x1b[1;31m" in out
    assert "\x1b[2J" not in out


def test_predict_speaks_json(capsys):
    assert main(["predict", SCAM, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["brand"] == "USPS"


def run(*arguments, text=b""):
    return subprocess.run([sys.executable, "-m", "legitext", *arguments], input=text, capture_output=True, timeout=120)


def test_lines_of_standard_input_are_judged_one_by_one():
    done = run("predict", "-", text=(SCAM + "\n\nsee you at seven\ncaf\xe9 tonight?\n").encode("latin-1"))
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.decode().splitlines()] == ["smishing", "ham", "ham"]


@pytest.mark.parametrize(
    ("arguments", "text", "says"),
    [
        (["predict", ""], b"", b"empty or blank"),
        (["predict", "   "], b"", b"empty or blank"),
        (["predict"], b"\n \n", b"standard input held no text"),
        (["predict"], b"ok\n" + b"x" * 1_000_001 + b"\n", b"line 2: a message's text has 1,000,001 characters"),
        (["predict", "hi", "--model", "no.joblib"], b"", b"no.joblib: No such file or directory"),
        (["info", "--model", "README.md"], b"", b"README.md"),
        (["evaluate", "no.csv"], b"", b"no.csv is not a file"),
    ],
)
def test_bad_input_ends_with_one_line_and_code_2(arguments, text, says):
    done = run(*arguments, text=text)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.count(b"\n") == 1
    assert b"Traceback" not in done.stderr


def test_info_shows_what_the_model_is(capsys):
    assert main(["info"]) == 0
    out = capsys.readouterr().out
    assert f"format      {FORMAT}" in out
    assert "trained on  grammar" in out


def test_evaluate_prints_the_three_figures_by_kind(tmp_path, capsys):
    file = tmp_path / "mine.csv"
    file.write_text(f'text,label,kind,sender\n"{SCAM}",smishing,parcel,+63 995 271 4822\nsee you at seven,ham,chat,\n', encoding="utf-8")
    assert main(["evaluate", str(file)]) == 0
    out = capsys.readouterr().out
    for expected in ("genuine called smishing", "genuine flagged", "scams caught", "parcel", "chat"):
        assert expected in out
    assert main(["evaluate", str(file), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["all"]["scams_caught"]["share"] == 1.0
    assert figures["by_kind"]["chat"]["genuine_flagged"]["share"] == 0.0


def test_a_command_that_needs_the_extra_says_which_line_mends_it(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert main(["evaluate", "x.csv"]) == 2
    assert "pip install 'legitext[train]'" in capsys.readouterr().err


def test_texts_that_no_terminal_can_show_are_answered():
    code = "import sys; from legitext.cli import main; sys.exit(main(['predict', 'held \\ud800 https://usps-trk.top/a', '--json']))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["label"] == "smishing"


def test_a_sender_steers_no_terminal(capsys):
    assert main(["predict", SCAM, "--sender", "\x1b]0;x\x07AMAZON\r", "--explain"]) == 0
    assert not {"\x1b", "\x07", "\r"} & set(capsys.readouterr().out)


def test_a_reader_that_has_enough_is_no_error():
    done = subprocess.run(
        f"{sys.executable} -m legitext predict '{SCAM}' --json | true; echo ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout.strip() == "0", done.stderr
    assert done.stderr == ""
