"""How gunicorn serves the web process; read by `gunicorn -c python:app.gunicorn`."""

import os

# Before numpy is imported: more threads only fight over the cores here.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Before it forks, so that its processes share what `create_app` would else import in each of them.
from app import console, errors, intake, metrics, probes, sidebar, webhooks  # noqa: F401
from app.logs import tell_uncaught
from app.settings import Settings

_settings = Settings.from_env(os.environ)
bind = f"{_settings.host}:{_settings.port}"
workers = _settings.web_workers
worker_class = "gthread"
threads = 4
timeout = 30
graceful_timeout = 10
keepalive = 5
limit_request_line = 4096
limit_request_fields = 60
accesslog = None
errorlog = "-"
loglevel = "warning"
control_socket_disable = True


def post_worker_init(_worker: object) -> None:
    """After gunicorn set its own."""
    tell_uncaught()
