"""The source of AWS credentials answers for AWS alone; more in tests/unit/server/minting/test_aws.py."""

from types import SimpleNamespace
from typing import Any, cast

from server.credentials.aws import aws_credentials


async def test_it_leaves_all_others_to_those_that_come_after():
    source = aws_credentials(cast(Any, None), "http://localhost:3939")
    asked = SimpleNamespace(there=SimpleNamespace(issues="access_token"))
    assert await source(cast(Any, asked)) is None
