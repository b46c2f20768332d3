"""The rules of a Zendesk app's `manifest.json`.

Source: https://developer.zendesk.com/documentation/apps/app-developer-guide/manifest/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from connectors.installing import PackageProblem
from connectors.packaging import DuplicateKeys, UnreadableJson, error, parsed, warning
from connectors.zendesk import package_parameters

FILE = "manifest.json"
LOCALE = re.compile(r"[a-z]{2,3}(-\w{2,3})?", re.ASCII)
BOOLEANS = ("private", "signedUrls", "singleInstall", "requirementsOnly", "marketingOnly")
STRINGS = ("version", "frameworkVersion", "defaultLocale", "termsConditionsURL", "gaID", "remoteInstallationURL")
EXPERIMENTS = frozenset({"hashParams", "newCssCompiler"})
FRAMEWORK = "2.0"
# Each product by its name in the manifest, with the older name that still means it.
PRODUCTS = {
    "support": "support", "zendesk": "support", "chat": "chat", "zopim": "chat",
    "standalone_chat": "standalone_chat", "lotus_box": "standalone_chat", "sell": "sell", "mobile": "mobile",
}  # fmt: skip
SUPPORT_LOCATIONS = frozenset(
    {
        "ticket_sidebar", "new_ticket_sidebar", "user_sidebar", "organization_sidebar", "top_bar", "nav_bar",
        "ticket_editor", "modal", "background", "system_top_bar", "custom_object_record_sidebar",
    }
)  # fmt: skip
# What a URI may be made of (RFC 3986); anything else the vendor cannot parse.
_URI = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What the rules of the other files need to know of the manifest."""

    is_private: bool
    requirements_only: bool
    marketing_only: bool
    products: frozenset[str]

    @property
    def has_locations(self) -> bool:
        return not (self.requirements_only or self.marketing_only)


def read(files: Mapping[str, bytes]) -> tuple[Manifest | None, list[PackageProblem]]:
    """The manifest and every breach in it; None when it cannot be read."""
    if FILE not in files:
        nested = next((path for path in files if re.fullmatch(r"[^/]+/manifest\.json", path)), None)
        if nested:
            fix = "Zip the files inside the folder, not the folder."
            return None, [error(nested, "", "The manifest is in a folder, not at the top of the package.", fix)]
        return None, [error(FILE, "", "The manifest is missing.", "Zip the folder that holds manifest.json.")]
    try:
        body = parsed(files[FILE], unique_keys=True)
    except DuplicateKeys as found:
        return None, [error(FILE, str(found), "The key stands there twice.", "Keep one of them.")]
    except UnreadableJson as found:
        return None, [error(FILE, "", f"This is not JSON: {found}.", "Correct the file.")]
    if not isinstance(body, dict):
        return None, [error(FILE, "", "The manifest is not a JSON object.", "Put everything into one { }.")]
    location = body.get("location")
    hosts = location if isinstance(location, dict) else {"support": location}
    manifest = Manifest(
        is_private=body.get("private", True) is not False,
        requirements_only=body.get("requirementsOnly") is True,
        marketing_only=body.get("marketingOnly") is True,
        products=frozenset(PRODUCTS[host] for host in hosts if host in PRODUCTS),
    )
    return manifest, list(_problems(body, manifest, files))


def _problems(body: dict[str, Any], manifest: Manifest, files: Mapping[str, bytes]) -> Iterator[PackageProblem]:
    yield from _types(body)
    yield from _author(body.get("author"))
    yield from _default_locale(body.get("defaultLocale"), files)
    yield from _no_template(body.get("noTemplate"))
    yield from package_parameters.check(body, allowed=not manifest.marketing_only)
    if manifest.has_locations:
        yield from _framework(body.get("frameworkVersion"))
        yield from _locations(body.get("location"), files)
    else:
        yield from _nowhere(body, manifest)


def _types(body: dict[str, Any]) -> Iterator[PackageProblem]:
    for key in BOOLEANS:
        value = body.get(key, False)
        # Zendesk takes null for "no", except where the absence means yes.
        if not isinstance(value, bool) and (value is not None or key == "private"):
            yield error(FILE, key, f"This is {_shown(value)}, not true or false.", "Write true or false, unquoted.")
    for key in STRINGS:
        if not isinstance(body.get(key), str | None):
            yield error(FILE, key, f"This is {_shown(body[key])}, not text.", "Put it in quotation marks.")
    hosts = body.get("domainWhitelist")
    if hosts is not None and not (isinstance(hosts, list) and all(isinstance(host, str) for host in hosts)):
        yield error(FILE, "domainWhitelist", "This is not a list of host names.", 'Write ["api.example.com"].')
    yield from _url("termsConditionsURL", body.get("termsConditionsURL"))
    experiments = body.get("experiments")
    if experiments and not isinstance(experiments, dict):
        yield error(FILE, "experiments", f"This is {_shown(experiments)}, not an object.", "Remove it.")
    elif isinstance(experiments, dict):
        for name in sorted(name for name, on in experiments.items() if on and name not in EXPERIMENTS):
            yield error(FILE, f"experiments.{name}", "There is no such experiment.", "Remove it.")


