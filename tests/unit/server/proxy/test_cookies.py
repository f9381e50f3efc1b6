"""Cookie rules: ours never reach an app, an app can never set or widen one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.proxy.cookies import CookieRules

RULES = CookieRules(frozenset({b"tabard_session", b"__Host-tabard_login"}))
BASE = "/content/abc"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (b"a=1; b=2", b"a=1; b=2"),
        (b"a=1;  b=2 ;c=3", b"a=1;  b=2 ;c=3"),
        (b'a=1; tabard_session=S; b="x y"; tabard_session=T', b'a=1; b="x y"'),
        (b"tabard_session=S; a=1", b"a=1"),
        (b"tabard_session=S;a=1", b"a=1"),
        (b"a=1;tabard_session=S", b"a=1"),
        (b"\ttabard_session=S; a=1", b"a=1"),
        (b"\x85tabard_session=S; a=1", b"a=1"),
        (b"\xa0tabard_session\x85=S; a=1", b"a=1"),
        (b"a=1; \x1ftabard_session =S", b"a=1"),
        (b'a=1; "tabard_session"=S', b"a=1"),
        (b'q="a; tabard_session=S; b"; c=1', b'q="a; b"; c=1'),
        (b"TABARD_Session=S; a=1", b"a=1"),
        (b"__Host-tabard_session=S; __Secure-tabard_session=S; a=1", b"a=1"),
        (b"tabard_login=S; __Host-tabard_login=S; a=1", b"a=1"),
        (b"tabard_session; a=1", b"a=1"),
        (b"tabard_session=S", b""),
        (
            b"_streamlit_xsrf=2|ab|cd|1; tabard_sessions=1; xtabard_session=2",
            b"_streamlit_xsrf=2|ab|cd|1; tabard_sessions=1; xtabard_session=2",
        ),
    ],
)
def test_our_cookies_are_cut_out(sent, kept):
    assert RULES.without_ours([sent]) == kept


@given(
    st.lists(st.binary(max_size=12).filter(lambda part: b";" not in part and b"tabard" not in part.lower()), min_size=1)
)
def test_other_cookies_keep_their_bytes_and_order(parts):
    pieces = [b"c%d=" % number + part for number, part in enumerate(parts)]
    clean = b"; ".join(pieces)
    assert RULES.without_ours([clean]) == clean
    mixed = b"; tabard_session=SECRET; ".join(pieces)
    assert RULES.without_ours([mixed]) == clean


@pytest.mark.parametrize(
    "value",
    [
        b"tabard_session=x; Path=/",
        b"\ttabard_session=x",
        b" tabard_session=x",
        b"TABARD_SESSION=x",
        b"__Host-tabard_session=x; Secure; Path=/",
        b"__Secure-Tabard_Session=x",
        b"__host-__secure-x\r\n=1",
        b"tabard_login=x",
        b"=tabard_session=x",
        b"tabard_session",
        b"nameless",
        b"",
        b"; Path=/",
        b"a b=1",
        b"\x85tabard_session=1",
        b'"tabard_session"=1',
        b"a=1\x00; Path=/content/abc",
        b"a=1\n; b=2",
    ],
)
def test_a_set_cookie_that_is_ours_or_unparsable_is_dropped(value):
    assert RULES.confined(value, BASE) is None


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (b"x=1", b"x=1; Path=/content/abc"),
        (b"x=1; Domain=localhost", b"x=1; Path=/content/abc"),
        (b"x=1; domain = .example.com ;Secure", b"x=1;Secure; Path=/content/abc"),
        (b"x=1; Path=/..", b"x=1; Path=/content/abc"),
        (b"x=1; Path=/__api__", b"x=1; Path=/content/abc"),
        (b"x=1; Path=/content/abcd", b"x=1; Path=/content/abc"),
        (b"x=1; Path=/content/abc/../def", b"x=1; Path=/content/abc"),
        (b"x=1; Path=/content/abc/%2e%2e/def", b"x=1; Path=/content/abc"),
        (b"x=1; Path=/content/abc/in", b"x=1; Path=/content/abc/in"),
        (b"x=1; Path=/content/abc/in; Path=/", b"x=1; Path=/content/abc"),
        (b"x=1; Path=/; HttpOnly", b"x=1; HttpOnly; Path=/content/abc"),
        (b"_xsrf=2|a|b|3; Path=/; SameSite=Lax", b"_xsrf=2|a|b|3; SameSite=Lax; Path=/content/abc"),
        (
            b"x=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Max-Age=9",
            b"x=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT; Max-Age=9; Path=/content/abc",
        ),
    ],
)
def test_a_set_cookie_is_confined_to_the_app(value, seen):
    assert RULES.confined(value, BASE) == seen


@pytest.mark.parametrize(
    ("value", "seen"),
    [
        (b"x=1; Path=/", b"x=1; Path=/content/abc"),
        (b"x=1; Path=/in", b"x=1; Path=/content/abc/in"),
        (b"x=1; Path=/content/abc/in", b"x=1; Path=/content/abc/in"),
        (b"x=1; Path=/../in", b"x=1; Path=/content/abc"),
        (b"x=1; Path=//in", b"x=1; Path=/content/abc"),
        (b"x=1", b"x=1; Path=/content/abc"),
    ],
)
def test_the_path_of_an_app_that_does_not_know_its_base_path_gets_it(value, seen):
    assert RULES.confined(value, BASE, hidden=BASE) == seen


def test_on_an_own_host_the_root_is_the_app():
    assert RULES.confined(b"x=1; Path=/anywhere; Domain=a.example", "") == b"x=1; Path=/anywhere"
    assert RULES.confined(b"x=1", "") == b"x=1; Path=/"
