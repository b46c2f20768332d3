"""What is decided about a ticket, in the words an agent reads."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.triage.tickets import taxonomy, ticket
from triage.decisions import Alternative, Decision, Neighbour, Outcome, Prediction
from triage.metadata import extract
from triage.modes import Arm, Mode, arm_of
from triage.route import HUMAN_TAG, TRIAGED_TAG, decide
from triage.tickets import Priority, Status

TAXONOMY = taxonomy()
GROUPS = {"Front desk": "100", "On-call platform": "101", "Integrations": "102", "Product support": "103"}
QUIET = "Webhook events stopped\nThere are no webhook events since the certificate change."


def prediction(category: str = "webhook_delivery", confidence: float = 0.917) -> Prediction:
    others = [known.key for known in TAXONOMY.categories if known.key != category]
    rest = [Alternative(category=key, confidence=(1 - confidence) / 4) for key in others]
    return Prediction(
        category=category,
        confidence=confidence,
        alternatives=(Alternative(category=category, confidence=confidence), *rest),
        phrases=("no webhook events since the certificate change", "events stopped"),
        neighbours=(Neighbour(text="Webhooks stop\nafter a certificate change", category=category, similarity=0.8),),
        model_version="abc",
    )


def decided(text: str = QUIET, *, on: dict[str, Any] | None = None, **changes: Any) -> Decision:
    subject, _, body = text.partition("\n")
    asked = ticket(subject, body, **(on or {}))
    values: dict[str, Any] = {"prediction": prediction(), "taxonomy": TAXONOMY, "groups": GROUPS, "floor": 0.8}
    return decide(ticket=asked, metadata=extract(asked, TAXONOMY), **(values | changes))


def test_a_sure_answer_is_written_with_its_reasons() -> None:
    found = decided()
    assert found.outcome is Outcome.TRIAGED
    (action,) = found.actions
    assert action.ticket_ref == "48213"
    assert (action.category, action.product_area, action.priority) == ("webhook_delivery", "integrations", Priority.P2)
    assert (action.group_id, action.add_tags) == ("102", (TRIAGED_TAG,))
    assert action.note == (
        "Webhook delivery, 91\u00a0% sure → Integrations.\n"
        "They wrote “no webhook events since the certificate change”.\n"
        "P2: usual for Webhook delivery.\n"
        "Closest known example: “Webhooks stop after a certificate change” (Webhook delivery)."
    )
    assert found.reasons == tuple(action.note.split("\n")[2:])
    assert (found.category, found.group, found.taxonomy_version) == ("webhook_delivery", "Integrations", "7")


def test_an_unsure_answer_goes_to_a_human_with_nothing_else_changed() -> None:
    found = decided(prediction=prediction("how_to", 0.46))
    assert found.outcome is Outcome.SENT_TO_HUMAN
    (action,) = found.actions
    assert (action.category, action.product_area, action.priority) == (None, None, None)
    assert (action.group_id, action.add_tags) == ("100", (TRIAGED_TAG, HUMAN_TAG))
    assert action.note == (
        "Sent to a human: 46\u00a0% sure. Your limit is 80\u00a0%.\n"
        "Most likely: How-to question 46\u00a0%, Service down 13\u00a0%, Webhook delivery 13\u00a0%.\n"
        "They wrote “no webhook events since the certificate change” and “events stopped”."
    )
    assert (found.category, found.priority, found.group, found.floor) == (None, None, "Front desk", 0.8)


def test_a_human_sees_severity_phrases_first() -> None:
    found = decided("Help\nAll users affected", prediction=prediction(confidence=0.4))
    assert "They wrote “All users affected”." in str(found.actions[0].note)
    assert found.reasons == ()


def test_a_category_that_is_gone_goes_to_a_human() -> None:
    found = decided(prediction=replace(prediction(), category="retired"))
    assert found.outcome is Outcome.SENT_TO_HUMAN
    assert found.reasons[0] == "Sent to a human: the category retired is not in taxonomy version 7."


@pytest.mark.parametrize(
    "on",
    [
        {"status": Status.CLOSED},
        {"status": Status.DELETED},
        {"tags": ("vip", TRIAGED_TAG)},
        {"assignee_id": "7"},
        {"status": Status.PENDING},
    ],
)
def test_final_triaged_and_assigned_tickets_are_left_alone(on: dict[str, Any]) -> None:
    found = decided(on=on)
    assert found.outcome is Outcome.SKIPPED
    assert found.actions == ()
    assert (found.category, found.group) == (None, None)
    assert len(found.reasons) == 1


@pytest.mark.parametrize(
    ("category", "text", "tier", "priority", "reason"),
    [
        ("bug", "A bug", None, Priority.P3, "P3: usual for Bug."),
        ("bug", "A bug\nUrgent", None, Priority.P2, "P2: they wrote “Urgent”, usual is P3."),
        ("how_to", "How\nIt is urgent", None, Priority.P3, "P3: they wrote “urgent”, usual is P4."),
        (
            "how_to",
            "How\nIt is urgent",
            "enterprise",
            Priority.P2,
            "P2: they wrote “urgent”, usual is P4, enterprise customer.",
        ),
        ("bug", "A bug", "enterprise", Priority.P3, "P3: usual for Bug."),
        ("bug", "A bug\ndata loss", None, Priority.P1, "P1: they wrote “data loss”, usual is P3."),
        ("how_to", "How\ndata loss", None, Priority.P2, "P2: they wrote “data loss”, usual is P4."),
        ("webhook_delivery", "Gone\nurgent", None, Priority.P2, "P2: usual for Webhook delivery."),
        ("service_down", "Down\nurgent", "enterprise", Priority.P1, "P1: usual for Service down."),
        ("bug", "A bug\nnot urgent", None, Priority.P3, "P3: usual for Bug."),
    ],
)
def test_severity_phrases_raise_the_usual_priority(
    category: str, text: str, tier: str | None, priority: Priority, reason: str
) -> None:
    found = decided(text, prediction=prediction(category, 0.95), tier=tier)
    assert found.priority is priority
    assert found.actions[0].priority is priority
    assert reason in found.reasons


def test_a_priority_that_is_set_stays() -> None:
    found = decided("Gone\ndata loss", on={"priority": Priority.P3})
    assert found.priority is Priority.P3
    assert found.actions[0].priority is None
    assert "P3 kept: it was set before. We would say P1: they wrote “data loss”, usual is P2." in found.reasons
    assert "P2 kept: it was set before." in decided(on={"priority": Priority.P2}).reasons


def test_clear_words_change_the_product_area_and_the_queue() -> None:
    text = "Webhook question\nHow do I add a webhook, where is the event delivery log?"
    found = decided(text, prediction=prediction("how_to", 0.95))
    assert (found.product_area, found.group) == ("integrations", "Integrations")
    assert "Product area Integrations: the text is about it and not about the category's usual area." in found.reasons
    own = decided(text + " Is there a button?", prediction=prediction("how_to", 0.95))
    assert (own.product_area, own.group) == ("app", "Product support")
    down = decided(text, prediction=prediction("service_down", 0.95))
    assert (down.product_area, down.group) == ("platform", "On-call platform")


@pytest.mark.parametrize("confidence", [0.95, 0.3])
def test_a_queue_without_a_group_is_said_and_the_group_stays(confidence: float) -> None:
    found = decided(groups={}, prediction=prediction(confidence=confidence))
    assert found.actions[0].group_id is None
    name = "Integrations" if confidence > 0.8 else "Front desk"
    assert found.group == name
    assert f"Group {name} is not mapped: the group stays as it is. Map it under Connect." in found.reasons


def test_a_ticket_in_its_queue_already_is_not_moved() -> None:
    assert decided(on={"group_id": "102"}).actions[0].group_id is None


def test_long_and_missing_evidence() -> None:
    long = Neighbour(text="word " * 60, category="retired", similarity=0.5)
    found = decided(prediction=replace(prediction(), phrases=(), neighbours=(long,)))
    assert found.reasons[-1].startswith("Closest known example: “word word")
    assert found.reasons[-1].endswith("…” (retired).")
    bare = decided(prediction=replace(prediction(), phrases=(), neighbours=()))
    assert len(bare.reasons) == 1


@given(
    text=st.text(max_size=200) | st.sampled_from(["urgent data loss", "webhook event delivery", "not urgent"]),
    category=st.sampled_from([*[known.key for known in TAXONOMY.categories], "retired"]),
    confidence=st.floats(0, 1),
    floor=st.floats(0, 1),
    status=st.sampled_from(Status),
    priority=st.none() | st.sampled_from(Priority),
    tier=st.none() | st.sampled_from(["enterprise", "business"]),
    mapped=st.booleans(),
)
def test_every_decision_keeps_the_rules(
    text: str,
    category: str,
    confidence: float,
    floor: float,
    status: Status,
    priority: Priority | None,
    tier: str | None,
    mapped: bool,
) -> None:
    found = decided(
        text,
        on={"status": status, "priority": priority},
        prediction=replace(prediction(confidence=confidence), category=category),
        floor=floor,
        tier=tier,
        groups=GROUPS if mapped else {},
    )
    assert all("\n" not in reason for reason in found.reasons)
    if found.outcome is Outcome.SKIPPED:
        assert found.actions == ()
        return
    (action,) = found.actions
    assert TRIAGED_TAG in action.add_tags
    assert action.priority is None or priority is None
    assert type(action).from_payload(action.to_payload()) == action
    if found.outcome is Outcome.SENT_TO_HUMAN:
        assert (action.category, action.product_area, action.priority) == (None, None, None)
        assert confidence < floor or category == "retired" or found.prediction is None
    else:
        usual = TAXONOMY.category(category)
        assert usual is not None
        assert confidence >= floor
        assert found.priority is not None
        assert found.priority is priority or found.priority.value <= usual.priority.value


def test_a_priority_that_nobody_chose_counts_as_none() -> None:
    kept = decided(on={"priority": Priority.P4})
    default = decided(on={"priority": Priority.P4}, default_priority=Priority.P4)
    chosen = decided(on={"priority": Priority.P3}, default_priority=Priority.P4)
    assert (kept.actions[0].priority, chosen.actions[0].priority) == (None, None)
    assert default.actions[0].priority is default.priority is decided().priority


def test_a_change_says_what_it_saw() -> None:
    action = decided(on={"priority": Priority.P4, "group_id": "7"}, default_priority=Priority.P4).actions[0]
    assert action.was == {"category": None, "product_area": None, "priority": "P4", "group_id": "7"}
    unsure = decided(prediction=prediction(confidence=0.3)).actions[0]
    assert set(unsure.was) <= {"group_id"}


def test_a_text_unlike_every_example_is_said_to_be() -> None:
    strange = replace(prediction(confidence=0.3), scope=0.33)
    found = decided(prediction=strange)
    assert found.outcome is Outcome.SENT_TO_HUMAN
    assert found.reasons == ("Unlike every ticket we know.",)
    assert "30\u00a0% sure. Your limit is 80\u00a0%. Unlike every ticket we know." in str(found.actions[0].note)
    unsure_anyway = decided(prediction=replace(prediction(confidence=0.3), scope=0.9))
    assert unsure_anyway.reasons == ()
    assert decided(prediction=replace(prediction(confidence=0.85), scope=0.9)).outcome is Outcome.TRIAGED


@pytest.mark.parametrize("text", ["\n", "Screenshot\n[image: cid:1]", "\n...!!"])
def test_a_ticket_without_words_is_not_guessed_at(text: str) -> None:
    found = decided(text)
    assert found.outcome is Outcome.SENT_TO_HUMAN
    assert (found.prediction, found.confidence, found.group) == (None, 0.0, "Front desk")
    assert found.reasons[0].startswith("There is nothing to read")
    assert str(found.actions[0].note).startswith("Sent to a human. There is nothing to read")


GERMAN = (
    "Webhooks kommen nicht an\nSeit der Umstellung des Zertifikats gestern Abend kommen bei uns leider keine "
    "Ereignisse mehr an, und wir wissen nicht, woran das liegt. Bitte helfen Sie uns so schnell wie möglich."
)


def test_another_language_than_the_examples_makes_it_less_sure() -> None:
    assert decided(GERMAN).outcome is Outcome.TRIAGED
    assert decided(GERMAN, languages=("de", "en")).outcome is Outcome.TRIAGED
    found = decided(GERMAN, languages=("en",))
    assert found.outcome is Outcome.SENT_TO_HUMAN
    assert found.reasons == ("Written in German; the examples are in English.",)
    assert found.confidence == pytest.approx(0.917 / 2)
    only_foreign = decided(GERMAN, languages=("en",), prediction=replace(prediction(), scope=0.99))
    assert only_foreign.reasons == found.reasons


def test_a_reason_to_hold_back_wins_over_any_confidence() -> None:
    found = decided(prediction=prediction(confidence=1.0), hold="At least 45 solved tickets are needed.")
    assert found.outcome is Outcome.SENT_TO_HUMAN
    assert found.reasons == ("Sent to a human: nothing is automated yet. At least 45 solved tickets are needed.",)


def test_what_spoke_against_and_solved_tickets_are_named() -> None:
    refs = [("71", "webhook_delivery"), ("72", "webhook_delivery"), ("73", "bug")]
    near = tuple(Neighbour(text="Anna's invoice", category=key, similarity=0.9, ref=ref) for ref, key in refs)
    told = replace(prediction(confidence=0.7), against=("a button",), neighbours=near)
    lines = str(decided(prediction=told, floor=0.6).actions[0].note).split("\n")
    assert lines[2] == "Against it: “a button” (Service down, 7\u00a0%)."
    assert lines[-1] == "Nearest solved tickets: #71 (Webhook delivery), #72 (Webhook delivery), #73 (Bug)."
    assert "Anna" not in "".join(lines)
    human = str(decided(prediction=replace(told, confidence=0.5)).actions[0].note)
    assert human.endswith("#73 (Bug).")


def test_a_category_in_shadow_is_decided_and_not_written() -> None:
    found = decided(modes={"webhook_delivery": Mode.SHADOW})
    assert (found.mode, found.arm, found.is_written) == (Mode.SHADOW, None, False)
    assert found.category == "webhook_delivery"
    assert found.reasons[-1] == "Webhook delivery is in shadow mode: nothing is written."
    unsure = decided(modes={"webhook_delivery": Mode.SHADOW}, prediction=prediction(confidence=0.4))
    assert not unsure.is_written
    other = decided(modes={"bug": Mode.SHADOW})
    assert (other.mode, other.is_written) == (Mode.ON, True)
    assert other == decided()


def test_half_of_a_category_is_left_to_people() -> None:
    arms = {}
    for number in range(300):
        found = decided(on={"ref": str(number)}, modes={"webhook_delivery": Mode.HALF}, tenant="acme")
        assert found.is_written is (found.arm is Arm.AUTOMATED)
        assert ("left to people" in found.reasons[-1]) is (found.arm is Arm.CONTROL)
        arms[number] = found.arm
    assert 110 <= list(arms.values()).count(Arm.CONTROL) <= 190
    again = decided(on={"ref": "7"}, modes={"webhook_delivery": Mode.HALF}, tenant="acme", floor=0.99)
    assert again.arm is arms[7] is arm_of("acme", "7")
    assert any(arm is not arm_of("other", str(number)) for number, arm in arms.items())
