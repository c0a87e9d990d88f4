"""Development: from prospect to customer, stage by stage.

Prospects enter a pipeline, go through stages (skip some, return to others) and are won or lost in the end, or are still open.
It reads stage events, in the firm's eight stages or in a user's own, and says which of them can have happened. Who the
customers are and what they bring afterwards is known elsewhere (``segmentation``, ``loyalty``). Inside: ``log`` holds the
checked stage log, ``counts`` how many go on (``shrinkage`` serves it), ``durations`` how long it takes until they are won or
lost (``incidence`` serves it), ``stalled`` whether an old deal is dead.
"""

from crmlab.development.counts import Conversion, StageCounts, conversion, stage_counts
from crmlab.development.durations import StageTimes, time_in_stage
from crmlab.development.log import StageLog, stage_log
from crmlab.development.stalled import Stalled, stalled

__all__ = [
    "Conversion", "StageCounts", "StageLog", "StageTimes", "Stalled", "conversion", "stage_counts", "stage_log", "stalled",
    "time_in_stage",
]  # fmt: skip
