"""The queue on a real server: what is woken, what is refused, and a server that is away."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.serializers import JSONSerializer

from connectors import queue, redis_server
from connectors.errors import Unavailable
from connectors.queue import PLAN, QUEUE, OurJob, QueueDown, RefusedJob, WakeUps


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """The server that `deskhand up` starts, with its own settings."""
    var = tmp_path_factory.mktemp("redis")
    process = subprocess.Popen(redis_server.command(var), stdout=subprocess.DEVNULL)
    url = redis_server.url_for("", var)
    client = queue.connect(url)
    deadline = time.monotonic() + 20
    while True:
        try:
            client.ping()
            break
        except redis.RedisError:
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.02)
    yield var, url
    process.terminate()
    process.wait(10)


@pytest.fixture
def client(server: tuple[Path, str]) -> redis.Redis:
    connected = queue.connect(server[1])
    connected.flushall()
    return connected


def waiting(client: redis.Redis) -> Queue:
    return Queue(QUEUE, connection=client, job_class=OurJob, serializer=JSONSerializer)


def test_a_wake_up_carries_a_name_an_id_and_a_token(client: redis.Redis) -> None:
    WakeUps(client).wake(PLAN, 7, "token")
    [job] = waiting(client).jobs
    assert (job.func_name, tuple(job.args), job.kwargs) == (PLAN, (7, "token"), {})
    assert job.description == PLAN
    assert job.func.__name__ == "plan"
    assert WakeUps(client).room() == queue.MAX_QUEUED - 1


@pytest.mark.parametrize("name", ["os.system", "jobs.runtime.use", "builtins.eval", "subprocess.run"])
def test_a_function_that_is_not_ours_is_refused_and_does_not_run(
    client: redis.Redis, name: str, tmp_path: Path
) -> None:
    made = tmp_path / "made"
    foreign = Queue(QUEUE, connection=client, serializer=JSONSerializer)
    job = foreign.enqueue_call(name, args=(f"touch {made}",))
    worker = SimpleWorker([waiting(client)], connection=client, job_class=OurJob, serializer=JSONSerializer)
    worker.work(burst=True, logging_level="CRITICAL")
    assert not made.exists()
    fetched = OurJob.fetch(job.id, connection=client, serializer=JSONSerializer)
    assert fetched.is_failed
    with pytest.raises(RefusedJob, match="not on the list"):
        _ = fetched.func


def test_a_good_job_with_a_callback_is_refused(client: redis.Redis) -> None:
    foreign = Queue(QUEUE, connection=client, serializer=JSONSerializer)
    job: Job = foreign.create_job(PLAN, args=(1, "t"))
    job._success_callback_name = "os.system"
    foreign.enqueue_job(job)
    fetched = OurJob.fetch(job.id, connection=client, serializer=JSONSerializer)
    with pytest.raises(RefusedJob, match="callback"):
        _ = fetched.func
    assert (fetched.success_callback, fetched.failure_callback, fetched.stopped_callback) == (None, None, None)
    assert fetched.webhooks == []


def test_a_server_that_is_away_is_said_at_once() -> None:
    away = WakeUps(queue.connect("redis://127.0.0.1:1/0"))
    with pytest.raises(QueueDown):
        away.room()
    with pytest.raises(QueueDown):
        away.forgot()
    with pytest.raises(QueueDown):
        away.wake(PLAN, 1, "t")


def test_the_server_keeps_jobs_and_strangers_out(server: tuple[Path, str], client: redis.Redis) -> None:
    var, url = server
    info = client.info("persistence")
    assert info["aof_enabled"] == 1
    port = url.rsplit(":", 1)[1].split("/")[0]
    with pytest.raises(redis.AuthenticationError):
        queue.connect(f"redis://127.0.0.1:{port}/0").ping()
    for dangerous in (["CONFIG", "GET", "*"], ["DEBUG", "SLEEP", "0"], ["MODULE", "LIST"]):
        with pytest.raises(redis.ResponseError, match="unknown command"):
            client.execute_command(*dangerous)
    for secret in ("redis.conf", "password", "port"):
        assert (var / "redis" / secret).stat().st_mode & 0o077 == 0


def test_a_configured_server_is_used_as_it_is(tmp_path: Path) -> None:
    assert redis_server.url_for("rediss://elsewhere", tmp_path) == "rediss://elsewhere"
    assert not (tmp_path / "redis").exists()


def test_another_binary_than_the_tried_one_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    monkeypatch.setattr(redis_server, "BUNDLED_SHA256", "0" * 64)
    with pytest.raises(Unavailable, match="Install redis-server"):
        redis_server.command(tmp_path)


def test_a_server_on_path_is_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "redis-server"
    own.write_text("#!/bin/sh\n", encoding="utf-8")
    own.chmod(0o700)
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    assert redis_server.command(tmp_path)[0] == os.fspath(own)


def test_a_redis_that_was_emptied_is_noticed_once(client: redis.Redis) -> None:
    wake_ups = WakeUps(client)
    assert wake_ups.forgot()
    assert not wake_ups.forgot()
    wake_ups.wake(PLAN, 1, "t")
    assert not wake_ups.forgot()
    client.flushall()
    assert wake_ups.forgot()
    assert not wake_ups.forgot()
