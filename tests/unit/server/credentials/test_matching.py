"""Which integration an exchange means, decided from what is associated and what is asked for."""

import uuid
from datetime import UTC, datetime

import pytest

from server.credentials.form import ACCESS_TOKEN, API_KEY, AWS, ExchangeForm
from server.credentials.matching import chosen
from server.oauth.store import AssociationView
from server.web.errors import ApiError

MOMENT = datetime(2026, 11, 21, tzinfo=UTC)


def use(auth_type: str) -> AssociationView:
    return AssociationView(1, str(uuid.uuid4()), None, None, "custom", auth_type, "f", 1, MOMENT)


V1, V2, S1, K1 = use("Viewer"), use("Viewer"), use("Service Account"), use("Visitor API Key")


def ask(kind: str = "viewer", audience: str | None = None, requested: str = ACCESS_TOKEN) -> ExchangeForm:
    return ExchangeForm(kind, "t", requested, audience)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("form", "there", "found"),
    [
        (ask(), [V1, S1], V1), (ask("content"), [V1, S1, K1], S1), (ask(audience=V2.guid), [V1, V2], V2),
        (ask("content", S1.guid), [V1, S1], S1), (ask(requested=API_KEY), [V1, K1], K1),
    ],
)  # fmt: skip
def test_the_one_that_fits(form: ExchangeForm, there: list[AssociationView], found: AssociationView):
    assert chosen(form, there) is found


@pytest.mark.parametrize(
    ("form", "there", "code"),
    [
        (ask(), [], 212), (ask("content"), [V1], 212), (ask(requested=AWS), [V1], 212),
        (ask(), [V1, V2], 257), (ask(audience=S1.guid), [V1], 256), (ask(audience=V1.guid), [], 256),
        (ask(audience=S1.guid), [V1, S1], 252), (ask("content", V1.guid), [V1, S1], 252),
        (ask(), [K1], 242), (ask(), [K1, S1], 242), (ask(requested=AWS), [K1], 242), (ask("content"), [K1], 212),
        (ask(audience=K1.guid), [K1, V1], 242), (ask("content", K1.guid), [K1], 252),
        (ask(requested=API_KEY), [V1], 212),
        (ask(audience=V1.guid, requested=AWS), [V1], 250), (ask(audience=V1.guid, requested=API_KEY), [V1], 242),
    ],
)  # fmt: skip
def test_what_does_not_fit_has_a_number(form: ExchangeForm, there: list[AssociationView], code: int):
    with pytest.raises(ApiError) as caught:
        chosen(form, there)
    assert (caught.value.status, caught.value.code) == (400, code)
