"""A query as terms of the corpus: stemmed as each language would, spelled as the corpus spells, with synonyms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from triage.search.lexical import Lexical, Wanted
from triage.search.words import Token, stem, tokens

READ = 4_000  # characters of a query: the encoder reads less
GUESSED = 0.8  # what a word counts whose spelling was mended
SHORTEST_GUESSED = 5
LETTERS = 40  # the commonest letters of the corpus are tried in a mended word


@dataclass(frozen=True, slots=True)
class Word:
    """One word of the query: its place there, what it may be found as, and whether its spelling was mended."""

    start: int
    end: int
    wanted: Wanted
    is_mended: bool = False


@dataclass(frozen=True, slots=True)
class Synonyms:
    """The tenant's own words that mean the same: groups such as ("SSO", "single sign-on"), any of which finds all."""

    groups: tuple[tuple[str, ...], ...] = ()

    def phrases(self, language: str) -> Mapping[tuple[str, ...], tuple[str, ...]]:
        """Each phrase as stems, and the other phrases of its groups."""
        found: dict[tuple[str, ...], tuple[str, ...]] = {}
        for group in self.groups:
            for phrase in group:
                if key := tuple(stem(token.forms[0], language) for token in tokens(phrase)):
                    found[key] = found.get(key, ()) + tuple(other for other in group if other != phrase)
        return found


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The corpus's terms by number, and the languages that its words were stemmed in."""

    numbers: Mapping[str, int]
    languages: tuple[str, ...]
    letters: str = ""

    @classmethod
    def of(cls, terms: Sequence[str], languages: Sequence[str]) -> Vocabulary:
        counts: dict[str, int] = {}
        for term in terms:
            for letter in term:
                counts[letter] = counts.get(letter, 0) + 1
        letters = sorted((letter for letter in counts if letter.isalpha()), key=lambda each: (-counts[each], each))
        return cls({term: number for number, term in enumerate(terms)}, tuple(languages), "".join(letters[:LETTERS]))

    def numbers_of(self, form: str) -> tuple[int, ...]:
        """The terms that this form is in one language or another."""
        found = dict.fromkeys(self.numbers.get(stem(form, language)) for language in self.languages)
        return tuple(number for number in found if number is not None)

    def read(self, text: str, synonyms: Synonyms, lexical: Lexical) -> list[Word]:
        """The words of a query, each form once; `lexical` says which of two spellings is the commoner."""
        found = list(tokens(text[:READ]))
        others = self._synonyms(found, synonyms)
        read: dict[tuple[str, ...], Word] = {}
        for at, token in enumerate(found):
            for place, form in enumerate(token.forms):
                numbers = self.numbers_of(form)
                alternatives: list[tuple[int, ...]] = [(number,) for number in numbers]
                alternatives += others.get(at, ()) if place == 0 else ()
                key = (form,) if not numbers else tuple(map(str, sorted(numbers)))
                if key in read:
                    continue
                mended = None if alternatives or len(token.forms) > 1 else self._mended(form, lexical)
                if mended is None:
                    read[key] = Word(token.start, token.end, Wanted(tuple(dict.fromkeys(alternatives))))
                else:
                    wanted = Wanted(((mended,),), GUESSED)
                    read.setdefault((str(mended),), Word(token.start, token.end, wanted, is_mended=True))
        return list(read.values())

    def _synonyms(self, found: Sequence[Token], synonyms: Synonyms) -> dict[int, list[tuple[int, ...]]]:
        """For the query's words by place: what else their phrase may be found as."""
        added: dict[int, list[tuple[int, ...]]] = {}
        if not synonyms.groups:
            return added
        for language in self.languages:
            stems = [stem(token.forms[0], language) for token in found]
            for phrase, others in synonyms.phrases(language).items():
                for at in range(len(stems) - len(phrase) + 1):
                    if tuple(stems[at : at + len(phrase)]) == phrase:
                        added.setdefault(at, []).extend(self._terms(others))
        return added

    def _terms(self, phrases: Iterable[str]) -> Iterator[tuple[int, ...]]:
        """Each phrase as the terms it is known by; a word the corpus does not have as a whole, by its parts."""
        for phrase in phrases:
            terms: list[int] = []
            for token in tokens(phrase):
                known = [numbers[0] for form in token.forms if (numbers := self.numbers_of(form))]
                terms += known[:1] if self.numbers_of(token.forms[0]) else known
            if terms:
                yield tuple(dict.fromkeys(terms))

    def _mended(self, form: str, lexical: Lexical) -> int | None:
        """The commonest term that is one slip away: a letter too many, missing, another, or two swapped."""
        if len(form) < SHORTEST_GUESSED or not form.isalpha():
            return None
        stems = {stem(form, language) for language in self.languages}
        near = {self.numbers.get(slip) for each in sorted(stems) for slip in self._slips(each)}
        rarity = {number: lexical.rarity(number) for number in near if number is not None}
        return min(rarity, key=lambda number: (rarity[number], number), default=None)

    def _slips(self, form: str) -> Iterator[str]:
        for at in range(len(form)):
            before, after = form[:at], form[at + 1 :]
            if at:  # people rarely get the first letter wrong
                yield before + after
                for letter in self.letters:
                    yield before + letter + after
            if at + 1 < len(form):
                yield before + form[at + 1] + form[at] + form[at + 2 :]
            for letter in self.letters:
                yield before + form[at] + letter + after
