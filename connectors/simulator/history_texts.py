"""Writes tickets as customers do, from the lines of `history_material`; a seed gives the same again."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from datetime import datetime

from connectors.simulator.history_material import BORDERS, CHATTER, Border, Kind, Material
from connectors.simulator.history_values import Values

CHOICE = re.compile(r"<([^<>|]*(?:\|[^<>|]*)+)>")
CHAT, SHORT, LONG, THREAD, FORM = "chat", "short", "long", "thread", "form"
STYLES = {CHAT: 24, SHORT: 28, LONG: 26, THREAD: 10, FORM: 12}
CHANNELS = {CHAT: "chat", FORM: "web"}
VAGUE = ("Problem", "Question", "Help needed", "Request", "(no subject)", "Fieldline", "Support", "Important")
PREFIXES = ("Re: ", "FW: ", "AW: ", "URGENT: ", "Fwd: ")
BORDER_SHARE = 0.12
GERMAN_SHARE = 0.4
"""Of the tickets of those whose language is German."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who writes; `domain` is the company's."""

    name: str
    company: str
    domain: str
    locale: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A ticket's text. `area` is set where the opening belongs to another product area than usual, `borders_on` where
    it could as well be of that category.
    """

    subject: str
    body: str
    channel: str
    area: str | None = None
    urgent: bool = False
    borders_on: str | None = None


class Writer:
    """One desk's customers; lines of a kind are all used once before one comes again."""

    def __init__(self, material: Material, rng: random.Random) -> None:
        self._material = material
        self._rng = rng
        self._values = Values(material.common, rng)
        self._decks: dict[tuple[str, int], list[int]] = {}

    def border(self) -> Border | None:
        """Now and then, what could be of either of two categories."""
        borders = self._material.borders
        return borders[self._draw(BORDERS, len(borders))] if self._rng.random() < BORDER_SHARE else None

    def write(self, category: str | None, author: Author, at: datetime, border: Border | None = None) -> Written:
        """A ticket of this category, or of none; one on the `border` has details of either."""
        kind = self._material.kinds[category] if category else self._material.chatter
        name = category or CHATTER
        self._values.about(author.domain, at, german=False)
        if author.locale.startswith("de") and self._rng.random() < GERMAN_SHARE:
            return self._in_german(name, kind, author)
        borders_on = None
        if border:
            first, second, opening = border
            borders_on = second if first == category else first
            kind = self._material.kinds[self._rng.choice((first, second))]
        else:
            opening = kind.openings[self._draw(f"{name} openings", len(kind.openings))]
        subject, text = self._opened(opening)
        style = self._rng.choices(list(STYLES), list(STYLES.values()))[0]
        details = [self._detail(opening["subject"], kind) for _ in range(self._how_many(style))]
        if category and style in (LONG, SHORT) and self._rng.random() < 0.06:
            details.append(self._aside(category))
        urgent = bool(category) and self._rng.random() < 0.07
        if urgent:
            details.append(self._common("urgent"))
        log = self._log(kind) if self._rng.random() < 0.14 else ""
        body = {CHAT: self._chat, SHORT: self._short, LONG: self._long, THREAD: self._thread, FORM: self._form}[style](
            text, details, log, author
        )
        subject = self._subject(subject, style, author)
        channel = CHANNELS.get(style, "mail")
        return Written(
            subject=subject, body=body, channel=channel, area=opening["area"], urgent=urgent, borders_on=borders_on
        )

    def _in_german(self, name: str, kind: Kind, author: Author) -> Written:
        self._values.german = True
        opening = kind.german[self._draw(f"{name} german", len(kind.german))]
        details = [self._common("german_details") for _ in range(self._rng.randint(1, 3))]
        subject, text = self._opened(opening)
        parts = [self._common("german_starts"), " ".join([text, *details])]
        body = "\n\n".join([*parts, f"{self._common('german_ends')}\n{author.name}\n{author.company}"])
        return Written(subject=subject, body=body, channel="mail", area=opening["area"])

    # -- the five ways to write ------------------------------------------------------------

    def _chat(self, text: str, details: list[str], log: str, author: Author) -> str:
        lines = re.split(r"(?<=[.?!]) ", " ".join([text, *details]))
        if self._rng.random() < 0.6:
            lines = [line.rstrip(".").lower() for line in lines]
        start = [self._common("chat_starts")] if self._rng.random() < 0.7 else []
        end = [self._common("chat_ends")] if self._rng.random() < 0.5 else []
        said = self._mistyped("\n".join([*start, *lines, *end]), most=4)
        return f"{said}\n{log}".strip()

    def _short(self, text: str, details: list[str], log: str, author: Author) -> str:
        said = self._mistyped(" ".join([text, *details]), most=2)
        start = f"{self._common('greetings')}\n\n" if self._rng.random() < 0.75 else ""
        end = f"\n\n{self._common('closings')}\n{author.name.split()[0]}" if self._rng.random() < 0.8 else ""
        return f"{start}{said}\n\n{log}".strip() + end

    def _long(self, text: str, details: list[str], log: str, author: Author) -> str:
        half = len(details) // 2
        paragraphs = [
            self._common("greetings"),
            self._common("leads") if self._rng.random() < 0.6 else "",
            " ".join([text, *details[:half]]),
            log,
            " ".join(details[half:]),
            self._common("asks") if self._rng.random() < 0.7 else "",
            self._signature(author),
        ]
        return "\n\n".join(part for part in paragraphs if part)

    def _thread(self, text: str, details: list[str], log: str, author: Author) -> str:
        """The answer to a question of the helpdesk, with that question and the first mail quoted below."""
        said = " ".join([self._common("follow_ups"), text, *details[:-1]])
        header = self._filled("On {day}, {date} at {time}, Fieldline Support wrote:")
        asked = f"{self._common('agent_says')}\n\nFieldline Support"
        first = "\n\n".join([self._common("greetings"), " ".join([text, *details[-1:]]), self._signature(author)])
        quoted = [*asked.split("\n"), "", *(f"> {line}".rstrip() for line in first.split("\n"))]
        below = "\n".join(f"> {line}".rstrip() for line in quoted)
        return "\n\n".join(part for part in (said, log, self._signature(author), f"{header}\n{below}") if part)

    def _form(self, text: str, details: list[str], log: str, author: Author) -> str:
        where = self._filled("{browser}" if self._rng.random() < 0.6 else "{device}")
        more = f"Anything else: {' '.join(details)}\n" if details else ""
        since = self._filled("<{day}|{date}|{time} today|do not know|a while>")
        whom = self._filled("<only me|{n}|everyone in my team|not sure>")
        asked = f"What happened: {text}\nSince when: {since}\nPeople affected: {whom}"
        return f"{asked}\n{more}Used with: {where}\n{log}".strip()

    # -- parts -------------------------------------------------------------------------------

    def _subject(self, subject: str, style: str, author: Author) -> str:
        if style == CHAT and self._rng.random() < 0.8:
            return self._rng.choice(("Chat with {}", "Conversation with {}")).format(author.name)
        if self._rng.random() < 0.1:
            return self._rng.choice(VAGUE)
        before = self._rng.choice(PREFIXES) if style == THREAD or self._rng.random() < 0.05 else ""
        return before + (subject if style == CHAT else subject[0].upper() + subject[1:])

    def _signature(self, author: Author) -> str:
        lines = [self._common("closings"), author.name]
        if self._rng.random() < 0.7:
            lines.append(f"{self._common('titles')}, {author.company}")
        if self._rng.random() < 0.3:
            lines.append(self._filled("Phone +00 {nn} {nn}"))
        if self._rng.random() < 0.25:
            lines += ["--", self._common("signature_lines")]
        return "\n".join(lines)

    def _log(self, kind: Kind) -> str:
        return "\n".join(self._filled(self._rng.choice(kind.logs)) for _ in range(self._rng.randint(1, 3)))

    def _aside(self, category: str) -> str:
        """A second concern: real tickets have them, and one category does not fit both."""
        other = self._rng.choice([each for each in self._material.kinds if each != category])
        opening = self._rng.choice(self._material.kinds[other].openings)
        return f"One more thing: {self._filled(opening['text'])}"

    def _detail(self, deck: str, kind: Kind) -> str:
        return self._filled(kind.details[self._draw(deck, len(kind.details))])

    def _how_many(self, style: str) -> int:
        least, most = {CHAT: (0, 2), SHORT: (1, 2), LONG: (2, 6), THREAD: (2, 3), FORM: (0, 2)}[style]
        return self._rng.randint(least, most)

    def _common(self, name: str) -> str:
        return self._filled(self._rng.choice(self._material.common[name]))

    def _draw(self, name: str, size: int) -> int:
        """The next number of a shuffled deck, which is shuffled anew when it is used up."""
        deck = self._decks.setdefault((name, size), [])
        if not deck:
            deck.extend(self._rng.sample(range(size), size))
        return deck.pop()

    def _opened(self, opening: re.Match[str]) -> tuple[str, str]:
        """Subject and text; a reference in the subject comes again in the text."""
        said: dict[str, str] = {}
        return self._filled(opening["subject"], said), self._filled(opening["text"], said)

    def _filled(self, line: str, said: dict[str, str] | None = None) -> str:
        chosen = CHOICE.sub(lambda match: self._rng.choice(match[1].split("|")), line)
        return self._values.fill(chosen, said).replace("\\n", "\n")

    def _mistyped(self, text: str, *, most: int) -> str:
        """Some letters swapped, doubled or lost, in one text of three."""
        if self._rng.random() > 0.35:
            return text
        for _ in range(self._rng.randint(1, most)):
            at = self._rng.randrange(1, len(text) - 1)
            first, second = text[at], text[at + 1]
            if first.isalpha() and second.isalpha():
                slip = self._rng.choice((second + first, first + first + second, second))
                text = text[:at] + slip + text[at + 2 :]
        return text
