"""Every template is in one group, and is found by its name, its key or what it is for."""

from dashboard import vendors
from integrations.catalog import load


def test_every_template_is_in_one_group() -> None:
    templates = list(load().all())
    found = vendors.grouped(templates)
    assert sorted(each.key for _, group in found for each in group) == sorted(each.key for each in templates)
    assert found[0][1][0].key == "snowflake"
    assert vendors.grouped([]) == []


def test_finding() -> None:
    templates = list(load().all())
    assert vendors.matching(templates, "") == templates
    assert [each.key for each in vendors.matching(templates, "snowflake QUERIES")] == ["snowflake"]
    assert vendors.matching(templates, "mainframe") == []
