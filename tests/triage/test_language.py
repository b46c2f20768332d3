"""Which language a ticket is in, and what that takes from the confidence."""

from __future__ import annotations

import pytest

from triage.decisions import Alternative, Prediction
from triage.language import UNKNOWN, Language, detect, language_reason, spoken, with_language

ENGLISH = "Since this morning we cannot sign in any more, please have a look at it as soon as you can."
GERMAN = "Seit heute Morgen können wir uns nicht mehr anmelden, bitte sehen Sie sich das möglichst bald an."
PORTUGUESE = "Desde hoje de manhã não conseguimos entrar no sistema, por favor verifiquem o mais rápido possível."


def sure(confidence: float = 0.9) -> Prediction:
    return Prediction(
        category="bug",
        confidence=confidence,
        alternatives=(
            Alternative(category="bug", confidence=confidence),
            Alternative(category="how_to", confidence=0.1),
        ),
        phrases=(),
        neighbours=(),
        model_version="1",
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (ENGLISH, "en"),
        (GERMAN, "de"),
        (PORTUGUESE, "pt"),
        ("Bonjour, je ne peux plus me connecter depuis hier.", "fr"),
        ("No puedo iniciar sesión desde esta mañana.", "es"),
        ("Non riesco ad accedere al mio account da ieri sera.", "it"),
        ("Ik kan sinds vanochtend niet meer inloggen.", "nl"),
        ("Nie mogę się zalogować od dzisiejszego rana.", "pl"),
        ("Jag kan inte logga in sedan i morse.", "sv"),
        ("Od dnešního rána se nemohu přihlásit ke svému účtu.", "cs"),
        ("Bu sabahtan beri hesabıma giriş yapamıyorum.", "tr"),
        ("С утра не могу войти в свою учётную запись.", "ru"),
        ("今朝からログインできません。パスワードを再設定しても同じです。", "ja"),
        ("我从今天早上开始无法登录，请帮忙处理。", "zh"),
        ("오늘 아침부터 로그인할 수 없습니다. 도와주세요.", "ko"),
        ("لا أستطيع تسجيل الدخول منذ هذا الصباح.", "ar"),
        ("SSO login fails with AADSTS50011 for https://id.acme.example/saml?x=1 since the update", "en"),
        ("WE CANNOT LOG IN SINCE MONDAY PLEASE HELP", "en"),
    ],
)
def test_the_language_of_a_ticket(text: str, code: str) -> None:
    found = detect(text)
    assert found.code == code
    assert found.sure >= 0.5
    assert [spoken_in for spoken_in, _ in found.shares] == [code]


@pytest.mark.parametrize(
    "text", ["", "help", "login broken", "ERR_503 0x80070057 AADSTS50011", "https://x.example/de/bitte/hilfe", "😀🎉"]
)
def test_a_short_text_has_no_language_and_loses_nothing(text: str) -> None:
    found = detect(text)
    assert found.code == UNKNOWN
    assert with_language(sure(), found, ["en"]) == sure()
    assert language_reason(found, ["en"]) == ""


def test_several_languages_are_said_with_their_shares() -> None:
    found = detect(f"{GERMAN}\n\n{PORTUGUESE}\n{PORTUGUESE}")
    assert [code for code, _ in found.shares] == ["pt", "de"]
    assert found.code == "pt"
    assert found.name == "Portuguese and German"
    assert sum(share for _, share in found.shares) == pytest.approx(1, abs=0.02)
    assert language_reason(found, ["en"]) == "Written in Portuguese and German; the examples are in English."


def test_a_language_without_examples_halves_the_confidence() -> None:
    found = detect(PORTUGUESE)
    lowered = with_language(sure(0.9), found, ["en", "de"])
    assert lowered.confidence == pytest.approx(0.45)
    assert [one.confidence for one in lowered.alternatives] == pytest.approx([0.45, 0.05])
    assert language_reason(found, ["en", "de"]) == "Written in Portuguese; the examples are in English and German."
    assert with_language(sure(), found, ["pt"]) == sure()
    assert language_reason(found, ["pt"]) == ""


def test_a_ticket_half_in_a_known_language_loses_half_as_much() -> None:
    both = Language(code="en", sure=0.5, shares=(("en", 0.5), ("pt", 0.5)), letters=200)
    assert with_language(sure(0.8), both, ["en"]).confidence == pytest.approx(0.6)


def test_a_long_text_of_no_known_language_loses_some() -> None:
    found = detect("blorgh fnarf tikku mulgath renno pash wuldor emmek zinto kalpen brosk dintel framu gorshan vilt")
    assert found.code == UNKNOWN
    assert with_language(sure(1.0), found, ["en"]).confidence == pytest.approx(0.7)
    reason = language_reason(found, ["en"])
    assert reason == "Which language this is written in could not be told; the examples are in English."


def test_a_model_that_does_not_know_its_languages_takes_nothing() -> None:
    assert with_language(sure(), detect(PORTUGUESE), []) == sure()


def test_what_the_examples_are_written_in() -> None:
    assert spoken([ENGLISH] * 60 + [GERMAN] * 38 + [PORTUGUESE] * 2 + ["ok"] * 50) == ("en", "de")
    assert spoken([]) == ()


@pytest.mark.parametrize(
    "text", ["\ud800" * 100, "e\u0301" * 5_000, "\u0300\u0316" * 5_000, "x" * 1_000_000, "> " * 9_999]
)
def test_any_text_has_an_answer(text: str) -> None:
    assert 0 <= detect(text).sure <= 1
