"""Claims: what the sources say that customer relationship management is worth, as hypotheses.

Every claim is data: who says it, how it can be read, which range it names. Arithmetic says under which margin, retention
and cost it would be true; a simulated firm, re-run with the cause that a claim means, says what happens where all
conditions are known. A simulation shows conditions, not evidence about the world. This package reads the simulated firms
of ``world`` and knows no user's data.

Inside: ``catalogue`` holds the claims and what others have measured, ``conditions`` the arithmetic of one change,
``solutions`` solves it for what a claim asks of a firm, ``trial`` makes and measures firms, ``evidence`` says what their
answers mean for a claim.
"""

from crmlab.claims.catalogue import CLAIMS, PUBLISHED, Claim, Published, all_claims, claim
from crmlab.claims.conditions import change_of_profit
from crmlab.claims.evidence import Trial, stored_trial, try_claim, verdicts
from crmlab.claims.solutions import Arithmetic, arithmetic
from crmlab.claims.trial import make_grid

__all__ = [
    "CLAIMS", "PUBLISHED", "Arithmetic", "Claim", "Published", "Trial", "all_claims", "arithmetic", "change_of_profit", "claim",
    "make_grid", "stored_trial", "try_claim", "verdicts",
]  # fmt: skip
