"""Articles as the panel shows them: what the design's pictures have, and what is hard to show."""

from __future__ import annotations

from triage.panel_view import PanelAnswer, PanelArticle

HELP = "https://help.fieldline.example/articles"
CHAIN = PanelArticle(
    id=3,
    title="Webhooks stop after a certificate change",
    url=f"{HELP}/3",
    passage=(
        ("Send the ", False),
        ("full chain", True),
        (
            ", not the leaf alone. Then press Resume deliveries: events of the last 72\N{NO-BREAK SPACE}h are sent "
            "again.",
            False,
        ),
    ),
    meta="Best match. For 4.2 to 4.6. Checked 12 Oct.",
    why="Found by meaning, and by the words certificate and events.",
    quote="Send the full chain, not the leaf alone.\nThen press <Resume deliveries> & wait.\n\n"
    "Events of the last 72 h are sent again:\n  retry: true",
    link=f"Webhooks stop after a certificate change: {HELP}/3",
)
REPLAY = PanelArticle(
    id=5,
    title="Replay missed webhook events",
    url=f"{HELP}/5",
    passage=(("Settings, Webhooks, ", False), ("Replay", True), (". Pick the start time; order is kept.", False)),
    meta="For 4.4 and later. Checked 2 Nov.",
    why="Found by the word events.",
    warning="Review due since release 4.6",
    quote="Settings, Webhooks, Replay. Pick the start time; order is kept.",
    link=f"Replay missed webhook events: {HELP}/5",
)
RUNBOOK = PanelArticle(
    id=8,
    title="Runbook: broker fail-over",
    url="",
    passage=(("Drain the ", False), ("broker", True), (" first.", False)),
    meta="For agents.",
    why="Found by meaning.",
    withheld="For agents only: the requester may not read it.",
)
SUGGESTED = PanelAnswer(summary="3 articles", articles=(CHAIN, REPLAY, RUNBOOK))
NOTHING = PanelAnswer(
    summary="No article fits",
    note="No article is at least 30\N{NO-BREAK SPACE}% sure. Search for one, or answer yourself: the question is "
    "counted as a gap.",
)
GERMAN = PanelArticle(
    id=11,
    title="Zertifikatsaktualisierungsbenachrichtigungen und Webhook-Zustellungswiederholungseinstellungen bearbeiten",
    url=f"{HELP}/de/11",
    passage=(
        ("Wenn nach einem ", False),
        ("Zertifikatswechsel", True),
        (
            " keine Ereignisse mehr ankommen, senden Sie bitte die vollständige Zertifikatskette und nicht nur das "
            "Blattzertifikat. Öffnen Sie dazu die Einstellungen, wählen Sie Benachrichtigungsendpunkte und danach "
            "Zustellungswiederholung. Ereignisse der letzten 72 Stunden werden anschließend in der ursprünglichen "
            "Reihenfolge erneut zugestellt, sofern der Empfangsendpunkt innerhalb von zehn Sekunden mit einem "
            "Erfolgsstatus antwortet. ",
            False,
        ),
        ("Webhook-Ereignisse", True),
        (", die älter sind, holen Sie über die Exportschnittstelle nach.", False),
    ),
    meta="Deutsch. Für 4.2 bis 4.6. Geprüft am 12. Oktober 2026 von Nadja Krüger-Wittgenstein.",
    why="Found by meaning, and by the words Zertifikatswechsel and Webhook-Ereignisse.",
    warning="Review due since release 4.6",
    quote="Senden Sie die vollständige Kette.",
    link=f"{HELP}/de/11",
)
CODE = PanelArticle(
    id=12,
    title="Retry settings of a webhook",
    url=f"{HELP}/12",
    passage=(
        (
            "Set the number of retries in the endpoint's file:\n\nwebhooks:\n  endpoint: https://hooks.nordlicht.example/in/",
            False,
        ),
        ("webhook", True),
        ("?signature=4f9a1c7be2d04f9a1c7be2d04f9a1c7be2d0\n  retries: 5\n\nThen restart the relay.", False),
    ),
    meta="For 4.4 and later. Checked 2 Nov.",
    why="Found by the word webhook.",
    withheld="Only for signed-in requesters: the link asks them to sign in.",
    link=f"{HELP}/12",
    used="Link inserted 14:22, by you",
    judged="Not helpful, said Mei Tanaka",
)
HARD = PanelAnswer(
    summary="2 articles for “Zertifikatswechsel Webhook”", articles=(GERMAN, CODE), asked="Zertifikatswechsel Webhook"
)
