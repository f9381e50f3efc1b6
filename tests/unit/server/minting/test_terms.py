"""What a settled config says about tokens."""

from integrations import catalog
from server.minting.terms import LONGEST_LIFETIME, TEMPLATE, issuer_of, terms_of


def settled(**config: str) -> dict[str, object]:
    template = catalog.load().get(TEMPLATE)
    assert template is not None
    return dict(template.settle({"audiences": "https://a.example.com", **config}, allow_local=False).config)


def test_the_defaults_of_the_template_are_those_of_the_terms():
    assert terms_of(settled(), "i") == terms_of({"audiences": "https://a.example.com"}, "i")


def test_audiences_are_told_apart_by_commas_and_spaces():
    assert terms_of(settled(audiences="https://a,urn:b , c"), "i").audiences == ("https://a", "urn:b", "c")


def test_a_space_is_written_as_a_word():
    assert terms_of(settled(scope_attribute="scope", scope_delimiter="space"), "i").scope_delimiter == " "
    assert terms_of(settled(scope_attribute="scope", scope_delimiter="|"), "i").scope_delimiter == "|"


def test_the_longest_lifetime_is_the_templates():
    assert terms_of(settled(lifetime=str(LONGEST_LIFETIME)), "i").lifetime == LONGEST_LIFETIME


def test_an_issuer_is_an_address_of_this_server():
    assert issuer_of("https://data.example.org", "guid") == "https://data.example.org/__oauth__/issuers/guid"
