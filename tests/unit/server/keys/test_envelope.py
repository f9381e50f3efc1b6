"""The bytes of sealed values: data keys are wrapped anew without a look at what they open."""

import pytest

from server.keys import envelope
from server.keys.envelope import SealBroken

OLD, NEW = b"o" * 32, b"n" * 32


def test_a_data_key_is_wrapped_anew_and_the_text_stays():
    sealed = envelope.seal(b"0001", OLD, b"text", b"row")
    again = envelope.rewrap(sealed, OLD, b"0002", NEW)
    assert (envelope.key_id(sealed), envelope.key_id(again)) == (b"0001", b"0002")
    assert sealed[envelope.WRAPPED.stop :] == again[envelope.WRAPPED.stop :]
    assert envelope.data_key(sealed, OLD) == envelope.data_key(again, NEW)
    with pytest.raises(SealBroken):
        envelope.data_key(again, OLD)
    with pytest.raises(SealBroken):
        envelope.rewrap(sealed, NEW, b"0002", NEW)


@pytest.mark.parametrize("value", [b"", b"\x00" * 100, b"\x02" * 10, b"\x04" + b"0" * 100])
def test_what_is_no_sealed_value(value: bytes):
    with pytest.raises(SealBroken):
        envelope.form_of(value)
