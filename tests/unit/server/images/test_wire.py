"""An execution environment as it is sent."""

from server.db.models import ExecutionEnvironment
from server.images.wire import LANGUAGES, environment_object


def test_every_language_is_there():
    shown = environment_object(ExecutionEnvironment(id=3, guid="g", name="n", cluster_name="Kubernetes"))
    assert shown["id"] == "3"
    assert all(shown[name] == {"installations": []} for name in LANGUAGES)  # type: ignore[literal-required]
