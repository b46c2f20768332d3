"""The Zendesk app we hand out: it breaks no rule, points home, and is the same bytes every time."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace

import pytest

from connectors.defaults import load_taxonomy
from connectors.installing import FieldPlan, Place
from connectors.packaging import PackagingError, parsed, zipped
from connectors.zendesk.package import build
from connectors.zendesk.package_rules import check, png_size


@pytest.fixture(scope="module")
def place() -> Place:
    taxonomy = load_taxonomy()
    return Place(
        app_url="https://deskhand.example",
        webhook_url="https://deskhand.example/webhooks/zendesk/path-of-this-tenant",
        fields={
            "category": FieldPlan(
                title="Category", choices=tuple((each.key, each.name) for each in taxonomy.categories)
            ),
            "product_area": FieldPlan(title="Product area", choices=(("api", "API"), ("data", "Data"))),
        },
        groups=(),
    )


def test_breaks_no_rule(place: Place) -> None:
    assert check(build(place)) == ()


def test_the_panel_is_ours_and_signed(place: Place) -> None:
    manifest = json.loads(build(place)["manifest.json"])
    assert manifest["location"]["support"]["ticket_sidebar"] == {
        "url": "https://deskhand.example/sidebar/zendesk",
        "flexible": True,
        "autoLoad": True,
    }
    assert manifest["signedUrls"] is True
    assert manifest["private"] is True
    assert "parameters" not in manifest


def test_requires_the_two_fields_with_their_choices_and_nothing_else(place: Place) -> None:
    required = json.loads(build(place)["requirements.json"])
    assert list(required) == ["ticket_fields"]
    category, area = required["ticket_fields"].values()
    assert (category["title"], category["type"]) == ("Category", "tagger")
    labels = {option["value"]: option["name"] for option in category["custom_field_options"]}
    assert labels == {each.key: each.name for each in load_taxonomy().categories}
    assert area["custom_field_options"][0] == {"name": "API", "value": "api"}


@pytest.mark.parametrize(
    "label", ["Lost password", "API token: none", "A \\password", "Tab\token", '"secret"', "Grüße"]
)
def test_a_label_reads_as_it_was_written(place: Place, label: str) -> None:
    fields = {"category": FieldPlan(title="Category", choices=(("x", label),))}
    required = parsed(build(replace(place, fields=fields))["requirements.json"])
    assert required["ticket_fields"]["deskhand_category"]["custom_field_options"][0]["name"] == label


def test_without_fields_there_are_no_requirements(place: Place) -> None:
    files = build(replace(place, fields={}))
    assert "requirements.json" not in files
    assert check(files) == ()


def test_the_tenants_webhook_address_is_in_no_file(place: Place) -> None:
    assert not [path for path, data in build(place).items() if b"path-of-this-tenant" in data]


def test_logos_have_the_sizes_asked_for(place: Place) -> None:
    files = build(place)
    assert png_size(files["assets/logo.png"]) == (320, 320)
    assert png_size(files["assets/logo-small.png"]) == (128, 128)


def test_both_languages_say_the_same_things(place: Place) -> None:
    files = build(place)
    english, german = (json.loads(files[f"translations/{name}.json"])["app"] for name in ("en", "de"))
    assert set(english) == set(german) == {"name", "short_description", "long_description", "installation_instructions"}


def test_the_zip_is_the_same_every_time_and_opens_again(place: Place) -> None:
    once, again = zipped(build(place)), zipped(dict(reversed(build(place).items())))
    assert once == again
    with zipfile.ZipFile(io.BytesIO(once)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == dict(build(place))


def test_localhost_is_taken_and_another_plain_address_is_not(place: Place) -> None:
    assert check(build(replace(place, app_url="http://localhost:8710"))) == ()
    (problem,) = check(build(replace(place, app_url="http://127.0.0.1:8710")))
    assert (problem.file, problem.key) == ("manifest.json", "location.support.ticket_sidebar.url")
    assert "https" in problem.fix


def test_an_address_cannot_break_out_of_the_manifest(place: Place) -> None:
    with pytest.raises(PackagingError, match="DESKHAND_PUBLIC_URL"):
        build(replace(place, app_url='https://deskhand.example/","private":false,"x":"'))
