"""The report: a user's own orders, deals, or answers to a survey, on one page.

``orders_report``, ``deals_report`` and ``survey_report`` read a file as it is out there and write one HTML page that holds all
it shows, asks nothing of any network, and can be mailed: each section answers one question of a manager. This
room arranges; the numbers come from the topics.
"""

from crmlab.report.deals import deals_report
from crmlab.report.orders import orders_report
from crmlab.report.survey import survey_report

__all__ = ["deals_report", "orders_report", "survey_report"]
