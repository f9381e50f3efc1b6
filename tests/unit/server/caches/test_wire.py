"""A cache as it is sent."""

from server.caches.wire import cache_object


def test_a_python_version():
    assert cache_object("3.11.7") == {"language": "python", "version": "3.11.7", "image_name": "Local"}
