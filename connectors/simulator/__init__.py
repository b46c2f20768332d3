"""A whole helpdesk on loopback: state and effect log, one wire face per vendor, an agent workspace."""
