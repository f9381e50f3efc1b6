"""What Home's cards work out themselves."""

import pytest

from dashboard.thumbnail import thumbnail
from dashboard.views.home import kind_label
from tools.page_samples import CARDS


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        ("python-streamlit", "Streamlit"),
        ("rmd-shiny", "R Markdown with Shiny"),
        ("python-next", "python-next"),
        ("", "Not published yet"),
    ],
)
def test_kinds_have_the_names_people_know(kind: str, label: str) -> None:
    assert kind_label(kind) == label


def test_a_card_draws_its_own_picture() -> None:
    card = CARDS[0]
    assert card.thumbnail == thumbnail(card.kind, card.title)
    assert card.kind_label == "Streamlit"
