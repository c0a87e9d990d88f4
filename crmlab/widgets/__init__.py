"""Widgets: something to move or to decide, and a picture that answers at once.

``guess``, ``decide`` and ``note`` let a reader commit to a number, a choice or a line of their own before the evidence, and
``calibration`` shows how sure they were and how often they were right. ``frames`` moves what was computed beforehand,
``what_if`` changes one cause of the firm (``change`` is the same in one line), ``radar`` pulls perceived quality along the
five RATER dimensions, ``alive`` puts purchases on a line of weeks, ``laboratory`` shows for which firms a claim is true,
``weights`` moves a ranked list by the weights of three indicators, ``clouds`` is a bet on which segments are real, ``board``
shows open deals and the distribution of what they will bring, and ``clicks`` what is left of a proud model. All of these live
in the page: they answer in milliseconds, work by mouse, by touch and by keyboard, and run without a kernel, too
(``.save``). ``explore`` turns a reader's own function into sliders. Where the numbers come from, and what they mean, is known
in the topics, the claims and the firm.
"""

from crmlab.widgets.alive import alive
from crmlab.widgets.board import board
from crmlab.widgets.calibration import calibration
from crmlab.widgets.change import change
from crmlab.widgets.chart import Axis, Chart
from crmlab.widgets.clicks import clicks
from crmlab.widgets.clouds import clouds
from crmlab.widgets.decide import decide
from crmlab.widgets.explore import Picture, explore, picture, table
from crmlab.widgets.frames import frames
from crmlab.widgets.guess import guess
from crmlab.widgets.laboratory import laboratory
from crmlab.widgets.note import note
from crmlab.widgets.radar import radar, radar_effect
from crmlab.widgets.weights import weights
from crmlab.widgets.what_if import what_if

__all__ = [
    "Axis", "Chart", "Picture", "alive", "board", "calibration", "change", "clicks", "clouds", "decide", "explore", "frames",
    "guess", "laboratory", "note", "picture", "radar", "radar_effect", "table", "weights", "what_if",
]  # fmt: skip
