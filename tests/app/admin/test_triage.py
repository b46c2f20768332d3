"""The Triage page: what it shows of a card, what its buttons ask for, and what it hands out as files."""

from __future__ import annotations

import csv
import io
import json
import re
import struct
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient

from app.admin.triage_charts import IN_USE, at_floor, reliability, risk, settings
from app.admin.triage_model import SHIPPED, Alarm, Floor, FloorUndo
from app.admin.triage_view import MOST_LABELS, confusion, view, weak
from app.admin.triage_words import between, counted, days, percent
from tests.app.admin.connect_fakes import OTHER, TENANT
from tests.app.admin.console_fakes import NOW, FakeConsole
from tests.app.admin.console_site import build
from tests.app.admin.test_console import FROM, XSS, Marks, log_in, token
from tests.app.admin.triage_fakes import NAMES, card, page, share
from triage.model_card import ReliabilityStep, Suspect, WrongExample

HOME = f"/console/triage/{TENANT}"
ACTIONS = [f"{HOME}/{name}" for name in ("floor", "floor/undo", "promote", "roll-back")]


class Words(HTMLParser):
    """The text of a page by the id of the box that it stands in, white space and no-break spaces made plain."""

    def __init__(self) -> None:
        super().__init__()
        self.box = ""
        self.said: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "section":
            self.box = dict(attrs).get("aria-labelledby") or ""

    def handle_data(self, data: str) -> None:
        self.said[self.box] = self.said.get(self.box, "") + " " + data


def words(html: str) -> dict[str, str]:
    read = Words()
    read.feed(html)
    return {box: re.sub(r"[\s\N{NO-BREAK SPACE}]+", " ", text) for box, text in read.said.items()}


@pytest.fixture
def deps() -> FakeConsole:
    return FakeConsole()


@pytest.fixture
def admin(deps: FakeConsole) -> Iterator[FlaskClient]:
    with build(deps).test_client() as client:
        client.environ_base["wsgi.url_scheme"] = "https"
        assert log_in(client).status_code == 303
        yield client


def press(admin: FlaskClient, action: str, **form: str) -> tuple[int, str]:
    answer = admin.post(f"{HOME}/{action}", data={"csrf_token": token(admin.get(HOME)), **form}, headers=FROM)
    return answer.status_code, answer.headers.get("Location", "") or answer.text


def test_the_figures_of_the_card_are_on_the_page(admin: FlaskClient) -> None:
    said = words(admin.get("/console/triage").text)
    for figure in ("88.8 %", "Between 85.7 and 91.3 %", "500 tickets, 1 Oct to 31 Oct 2026", "Always the commonest"):
        assert figure in said["accuracy"]
    assert "The model before, 212 tickets" in said["accuracy"]
    assert "The model in use, 212 tickets" in said["challenger"]
    for figure in (
        "Version 4f1c09b7a2d3, in use since 15 Nov 09:00",
        "6,412 solved tickets, 1 Mar to 30 Sep 2026",
        "87.7 % over 10 labels",
        "1.8 points; a perfect model shows 2.2 points on so few tickets, below 3.4 points in 95 of 100",
        "right in 91.6 % of 1,904, by agents’ corrections",
        "312 near copies were kept",
        "Roll back to 77aa01c3d4e5",
    ):
        assert figure in said["card"]
    assert "Yes 1.8 points off, no more than a perfect model may be" in said["sure"]
    assert "API errors taken for Webhook delivery, said 97 %" in said["worst"]
    assert "Password reset 90 %" in said["suspects"]
    assert "9be0d2417c55" in said["challenger"]


def test_labels_stand_worst_first_with_what_they_are_taken_for(admin: FlaskClient) -> None:
    said = words(admin.get(HOME).text)["labels"]
    places = [said.index(f" {NAMES[label]} {tickets} ") for label, tickets in LABELS_WORST_FIRST]
    assert places == sorted(places)
    assert "Data missing 34 69 % 79 % 63 to 90 % 74 % Import and export 5" in said


LABELS_WORST_FIRST = (("data_missing", 34), ("slow_pages", 36), ("seats", 38), ("sso", 71), ("password_reset", 62))


