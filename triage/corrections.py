"""What an agent's correction, and taking it back, changes on the ticket."""

from __future__ import annotations

from collections.abc import Mapping

from triage.actions import UpdateTicket
from triage.decisions import Decision
from triage.taxonomy import ProductArea, Taxonomy


def home(category: str, taxonomy: Taxonomy) -> ProductArea:
    """The product area a category usually belongs to; raises `KeyError` for an unknown one."""
    found = taxonomy.category(category)
    area = taxonomy.area(found.product_area) if found else None
    if area is None:
        raise KeyError(category)
    return area


def corrected(ticket_ref: str, category: str, *, taxonomy: Taxonomy, groups: Mapping[str, str]) -> UpdateTicket:
    """The ticket moves to `category`, its usual product area and that area's queue; priority stays.

    Raises `KeyError` for a category the taxonomy does not have.
    """
    area = home(category, taxonomy)
    return UpdateTicket(
        ticket_ref=ticket_ref, category=category, product_area=area.key, group_id=groups.get(area.group)
    )


def undone(
    ticket_ref: str, made: Decision, earlier: str | None, *, taxonomy: Taxonomy, groups: Mapping[str, str]
) -> UpdateTicket:
    """Back to the `earlier` correction, else to what triage decided; a ticket a human got has no category."""
    if earlier is not None:
        return corrected(ticket_ref, earlier, taxonomy=taxonomy, groups=groups)
    if made.category is None:
        return UpdateTicket(
            ticket_ref=ticket_ref,
            clear=("category", "product_area"),
            group_id=groups.get(taxonomy.human_group),
        )
    return UpdateTicket(
        ticket_ref=ticket_ref,
        category=made.category,
        product_area=made.product_area,
        group_id=groups.get(made.group or ""),
    )
