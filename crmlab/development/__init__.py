"""Development: from prospect to customer, stage by stage.

Prospects enter a pipeline, go through stages (skip some, return to others) and are won or lost in the end, or are still open.
It reads stage events, in the firm's eight stages or in a user's own, and says which of them can have happened; it reads
prospects, their deals and what was objected, and says who is worth a salesperson's time, what a deal is worth, what it costs
to win somebody, and which answers work. Who the customers are and what they bring afterwards is known elsewhere
(``segmentation``, ``loyalty``).

Inside: ``log`` holds the checked stage log, ``counts`` how many go on (``shrinkage`` serves it), ``durations`` how long it
takes until they are won or lost (``incidence`` serves it), ``stalled`` whether an old deal is dead. ``qualification`` holds the
card of means and intent; ``leads`` scores prospects (``columns`` and ``knowledge`` are its door, ``boosting`` its second
opinion, ``lead_score`` what a score can be asked, ``ranking`` how it is judged, ``calling`` what it earns); ``objections``
compares answers; ``acquisition`` (with ``heckman``) says what a deal is worth, won or not; ``costs`` what winning costs and
when it is back, ``budget`` how much of it should rather go to keeping.
"""

from crmlab.development.acquisition import AcquisitionFit, fit_acquisition
from crmlab.development.budget import BudgetSplit, win_or_keep
from crmlab.development.calling import CallPlan
from crmlab.development.costs import AcquisitionCosts, Payback, acquisition_costs, payback
from crmlab.development.counts import Conversion, StageCounts, conversion, stage_counts
from crmlab.development.durations import StageTimes, time_in_stage
from crmlab.development.lead_score import LeadScore
from crmlab.development.leads import fit_lead_score
from crmlab.development.log import StageLog, stage_log
from crmlab.development.objections import ObjectionAnswers, objection_answers
from crmlab.development.qualification import Qualification, qualify
from crmlab.development.stalled import Stalled, stalled

__all__ = [
    "AcquisitionCosts", "AcquisitionFit", "BudgetSplit", "CallPlan", "Conversion", "LeadScore", "ObjectionAnswers", "Payback",
    "Qualification", "StageCounts", "StageLog", "StageTimes", "Stalled", "acquisition_costs", "conversion",
    "fit_acquisition", "fit_lead_score", "objection_answers", "payback", "qualify", "stage_counts", "stage_log", "stalled",
    "time_in_stage", "win_or_keep",
]  # fmt: skip
