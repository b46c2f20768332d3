"""Which addresses are a Zendesk: the only ones that ever get a request or a token. Pure."""

from __future__ import annotations

import re

# The whole text is matched, never parsed: a parser and a browser may disagree on where the host ends.
LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])"
PATH = r"(?:[/?#][!-~]*)?"
SUBDOMAIN = re.compile(rf"({LABEL})")
HOST = re.compile(rf"(?:https://)?({LABEL})\.zendesk\.com{PATH}", re.IGNORECASE)
LOOPBACK = re.compile(rf"(http://(?:127\.0\.0\.1|localhost)(?::([0-9]{{1,5}}))?){PATH}")
LONGEST = 500


def base_url(address: str, *, loopback: bool = False) -> str:
    """`https://<subdomain>.zendesk.com` from a subdomain, a host or a URL; raises ValueError saying what is wrong.

    With `loopback` an http address on this machine is taken as well.
    """
    given = address.strip(" ")
    if len(given) > LONGEST:
        raise ValueError("The address is too long. Enter the subdomain, such as fieldline.")
    if loopback and (here := LOOPBACK.fullmatch(given)):
        if here[2] is not None and not 0 < int(here[2]) < 65536:
            raise ValueError(f"{here[2]} is not a port.")
        return here[1]
    found = HOST.fullmatch(given) or SUBDOMAIN.fullmatch(given.lower())
    if found is None:
        raise ValueError(_why_not(given))
    return f"https://{found[1].lower()}.zendesk.com"


def _why_not(given: str) -> str:
    example = "Enter the subdomain, such as fieldline, or an address such as https://fieldline.zendesk.com."
    if not given:
        return f"The address is empty. {example}"
    if not given.isascii() or not given.isprintable():
        return f"The address holds characters that a Zendesk address does not have. {example}"
    if given.lower().startswith("http://"):
        return f"The address must begin with https://. {example}"
    if ":" in given.lower().removeprefix("https://") or "@" in given:
        return f"The address may not hold a port, a user or a password. {example}"
    return f"This is not an address at zendesk.com. {example}"
