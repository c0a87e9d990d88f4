"""Widgets: something to move, and a picture that moves with it.

``explore`` turns a function of a few numbers into sliders, ``guess`` lets a reader commit to a number before seeing the
answer, ``what_if`` and ``change`` show what one cause did to the firm, ``radar`` lets a manager pull perceived quality along
the five RATER dimensions and read off what follows, and ``alive`` lets them put purchases on a line of weeks and see how
likely the customer is still there. All work by mouse, by touch and by keyboard. This package knows how a control gets into
the page and what moves with it; where the numbers come from, and what they mean, is known in the topics and the firm.
"""

from crmlab.widgets.alive import alive
from crmlab.widgets.radar import radar, radar_effect
from crmlab.widgets.sliders import Picture, change, explore, guess, picture, what_if

__all__ = ["Picture", "alive", "change", "explore", "guess", "picture", "radar", "radar_effect", "what_if"]
