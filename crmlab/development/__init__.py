"""Development: from prospect to customer, stage by stage.

Prospects enter a pipeline, go through stages (skip some, return to others) and are won or lost in the end, or are still open.
It reads stage events, prospects, deals and what was objected, in the firm's eight stages or in a user's own. It says which
events can have happened, where deals are lost and how long they take, what the next months bring, who is worth a
salesperson's time, what it costs to win somebody, and which answers work. Who the customers are and what they bring afterwards
is known elsewhere (``segmentation``, ``loyalty``).

Inside, the stages: ``log`` holds the checked stage log (``visits`` its stays as arrays), ``counts`` how many go on
(``shrinkage`` serves it), ``durations`` how long it takes until they are won or lost (``incidence`` serves it), ``stalled``
whether an old deal is dead. The chain: ``transitions`` estimates it (``absorbing`` its algebra, ``markov_test`` tests of its
assumption), ``markov_value`` says what a state is worth and where to stop, ``simulation`` draws pipelines whose truth is known,
``forecast`` looks at the next months (``pipeline_model``, ``horizon``, ``amounts``, ``deal_values``), ``back_test`` at what it
would have said earlier, ``scores`` at how good anybody's forecasts were. The people: ``qualification`` holds the card of means
and intent; ``leads`` scores prospects (``columns`` and ``knowledge`` are its door, ``boosting`` its second opinion,
``lead_score`` what a score can be asked, ``ranking`` how it is judged, ``calling`` what it earns); ``objections`` compares
answers. The money: ``acquisition`` (with ``heckman``) says what a deal is worth, won or not; ``costs`` what winning costs and
when it is back, ``budget`` how much of it should rather go to keeping.
"""

from crmlab.development.acquisition import AcquisitionFit, fit_acquisition
from crmlab.development.back_test import PipelineBackTest
from crmlab.development.budget import BudgetSplit, win_or_keep
from crmlab.development.calling import CallPlan
from crmlab.development.costs import AcquisitionCosts, Payback, acquisition_costs, payback
from crmlab.development.counts import Conversion, StageCounts, conversion, stage_counts
from crmlab.development.durations import StageTimes, time_in_stage
from crmlab.development.forecast import PipelineForecast, forecast_pipeline
from crmlab.development.lead_score import LeadScore
from crmlab.development.leads import fit_lead_score
from crmlab.development.log import StageLog, stage_log
from crmlab.development.markov_value import MarkovValue, markov_value, recency_transitions
from crmlab.development.objections import ObjectionAnswers, objection_answers
from crmlab.development.qualification import Qualification, qualify
from crmlab.development.scores import ChanceScores, IntervalScores, score_forecasts
from crmlab.development.simulation import simulate_pipeline
from crmlab.development.stalled import Stalled, stalled
from crmlab.development.transitions import TransitionFit, fit_transitions

__all__ = [
    "AcquisitionCosts", "AcquisitionFit", "BudgetSplit", "CallPlan", "ChanceScores", "Conversion", "IntervalScores",
    "LeadScore", "MarkovValue", "ObjectionAnswers", "Payback", "PipelineBackTest", "PipelineForecast", "Qualification",
    "StageCounts", "StageLog", "StageTimes", "Stalled", "TransitionFit", "acquisition_costs", "conversion",
    "fit_acquisition", "fit_lead_score", "fit_transitions", "forecast_pipeline", "markov_value", "objection_answers",
    "payback", "qualify", "recency_transitions", "score_forecasts", "simulate_pipeline", "stage_counts", "stage_log",
    "stalled", "time_in_stage", "win_or_keep",
]  # fmt: skip
