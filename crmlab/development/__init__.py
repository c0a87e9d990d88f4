"""Development: from prospect to customer, stage by stage.

It reads prospects, their deals and what was objected, and says who is worth a salesperson's time, what a deal is worth, what it
costs to win somebody, and which answers work. Inside: ``acquisition`` (with ``heckman``) holds what a deal is worth; ``leads``
scores prospects (``columns`` and ``knowledge`` are its door, ``boosting`` its second opinion, ``lead_score`` what a score can
be asked, ``ranking`` how it is judged, ``calling`` what it earns).
"""

from crmlab.development.acquisition import AcquisitionFit, fit_acquisition
from crmlab.development.calling import CallPlan
from crmlab.development.lead_score import LeadScore
from crmlab.development.leads import fit_lead_score

__all__ = ["AcquisitionFit", "CallPlan", "LeadScore", "fit_acquisition", "fit_lead_score"]
