"""Which backups, copies and locks cover a resource."""

from __future__ import annotations

from seawall.backup_plans import backup_coverage
from seawall.coverage import Copy, Coverage, PlanCoverage, Rule

__all__ = ["Copy", "Coverage", "PlanCoverage", "Rule", "backup_coverage"]
