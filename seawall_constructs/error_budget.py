"""The numbers behind burn-rate alarms. Imports no CDK, so that pages and drills can read it."""

BUDGET_DAYS = 28
"""Four whole weeks: every window holds as many weekends as the one before."""

SHORT_BURN_MINUTES = 5
BURN_MINUTES = 60
LONG_BURN_MINUTES = 360
"""The windows over which a burn rate is measured. Two together decide: the long one that it matters, the short one that
it goes on."""

FAST_BURN = 13.44
"""2 % of 28 days' budget within an hour: somebody is woken up, deployments and experiments stop.

(Google, "The Site Reliability Workbook", chapter 5: 14.4 where the budget is that of 30 days.)
"""

SLOW_BURN = 5.6
"""5 % of 28 days' budget within six hours: somebody looks at it in the morning (the same source: 6 for 30 days)."""
