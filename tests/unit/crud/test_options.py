from __future__ import annotations

import pytest

from vivace.crud import Limits


@pytest.mark.parametrize("page", [0, 101])
def test_a_page_has_to_fit_its_own_limit(page: int) -> None:
    with pytest.raises(ValueError, match="Set `page` to a number from 1"):
        Limits(page=page)
