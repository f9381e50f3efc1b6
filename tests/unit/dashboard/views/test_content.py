"""What the Access tab works out itself."""

import dataclasses

from tools.page_samples import content_samples, head

ACCESS = next(view for slug, _, view in content_samples() if slug == "access")


def test_only_viewer_integrations_need_to_know_who_is_looking() -> None:
    assert [used.name for used in ACCESS.personal] == ["Sandbox"]
    assert dataclasses.replace(ACCESS, integrations=ACCESS.integrations[1:]).personal == ()


def test_the_head_names_its_kind() -> None:
    assert head("info", kind="python-panel").kind_label == "Panel"


def test_tags_are_chosen_by_category_and_named_by_their_way() -> None:
    labels = next(view for slug, _, view in content_samples() if slug == "info").labels
    assert [(name, [one.below_category for one in tags]) for name, tags in labels.categories] == [
        ("Rhythm", ["Daily"]),
        ("Team", ["Sales › South", "Finance"]),
    ]


def test_visits_are_counted_up_to_a_limit() -> None:
    (_name, _template, info) = next(iter(content_samples()))
    said = [dataclasses.replace(info, visits=count).visits_label for count in (0, 1, 1284, 10_000)]
    assert said == ["None", "1", "1,284", "10,000 or more"]
