"""The console on moto: the application with the stage's resources, and browsers."""

from __future__ import annotations

import base64
import functools
import json
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3
import itsdangerous
from botocore.config import Config as ClientConfig
from fastapi import Depends, HTTPException, Request
from fastapi.dependencies.utils import get_flat_params
from starlette.testclient import TestClient

from admin_api.app import create_app
from admin_api.monitoring.status import StatusReader
from admin_api.web.sessions import SESSION_COOKIE, open_session
from admin_api.web.users import User
from admin_api.wiring.config import Config
from admin_api.wiring.services import Console
from processor.domain.actions import new_action_id
from tests.clocks import TickingClock
from tests.grants.in_process import learn_names
from tests.integration.stage import BUCKET, REGION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from httpx2 import Response

    from tests.integration.stage import Stage
    from tests.integration.uncalled_worker import UncalledWorker

URL = "https://console.test"
SESSION_KEY = "a key for tests only"
OPERATOR = User("subject-operator", "operator@example.com", ("operators",))
VIEWER = User("subject-viewer", "viewer@example.com", ("viewers",))
CALLED_BY_AWS = {"/auth/callback", "/upload/received/{token}"}
"""The paths to which Cognito and S3 send a browser back, with parameters of their own."""
NOBODY_IN_PARTICULAR = User("subject-other", "other@example.com", ())


@dataclass
class ConsoleStage:
    """A stage and its console."""

    stage: Stage
    monitoring: str = "full"
    status_clock: TickingClock = field(default_factory=lambda: TickingClock(time.time()))
    """The clock of the console's short caches, which a test moves."""

    @property
    def worker(self) -> UncalledWorker:
        """What the console and the processor have invoked."""
        return self.stage.worker

    @functools.cached_property
    def config(self) -> Config:
        """The console's settings."""
        ours = self.stage.services.config
        config = Config(
            bucket_name=BUCKET,
            orders_table=ours.orders_table,
            files_table=ours.files_table,
            queue_url=ours.queue_url,
            dead_letter_queue_url=self.stage.dead_letter_url,
            alerts_topic_arn=ours.alerts_topic_arn,
            environment="test",
            temporary_names=ours.temporary_names,
            order_indexes=("by_customer",),
            max_file_bytes=1_000_000,
            console_url=URL,
            user_pool_id=f"{REGION}_pool",
            client_id="browsers",
            scripts_client_id="scripts",
            session_secret_arn="arn:secret",
            console_function="console",
            worker_function="worker",
            processor_function="processor",
            processor_log_group="/aws/lambda/processor",
            dashboard_url="https://console.aws.amazon.com/dashboard",
            monitoring=self.monitoring,
            default_encoding="utf-8",
            audit_files=20,
            processed_retention_days=365,
            failed_retention_days=365,
            archive_retention_days=730,
        )
        learn_names(config)
        return config

    @functools.cached_property
    def console(self) -> Console:
        """The collaborators of every page."""

        def client(service: str, **_: Any) -> Any:
            return self.worker.client if service == "lambda" else _client(service)

        console = Console(config=self.config, region=REGION, client=client)
        console.__dict__["session_key"] = SESSION_KEY
        status = StatusReader(console.counters, console.dead_letters, console.alarms, now=self.status_clock)
        console.__dict__["status"] = status
        return console

    def browser(self, user: User | None = OPERATOR, *, cookies: Mapping[str, str] | None = None) -> TestClient:
        """Return a browser, signed in as a user or not, whose requests count as same-origin."""
        app = create_app(self.console)
        app.router.dependencies.append(Depends(refuse_unknown_parameters))
        client = TestClient(
            app,
            base_url=URL,
            headers={"Sec-Fetch-Site": "same-origin"},
            follow_redirects=False,
        )
        for name, value in (cookies or {}).items():
            client.cookies.set(name, value)
        if user:
            client.cookies.set(SESSION_COOKIE, session_cookie(user))
        return client

    def part(self, browser: TestClient, path: str) -> Response:
        """Request a fragment of a page, as htmx does."""
        return browser.get(path, headers={"HX-Request": "true", "HX-Request-Type": "partial"})

    def action_id(self) -> str:
        """Return a new action id, as a rendered form holds it."""
        return new_action_id(self.console.now())


def refuse_unknown_parameters(request: Request) -> None:
    """Answer 400 to a query parameter that the page does not take, which FastAPI would ignore."""
    route = request.scope["route"]
    unknown = request.query_params.keys() - {field.alias for field in get_flat_params(route.dependant)}
    if unknown and route.path not in CALLED_BY_AWS:
        raise HTTPException(400, f"{request.url.path} takes no parameter {', '.join(sorted(unknown))}.")


def session_cookie(user: User, key: str = SESSION_KEY, *, known_at: int | None = None, **more: str) -> str:
    """Sign a session as the console does, with ``more`` in it; ``known_at`` is when Cognito described the account."""
    session: dict[str, Any] = {}
    open_session(session, user)
    session |= more
    if known_at is not None:
        session["user"]["known_at"] = known_at
    return sign_session(session, key)


def sign_session(session: object, key: str = SESSION_KEY) -> str:
    """Sign any values as a session's cookie."""
    data = base64.b64encode(json.dumps(session).encode())
    return itsdangerous.TimestampSigner(key).sign(data).decode()


def words(response: Response) -> str:
    """Return a page's text without its tags, with single spaces."""
    text = re.sub(r"<(script|style|svg)\b.*?</\1>", " ", response.text, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


@functools.cache
def _client(service: str) -> Any:
    options = {"config": ClientConfig(signature_version="s3v4")} if service == "s3" else {}
    return boto3.client(service, REGION, **options)  # type: ignore[call-overload]
