"""The knowledge base: read from the helpdesk and from files, and made searchable."""
