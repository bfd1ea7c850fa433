"""Judging devices: who made them, which rules name them, which holes they may have.

Everything here is a function of observations, facts, a site profile and a date. Nothing here talks
to a device.
"""
