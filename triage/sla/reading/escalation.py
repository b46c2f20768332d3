"""Who is told, when, and how."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta

from triage.escalation.people import EscalationRules, Ladder, Level, Override, Person, Response, Rotation, Via
from triage.hours.schedule import zone
from triage.sla.reading.node import Node, said, way_out
from triage.sla.reading.policies import known_zone, length
from triage.sla.reading.schedules import spans
from triage.tickets import Priority

ROLES = ("assignee", "group_lead")
SHARE = 100


def escalation(node: Node) -> EscalationRules:
    if not node.is_given:
        return EscalationRules()
    if not node.has(("people", "rotations", "ladders", "leads", "responses", "remind")):
        return EscalationRules()
    people = {name: _person(each, name) for name, each in node.at("people").entries()}
    rotations = {name: _rotation(each, name, people) for name, each in node.at("rotations").entries()}
    ladders = {name: _ladder(each, name, people, rotations) for name, each in node.at("ladders").entries()}
    remind = node.at("remind")
    rules = EscalationRules(
        people=people,
        rotations=rotations,
        ladders=ladders,
        leads={name: each.refers(people, "person") for name, each in node.at("leads").entries()},
        responses=_responses(node.at("responses"), ladders),
    )
    if not remind.is_given:
        return rules
    return EscalationRules(
        people=people,
        rotations=rotations,
        ladders=ladders,
        leads=rules.leads,
        responses=rules.responses,
        remind=_level(remind, people, rotations, waits=False),
    )


def _person(node: Node, name: str) -> Person:
    node.id(name)
    if not node.has(("name", "role", "email", "chat", "helpdesk_id", "time_zone", "quiet")):
        return Person(id=name, name=name)
    email = node.at("email").text("")
    if email and (email.count("@") != 1 or email.startswith("@") or email.endswith("@") or " " in email):
        node.at("email").wrong(f"{said(email)} is no mail address.")
    return Person(
        id=name,
        name=node.at("name").text(name),
        role=node.at("role").text(""),
        email=email,
        chat=node.at("chat").text(""),
        helpdesk_id=node.at("helpdesk_id").text(""),
        time_zone=_zone(node),
        quiet=spans(node.at("quiet"), over_midnight=True),
    )


def _rotation(node: Node, name: str, people: Collection[str]) -> Rotation:
    node.id(name)
    nobody = Rotation(id=name, people=(), starts_at=datetime(2000, 1, 3, tzinfo=UTC), turn=timedelta(days=7))
    if not node.has(("people", "starts_at", "turn", "time_zone", "overrides")):
        return nobody
    in_zone = _zone(node)
    turn = length(node.at("turn"))
    if turn is not None and turn.business_days is not None:
        node.at("turn").wrong("a turn cannot be so many business days. Write it as 7 days or 12 h.")
    return Rotation(
        id=name,
        people=tuple(row.refers(people, "person") for row in node.at("people").rows()),
        starts_at=_instant(node.at("starts_at"), in_zone) or nobody.starts_at,
        turn=turn.time if turn is not None and turn.minutes else nobody.turn,
        overrides=tuple(
            found for row in node.at("overrides").rows() if (found := _override(row, people, in_zone)) is not None
        ),
        time_zone=in_zone,
    )


def _override(node: Node, people: Collection[str], in_zone: str) -> Override | None:
    if not node.has(("person", "from", "until")):
        return None
    person = node.at("person").refers(people, "person")
    starts_at, ends_at = _instant(node.at("from"), in_zone), _instant(node.at("until"), in_zone)
    if starts_at is None or ends_at is None:
        return None
    if ends_at <= starts_at:
        node.wrong("ends before it starts. Swap `from` and `until`.")
    return Override(person=person, starts_at=starts_at, ends_at=ends_at)


def _ladder(node: Node, name: str, people: Collection[str], rotations: Collection[str]) -> Ladder:
    node.id(name)
    if not node.has(("name", "levels")):
        return Ladder(id=name, name=name, levels=())
    levels = tuple(_level(row, people, rotations, waits=True) for row in node.at("levels").rows())
    if not levels:
        node.at("levels").wrong("is missing. A ladder needs at least one level with `to` and `by`.")
    return Ladder(id=name, name=node.at("name").text(name), levels=levels)


def _level(node: Node, people: Collection[str], rotations: Collection[str], *, waits: bool) -> Level:
    if not node.has(("to", "by", "wait") if waits else ("to", "by")):
        return Level(to=(), by=(), wait=timedelta())
    to, by = node.at("to"), node.at("by")
    for name in to.texts():
        _known(to, name, people, rotations)
    ways = tuple(
        Node(each, by.place, by.problems).one_of(Via, Via.MAIL) for each in (by.texts() if by.is_given else ())
    )
    if not ways:
        by.wrong(f"is missing. Say how: {', '.join(each.value for each in Via)}.")
    elif not to.texts() and not set(ways) <= {Via.PAGE, Via.WEBHOOK}:
        to.wrong("is missing. Say who is told: assignee, group_lead, person:<id> or rotation:<id>.")
    wait = node.at("wait")
    found = length(wait) if wait.is_given and wait.value != 0 else None
    if found is not None and found.business_days is not None:
        wait.wrong("a wait cannot be so many business days. Write it as 15 min or 2 h.")
    return Level(to=to.texts(), by=tuple(dict.fromkeys(ways)), wait=found.time if found else timedelta())


def _known(node: Node, name: str, people: Collection[str], rotations: Collection[str]) -> None:
    choices = (*ROLES, *(f"person:{each}" for each in people), *(f"rotation:{each}" for each in rotations))
    if name not in choices:
        node.wrong(f"there is no {said(name)} to be told. {way_out(name, choices)}")


def _responses(node: Node, ladders: Collection[str]) -> dict[Priority, Response]:
    if not node.is_given or not node.has([each.value for each in Priority]):
        return {}
    return {each: _response(node.at(each.value), ladders) for each in Priority if node.at(each.value).is_given}


def _response(node: Node, ladders: Collection[str]) -> Response:
    if not node.has(("reminders", "ladder", "at_once")):
        return Response()
    reminders, ladder = node.at("reminders"), node.at("ladder")
    at_once = node.at("at_once").flag(False)
    if at_once and not ladder.is_given:
        node.at("at_once").wrong("needs a `ladder` to begin with.")
    return Response(
        reminders=_shares(reminders) if reminders.is_given else Response().reminders,
        ladder=ladder.refers(ladders, "ladder") if ladder.is_given else None,
        at_once=at_once,
    )


def _shares(node: Node) -> tuple[float, ...]:
    found = set()
    for row in node.rows():
        text = row.value.strip().removesuffix("%").strip() if isinstance(row.value, str) else row.value
        try:
            share = float("nan") if isinstance(text, bool) else float(text)
        except (TypeError, ValueError):
            share = float("nan")
        if not 1 <= share < SHARE:
            row.wrong(f"{said(row.value)} is no share of the time. Write percentages below 100, such as 50, 75 and 90.")
            continue
        found.add(share / SHARE)
    return tuple(sorted(found))


def _zone(node: Node) -> str:
    name = node.at("time_zone").text("Etc/UTC")
    before = len(node.problems)
    known_zone(node.at("time_zone"), name)
    return name if len(node.problems) == before else "Etc/UTC"


def _instant(node: Node, in_zone: str) -> datetime | None:
    """An aware moment; one without an offset is wall time in the zone."""
    value = node.value
    try:
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime.combine(value, time())
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
        return (found if found.tzinfo else found.replace(tzinfo=zone(in_zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        node.wrong(f"{said(value)} is no moment. Write it as 2026-12-24T09:00, or with an offset as in …T09:00+01:00.")
        return None
