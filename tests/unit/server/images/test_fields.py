"""What a request may say of an execution environment."""

import pytest

from server.images.fields import checked
from server.web.errors import ApiError


def test_only_what_is_sent_is_changed():
    assert checked({}, creating=False) == {}
    assert checked({"name": "ignored", "title": None, "matching": None}, creating=False) == {"title": None}
    made = checked({"name": "n", "cluster_name": "Kubernetes", "r": {"installations": []}}, creating=True)
    assert made == {"name": "n", "cluster_name": "Kubernetes", "installations": {"r": {"installations": []}}}


def test_a_refusal_names_the_field():
    with pytest.raises(ApiError) as caught:
        checked({"python": {"installations": [{"version": "3.1", "path": 7}]}}, creating=False)
    assert (caught.value.code, caught.value.message.split(":")[0]) == (173, "python.installations.0.path")