def test_every_chart_names_its_finding_and_has_its_numbers_beneath(admin: FlaskClient) -> None:
    text = admin.get(HOME).text
    marks = Marks()
    marks.feed(text)
    charts = [attrs for tag, attrs in marks.found if tag == "svg" and attrs.get("role") == "img"]
    assert len(charts) == 4
    names = " ".join(str(attrs["aria-label"]) for attrs in charts).replace("\N{NO-BREAK SPACE}", " ")
    assert "This model 88.8 %" in names
    assert "to 11.2 % when 100 % are" in names
    assert text.count("<summary>Show as table</summary>") == 4


def test_the_dial_follows_the_address_and_begins_at_what_is_in_use(admin: FlaskClient, deps: FakeConsole) -> None:
    assert deps.triage
    assert deps.triage.model
    shown = deps.triage.model.card
    in_use = at_floor(shown, shown.automation.floor)
    assert in_use
    field = re.compile(r'name="confidence" value="([\d.]+)"')
    asked = {"": in_use.confidence}
    for at in ("5", "50", "100"):
        asked[f"?at={at}"] = min(settings(shown), key=lambda point: abs(point.answered - int(at) / 100)).confidence
    for query, confidence in asked.items():
        found = field.search(admin.get(HOME + query).text)
        assert found, query
        assert float(found[1]) == confidence, query
    for nonsense in ("?at=-1", "?at=1e9", "?at=nan", "?at=%F0%9F%98%80"):
        assert admin.get(HOME + nonsense).status_code == 200


def test_a_setting_of_the_curve_is_used_from_now_on_and_can_be_undone(admin: FlaskClient, deps: FakeConsole) -> None:
    assert deps.triage
    assert deps.triage.model
    shown = deps.triage.model.card
    chosen = settings(shown)[-1]
    status, location = press(admin, "floor", confidence=repr(chosen.confidence), version=shown.version)
    assert (status, location) == (303, f"{HOME}?did=floor")
    assert deps.pressed == [("floor", TENANT, chosen.confidence, "Ana Lind")]
    text = admin.get(location).text
    said = words(text)
    assert (
        f"Needed from now on: {percent(chosen.confidence)} confidence.".replace("\N{NO-BREAK SPACE}", " ") in said[""]
    )
    assert "Before: as the model’s own check found it." in said[""]
    assert "none of this holds for what is routed now" in said["dial-h"]
    assert f'action="{HOME}/floor/undo"' in text
    assert press(admin, "floor/undo")[0] == 303
    assert deps.pressed[-1] == ("undo", TENANT)
    press(admin, "floor", follow="1", confidence=repr(chosen.confidence), version=shown.version)
    assert deps.pressed[-1] == ("floor", TENANT, None, "Ana Lind")


@pytest.mark.parametrize("confidence", ["", "nan", "inf", "-1", "0.12345", "1e-9", "x"])
def test_only_a_setting_that_was_measured_can_be_used(admin: FlaskClient, deps: FakeConsole, confidence: str) -> None:
    assert press(admin, "floor", confidence=confidence, version=card().version)[0] == 400
    assert deps.pressed == []


def test_figures_of_a_model_that_gave_way_are_not_used(admin: FlaskClient, deps: FakeConsole) -> None:
    sure = repr(card().risk[0].confidence)
    status, text = press(admin, "floor", confidence=sure, version="77aa01c3d4e5f6a7")
    assert status == 409
    assert "Another model came into use while you looked." in words(text)[""]
    assert deps.pressed == []


