"""`make verify`: its list of assertions, and those about who gets in, on broken deployments."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest
from botocore.exceptions import ClientError

from cdk.commands.totp import totp_code
from cdk.commands.verify import access, browser
from cdk.commands.verify.checklist import CheckError, Checklist, LeftOutError, wait_for
from cdk.commands.verify.deployment import Deployment
from tests.infra.answering_console import OUTPUTS, URL, deployment

# The list itself.


def test_each_assertion_is_a_line_and_a_failure_is_counted() -> None:
    """With its reason; what means nothing here is neither."""
    lines: list[str] = []
    checks = Checklist(lines.append)

    def fail() -> None:
        raise CheckError("It is green. Paint it.")

    def leave_out() -> None:
        raise LeftOutError("There is no paint.")

    assert checks.check("It is there", lambda: "here")
    assert not checks.check("It is red", fail)
    assert not checks.check("It is wet", leave_out)

    assert checks.failures == 1
    assert lines[0].startswith("✓ It is there (here, ")
    assert lines[1:] == ["✗ It is red\n    It is green. Paint it.", "· It is wet: left out. There is no paint."]


def test_everything_is_removed_though_one_removal_fails() -> None:
    """The newest first; what stays is named, and is a failure."""
    lines: list[str] = []
    removed: list[str] = []
    checks = Checklist(lines.append)

    def refuse() -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DeleteQueue")

    checks.remove_later("The first", lambda: removed.append("first"))
    checks.remove_later("The queue q", refuse)
    checks.remove_later("The last", lambda: removed.append("last"))

    checks.remove_all()

    assert removed == ["last", "first"]
    assert checks.failures == 1
    assert "The queue q could not be removed" in lines[0]


def test_an_unforeseen_answer_fails_one_assertion_and_no_other() -> None:
    """The script has never met AWS, so it may well not know one; what was made is removed all the same."""
    lines: list[str] = []
    removed: list[str] = []
    checks = Checklist(lines.append)

    def stumble() -> None:
        raise KeyError("x-amz-version-id")

    checks.remove_later("The first", lambda: removed.append("first"))
    checks.remove_later("The second", stumble)
    assert not checks.check("It is stored", stumble)
    assert checks.check("It is there", lambda: None)
    checks.remove_all()

    assert (checks.failures, removed) == (2, ["first"])
    assert all("perhaps a fault of its own: KeyError('x-amz-version-id')" in line for line in (lines[0], lines[2]))


def test_waiting_ends_with_what_was_seen() -> None:
    """An assertion that hangs would tell nobody anything."""
    with pytest.raises(CheckError, match="After 0 s it is Tuesday"):
        wait_for(lambda: None, 0, lambda: "it is Tuesday.")


# Who gets in.


@pytest.mark.parametrize("answer", [httpx.Response(503), httpx.Response(200, text="Welcome")])
def test_a_console_that_does_not_answer_is_seen(answer: httpx.Response) -> None:
    """Nor does another page at its address pass for it."""
    with pytest.raises(CheckError, match="healthz"):
        access._answers(deployment(healthz=answer))


def test_a_console_that_lets_strangers_in_is_seen() -> None:
    """A page that answers without a sign-in fails the assertion."""
    with pytest.raises(CheckError, match="answers 200 to a stranger"):
        access._is_closed(deployment())


def test_an_api_that_lets_strangers_in_is_seen() -> None:
    """As does a document."""
    to_sign_in = httpx.Response(303, headers={"location": "/auth/sign-in?next=%2F"})
    pages = dict.fromkeys(("", "orders", "dead-letters"), to_sign_in)
    stack = deployment(**pages, files=to_sign_in)  # type: ignore[arg-type]

    with pytest.raises(CheckError, match=r"/api/files answers 303 to a stranger, not 401"):
        access._is_closed(stack)


def test_a_code_is_never_given_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cognito takes each once, so the second waits for the next half minute."""
    clock = [59.0]
    monkeypatch.setattr("time.time", lambda: clock[0])
    monkeypatch.setattr("time.sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    operator = access.TemporaryOperator("a@b.invalid")

    codes = [operator.set_up(secret), operator.give_code()]

    assert codes == [totp_code(secret, 30), totp_code(secret, 60)]
    assert clock[0] == 60


# Cognito's pages.

LOGIN = """<form method="POST" action="/login?client_id=c"><input type="hidden" name="_csrf" value="t">
<input name="username" type="text"><input name="password" type="password"><input type="Submit" name="signInSubmitButton"
value="Sign in"></form><form action="/other"><input type="password" name="password"></form>"""
CODE = """<form method="post" action="/mfa"><input type="hidden" name="_csrf" value="u">
<input name="authentication_code" type="text"></form>"""


def test_the_forms_for_password_and_code_are_filled_in() -> None:
    """With the hidden values of each, and back to the page that was asked for."""
    sent: list[tuple[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append((request.url.path, request.content.decode()))
        match request.url.path, len(sent):
            case "/files", 1:
                return httpx.Response(302, headers={"location": "https://auth.example.com/login"})
            case "/login", 2:
                return httpx.Response(200, html=LOGIN)
            case "/login", 3:
                return httpx.Response(200, html=CODE)
            case "/mfa", _:
                return httpx.Response(302, headers={"location": f"{URL}/files"})
        return httpx.Response(200, text="Files")

    with httpx.Client(transport=httpx.MockTransport(answer), follow_redirects=True) as client:
        page = browser.sign_in(client, f"{URL}/files", "ada@example.com", "pass word", lambda: "123456")

    assert page.text == "Files"
    assert sent[2] == (
        "/login",
        "_csrf=t&username=ada%40example.com&password=pass+word&signInSubmitButton=Sign+in",
    )
    assert sent[3] == ("/mfa", "_csrf=u&authentication_code=123456")


def test_a_page_without_a_form_is_named_without_its_query() -> None:
    """The query may hold a code."""
    refusal = httpx.Response(400, text="Sign-in failed", headers={"content-type": "text/html"})

    to_refusal = httpx.Response(302, headers={"location": "/auth?code=SECRET"})
    stack = deployment(files=to_refusal, auth=refusal)

    with pytest.raises(CheckError, match=r"/auth answers 400 without a form.* Sign-in failed") as caught:
        browser.sign_in(stack.browser, f"{URL}/files", "a@b.c", "p", str)

    assert "SECRET" not in str(caught.value)


def test_names_under_localhost_are_this_machine() -> None:
    """As in every browser, and no other name is."""
    assert browser._is_this_machine("a1.execute-api.localhost")
    assert not browser._is_this_machine("localhost.example.com")


def test_marks_differ_from_one_verification_to_the_next() -> None:
    """Two at once do not take each other's files, queues or accounts for their own."""
    first = deployment()
    second = replace(first, mark=Deployment(first.session, OUTPUTS, first.browser).mark)

    assert first.mark != second.mark
