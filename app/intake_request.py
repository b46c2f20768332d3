"""The JSON that a ticket is sent in as, and every problem with it. Unknown fields are refused: nothing is dropped."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from app.intake_errors import Refused

MOST_PROBLEMS = 100
_UNSEEN: dict[int, str | None] = dict.fromkeys((*range(9), 11, 12, *range(14, 32), 127))


def seen(text: str) -> str:
    """The text without control characters, with one kind of line end."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_UNSEEN)


def _one_line(text: str) -> str:
    return " ".join(seen(text.replace("\n", " ")).split())


def _mail_address(text: str) -> str:
    local, _, domain = text.partition("@")
    if not local or not domain or "@" in domain or " " in text or not text.isprintable():
        raise PydanticCustomError("mail_address", "This is not a mail address")
    return text


def _said(text: str) -> str:
    if not seen(text).strip():
        raise PydanticCustomError("said_nothing", "There is no text in it")
    return text


Line = Annotated[str, AfterValidator(_one_line), Field(min_length=1)]
Key = Annotated[Line, Field(max_length=40)]
Short = Annotated[Line, Field(max_length=100)]
Long = Annotated[Line, Field(max_length=250)]
Value = Annotated[Line, Field(max_length=500)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


MailAddress = Annotated[str, Field(max_length=254), AfterValidator(_mail_address)]


class Sender(Strict):
    email: MailAddress
    name: Annotated[str, Field(max_length=200), AfterValidator(_one_line)] = ""


class Asked(Strict):
    """One ticket as its sender wrote it."""

    requester: Sender
    subject: Long
    body: Annotated[str, AfterValidator(_said)]
    body_format: Literal["text", "html"] = "text"
    channel: Literal["in_app", "api", "portal", "chat", "email"] = "api"
    product_area: Short | None = None
    version: Short | None = None
    environment: Short | None = None
    attachments: Annotated[list[Long], Field(max_length=20)] = []
    metadata: Annotated[dict[Key, Value], Field(max_length=20)] = {}


Sent = TypeVar("Sent", bound=Strict)


def read(body: bytes) -> Asked:
    """The ticket in a request's body; raises `Refused` with every problem and where it is."""
    return parsed(Asked, body, otherwise="not_a_ticket")


def parsed(model: type[Sent], body: bytes, *, otherwise: str) -> Sent:
    """What a request's body holds; raises `Refused` with the code `otherwise` where it is something else."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("not_json") from None
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        raise Refused("not_json")
    problems = [(".".join(map(str, each["loc"])) or "body", each["msg"]) for each in found[:MOST_PROBLEMS]]
    if len(found) > MOST_PROBLEMS:
        problems.append(("", f"and {len(found) - MOST_PROBLEMS} more"))
    raise Refused(otherwise, problems=problems)
