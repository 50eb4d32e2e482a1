from __future__ import annotations

from vivace.auth.vault import digest, new_token


def test_tokens_are_256_random_bits() -> None:
    assert len({new_token() for _ in range(100)}) == 100
    # Six bits a character, without padding.
    assert len(new_token()) == 43


def test_a_digest_is_the_sha256_of_the_text() -> None:
    # The vector of FIPS 180-4.
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest("abc") == expected
