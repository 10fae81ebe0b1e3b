"""Assertions about files: uploaded as the console's page does it, stored to the cent, and given back to the byte."""

import hashlib
import io
from dataclasses import dataclass
from decimal import Decimal
from typing import IO, Any

from cdk.commands.verify.alerts import Alerts
from cdk.commands.verify.checklist import CheckError, Checklist, wait_for
from cdk.commands.verify.deployment import Deployment

SETTLE_S = 300
HEADER = "order_id,customer_name,product_name,quantity,unit_price"
_ENDINGS = ("processed", "partial", "failed", "held", "duplicate", "dead_lettered", "dismissed", "voided")


@dataclass(frozen=True)
class UploadedFile:
    """A file in the inbox."""

    key: str
    version_id: str


def upload(deployment: Deployment, name: str, body: IO[bytes]) -> UploadedFile:
    """Upload a file from the console's origin by a presigned POST, as a browser does."""
    post = deployment.post("/api/uploads", {"name": name})
    answer = deployment.browser.post(
        post["url"],
        data=post["fields"],
        files={"file": (name, body, "text/csv")},
        headers={"Origin": deployment.origin},
    )
    if answer.status_code != 204:
        raise CheckError(f"S3 answers {answer.status_code} to the upload of {name}, not 204: {answer.text[:300]}")
    _demand_origin(deployment, answer.headers.get("access-control-allow-origin"), "the upload")
    return UploadedFile(post["object_key"], answer.headers["x-amz-version-id"])


def wait_settled(deployment: Deployment, uploaded: UploadedFile, seconds: float) -> dict[str, Any]:
    """Return the file's entry once its way has ended."""
    seen = ["is not in the ledger"]

    def find() -> dict[str, Any] | None:
        for entry in deployment.read(f"/api/files?name={deployment.mark}")["files"]:
            if entry["version_id"] == uploaded.version_id:
                seen.append(f"is {entry['state']}")
                return dict(entry) if entry["state"] in _ENDINGS else None
        return None

    return wait_for(find, seconds, lambda: f"{uploaded.key} {seen[-1]}. See its page and the processor's log group.")


class Files:
    """The assertions; what one finds, later ones use."""

    def __init__(self, deployment: Deployment, alerts: Alerts) -> None:
        self._deployment = deployment
        self._alerts = alerts
        mark = deployment.mark
        # A space, a comma in quotes, letters beyond ASCII and a price with cents: what goes wrong first.
        self._body = f'{HEADER}\n{mark}-1,Zoë Ångström,"Cards, punched",3,19.99\n'.encode()
        self._entry: dict[str, Any] = {}
        self.stored: UploadedFile | None = None
        """The file that was stored, for later assertions."""

    @property
    def file_id(self) -> str:
        """The id of the file that was stored."""
        return str(self._entry["file_id"])

    def check(self, checks: Checklist) -> None:
        """Run them."""
        checks.check("S3 lets the console's pages upload", self._preflight)
        if checks.check("A file uploaded by presigned POST becomes an order, to the cent", self._store):
            checks.check("The console gives back the very bytes", self._download)
        checks.check("A file that nobody can read fails, and the alert is published", lambda: self._fail(checks))

    def _preflight(self) -> None:
        url = f"{self._deployment.post('/api/uploads', {'name': f'{self._deployment.mark}-asked.csv'})['url']}"
        asked = {"Origin": self._deployment.origin, "Access-Control-Request-Method": "POST"}
        answer = self._deployment.browser.options(url, headers=asked)
        if answer.status_code != 200:
            raise CheckError(f"S3 answers {answer.status_code} to a browser's preflight, not 200: {answer.text[:200]}")
        _demand_origin(self._deployment, answer.headers.get("access-control-allow-origin"), "the preflight")

    def _store(self) -> str:
        name = f"{self._deployment.mark} good.csv"
        self.stored = upload(self._deployment, name, io.BytesIO(self._body))
        self._entry = entry = wait_settled(self._deployment, self.stored, SETTLE_S)
        if (entry["state"], entry["accepted_rows"]) != ("processed", 1):
            raise CheckError(f"{name} is {entry['state']} with {entry['accepted_rows']} rows: {entry['error']}")
        order_id = f"{self._deployment.mark}-1"
        orders = self._deployment.read(f"/api/orders?order_id={order_id}")["orders"]
        found = [
            (o["customer_name"], o["product_name"], o["quantity"], Decimal(o["unit_price"]), Decimal(o["line_total"]))
            for o in orders
        ]
        if found != [("Zoë Ångström", "Cards, punched", 3, Decimal("19.99"), Decimal("59.97"))]:
            raise CheckError(f"The order {order_id} is stored as {found}.")
        return f"order {order_id}"

    def _download(self) -> None:
        page = f"{self._deployment.console_url}/files/{self.file_id}/objects/original"
        answer = self._deployment.browser.get(page)
        if hashlib.sha256(answer.content).digest() != hashlib.sha256(self._body).digest():
            raise CheckError(
                f"The download answers {answer.status_code} with {len(answer.content)} bytes that are not the "
                f"{len(self._body)} uploaded. Does the address name the bucket's own Region?"
            )

    def _fail(self, checks: Checklist) -> str:
        name = f"{self._deployment.mark}-bad.csv"
        uploaded = upload(self._deployment, name, io.BytesIO(b"these,are,no,columns\n1,2,3,4\n"))
        entry = wait_settled(self._deployment, uploaded, SETTLE_S)
        if entry["state"] != "failed" or not entry["cause"]:
            raise CheckError(f"{name} is {entry['state']}, not failed with a cause.")
        dismissal = {"kind": "dismiss", "reason": "Made by make verify."}
        checks.remove_later(
            f"The failed file {name}, which should be dismissed",
            lambda: self._deployment.post(f"/api/files/{entry['file_id']}/actions", dismissal),
        )
        subject = self._alerts.wait_for_text(
            entry["file_id"], "See the processor's log for mail_held_back: a kind sends at most 20 mails an hour."
        )
        return f"“{subject}”"


def _demand_origin(deployment: Deployment, allowed: str | None, what: str) -> None:
    if allowed not in {"*", deployment.origin}:
        raise CheckError(
            f"S3 lets {allowed or 'no origin'} read the answer to {what}, not {deployment.origin}: see the bucket's "
            "CORS rule, and the setting console_url."
        )
