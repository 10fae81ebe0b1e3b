"""A browser as far as signing in and the console's pages need one: redirects, cookies, and forms without a script.

Names under .localhost are this machine and count as safe, as in every browser (RFC 6761, Secure Contexts).
"""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import httpx

from cdk.commands.verify.checklist import CheckError

if TYPE_CHECKING:
    from collections.abc import Callable

_LOCAL, _THIS_MACHINE = ".localhost", "127.0.0.1"
_PATIENCE_S = 60
MOST_FORMS = 4


def _is_this_machine(host: str) -> bool:
    return f".{host}".endswith(_LOCAL)


class _Policy(DefaultCookiePolicy):
    def return_ok_secure(self, cookie: Any, request: Any) -> bool:
        """Send cookies marked as secure by TLS, and to this machine."""
        is_safe = _is_this_machine(urlsplit(request.get_full_url()).hostname or "")
        return is_safe or bool(super().return_ok_secure(cookie, request))


class _Transport(httpx.HTTPTransport):
    """The way to the network. It keeps the cookies, as the client's own would never go back to this machine."""

    def __init__(self) -> None:
        super().__init__()
        self._cookies = httpx.Cookies(CookieJar(_Policy()))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; Python itself would ask a name server for a name under .localhost."""
        request.headers.pop("Cookie", None)
        self._cookies.set_cookie_header(request)
        url = request.url
        if _is_this_machine(url.host):
            url = url.copy_with(host=_THIS_MACHINE)
        headers, stream, extensions = request.headers, request.stream, request.extensions
        sent = httpx.Request(request.method, url, headers=headers, stream=stream, extensions=extensions)
        answer = super().handle_request(sent)
        answer.request = request
        self._cookies.extract_cookies(answer)
        return answer


@dataclass
class Form:
    """A form of a page, with the values that it already has."""

    action: str
    values: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    """The type of each field by its name."""

    def field_of(self, matches: "Callable[[str, str], bool]") -> str | None:
        """Return the name of the first field whose name and type match."""
        return next((name for name, kind in self.kinds.items() if matches(name, kind)), None)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form or one of its fields."""
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(attributes.get("action", "")))
        elif tag == "input" and self.forms and (name := attributes.get("name")):
            self.forms[-1].kinds[name] = attributes.get("type", "text")
            self.forms[-1].values[name] = attributes.get("value", "")


def forms_of(page: httpx.Response) -> list[Form]:
    """Return the forms of a page, their actions as whole addresses."""
    parser = _Forms()
    parser.feed(page.text)
    for form in parser.forms:
        form.action = urljoin(str(page.url), form.action)
    return parser.forms


def open_browser() -> httpx.Client:
    """Return a client that keeps cookies and follows redirects."""
    return httpx.Client(transport=_Transport(), follow_redirects=True, timeout=_PATIENCE_S)


def sign_in(
    browser: httpx.Client, address: str, email: str, password: str, code: "Callable[[], str]"
) -> httpx.Response:
    """Ask for a page, fill in Cognito's forms for password and code, and return the page that they lead to."""
    page = browser.get(address)
    host = urlsplit(address).netloc
    for _ in range(MOST_FORMS):
        if urlsplit(str(page.url)).netloc == host and urlsplit(str(page.url)).path == urlsplit(address).path:
            return page
        page = _fill_in(browser, page, email, password, code)
    raise CheckError(f"Signing in ended at {_place(page)} with {page.status_code}, not at {address}.")


def _fill_in(
    browser: httpx.Client, page: httpx.Response, email: str, password: str, code: "Callable[[], str]"
) -> httpx.Response:
    for form in forms_of(page):
        if secret := form.field_of(lambda _name, kind: kind == "password"):
            user = form.field_of(lambda name, _kind: "user" in name) or "username"
            return browser.post(form.action, data=form.values | {user: email, secret: password})
        if asked := form.field_of(lambda name, kind: "code" in name and kind not in {"hidden", "submit"}):
            return browser.post(form.action, data=form.values | {asked: code()})
    raise CheckError(
        f"{_place(page)} answers {page.status_code} without a form for a password or a code. The page says: "
        f"{_words(page)}"
    )


def _place(page: httpx.Response) -> str:
    """Return a page's address without its query, which may hold a code."""
    return str(page.url.copy_with(query=None))


def _words(page: httpx.Response) -> str:
    return " ".join(page.text.split())[:200] or "nothing"
