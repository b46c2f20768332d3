"""A helpdesk's customers, agents and tickets for tests: one company, one person without, two agents."""

from __future__ import annotations

CUSTOMERS = """
- key: acme
  name: Acme Tools
  domains: [acme.example]
  tier: business
  time_zone: Europe/Berlin
  city: Berlin
  fields: {seats: 10, seats_used: 9, arr: 1200, currency: EUR, renewal_on: 2027-01-18, owner: Ida}
  people:
    - {key: kim, name: Kim Acme, email: kim@acme.example, locale: de}
- key: none
  name: null
  people:
    - {key: lee, name: Lee Alone, email: lee@alone.example}
"""
AGENTS = """
- {key: ana, name: Ana Lind, email: ana@desk.example, role: agent, groups: [Front desk, Billing]}
- {key: mei, name: Mei Tan, email: mei@desk.example, role: agent, groups: [Data]}
"""
TICKETS = """
- {requester: kim, channel: mail, subject: Export stops, body: It stops at 40 %., kind: bug}
- {requester: lee, channel: chat, subject: Invoice, body: "Where is my invoice?", kind: billing}
"""
