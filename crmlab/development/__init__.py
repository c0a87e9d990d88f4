"""Development: from prospect to customer, stage by stage.

It reads prospects, their deals and what was objected, and says who is worth a salesperson's time, what a deal is worth, what it
costs to win somebody, and which answers work. Inside: ``qualification`` holds the card of means and intent; ``leads`` scores
prospects (``columns`` and ``knowledge`` are its door, ``boosting`` its second opinion, ``lead_score`` what a score can be
asked, ``ranking`` how it is judged, ``calling`` what it earns); ``objections`` compares answers; ``acquisition`` (with
``heckman``) says what a deal is worth, won or not; ``costs`` what winning costs and when it is back, ``budget`` how much of it
should rather go to keeping.
"""

from crmlab.development.acquisition import AcquisitionFit, fit_acquisition
from crmlab.development.budget import BudgetSplit, win_or_keep
from crmlab.development.calling import CallPlan
from crmlab.development.costs import AcquisitionCosts, Payback, acquisition_costs, payback
from crmlab.development.lead_score import LeadScore
from crmlab.development.leads import fit_lead_score
from crmlab.development.objections import ObjectionAnswers, objection_answers
from crmlab.development.qualification import Qualification, qualify

__all__ = [
    "AcquisitionCosts", "AcquisitionFit", "BudgetSplit", "CallPlan", "LeadScore", "ObjectionAnswers", "Payback",
    "Qualification", "acquisition_costs", "fit_acquisition", "fit_lead_score", "objection_answers", "payback", "qualify",
    "win_or_keep",
]  # fmt: skip
