"""Development: from prospect to customer, stage by stage.

Prospects enter a pipeline, go through stages (skip some, return to others) and are won or lost in the end, or are still
open. It reads stage events, in the firm's eight stages or in a user's own, and says which of them can have happened. Who
the customers are and what they bring afterwards is known elsewhere (``segmentation``, ``loyalty``). Inside: ``log`` holds
the checked stage log (``visits`` its stays as arrays), ``counts`` how many go on (``shrinkage`` serves it), ``durations``
how long it takes until they are won or lost (``incidence`` serves it), ``stalled`` whether an old deal is dead,
``transitions`` the chain of the stages (``absorbing`` its algebra, ``markov_test`` tests of its assumption),
``markov_value`` what a state is worth and where to stop, ``simulation`` pipelines whose truth is known, ``forecast`` the
next months (``pipeline_model``, ``horizon``, ``amounts``, ``deal_values``) and ``back_test`` what it would have said
earlier, ``scores`` how good anybody's forecasts were.
"""

from crmlab.development.back_test import PipelineBackTest
from crmlab.development.counts import Conversion, StageCounts, conversion, stage_counts
from crmlab.development.durations import StageTimes, time_in_stage
from crmlab.development.forecast import PipelineForecast, forecast_pipeline
from crmlab.development.log import StageLog, stage_log
from crmlab.development.markov_value import MarkovValue, markov_value, recency_transitions
from crmlab.development.scores import ChanceScores, IntervalScores, score_forecasts
from crmlab.development.simulation import simulate_pipeline
from crmlab.development.stalled import Stalled, stalled
from crmlab.development.transitions import TransitionFit, fit_transitions

__all__ = [
    "ChanceScores", "Conversion", "IntervalScores", "MarkovValue", "PipelineBackTest", "PipelineForecast", "StageCounts",
    "StageLog", "StageTimes", "Stalled", "TransitionFit", "conversion", "fit_transitions", "forecast_pipeline", "markov_value",
    "recency_transitions", "score_forecasts", "simulate_pipeline", "stage_counts", "stage_log", "stalled", "time_in_stage",
]  # fmt: skip