def test_promote_and_roll_back_each_offer_the_way_back(admin: FlaskClient, deps: FakeConsole) -> None:
    assert deps.triage
    assert deps.triage.challenger
    assert deps.triage.model
    new, old = deps.triage.challenger.card.version, deps.triage.model.card.version
    status, location = press(admin, "promote", version=new)
    assert (status, location) == (303, f"{HOME}?did=promoted")
    text = admin.get(location).text
    assert "Version 9be0d2417c55 is in use." in words(text)[""]
    assert re.search(rf'action="{HOME}/roll-back">.*?name="version" value="{new}">.*?>Undo<', text)
    status, text = press(admin, "promote", version=new)
    assert status == 409
    assert "Nothing was changed. There is no" in words(text)[""]
    status, location = press(admin, "roll-back", version=new)
    assert (status, location) == (303, f"{HOME}?was={new}&did=back")
    text = admin.get(location).text
    assert "Version 77aa01c3d4e5 is in use again." in words(text)[""]
    assert re.search(rf'action="{HOME}/promote">.*?name="version" value="{new}">.*?>Undo<', text)
    assert press(admin, "roll-back", version=old)[0] == 409
    assert [each[0] for each in deps.pressed] == ["promote", "roll back"]


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example"])
@pytest.mark.parametrize("action", ACTIONS)
def test_a_form_from_elsewhere_changes_no_model(
    admin: FlaskClient, deps: FakeConsole, action: str, origin: str | None
) -> None:
    form = {"csrf_token": token(admin.get(HOME)), "version": card().version, "follow": "1"}
    assert admin.post(action, data=form, headers={"Origin": origin} if origin else {}).status_code == 403
    assert admin.post(action, data=form | {"csrf_token": "0" * 64}, headers=FROM).status_code == 403
    assert deps.pressed == []


def test_nobody_sees_a_model_without_a_log_in(deps: FakeConsole) -> None:
    client = build(deps).test_client()
    paths = ["/console/triage", HOME, *(f"{HOME}/{name}" for name in ("labels.csv", "card.json", "card.png"))]
    assert [client.get(path).status_code for path in paths] == [303] * 5
    assert [client.post(action).status_code for action in ACTIONS] == [401] * 4


def test_one_helpdesks_page_has_nothing_of_anothers(admin: FlaskClient) -> None:
    other = admin.get(f"/console/triage/{OTHER}").text
    for word in ("88.8", "4f1c09b7a2d3", "47911", "9be0d2417c55"):
        assert word not in other
    for name in ("labels.csv", "card.json", "card.png"):
        assert admin.get(f"/console/triage/{OTHER}/{name}").status_code == 404
        assert admin.get(f"/console/triage/nobody/{name}").status_code == 404
    assert admin.get("/console/triage/nobody").status_code == 404


def test_without_a_model_the_page_says_how_unsure_the_shipped_one_is(admin: FlaskClient) -> None:
    said = words(admin.get(f"/console/triage/{OTHER}").text)
    assert "86.8 %" in said["shipped"]
    assert "right on 628 examples of our own" in said["shipped"]
    assert "at least 90.0 % sure" in said["shipped"]
    assert f"deskhand triage train --tenant {OTHER}" in said["learn"]


def test_without_a_helpdesk_the_page_leads_to_connect(admin: FlaskClient, deps: FakeConsole) -> None:
    deps.triage = None
    assert "No helpdesk is connected" in admin.get("/console/triage").text


def test_training_and_alarms_are_told_and_the_page_stays(admin: FlaskClient, deps: FakeConsole) -> None:
    alarm = Alarm(state="Other tickets", detail="They are farther away.", fix="Run `deskhand triage train`.")
    deps.triage = replace(page(), training_since=NOW, alarms=(alarm,))
    text = admin.get(HOME).text
    said = words(text)[""]
    assert "A new model is being trained since 14:24." in said
    assert "Other tickets. They are farther away." in said
    assert "<code>deskhand triage train</code>" in text
    assert "88.8 %" in text.replace("\N{NO-BREAK SPACE}", " ")


def test_a_model_that_may_not_act_alone_says_why(admin: FlaskClient, deps: FakeConsole) -> None:
    model = page().model
    assert model
    why = "At least 45 solved tickets answered without a mistake are needed; there are 40."
    auto = replace(model.card.automation, floor=None, answered=share(0, 500), wrong=share(0, 0), why=why)
    deps.triage = replace(
        page(), floor=Floor(value=None), model=replace(model, card=replace(model.card, automation=auto))
    )
    said = words(admin.get(HOME).text)
    assert f"lets it route nothing alone. {why}" in said["dial-h"]
    assert "In use now: nothing is routed without a human." in said["dial-h"]
    assert "by its own check all go to a human" in said["card"]


