"""From what the checks found to the steps of the Connect page, each with its state, its words and its ways out. Pure.

No vendor is known here: what a vendor has to say is in its findings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from app.admin.connect_model import Action, Check, Mark, StepRow, Way
from app.admin.tones import Tone
from connectors.installing import CHECKS, NOT_CHECKED, Finding, Health
from triage.decisions import Outcome

TONES = {Health.GOOD: Tone.GOOD, Health.WARN: Tone.WARN, Health.BAD: Tone.BAD}
EVENT_CHECKS = ("webhook", "webhook_url", "webhook_secret", "duplicates", "triggers", "test_event", "gaps", "clock")
CHECKS_OF = {
    "Helpdesk address": ("address",),
    "Permission": ("permission", "scopes"),
    "Events": EVENT_CHECKS,
    "Fields": ("fields",),
    "Groups": ("groups",),
    "Sidebar": ("sidebar",),
}
COUNTED = ("Fields", "Groups")
SAID = {"Permission": "Signed in.", "Events": "Every event has its way to us.", "Sidebar": "Installed."}
CHECK_AGAIN = Action(label="Check again", page="console.connect_check")
MEND = Action(label="Let us mend it", page="console.connect_mend", primary=True)
MAKE_GROUPS = Action(label="Make the missing groups", page="console.connect_mend", values=(("make_groups", "1"),))
GET_APP = Action(label="Get the app", page="console.connect_package", posts=False)
APP_VALUES = Action(label="Show the values for its settings", page="console.connect_values")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of one helpdesk beside its findings. `decided` counts tickets by outcome in shadow mode."""

    title: str
    vendor: str
    host: str
    plan: str
    broken: str
    shadow: bool
    decided: Mapping[str, int]
    upload: Sequence[str]
    has_app_values: bool


def broken(findings: Sequence[Finding], refusal: str) -> int:
    """How many checks are bad; a `refusal` of our access counts even before the next check."""
    bad = {each.check for each in findings if each.health is Health.BAD}
    return len(bad | ({"permission"} if refusal else set()))


def checks(findings: Sequence[Finding]) -> tuple[Check, ...]:
    return tuple(
        Check(
            title=CHECKS[each.check],
            tone=Tone.OFF if _is_open(each) else TONES[each.health],
            word="Not checked" if _is_open(each) else each.state,
        )
        for each in findings
    )


def steps(findings: Sequence[Finding], known: Known) -> tuple[StepRow, ...]:
    """Every step in order; one whose checks were not run yet is "not yet"."""
    by_check = {each.check: each for each in findings}
    if known.broken:
        by_check["permission"] = _refused(known.broken)
    rows = [
        _step(title, [by_check[key] for key in keys if key in by_check], known) for title, keys in CHECKS_OF.items()
    ]
    return (*rows, _mode(known))


def _step(title: str, found: Sequence[Finding], known: Known) -> StepRow:
    mark = _mark(found)
    wrong = [each for each in found if each.health is not Health.GOOD and not _is_open(each)]
    return StepRow(
        title=title,
        mark=mark,
        detail=_detail(title, found, wrong, known),
        action=_action(title, known),
        facts=tuple(each.detail or f"{CHECKS[each.check]}: {each.state}." for each in wrong),
        ways=_together(way for each in wrong for way in _ways(each, known)),
        howto=tuple(known.upload) if any(_lacks_app(each) for each in wrong) else (),
    )


def _mark(found: Sequence[Finding]) -> Mark:
    """The worst of those that were looked at."""
    seen = [each.health for each in found if not _is_open(each)]
    if Health.BAD in seen:
        return Mark.NEEDS_YOU
    if Health.WARN in seen:
        return Mark.LOOK
    return Mark.DONE if seen else Mark.NOT_YET