def _author(author: Any) -> Iterator[PackageProblem]:
    if author is None:
        yield error(FILE, "author", "The author is missing.", "Add author with name, email and url.")
        return
    if not isinstance(author, dict):
        yield error(FILE, "author", f"This is {_shown(author)}, not an object.", "Write name, email and url in { }.")
        return
    for key in ("name", "email", "url"):
        value = author.get(key)
        if not isinstance(value, str | None):
            yield error(FILE, f"author.{key}", f"This is {_shown(value)}, not text.", "Put it in quotation marks.")
        elif not value:
            yield warning(FILE, f"author.{key}", "Admins are not told whom to ask.", f"Add the author's {key}.")
    yield from _url("author.url", author.get("url"))


def _url(key: str, value: Any) -> Iterator[PackageProblem]:
    if isinstance(value, str) and not re.match(r"https?://", value):
        yield error(FILE, key, f"{value} is not a web address.", "Begin it with https://.")


def _default_locale(locale: Any, files: Mapping[str, bytes]) -> Iterator[PackageProblem]:
    key = "defaultLocale"
    if locale is None:
        yield error(FILE, key, "The language is missing.", 'Add "defaultLocale": "en".')
    elif isinstance(locale, str) and not LOCALE.fullmatch(locale):
        yield error(FILE, key, f"{locale!r} is not a language.", "Write it like en, de or pt-br.")
    elif isinstance(locale, str) and f"translations/{locale}.json" not in files:
        yield error(FILE, key, f"There is no translations/{locale}.json.", "Add it, or name a language you have.")


def _no_template(value: Any) -> Iterator[PackageProblem]:
    if value:
        yield error(FILE, "noTemplate", f"Framework {FRAMEWORK} has no templates.", "Use autoLoad: false instead.")


def _framework(found: Any) -> Iterator[PackageProblem]:
    key, fix = "frameworkVersion", f'Write "frameworkVersion": "{FRAMEWORK}".'
    if found is None:
        yield error(FILE, key, "The framework's version is missing.", fix)
    elif isinstance(found, str) and found != FRAMEWORK:
        yield error(FILE, key, f"Version {found} is not served.", fix)


def _nowhere(body: dict[str, Any], manifest: Manifest) -> Iterator[PackageProblem]:
    """An app that only requires or only advertises has no place of its own."""
    kind = "requirementsOnly" if manifest.requirements_only else "marketingOnly"
    for key in ("location", "frameworkVersion"):
        if body.get(key):
            yield error(FILE, key, f"An app with {kind} must not have this.", f"Remove it, or {kind}.")
    if manifest.marketing_only and manifest.is_private:
        yield error(FILE, "private", "An app with marketingOnly cannot be private.", 'Write "private": false.')


def _locations(location: Any, files: Mapping[str, bytes]) -> Iterator[PackageProblem]:
    fix = 'Write {"support": {"ticket_sidebar": {"url": "https://…"}}}.'
    if not location:
        yield error(FILE, "location", "It is not said where the app shows.", fix)
        return
    if not isinstance(location, dict):
        yield error(FILE, "location", f"Framework {FRAMEWORK} needs an address for each location.", fix)
        return
    for host, places in location.items():
        key = f"location.{host}"
        if host not in PRODUCTS:
            yield error(FILE, key, "There is no such product.", f"Use one of {', '.join(sorted(PRODUCTS))}.")
        elif not isinstance(places, dict):
            yield error(FILE, key, f"Framework {FRAMEWORK} needs an address for each location.", fix)
        else:
            for name, options in places.items():
                yield from _place(f"{key}.{name}", PRODUCTS[host], name, options, files)
    if not any(location.values()):
        yield error(FILE, "location", "It is not said where the app shows.", fix)


def _place(key: str, product: str, name: str, options: Any, files: Mapping[str, bytes]) -> Iterator[PackageProblem]:
    if product == "support" and name not in SUPPORT_LOCATIONS:
        known = ", ".join(sorted(SUPPORT_LOCATIONS))
        yield error(FILE, key, "There is no such location.", f"Use one of {known}.")
    if not isinstance(options, dict):
        options = {"url": options}
    if not isinstance(options.get("flexible"), bool | None):
        yield error(FILE, f"{key}.flexible", f"This is {_shown(options['flexible'])}.", "Write true or false.")
    url = options.get("url")
    if isinstance(url, str) and url:
        yield from _address(f"{key}.url", url, files)
    elif options.get("autoLoad", True):
        yield error(FILE, f"{key}.url", "The address is missing.", "Add it, or set autoLoad to false.")


def _address(key: str, url: str, files: Mapping[str, bytes]) -> Iterator[PackageProblem]:
    """A setting in the address is filled in at installation, so nothing can be said about it here."""
    if "{{setting." in url:
        return
    if not _URI.fullmatch(url):
        yield error(FILE, key, f"{url} is not an address.", "Remove spaces and special characters.")
        return
    parts = urlsplit(url)
    if parts.scheme:
        if parts.scheme != "https" and parts.hostname != "localhost":
            fix = "Serve it over https, or as http://localhost while you develop."
            yield error(FILE, key, f"{url} is not encrypted and not on localhost.", fix)
    elif parts.netloc or not parts.path.startswith("assets/") or parts.path not in files:
        yield error(FILE, key, f"{url} is not in the package.", "Name a file under assets/, or an https address.")


def _shown(value: Any) -> str:
    return "nothing" if value is None else f"{value!r:.60}"
