"""Finds what answers SNMP in whole address ranges."""