def _detail(title: str, found: Sequence[Finding], wrong: Sequence[Finding], known: Known) -> str:
    if not found:
        return "Not checked yet."
    if len(wrong) == 1 and len(CHECKS_OF[title]) == 1:
        return _counted(wrong[0].state)
    if wrong:
        return " ".join(f"{CHECKS[each.check]}: {each.state}." for each in wrong)
    seen = [each for each in found if not _is_open(each)]
    if not seen:
        return found[0].detail or "Not checked yet."
    if title == "Helpdesk address":
        plan = f" Plan: {known.plan}." if known.plan else ""
        return f"{known.host} answers.{plan}"
    if title in COUNTED:
        return _counted(seen[0].state)
    return " ".join(each.detail for each in seen if each.detail) or SAID[title]


def _counted(state: str) -> str:
    """ "2 of 2 there.", but "Not checked."."""
    return f"{state} there." if state[:1].isdigit() else f"{state}."


def _action(title: str, known: Known) -> Action | None:
    if title == "Permission":
        return _sign_in(known)
    if title == "Events":
        return Action(label="Test again", page="console.connect_test")
    return CHECK_AGAIN


def _sign_in(known: Known) -> Action:
    return Action(
        label="Sign in again",
        page="console.connect_new",
        values=(("vendor", known.vendor),),
        posts=False,
    )


def _ways(finding: Finding, known: Known) -> list[Way]:
    """The way that needs least of the admin comes first."""
    ways = []
    if finding.repairable:
        ways.append(Way(text="We can do it:", action=MEND))
    if finding.check in CHECKS_OF["Permission"]:
        ways.append(Way(text="Give us access anew:", action=_sign_in(known)))
    if finding.check == "groups" and not finding.repairable:
        ways.append(Way(text="We can make them:", action=MAKE_GROUPS))
    if finding.fix:
        ways.append(Way(text=f"By hand: {finding.fix}" if finding.repairable else finding.fix))
    if _lacks_app(finding):
        ways.append(Way(text="The app for this install:", action=GET_APP))
        if known.has_app_values:
            ways.append(Way(text="What its settings ask for:", action=APP_VALUES))
    return ways or [Way(text="Check again in a minute.")]


def _together(ways: Iterable[Way]) -> tuple[Way, ...]:
    """Each way once. Where a person has to begin, our part is the rest."""
    first, *others = dict.fromkeys(ways) or (None,)
    if first is None:
        return ()
    rest = (replace(way, text="Then we can do the rest:") if way.action == MEND else way for way in others)
    return (first, *rest)


def _lacks_app(finding: Finding) -> bool:
    return finding.check == "sidebar" and not finding.repairable


def _refused(reason: str) -> Finding:
    return Finding(
        check="permission",
        health=Health.BAD,
        state="Refused",
        detail=f"{reason} Until you sign in again, events wait here and nothing is lost.",
    )


def _mode(known: Known) -> StepRow:
    if known.shadow:
        return StepRow(
            title="Shadow mode",
            mark=Mark.DONE,
            detail="On: decides and logs, writes nothing. We suggest 7 days.",
            notes=(
                _decided(known.decided),
                f"When you switch it off, Deskhand writes to {known.title} from the next event on: category, product "
                "area, priority, group and a note. Your agents and your own rules see these changes at once. "
                "Tickets decided so far stay as they are.",
            ),
            choice=Action(label="Switch to live", page="console.connect_mode", values=(("mode", "live"),)),
        )
    return StepRow(
        title="Shadow mode",
        mark=Mark.DONE,
        detail="Off: Deskhand decides and writes.",
        notes=(
            "When you switch it on, nothing more is written from the next event on. What is planned and not tried yet "
            "is dropped. What was written stays.",
        ),
        choice=Action(label="Switch to shadow mode", page="console.connect_mode", values=(("mode", "shadow"),)),
    )


def _decided(decided: Mapping[str, int]) -> str:
    triaged, human = decided.get(Outcome.TRIAGED.value, 0), decided.get(Outcome.SENT_TO_HUMAN.value, 0)
    total = triaged + human
    if not total:
        return "Decided meanwhile: no ticket yet."
    tickets = "1 ticket" if total == 1 else f"{total:,} tickets"
    return f"Decided meanwhile: {tickets}, of these {triaged:,} triaged and {human:,} left to a human."


def _is_open(finding: Finding) -> bool:
    """Not looked at, and not because it was refused."""
    return finding.state == NOT_CHECKED and finding.health is not Health.BAD
