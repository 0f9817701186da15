import pytest

from legitext import LABELS, Message
from legitext.errors import InputError
from legitext.messages import MAX_CHARACTERS, as_message


def test_labels_keep_their_order():
    assert LABELS == ("ham", "spam", "smishing")  # every probability row and artifact relies on it


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "not NoneType"),
        (b"hello", "not bytes"),
        (12, "not int"),
        (["hi"], "not list"),
        ("", "empty or blank"),
        (" \n\t ", "empty or blank"),
        ("x" * (MAX_CHARACTERS + 1), "1,000,001 characters"),
    ],
)
def test_what_is_no_text_is_refused_in_one_line(text, says):
    with pytest.raises(InputError, match=says) as caught:
        Message(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("sender", [28777, b"28777", object()])
def test_senders_are_texts(sender):
    with pytest.raises(InputError, match="sender must be str or None"):
        Message("hello", sender)


def test_a_text_becomes_a_message_and_a_message_stays():
    message = Message("hello", "28777")
    assert as_message(message) is message
    assert as_message("hello") == Message("hello")
