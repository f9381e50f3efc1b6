"""Reading what a provider sends back."""

import pytest

from server.connect.answer import BadAnswer, read


def test_a_code_is_read_exactly():
    answer = read(b"code=a%2Bb%20c&state=s&iss=https%3A%2F%2Fp.example&session_state=x")
    assert (answer.code, answer.state, answer.issuer, answer.error) == ("a+b c", "s", "https://p.example", "")
    assert "a+b" not in repr(answer)


def test_a_reason_is_cleaned_and_shortened():
    answer = read(b"error=access_denied&state=s&error_description=a%0Ab%E2%80%AE" + b"x" * 900)
    assert answer.said.startswith("a b x")
    assert len(answer.said) == 200


@pytest.mark.parametrize(
    "query",
    [
        b"",
        b"code=a",
        b"state=s",
        b"code=a&error=b&state=s",
        b"code=&state=s",
        b"code=a&state=s&state=s",
        b"code=a&state=s&x=1&x=2",
        b"code=%ff&state=s",
        b"\xff=1",
        b"code=" + b"a" * 17000 + b"&state=s",
        b"x" * 40000,
        b"&".join(b"k%d=1" % number for number in range(60)),
    ],
)
def test_what_is_no_answer_is_refused(query):
    with pytest.raises(BadAnswer):
        read(query)
