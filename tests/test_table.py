import pandas as pd
import pytest

from legitext.errors import DataError
from legitext.messages import Message
from legitext.table import COLUMNS, as_table, messages_of, read_labelled_file, read_messages_file, read_table, write_table


def test_a_table_has_all_columns_in_order_and_empty_means_missing():
    table = as_table(pd.DataFrame({"label": ["ham"], "text": ["hi"], "sender": [" "], "more": [1]}), "mine")
    assert tuple(table.columns) == COLUMNS
    assert table["sender"].isna().all()
    assert table["source"].tolist() == ["mine"]
    assert messages_of(table)[0].sender is None


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ({"text": ["a"]}, "mine: column 'label' is missing"),
        ({"text": ["a", "b"], "label": ["ham", "nice"]}, "mine, row 2 of 2: label 'nice' is not one of ham, spam, smishing"),
        ({"text": ["a", "  "], "label": ["ham", "ham"]}, "mine, row 2 of 2: the text is empty"),
        ({"text": [None, None], "label": ["ham", "ham"]}, r"mine, row 1 of 2 \(and 1 more\): the text is missing"),
        ({"text": ["a" * 1_000_001], "label": ["ham"]}, "more than 1,000,000 characters"),
    ],
)
def test_the_first_wrong_row_stops_with_its_mend(rows, says):
    with pytest.raises(DataError, match=says):
        as_table(pd.DataFrame(rows), "mine")


def test_parquet_round_trip_and_same_bytes(tmp_path):
    table = as_table(pd.DataFrame({"text": ["hi", "¿qué?"], "label": ["ham", "spam"], "timestamp": ["2023-01-02", None]}), "mine")
    for name in "ab":
        write_table(table, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    pd.testing.assert_frame_equal(read_table(tmp_path / "a"), table)


def test_users_files_are_read_as_they_are(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("text,label,sender,kind\nNA,ham,28777,code\n", encoding="utf-8")
    row = read_labelled_file(file).iloc[0]
    assert (row["text"], row["sender"], row["kind"]) == ("NA", "28777", "code")


def test_messages_need_no_labels_and_their_columns_any_name(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("body,from,sender\nNA,28777,x\n see you , ,y\n", encoding="utf-8")
    assert read_messages_file(file, "body", "from") == [Message("NA", "28777"), Message(" see you ", None)]
    assert [one.sender for one in read_messages_file(file, "body")] == ["x", "y"]
    with pytest.raises(DataError, match=r"mine.csv: column 'text' is missing \(found: body, from, sender\)"):
        read_messages_file(file)
    pd.DataFrame({"text": ["hi", None], "sender": [28777, 7726]}).to_parquet(tmp_path / "mine.parquet")
    with pytest.raises(DataError, match=r"mine.parquet, row 2 of 2: the text is missing"):
        read_messages_file(tmp_path / "mine.parquet")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("mine.csv", b"text,label\nok,ham\ncaf\xe9,ham\n", "line 3: byte 0xe9 at column 4 is not UTF-8"),
        ("mine.csv", b"", "not a CSV file"),
        ("mine.csv", b"text,label\n", "holds no rows"),
        ("mine.csv", b"words,label\nhi,ham\n", "column 'text' is missing"),
        ("mine.csv", b"text,label\nhi,ham\na,b,c,d\n", "not a CSV file"),
        ("mine.parquet", b"nonsense", "cannot be read as parquet"),
        ("mine.xls", b"", ".xls is not read"),
    ],
)
def test_a_wrong_file_is_named_with_its_fault(tmp_path, name, content, says):
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(DataError, match=says):
        read_labelled_file(file)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match="is not a file"):
        read_labelled_file(tmp_path / "no.csv")
    with pytest.raises(DataError, match="dvc repro"):
        read_table(tmp_path / "no.parquet")


def test_a_comma_that_is_not_quoted_is_noticed(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("text,label\nhello, you there,ham\nok, then,ham\n", encoding="utf-8")
    with pytest.raises(DataError, match="more fields than the header names: quote texts that hold commas"):
        read_labelled_file(file)


def test_a_time_that_is_none_is_named(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("text,label,timestamp\nhello,ham,soon\n", encoding="utf-8")
    with pytest.raises(DataError, match="a timestamp cannot be read"):
        read_labelled_file(file)
