"""Ready means that events can be stored; the answer comes also when the database does not."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from app import create_app
from app.bootstrap import Deps
from app.probes import Look
from app.settings import Settings
from connectors.store import Store
from tests.conftest import ToldClock


@pytest.fixture
def client(store: Store, clock: ToldClock, tmp_path: Path) -> FlaskClient:
    settings = Settings.from_env({"DESKHAND_VAR": str(tmp_path)})
    return create_app(settings, Deps(settings, store, clock)).test_client()


def test_a_database_that_hangs_is_not_ready_and_holds_one_thread(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered, looks = threading.Event(), []

    def hang() -> bool:
        looks.append(threading.current_thread())
        return answered.wait(60)

    monkeypatch.setattr("app.probes.READY_WITHIN_S", 0.05)
    monkeypatch.setattr(store.database, "is_writable", hang)
    settings = Settings.from_env({"DESKHAND_VAR": str(tmp_path)})
    hanging = create_app(settings, Deps(settings, store)).test_client()
    for _ in range(3):
        answer = hanging.get("/readyz")
        assert (answer.status_code, "has not answered" in answer.text) == (503, True)
        assert hanging.get("/healthz").status_code == 200
    assert len(looks) == 1
    answered.set()
    looks[0].join(10)
    assert hanging.get("/readyz").status_code == 200


def test_it_says_what_is_wrong_and_no_address(client: FlaskClient, tmp_path: Path, store: Store) -> None:
    assert client.get("/readyz").text == "ready\n"
    unusable = Store.open(f"sqlite:///{tmp_path}/folder", var=tmp_path)
    (tmp_path / "folder").mkdir()
    settings = Settings.from_env({"DESKHAND_VAR": str(tmp_path)})
    answer = create_app(settings, Deps(settings, unusable)).test_client().get("/readyz")
    assert answer.status_code == 503
    assert "SQLITE_CANTOPEN" in answer.text
    assert str(tmp_path) not in answer.text


def test_a_look_raises_what_was_raised() -> None:
    def fail() -> None:
        raise OSError("no")

    look = Look(fail, within_s=10)
    for _ in range(2):
        with pytest.raises(OSError, match="no"):
            look()
