"""Drives many clients against daemons while faults are injected, records what they saw, and checks the record."""
