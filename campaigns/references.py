"""References: whose is what TokPortal holds. Pure text; `campaigns.access.resolve` asks the database."""

import secrets
from collections.abc import Iterable

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # no characters that people mistake for each other


def short_id() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(6))


def bundle_ref(prefix: str, country: str) -> str:
    """`{namespace}-{country}-{6 characters}`, new at each call."""
    return f"{prefix}-{country.lower()}-{short_id()}"


def video_ref(prefix: str, market: str, creator: str) -> str:
    """`{namespace}-{market}-{creator}-{6 characters}`, new at each call."""
    parts = [prefix, market.lower(), creator.lower(), short_id()]
    return "-".join(part for part in parts if part)


def owning_prefixes(ref: str) -> list[str]:
    """Every prefix of `ref` that ends at its end or before a hyphen, longest first, in lower case.

    >>> owning_prefixes("ACME-spring-us")
    ['acme-spring-us', 'acme-spring', 'acme']
    """
    ref = ref.casefold()
    ends = [len(ref), *(index for index in range(len(ref) - 1, 0, -1) if ref[index] == "-")]
    return [ref[:end] for end in ends if end <= 120]


def captures(prefix: str, refs: Iterable[str]) -> list[str]:
    """Those of `refs` that a Namespace with this prefix would claim, if no longer one does."""
    return [ref for ref in refs if prefix in owning_prefixes(ref)]
