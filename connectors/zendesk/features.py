"""What Zendesk can do, and the ways to let us in: plain data, so that the web process needs no client for it."""

from __future__ import annotations

from connectors.base import Feature
from connectors.installing import Ask, SignIn

FEATURES = frozenset(
    {
        Feature.SIGNED_WEBHOOKS,
        Feature.WEBHOOK_TEST,
        Feature.SAFE_UPDATE,
        Feature.IDEMPOTENT_CREATE,
        Feature.BULK_UPDATE,
        Feature.INCREMENTAL_EXPORT,
        Feature.INCIDENT_LINKS,
        Feature.SCHEDULES,
        Feature.HOLIDAYS,
        Feature.SLA_POLICIES,
        Feature.HISTORY,
        Feature.RATINGS,
        Feature.ARTICLES,
        Feature.ARTICLE_CHANGES,
        Feature.OAUTH,
        Feature.SIGNED_SIDEBAR,
    }
)

# Scope -> why we ask for it. Ticket fields, groups, SLA policies, schedules, ratings and exports have no scope of
# their own, only these two reach them; so a finer one beside them would narrow nothing.
# https://developer.zendesk.com/api-reference/ticketing/oauth/grant_type_tokens/#scope
SCOPES = {
    "read": "tickets, people and organizations; the help center; schedules, SLA policies, ratings, groups, the export",
    "write": "changes to tickets; the webhook, its triggers, our two ticket fields and missing groups when installing",
}

OAUTH_CLIENT, OAUTH_CODE, API_TOKEN = "oauth_client", "oauth_code", "api_token"

_CLIENTS = "Admin Center > Apps and integrations > APIs > OAuth clients"
_CLIENT_ASKS = (
    Ask(name="client_id", label="Identifier", help=f"As it stands under {_CLIENTS}."),
    Ask(name="client_secret", label="Secret", secret=True, help="Shown once, when the client is saved."),
)

SIGN_INS = (
    SignIn(
        kind=OAUTH_CLIENT,
        title="OAuth client",
        help=f"Add a confidential client under {_CLIENTS} as the administrator Deskhand shall act as, best a user of "
        "its own. Enter its identifier and secret.",
        asks=_CLIENT_ASKS,
    ),
    SignIn(
        kind=OAUTH_CODE,
        title="Sign in with Zendesk",
        help=f"Add a confidential client under {_CLIENTS} with this page's address as redirect URL. Zendesk then asks "
        "you to allow access; Deskhand acts as the administrator who allows it.",
        asks=_CLIENT_ASKS,
        redirect=True,
    ),
    SignIn(
        kind=API_TOKEN,
        title="API token",
        help="Enter an administrator's email address and an API token that is in use already.",
        asks=(
            Ask(name="email", label="Email address"),
            Ask(name="token", label="API token", secret=True),
        ),
        warning="Zendesk switches all API tokens off on 2027-04-30, and new ones can no longer be made. "
        "Choose the OAuth client unless you cannot make one.",
    ),
)
