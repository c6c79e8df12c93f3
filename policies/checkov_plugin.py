"""Hands every policy to checkov: it executes this file because it lies in ``--external-checks-dir``."""

from seawall.checkov_host import register_policies

register_policies()
