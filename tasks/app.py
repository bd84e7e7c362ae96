"""The Celery application: `python -m tasks.worker NAME`.

There is one kind of message, a hint that there is work. The database says which work. A hint that is lost, doubled or
late costs time at most. A worker is one process with one working thread, so that it holds one copy of everything.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

from django.conf import settings

QUEUE = "arena"

app = Celery("arena", include=["tasks.work"])
app.conf.update(
    broker_url=settings.REDIS_URL,
    task_default_queue=QUEUE,
    task_serializer="json",
    accept_content=["json"],
    timezone="UTC",
    # The database stores how work ended, so Celery keeps no results.
    task_ignore_result=True,
    result_backend=None,
    # A worker takes one hint at a time and acknowledges it when the work is done.
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    worker_pool="solo",
    worker_redirect_stdouts=False,
    worker_hijack_root_logger=settings.ARENA_LOG != "json",
    worker_enable_remote_control=False,
    # Workers wait for a broker that is away. Senders do not wait: the sweep sends the hint again.
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    task_publish_retry=False,
    broker_transport_options={
        "visibility_timeout": 3600,
        "socket_connect_timeout": 2,
        "socket_timeout": 10,
        "max_retries": 0,
    },
)
