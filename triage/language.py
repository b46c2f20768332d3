"""Which language a ticket is written in, and how much less an answer is worth when the examples are in another."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from triage.decisions import Prediction

UNKNOWN = "unknown"
READ = 1_500  # characters that are looked at
SHORTEST = 20  # letters; with fewer any answer is a guess
LONG_ENOUGH = 60  # letters of a paragraph that counts by itself, and of a text whose language should be told
SURE = 0.50  # share of the score the best language must have
FOREIGN_KEEPS = 0.5  # of the confidence, when all of the text is in a language the examples are not in
UNTOLD_KEEPS = 0.7  # of the confidence, when the text is long enough and still no language is told

# What is not prose: addresses, code, identifiers, markup, numbers.
_NOISE = re.compile(
    r"https?://\S{1,2000}|[\w.+-]{1,64}@[\w.-]{1,253}|`[^`\n]{0,300}`|</?[a-z][^<>\n]{0,200}>"
    r"|\b\w*(?:[_\d\\/{}=]|::|->)\S{0,200}",
    re.I,
)
_DENSE = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]")
_CAPITALS = re.compile(r"\b[A-Z][A-Z0-9]{1,8}\b")
_NAMES = """
af Afrikaans|am Amharic|ar Arabic|az Azerbaijani|be Belarusian|bg Bulgarian|bn Bengali|bs Bosnian|ca Catalan|cs Czech
cy Welsh|da Danish|de German|el Greek|en English|eo Esperanto|es Spanish|et Estonian|eu Basque|fa Persian|fi Finnish
fr French|ga Irish|gl Galician|gu Gujarati|ha Hausa|he Hebrew|hi Hindi|hr Croatian|hu Hungarian|hy Armenian
id Indonesian|is Icelandic|it Italian|ja Japanese|ka Georgian|kk Kazakh|km Khmer|kn Kannada|ko Korean|ku Kurdish
lo Lao|lt Lithuanian|lv Latvian|mk Macedonian|ml Malayalam|mn Mongolian|mr Marathi|ms Malay|mt Maltese|my Burmese
ne Nepali|nl Dutch|no Norwegian|pa Punjabi|pl Polish|ps Pashto|pt Portuguese|ro Romanian|ru Russian|si Sinhala
sk Slovak|sl Slovenian|so Somali|sq Albanian|sr Serbian|sv Swedish|sw Swahili|ta Tamil|te Telugu|th Thai|tl Tagalog
tr Turkish|uk Ukrainian|ur Urdu|uz Uzbek|vi Vietnamese|xh Xhosa|yo Yoruba|zh Chinese|zu Zulu
"""
NAMES = dict(entry.split(" ", 1) for line in _NAMES.split("\n") if line for entry in line.split("|"))
# Close kin that the recogniser mixes up: told apart they would only look surer than they are.
_SAME = {"nn": "no", "yue": "zh", "wuu": "zh", "ary": "ar", "arz": "ar", "uzs": "uz", "bs": "hr"}
_in_use: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """The language of a ticket: `code` is ISO 639 or `unknown`, `sure` 0 to 1.

    `shares` has every language of a paragraph, by its share of the letters, most first; more than one means that the
    ticket is written in several. `letters` is how much there was to read.
    """

    code: str
    sure: float
    shares: tuple[tuple[str, float], ...] = ()
    letters: int = 0

    @property
    def name(self) -> str:
        """The language in English: "Portuguese", "German and English"."""
        return _listed([code for code, _ in self.shares] or [self.code])


def use(recogniser: Any) -> None:
    """Tell languages with a recogniser that is loaded already, instead of the package's own at the first use."""
    global _in_use
    _in_use = recogniser


def detect(text: str) -> Language:
    """The language of the text's prose; loads the recogniser at its first use, which takes about a second."""
    paragraphs = [prose for part in text[:READ].split("\n") if (prose := _prose(part))]
    whole = "\n".join(paragraphs)
    letters = _letters(whole)
    if letters < SHORTEST:
        return Language(code=UNKNOWN, sure=0.0, letters=letters)
    code, sure = _recognised(whole)
    told: Counter[str] = Counter()
    long = [prose for prose in paragraphs if _letters(prose) >= LONG_ENOUGH]
    for prose in long if len(long) > 1 else ():
        there, certain = _recognised(prose)
        if certain >= SURE:
            told[there] += _letters(prose)
    if len(told) > 1:
        total = sum(told.values())
        shares = tuple((there, round(count / total, 2)) for there, count in told.most_common())
        return Language(code=shares[0][0], sure=round(shares[0][1], 2), shares=shares, letters=letters)
    if sure < SURE:
        return Language(code=UNKNOWN, sure=round(sure, 2), letters=letters)
    return Language(code=code, sure=round(sure, 2), shares=((code, 1.0),), letters=letters)


def spoken(texts: Iterable[str], *, share: float = 0.05) -> tuple[str, ...]:
    """The languages that at least `share` of these texts are written in, most first: what a model has learned from."""
    told = Counter(code for text in texts if (code := detect(text).code) != UNKNOWN)
    return tuple(code for code, count in told.most_common() if count >= share * told.total())


def with_language(prediction: Prediction, language: Language, known: Collection[str]) -> Prediction:
    """The prediction, less sure by as much of the ticket as is in a language the model has no examples in."""
    keeps = _keeps(language, known)
    if keeps == 1:
        return prediction
    return replace(
        prediction,
        confidence=prediction.confidence * keeps,
        alternatives=tuple(replace(one, confidence=one.confidence * keeps) for one in prediction.alternatives),
    )


def language_reason(language: Language, known: Collection[str]) -> str:
    """Why the confidence was lowered, in a sentence; empty where it was not."""
    if _keeps(language, known) == 1:
        return ""
    examples = f"the examples are in {_listed(known)}"
    if language.code == UNKNOWN:
        return f"Which language this is written in could not be told; {examples}."
    return f"Written in {language.name}; {examples}."


def _keeps(language: Language, known: Collection[str]) -> float:
    """The part of the confidence that stays. A short text of no clear language keeps all: its words decide."""
    if not known:
        return 1.0
    if language.code == UNKNOWN:
        return UNTOLD_KEEPS if language.letters >= LONG_ENOUGH else 1.0
    foreign = sum(share for code, share in language.shares if code not in known)
    return 1 - (1 - FOREIGN_KEEPS) * min(foreign, 1.0)


def _prose(part: str) -> str:
    return " ".join(_NOISE.sub(" ", _CAPITALS.sub(" ", part) if not part.isupper() else part).split())


def _letters(text: str) -> int:
    """Letters, where one of a script without spaces between words counts as three."""
    letters = sum(map(str.isalpha, text))
    return letters if text.isascii() else letters + 2 * len(_DENSE.findall(text))


def _recognised(prose: str) -> tuple[str, float]:
    code, sure = _recogniser().classify(prose)
    code = _SAME.get(code, code)
    return (code, float(sure)) if code in NAMES else (UNKNOWN, 0.0)


def _recogniser() -> Any:
    """The one in use; without one, the model that comes inside the package."""
    if _in_use is None:
        langid = import_module("py3langid.langid")
        use(langid.LanguageIdentifier.from_model_file(langid.MODEL_FILE, norm_probs=True))
    return _in_use


def _listed(codes: Collection[str]) -> str:
    names = [NAMES.get(code, "another language" if code == UNKNOWN else f"the language {code}") for code in codes]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