def test_a_card_without_any_measured_ticket_is_still_a_page(admin: FlaskClient, deps: FakeConsole) -> None:
    model = page().model
    assert model
    empty = replace(
        model.card,
        held_out=0,
        accuracy=share(0, 0),
        rivals=(),
        risk=(),
        reliability=(),
        labels=(),
        by_label=(),
        confusion=(),
        worst=(),
        suspects=(),
        notes=(),
        automation=replace(model.card.automation, floor=None, answered=share(0, 0), wrong=share(0, 0)),
    )
    deps.triage = replace(page(), model=replace(model, card=empty), floor=Floor(value=None))
    said = words(admin.get(HOME).text)
    assert "too few tickets to draw the curve" in said["dial-h"]
    assert "too few tickets to tell" in said["sure"]
    for name in ("labels.csv", "card.json", "card.png"):
        assert admin.get(f"{HOME}/{name}").status_code == 200


def test_small_samples_say_so_instead_of_a_percentage(admin: FlaskClient, deps: FakeConsole) -> None:
    model = page().model
    assert model
    few = card(confusion=((9, 2), (1, 8)), labels=("sso", "seats"))
    deps.triage = replace(page(), model=replace(model, card=few))
    said = words(admin.get(HOME).text)
    assert "17 of 20" in said["accuracy"]
    assert "SSO and log-in 11 9 of 10 9 of 11" in said["labels"]
    assert counted(share(29, 29)) == "29 of 29"
    assert counted(share(27, 30)) == "90.0\N{NO-BREAK SPACE}% of 30"


@pytest.mark.parametrize("hostile", [*XSS, "\x00\x0b]]>&amp;"])
def test_no_label_and_no_ticket_becomes_markup(admin: FlaskClient, deps: FakeConsole, hostile: str) -> None:
    whole = page()
    assert whole.model
    assert whole.challenger
    shown = whole.model.card
    labels = (hostile, *shown.labels[1:])
    rows = tuple(replace(row, label=hostile, taken_for=hostile) for row in shown.by_label)
    worst = WrongExample(ref=hostile, text=hostile, label=hostile, said=labels[1], confidence=0.9)
    suspect = Suspect(ref=hostile, text=hostile, label=hostile, neighbours=hostile, agreement=0.9)
    evil = replace(
        shown,
        version=hostile,
        labels=labels,
        by_label=rows,
        worst=(worst,),
        suspects=(suspect,),
        notes=(hostile,),
        rivals=(replace(shown.rivals[0], name=hostile),),
        automation=replace(shown.automation, why=hostile),
    )
    deps.triage = replace(
        whole,
        desk=replace(whole.desk, name=hostile),
        others=(replace(whole.others[0], name=hostile),),
        target=hostile,
        targets=(hostile, "group"),
        names={labels[1]: hostile},
        model=replace(whole.model, card=evil, why=hostile),
        challenger=replace(whole.challenger, card=evil, why=hostile),
        refused=replace(whole.challenger, card=evil, why=hostile),
        alarms=(Alarm(state=hostile, detail=hostile, fix=hostile),),
        floor=Floor(value=0.5, chosen=True, undo=FloorUndo(floor=None, changed_at=NOW, changed_by=hostile)),
    )
    text = admin.get(HOME).text
    marks = Marks()
    marks.feed(text)
    for tag, attrs in marks.found:
        assert tag not in ("img", "iframe", "style")
        assert tag != "script" or "src" in attrs
        assert not [name for name in attrs if name.startswith("on") or name == "style"]
    assert ("{{ 7*7 }}" in text) == ("7*7" in hostile)
    picture = admin.get(f"{HOME}/card.png")
    assert picture.status_code == 200
    assert picture.data.startswith(b"\x89PNG\r\n\x1a\n")


def test_the_page_keeps_to_its_policy(admin: FlaskClient) -> None:
    answer = admin.get(HOME)
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert 'style="' not in answer.text
    assert not re.search(r"<script(?![^>]*\bsrc=)", answer.text)


