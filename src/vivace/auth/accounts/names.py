"""Names and email addresses of accounts: what is accepted, and when two are the same."""

from __future__ import annotations

import re
from string import ascii_lowercase, ascii_uppercase
from unicodedata import category, normalize

from email_validator import EmailNotValidError, validate_email

from vivace.auth.errors import NotAcceptable

#: In characters; an email address is at most so long (RFC 5321, section 4.5.3.1.3).
LONGEST = 254

#: Letters, digits and marks of all scripts (RFC 8264, section 4.2), with the signs of ASCII.
_CATEGORIES = frozenset({"Ll", "Lu", "Lo", "Lm", "Mn", "Mc", "Nd"})

#: Those among them that cannot be seen, so that two names would look the same.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]"
)

_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)


def folded(name: str) -> str:
    """The form in which names are kept and compared: NFKC, without case, without outer spaces.

    As in RFC 8265, section 3.3, with the width and other variants of characters folded as well.
    """
    # Folding case may leave what can be composed, and the other way round.
    once = normalize("NFKC", normalize("NFKC", name).casefold())
    return normalize("NFKC", once.casefold()).strip()


def is_name(name: str) -> bool:
    """Whether an account may have ``name``, which is folded: visible characters, no spaces."""
    return (
        0 < len(name) <= LONGEST
        and all("!" <= one <= "~" or category(one) in _CATEGORIES for one in name)
        and _INVISIBLE.search(name) is None
    )


def checked_name(name: str) -> str:
    """``name``, folded.

    Raises:
        NotAcceptable: No account can have it.
    """
    # Before anything that takes longer the longer it is.
    if len(name) > LONGEST:
        raise NotAcceptable("name", f"The name has more than {LONGEST} characters.")
    name = folded(name)
    if not is_name(name):
        raise NotAcceptable("name", "A name has letters, digits and signs, and no spaces.")
    return name


def checked_email(email: str) -> str:
    """``email`` in the form in which it is kept; whether there is such a mailbox is not asked.

    A to Z are the same as a to z also before the ``@``: RFC 5321 (section 2.4) would let servers
    tell them apart, which none does. Nothing else is folded there, as that might make somebody
    else's address of it, as of straße and strasse.

    Raises:
        NotAcceptable: It is no email address (RFC 5322, RFC 6531).
    """
    try:
        valid = validate_email(email.strip(), check_deliverability=False)
    except (EmailNotValidError, UnicodeError):
        raise NotAcceptable("email", "That is not an email address.") from None
    return valid.normalized.translate(_LOWER)


__all__ = ["LONGEST", "checked_email", "checked_name", "folded", "is_name"]
