"""How gunicorn serves the web process; read by `gunicorn -c python:app.gunicorn`."""

import os

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
