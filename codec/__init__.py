"""SNMP bytes, both ways."""
