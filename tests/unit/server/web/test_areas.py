"""Routes are sorted into areas by words of their paths."""

import pytest

from server.web.areas import AREAS, OTHER, area


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/content", "Content"),
        ("/v1/content/{guid}/permissions", "Access"),
        ("/v1/content/{guid}/environment", "Variables"),
        ("/v1/environments/{guid}/permissions", "Execution environments"),
        ("/v1/content/{guid}/oauth/integrations/associations", "Integrations"),
        ("/v1/content/{guid}/bundles/{id}/download", "Bundles and packages"),
        ("/v1/users/{guid}/keys", "API keys"),
        ("/v1/oauth/authorizations", "Connections"),
        ("/v1/oauth/integrations/{guid}/role-mapping", "Signed tokens"),
        ("/me", "People"),
        ("/v1/something/else", OTHER),
    ],
)
def test_areas(path: str, name: str):
    assert area(path) == name
    assert name in AREAS
