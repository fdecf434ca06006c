"""Command generator for SNMP v1 and v2c."""
