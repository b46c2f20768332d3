"""Which Zendesk events we act on and which we ignore on purpose; what is on neither list is unknown.

Names: https://developer.zendesk.com/api-reference/webhooks/event-types/ticket-events/ (and user, organization
events beside it). There is no `ticket.updated`, `ticket.solved` or `ticket.deleted`: solved is a `status_changed`.
"""

from __future__ import annotations

from triage.events import EventKind

EVENT_PREFIX = "zen:event-type:"

HANDLED = {
    "ticket.created": EventKind.TICKET_CREATED,
    "ticket.comment_added": EventKind.COMMENT_ADDED,
    "messaging_ticket.message_added": EventKind.COMMENT_ADDED,
    "ticket.marked_as_spam": EventKind.TICKET_DELETED,
    "ticket.permanently_deleted": EventKind.TICKET_DELETED,
    "ticket.soft_deleted": EventKind.TICKET_DELETED,
    "ticket.agent_assignment_changed": EventKind.TICKET_UPDATED,
    "ticket.brand_changed": EventKind.TICKET_UPDATED,
    "ticket.comment_made_private": EventKind.TICKET_UPDATED,
    "ticket.comment_redacted": EventKind.TICKET_UPDATED,
    "ticket.custom_field_changed": EventKind.TICKET_UPDATED,
    "ticket.custom_status_changed": EventKind.TICKET_UPDATED,
    "ticket.description_changed": EventKind.TICKET_UPDATED,
    "ticket.form_changed": EventKind.TICKET_UPDATED,
    "ticket.group_assignment_changed": EventKind.TICKET_UPDATED,
    "ticket.merged": EventKind.TICKET_UPDATED,
    "ticket.organization_changed": EventKind.TICKET_UPDATED,
    "ticket.priority_changed": EventKind.TICKET_UPDATED,
    "ticket.problem_link_changed": EventKind.TICKET_UPDATED,
    "ticket.requester_changed": EventKind.TICKET_UPDATED,
    "ticket.status_changed": EventKind.TICKET_UPDATED,
    "ticket.subject_changed": EventKind.TICKET_UPDATED,
    "ticket.tags_changed": EventKind.TICKET_UPDATED,
    "ticket.type_changed": EventKind.TICKET_UPDATED,
    "ticket.undeleted": EventKind.TICKET_UPDATED,
}

# Nothing here changes a decision: people and organizations are read fresh with each ticket, ratings and
# articles come through their own exports, and the clock of a ticket is ours.
IGNORED = frozenset(
    {
        "ticket.attachment_linked_to_comment",
        "ticket.attachment_redacted_from_comment",
        "ticket.csat_received",
        "ticket.csat_requested",
        "ticket.email_ccs_changed",
        "ticket.external_id_changed",
        "ticket.followers_changed",
        "ticket.next_sla_breach_changed",
        "ticket.ola_policy_changed",
        "ticket.schedule_changed",
        "ticket.sla_policy_changed",
        "ticket.submitter_changed",
        "ticket.task_due_at_changed",
        "organization.created",
        "organization.custom_field_changed",
        "organization.deleted",
        "organization.external_id_changed",
        "organization.name_changed",
        "organization.tags_changed",
        "user.active_changed",
        "user.alias_changed",
        "user.created",
        "user.custom_field_changed",
        "user.custom_role_changed",
        "user.default_group_changed",
        "user.deleted",
        "user.details_changed",
        "user.external_id_changed",
        "user.group_membership_created",
        "user.group_membership_deleted",
        "user.identity_changed",
        "user.identity_created",
        "user.identity_deleted",
        "user.last_login_changed",
        "user.merged",
        "user.name_changed",
        "user.notes_changed",
        "user.only_private_comments_changed",
        "user.organization_membership_created",
        "user.organization_membership_deleted",
        "user.password_changed",
        "user.photo_changed",
        "user.role_changed",
        "user.suspended_changed",
        "user.tags_changed",
        "user.time_zone_changed",
        "article.published",
        "article.unpublished",
    }
)

# What a trigger's body may name in `event`; the words are ours, put there by our own trigger text.
TRIGGER_EVENTS = {
    "created": EventKind.TICKET_CREATED,
    "updated": EventKind.TICKET_UPDATED,
    "changed": EventKind.TICKET_UPDATED,
    "solved": EventKind.TICKET_UPDATED,
    "closed": EventKind.TICKET_UPDATED,
    "reopened": EventKind.TICKET_UPDATED,
    "comment_added": EventKind.COMMENT_ADDED,
    "commented": EventKind.COMMENT_ADDED,
    "deleted": EventKind.TICKET_DELETED,
}
