"""Assertions about orders: what comes again is held until a person decides, and what was stored can be taken back."""

import io
from typing import Any

from cdk.commands.verify.checklist import CheckError, Checklist, LeftOutError, wait_for
from cdk.commands.verify.deployment import Deployment
from cdk.commands.verify.files import HEADER, SETTLE_S, Files, upload, wait_settled

VOIDED_S = 180


class Orders:
    """The assertions, each with a file of its own."""

    def __init__(self, deployment: Deployment) -> None:
        self._deployment = deployment

    def check(self, checks: Checklist, files: Files) -> None:
        """Run them."""
        if files.stored:
            checks.check("A file that brings an order again is held, and stores nothing", lambda: self._hold(checks))
        checks.check("A file is voided, and its order is taken back", self._void)

    def _hold(self, checks: Checklist) -> str:
        policy = self._deployment.variables["SAME_ORDERS"]
        if policy != "hold":
            raise LeftOutError(f"Nothing is held for that where same_orders is {policy}.")
        order_id = f"{self._deployment.mark}-1"
        before = self._orders(order_id)
        entry = self._send(f"{self._deployment.mark}-again.csv", f"{order_id},Zoë Ångström,Cards,4,19.99")
        if (entry["state"], entry["cause"]) != ("held", "same_orders"):
            raise CheckError(f"The file is {entry['state']} with the cause {entry['cause']!r}, not held: same_orders.")
        dismissal = {"kind": "dismiss", "reason": "Made by make verify."}
        checks.remove_later(
            f"The held file {self._deployment.mark}-again.csv, which should be dismissed",
            lambda: self._deployment.post(f"/api/files/{entry['file_id']}/actions", dismissal),
        )
        if (after := self._orders(order_id)) != before:
            raise CheckError(f"The order {order_id} was {before} before the held file came, and is {after} now.")
        return f"order {order_id}"

    def _void(self) -> str:
        order_id = f"{self._deployment.mark}-void"
        entry = self._send(f"{order_id}.csv", f"{order_id},Ada Lovelace,Engine,1,2.50")
        if entry["state"] != "processed" or len(self._orders(order_id)) != 1:
            raise CheckError(f"{order_id}.csv is {entry['state']}, and the order is {self._orders(order_id)}.")
        request = {"kind": "void", "reason": "Made by make verify."}
        begun = self._deployment.post(f"/api/files/{entry['file_id']}/actions", request)

        def find() -> dict[str, Any] | None:
            action: dict[str, Any] = self._deployment.read(f"/api/actions/{begun['action_id']}")
            return action if action["finished_at"] else None

        ended = wait_for(find, VOIDED_S, lambda: f"the action {begun['action_id']} is not done: see the worker's log.")
        state = self._deployment.read(f"/api/files/{entry['file_id']}")["file"]["state"]
        if (state, ended["failed"], self._orders(order_id)) != ("voided", 0, []):
            raise CheckError(f"The file is {state}, {ended['error']!r}, and the order is {self._orders(order_id)}.")
        return f"order {order_id}"

    def _send(self, name: str, row: str) -> dict[str, Any]:
        uploaded = upload(self._deployment, name, io.BytesIO(f"{HEADER}\n{row}\n".encode()))
        return wait_settled(self._deployment, uploaded, SETTLE_S)

    def _orders(self, order_id: str) -> list[dict[str, Any]]:
        return list(self._deployment.read(f"/api/orders?order_id={order_id}")["orders"])
