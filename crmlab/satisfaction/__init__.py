"""Satisfaction: service quality by RATER, from a raw survey to what to mend first.

Satisfaction is experience held against expectation. This room holds the questionnaire and reads its
answers, scores the gaps between what is found and what is expected, finds what drives satisfaction and what to
mend first, and keeps the indices that managers watch (NPS, CSAT, ACSI) with honest intervals. It reads tables of
answers and returns tables and charts; how well items measure what they should is known in ``measurement``, what
satisfaction does to loyalty and profit in ``loyalty`` and in the simulated firm.
"""

from crmlab.satisfaction.answers import Survey, read_survey
from crmlab.satisfaction.beliefs import Misjudgement, misjudgement
from crmlab.satisfaction.drivers import DriversFit, fit_drivers
from crmlab.satisfaction.gaps import RaterScores, gap_reliability, score_rater
from crmlab.satisfaction.importance import ImportancePerformance, importance_performance, priorities
from crmlab.satisfaction.indices import Index, acsi, csat, nps, top_box
from crmlab.satisfaction.instrument import Instrument, custom_instrument, rater
from crmlab.satisfaction.kano import KANO, Kano, kano_classes
from crmlab.satisfaction.kano_form import kano_questionnaire
from crmlab.satisfaction.kano_simulation import simulate_kano
from crmlab.satisfaction.management import FiveGaps, five_gaps
from crmlab.satisfaction.nonresponse_bias import NonResponse, nonresponse
from crmlab.satisfaction.ordinal import OrdinalFit, fit_ordinal
from crmlab.satisfaction.planning import SampleSize, sample_size
from crmlab.satisfaction.printing import questionnaire
from crmlab.satisfaction.simulation import simulate_survey
from crmlab.satisfaction.waves import Change, wave_change

__all__ = [
    "KANO",
    "Change",
    "DriversFit",
    "FiveGaps",
    "ImportancePerformance",
    "Index",
    "Instrument",
    "Kano",
    "Misjudgement",
    "NonResponse",
    "OrdinalFit",
    "RaterScores",
    "SampleSize",
    "Survey",
    "acsi",
    "csat",
    "custom_instrument",
    "fit_drivers",
    "fit_ordinal",
    "five_gaps",
    "gap_reliability",
    "importance_performance",
    "kano_classes",
    "kano_questionnaire",
    "misjudgement",
    "nonresponse",
    "nps",
    "priorities",
    "questionnaire",
    "rater",
    "read_survey",
    "sample_size",
    "score_rater",
    "simulate_kano",
    "simulate_survey",
    "top_box",
    "wave_change",
]
