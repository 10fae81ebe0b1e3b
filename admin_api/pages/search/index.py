"""The search: an identifier leads straight to its page, otherwise hits or failed searches are listed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response

from admin_api.actions.dead_letters import read_letter_groups
from admin_api.pages.parts import PagePart, start_part
from admin_api.pages.search.identifiers import Identifier
from admin_api.rendering.urls import order_href
from admin_api.rendering.views import page, redirect
from admin_api.web.auth import Viewer
from admin_api.wiring.services import Console, ConsoleDep
from processor.domain.object_keys import INBOX
from processor.ledger.file_list import FileFilter

if TYPE_CHECKING:
    from processor.domain.entries import FileEntry
    from processor.orders.pages import OrderPage

router = APIRouter(include_in_schema=False)

_MOST_FILES = 8
_NEWEST = 1_000
"""The newest files, whose newest runs are searched for a run id: one read of the ledger."""
LOGS_BACK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Hit:
    """One result."""

    kind: str
    name: str
    href: str
    note: str = ""


@dataclass
class Findings:
    """The hits, the searches made, and the services that failed."""

    hits: list[Hit] = field(default_factory=list)
    searches: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def take[T](self, part: PagePart[T]) -> T | None:
        """Return a part's value, and keep its problem if there is one."""
        if part.problem:
            self.problems.append(part.problem)
        return part.value


@dataclass(frozen=True, slots=True)
class SearchPage:
    """The page, shown unless there is exactly one hit."""

    text: str
    findings: Findings


@router.get("/search")
def show_search(
    request: Request, _: Viewer, console: ConsoleDep, q: Annotated[str, Query(max_length=2_000)] = ""
) -> Response:
    """Redirect to the only hit, or show all hits, or the searches that found nothing."""
    identifier = Identifier.from_text(q)
    findings = find_hits(console, identifier) if identifier.text else Findings()
    if len(findings.hits) == 1 and not findings.problems:
        return redirect(request, findings.hits[0].href)
    return page(request, "search/index.html", SearchPage(identifier.text, findings), section="search")


def find_hits(console: Console, identifier: Identifier) -> Findings:
    """Search by the form of the text first, then by name, then for runs and dead letters."""
    findings = Findings()
    if identifier.trace_id:
        findings.hits.append(Hit("Trace", identifier.trace_id, f"/traces/{identifier.trace_id}"))
        return findings
    if identifier.action_id:
        _find_action(console, identifier, findings)
    if identifier.file_id or identifier.object_key:
        _find_file(console, identifier, findings)
    if not findings.hits:
        _find_by_name(console, identifier, findings)
    if not findings.hits and (identifier.run_id or identifier.uuid):
        _find_run(console, identifier, findings)
    if not findings.hits and identifier.uuid:
        _find_letter(console, identifier, findings)
    return findings


def _find_action(console: Console, identifier: Identifier, findings: Findings) -> None:
    findings.searches.append("an action on many things with this id")
    action = findings.take(
        start_part("The activity", lambda: console.actions.read_action(identifier.action_id)).result()
    )
    if action:
        findings.hits.append(Hit("Action", action.subject, f"/activity/{action.action_id}"))


def _find_file(console: Console, identifier: Identifier, findings: Findings) -> None:
    if identifier.file_id:
        findings.searches.append("the file with this id")
        ledger = console.ledger
        entry = findings.take(start_part("The ledger", lambda: ledger.read_file(identifier.file_id)).result())
        findings.hits += [_hit(entry)] if entry else []
    else:
        findings.searches.append("files with exactly this object key")
        files, name = console.files, FileFilter(name=identifier.object_key.removeprefix(INBOX))
        found = findings.take(start_part("The files", lambda: files.list_files(name, limit=_MOST_FILES)).result())
        same = [entry for entry in (found.files if found else ()) if entry.object_key == identifier.object_key]
        findings.hits += map(_hit, same)


def _find_by_name(console: Console, identifier: Identifier, findings: Findings) -> None:
    """Search for orders, customers and files of this name at the same time."""
    text, orders, files = identifier.text, console.orders, console.files
    nothing: PagePart[OrderPage] = PagePart(None)
    order = start_part("The orders", lambda: orders.find_by_order_id(text, limit=1)) if len(text) <= 64 else None
    asks_customer = orders.has_customer_index and len(text) <= 200
    customer = start_part("The orders", lambda: orders.find_by_customer(text, limit=1)) if asks_customer else None
    named = start_part("The files", lambda: files.list_files(FileFilter(name=text), limit=_MOST_FILES))
    findings.searches += [
        "an order with exactly this id",
        "a customer with exactly this name",
        "files with this text in their names",
    ]
    found = findings.take(order.result() if order else nothing)
    if found and found.orders:
        findings.hits.append(Hit("Order", text, order_href(text), f"of {found.orders[0].customer_name}"))
    found = findings.take(customer.result() if customer else nothing)
    if found and found.orders:
        href = f"/orders?{urlencode({'customer': text})}"
        findings.hits.append(Hit("Customer", found.orders[0].customer_name, href, "all orders of this name"))
    page_found = findings.take(named.result())
    if page_found:
        findings.hits += map(_hit, page_found.files)
        if page_found.older:
            href = f"/files?{urlencode({'name': text})}"
            findings.hits.append(Hit("Files", f"All with “{text}” in their names", href))


def _find_run(console: Console, identifier: Identifier, findings: Findings) -> None:
    """Search the newest runs of the newest files, and the log lines of the last days."""
    files, logs = console.files, console.logs
    now = console.now()
    text = identifier.run_id or identifier.uuid
    newest = start_part("The files", lambda: files.list_files(FileFilter(), limit=_NEWEST))
    mentioned = start_part("CloudWatch Logs", lambda: logs.find_mentions(text, now - LOGS_BACK, now))
    findings.searches += [
        f"the newest runs of the newest {_NEWEST:,} files",
        f"log lines of the last {LOGS_BACK.days} days that name it as a run, message or request",
    ]
    found = findings.take(newest.result())
    runs = {entry.run_id: entry.file_id for entry in found.files} if found else {}
    if identifier.run_id in runs:
        findings.hits.append(_run_hit(runs[identifier.run_id], identifier.run_id))
    for mention in findings.take(mentioned.result()) or ():
        hit = _run_hit(mention.file_id, mention.run_id)
        if hit not in findings.hits:
            findings.hits.append(hit)


def _find_letter(console: Console, identifier: Identifier, findings: Findings) -> None:
    findings.searches.append("a dead letter with this message id")
    snapshot = findings.take(start_part("The dead-letter queue", lambda: read_letter_groups(console)).result())
    for group in snapshot.groups if snapshot else ():
        if identifier.uuid in group.message_ids:
            query = {"cause": group.cause, "first": group.message_ids.index(identifier.uuid)}
            findings.hits.append(Hit("Dead letter", identifier.uuid, f"/dead-letters?{urlencode(query)}", group.title))


def _hit(entry: FileEntry) -> Hit:
    return Hit("File", entry.name, f"/files/{entry.file_id}", entry.object_key)


def _run_hit(file_id: str, run_id: str) -> Hit:
    if not run_id:
        return Hit("File", file_id, f"/files/{file_id}")
    return Hit("Run", run_id, f"/files/{file_id}/runs/{run_id}", f"of file {file_id}")