def test_the_table_opens_in_a_spreadsheet_without_running_anything(admin: FlaskClient, deps: FakeConsole) -> None:
    whole = page()
    assert whole.model
    formulas = ("=HYPERLINK(1)", "+1", "-1", "@SUM(A1)", "\t=1", 'say "hi", twice')
    rows = tuple(replace(row, label=label) for row, label in zip(whole.model.card.by_label, formulas, strict=False))
    deps.triage = replace(whole, model=replace(whole.model, card=replace(whole.model.card, by_label=rows)))
    answer = admin.get(f"{HOME}/labels.csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert f'filename="{TENANT}-labels.csv"' in answer.headers["Content-Disposition"]
    read = list(csv.reader(io.StringIO(answer.text)))
    assert {row[0] for row in read[1:]} == {"'=HYPERLINK(1)", "'+1", "'-1", "'@SUM(A1)", "'\t=1", 'say "hi", twice'}
    assert not [cell for row in read for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def test_the_table_has_every_label_with_its_interval(admin: FlaskClient) -> None:
    read = list(csv.DictReader(io.StringIO(admin.get(f"{HOME}/labels.csv").text)))
    assert len(read) == len(NAMES)
    first = read[0]
    assert (first["label"], first["tickets"], first["most_often_taken_for"]) == (
        "Data missing",
        "34",
        "Import and export",
    )
    assert float(first["recall_low"]) < float(first["recall"]) < float(first["recall_high"])


def test_the_card_as_json_holds_all_of_it(admin: FlaskClient) -> None:
    answer = admin.get(f"{HOME}/card.json")
    assert answer.headers["Content-Type"] == "application/json"
    read = json.loads(answer.data)
    assert read["version"] == card().version
    assert read["accuracy"] == {"count": 444, "of": 500, "low": card().accuracy.low, "high": card().accuracy.high}
    assert read["trained_at"] == "2026-11-15T02:10:00+00:00"
    assert len(read["risk"]) == len(card().risk)


def test_the_card_as_a_picture_has_figures_and_no_tickets_words(admin: FlaskClient, deps: FakeConsole) -> None:
    from app.admin.triage_png import svg

    answer = admin.get(f"{HOME}/card.png")
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", answer.data[16:24])
    assert width == 2160
    assert height > 1200
    with admin.application.test_request_context():
        drawn = svg(page(), card())
    text = " ".join(ElementTree.fromstring(drawn).itertext()).replace("\N{NO-BREAK SPACE}", " ")  # noqa: S314 (our own)
    assert "88.8 %" in text
    assert "Data missing" in text
    assert "few enough to promise 5 %" in text
    assert "Callback" not in text
    assert "47911" not in text


def test_a_number_of_the_matrix_leads_to_its_tickets(admin: FlaskClient) -> None:
    text = admin.get(HOME).text
    link = re.search(r'href="([^"]*true=api_errors[^"]*)" aria-label="([^"]*)">6<', text)
    assert link
    assert link[2] == "6 tickets: API errors taken for Webhook delivery"
    said = words(admin.get(link[1].replace("&amp;", "&").partition("#")[0]).text)["worst"]
    assert "API errors taken for Webhook delivery 2 of those kept as examples." in said
    assert "December invoice" not in said
    assert "Sure, and wrong" in words(admin.get(f"{HOME}?true=x&said=y").text)["worst"]


def test_a_ticket_is_linked_where_its_helpdesk_is_known(admin: FlaskClient, deps: FakeConsole) -> None:
    assert 'href="https://fieldline.example/agent/tickets/47911"' in admin.get(HOME).text
    deps.triage = replace(page(), ticket_url="")
    text = admin.get(HOME).text
    assert "fieldline.example/agent" not in text
    assert "#47911" in text


def test_a_large_matrix_shows_the_worst_and_counts_the_rest() -> None:
    count = MOST_LABELS + 5
    labels = [f"label_{number:02}" for number in range(count)]
    rows = [[0] * count for _ in labels]
    for index, row in enumerate(rows):
        row[index] = 40 + index
        row[(index + 1) % count] = 3
    large = card(confusion=rows, labels=labels)
    shown = confusion(large, {})
    assert (len(shown.labels), shown.of, shown.others) == (MOST_LABELS, count, True)
    assert set(shown.labels) == set(labels[:MOST_LABELS])
    for (label, cells), index in zip(shown.rows, map(labels.index, shown.labels), strict=True):
        assert sum(cell.count for cell in cells) == sum(rows[index]), label
    small = confusion(card(), NAMES)
    assert (len(small.labels), small.others) == (10, False)


def test_weak_spots_are_only_those_that_chance_does_not_explain() -> None:
    assert weak(card()) == ()
    rows = [[200, 0, 0], [0, 200, 0], [60, 0, 40]]
    assert [row.label for row in weak(card(confusion=rows, labels=("a", "b", "c")))] == ["c"]


def test_the_dial_stops_at_the_models_own_floor() -> None:
    shown = card()
    view_ = view(page(), page().model, at="", pair=("", ""))  # type: ignore[arg-type]
    assert shown.automation.floor in [mark.point.confidence for mark in view_.dial]
    assert view_.mark.point.confidence == shown.automation.floor
    assert at_floor(shown, 2.0) is None
    assert at_floor(shown, None) is None


def test_shares_never_read_as_more_than_they_are() -> None:
    nbsp = "\N{NO-BREAK SPACE}"
    assert percent(0.9999) == f"99.9{nbsp}%"
    assert percent(1.0) == f"100{nbsp}%"
    assert percent(0.0001) == f"0.1{nbsp}%"
    assert percent(0.996, 0) == f"99{nbsp}%"
    assert between(share(444, 500)) == f"85.7 to 91.3{nbsp}%"
    assert days((NOW, NOW)) == f"17{nbsp}Nov 2026"
    assert days((NOW.replace(year=2025), NOW)) == f"17{nbsp}Nov 2025 to 17{nbsp}Nov 2026"


def test_the_shipped_figure_is_about_the_examples_that_ship() -> None:
    from connectors.defaults import load_examples

    assert SHIPPED.of == len(load_examples())
    assert (round(SHIPPED.low, 3), round(SHIPPED.high, 3)) == (
        round(share(SHIPPED.count, SHIPPED.of).low, 3),
        round(share(SHIPPED.count, SHIPPED.of).high, 3),
    )


def test_a_curve_begins_where_there_are_enough_tickets_to_mean_something() -> None:
    shown = card()
    lonely = replace(shown.risk[0], answered=0.002, confidence=0.9999, wrong=share(1, 1))
    chart = risk(replace(shown, risk=(lonely, *shown.risk)))
    plain = risk(shown)
    assert chart
    assert plain
    assert (chart.lines, chart.points) == (plain.lines, plain.points)
    few = replace(shown, risk=(lonely, replace(lonely, answered=1.0, wrong=share(2, 9))))
    tiny = risk(few)
    assert tiny
    assert len(tiny.points.split()) == 2


def test_bars_of_steps_that_lie_close_do_not_run_into_each_other() -> None:
    steps = tuple(ReliabilityStep(said=0.9 + 0.01 * number, right=share(45, 50)) for number in range(9))
    chart = reliability(replace(card(), reliability=(ReliabilityStep(said=0.5, right=share(25, 50)), *steps)))
    assert chart
    ends = [(float(bar.x), float(bar.x) + float(bar.width)) for bar in chart.bars]
    assert all(end <= start for (_, end), (start, _) in pairwise(ends))


def test_the_way_back_stays_on_the_page(admin: FlaskClient, deps: FakeConsole) -> None:
    undo = FloorUndo(floor=0.8, changed_at=NOW, changed_by="Mei Tanaka")
    deps.triage = replace(page(), floor=Floor(value=0.6, chosen=True, undo=undo))
    text = admin.get(HOME).text
    assert text.count(f'action="{HOME}/floor/undo"') == 1
    assert "Set by Mei Tanaka, 14:24. Before: 80.0 % confidence." in words(text)["dial-h"]
    assert "Follow the model’s own check" in text
    assert admin.get(f"{HOME}?did=floor").text.count(f'action="{HOME}/floor/undo"') == 1


def test_the_name_of_the_model_in_use_is_the_one_that_training_writes() -> None:
    from app.learning import training

    assert training.IN_USE == IN_USE
