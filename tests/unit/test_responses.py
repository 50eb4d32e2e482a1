from __future__ import annotations

import json
from typing import Any

import pytest

from vivace import responses
from vivace.exceptions import VivaceDeprecationWarning


@pytest.mark.parametrize("name", ["ORJSONResponse", "UJSONResponse"])
def test_responses_of_other_serializers_work_and_are_deprecated(name: str) -> None:
    pytest.importorskip(name.removesuffix("Response").lower())
    kind: Any = getattr(responses, name)
    with pytest.warns(VivaceDeprecationWarning, match=f"{name} is deprecated") as caught:
        response = kind({"a": [1, "é"]})
    assert caught[0].filename == __file__
    assert json.loads(response.body) == {"a": [1, "é"]}
    assert response.headers["content-type"] == "application/json"


def test_orjson_takes_keys_that_are_no_text() -> None:
    pytest.importorskip("orjson")
    with pytest.warns(VivaceDeprecationWarning):
        assert responses.ORJSONResponse({1: 1}).body == b'{"1":1}'
