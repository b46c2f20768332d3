"""OAuth's routes: the page where an admin allows access, the token exchange, and the tokens given (notes 2.15)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, g, redirect, render_template_string, request
from flask.typing import ResponseReturnValue

from connectors.simulator.state import HelpdeskState
from connectors.simulator.zendesk import wire
from connectors.simulator.zendesk.auth import READ_WRITE, Token, TokenStore
from connectors.simulator.zendesk.errors import ApiError, not_found
from connectors.simulator.zendesk.paging import base_url, page_of

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Allow access</title>
<h1>Allow Deskhand to use this helpdesk?</h1>
<p>It asks for: {{ asked.scope }}</p>
<form method="post" action="/oauth/authorizations">
{% for name, value in asked.items() %}<input type="hidden" name="{{ name }}" value="{{ value }}">
{% endfor %}<button name="answer" value="allow">Allow</button>
<button name="answer" value="deny">Deny</button>
</form></html>
"""


def create_blueprint(state: HelpdeskState, tokens: TokenStore) -> Blueprint:
    """The routes outside the API. The admin who allows access is the integration's own user."""
    oauth = Blueprint("zendesk_oauth", __name__, url_prefix="/oauth")
    oauth.register_error_handler(ApiError, lambda error: error.response())

    @oauth.get("/authorizations/new")
    def ask() -> ResponseReturnValue:
        return render_template_string(PAGE, asked=_asked(request.args.to_dict(), tokens))

    @oauth.post("/authorizations")
    def answer() -> ResponseReturnValue:
        asked = _asked(request.form.to_dict(), tokens)
        if request.form.get("answer") == "allow":
            code = tokens.allow(
                user_id=state.integration_user_id,
                scope=asked["scope"],
                redirect_uri=asked["redirect_uri"],
                challenge=asked["code_challenge"],
            )
            told = {"code": code}
        else:
            told = {"error": "access_denied", "error_description": "The end-user or authorization server denied it"}
        query = urlencode({**told, "state": asked["state"]} if asked["state"] else told)
        joint = "&" if urlsplit(asked["redirect_uri"]).query else "?"
        return redirect(f"{asked['redirect_uri']}{joint}{query}")

    @oauth.post("/tokens")
    def grant() -> ResponseReturnValue:
        body = request.get_json(silent=True)
        token, life_s, refresh_life_s = tokens.grant(body if isinstance(body, dict) else request.form.to_dict())
        return {
            "access_token": token.access,
            "refresh_token": token.refresh,
            "token_type": "bearer",
            "scope": token.scope,
            "expires_in": life_s,
            "refresh_token_expires_in": refresh_life_s,
        }, 201

    @oauth.get("/tokens/current")
    def current_token() -> ResponseReturnValue:
        g.user, g.token = tokens.identify(request.headers.get("Authorization", ""))
        return {"token": show_token(_own(), tokens)}

    return oauth


def register(api: Blueprint, tokens: TokenStore) -> None:
    """Add the API's own token routes: a user sees and revokes nobody else's."""

    @api.get("/oauth/tokens")
    def list_tokens() -> ResponseReturnValue:
        return page_of("tokens", tokens.of_user(g.user.id), lambda token: show_token(token, tokens))

    @api.get("/oauth/tokens/current")
    def current_token() -> ResponseReturnValue:
        return {"token": show_token(_own(), tokens)}

    @api.delete("/oauth/tokens/current")
    def revoke_current_token() -> ResponseReturnValue:
        tokens.revoke(_own())
        return "", 204

    @api.route("/oauth/tokens/<int:token_id>", methods=["GET", "DELETE"])
    def one_token(token_id: int) -> ResponseReturnValue:
        token = next((each for each in tokens.of_user(g.user.id) if each.id == token_id), None)
        if token is None:
            raise not_found()
        if request.method == "DELETE":
            tokens.revoke(token)
            return "", 204
        return {"token": show_token(token, tokens)}


def show_token(token: Token, tokens: TokenStore) -> dict[str, Any]:
    """With the first characters of its text only."""
    ends = {"expires_at": token.expires_at, "refresh_token_expires_at": token.refresh_expires_at}
    return {
        "id": token.id,
        "url": f"{base_url()}/api/v2/oauth/tokens/{token.id}.json",
        "client_id": tokens.client_number,
        "user_id": token.user_id,
        "token": token.access[:10],
        "scopes": token.scope.split(),
        "created_at": wire.stamp(token.created_at),
        **{name: wire.stamp(at) for name, at in ends.items() if at is not None},
    }


def _own() -> Token:
    if not isinstance(g.token, Token):
        raise not_found()
    return g.token


def _asked(values: dict[str, str], tokens: TokenStore) -> dict[str, str]:
    """What the page was opened with; raises the 400 answer."""
    redirect_uri = values.get("redirect_uri", "")
    problems = {
        "response_type": values.get("response_type") != "code",
        "client_id": values.get("client_id") != tokens.client_id,
        "redirect_uri": urlsplit(redirect_uri).scheme not in ("http", "https"),
    }
    if any(problems.values()):
        wrong = ", ".join(name for name, bad in problems.items() if bad)
        raise ApiError(400, {"error": "invalid_request", "error_description": f"Missing or unknown: {wrong}"})
    return {
        "response_type": "code",
        "client_id": tokens.client_id,
        "redirect_uri": redirect_uri,
        "scope": values.get("scope") or READ_WRITE,
        "state": values.get("state", ""),
        "code_challenge": values.get("code_challenge", ""),
    }
