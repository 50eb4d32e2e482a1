"""What is derived from an app's secret: keys for one purpose each, and what they encrypt."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

SHORTEST = 32


class Vault:
    """Keys and ciphers derived from the secret that the app is configured with.

    Args:
        secrets: The secret, of at least 32 characters; or several, the present one first. What was
            encrypted under an older one can still be read.

    Raises:
        ValueError: A secret is too short, or there is none.
    """

    def __init__(self, secrets: str | Sequence[str]) -> None:
        self._secrets = [secrets] if isinstance(secrets, str) else list(secrets)
        if not self._secrets or any(len(secret) < SHORTEST for secret in self._secrets):
            raise ValueError(
                f"The secret has to have at least {SHORTEST} characters. Make one with "
                '`python -c "import secrets; print(secrets.token_urlsafe(32))"`, and keep it out '
                "of the code: take it from the environment."
            )

    def derive(self, purpose: str) -> list[bytes]:
        """32 bytes for one purpose out of each secret (RFC 5869), the present one first."""
        return [_derive(secret, purpose) for secret in self._secrets]

    def encrypt(self, text: str, purpose: str) -> str:
        """``text`` encrypted and authenticated."""
        return self._cipher(purpose).encrypt(text.encode()).decode()

    def decrypt(self, text: str, purpose: str, *, within: int | None = None) -> str | None:
        """What was encrypted; ``None`` where it was not by this vault and for this purpose.

        Args:
            within: How many seconds ago it may have been encrypted.
        """
        try:
            return self._cipher(purpose).decrypt(text.encode(), ttl=within).decode()
        except (InvalidToken, UnicodeEncodeError):
            return None

    def renewed(self, text: str, purpose: str) -> str | None:
        """What was encrypted, under the present secret; as it is where it is so already.

        ``None`` where it was not encrypted by this vault and for this purpose.
        """
        if Vault(self._secrets[0]).decrypt(text, purpose) is not None:
            return text
        plain = self.decrypt(text, purpose)
        return None if plain is None else self.encrypt(plain, purpose)

    def _cipher(self, purpose: str) -> MultiFernet:
        return MultiFernet([Fernet(urlsafe_b64encode(key)) for key in self.derive(purpose)])


def _derive(secret: str, purpose: str) -> bytes:
    # The salt is that of the first battery that had a vault: what it has encrypted is still read.
    kdf = HKDF(algorithm=SHA256(), length=32, salt=b"vivace.auth", info=purpose.encode())
    return kdf.derive(secret.encode())


__all__ = ["Vault"]
