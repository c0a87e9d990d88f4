"""The pipeline's own numbers: what deals are worth, who decides, what is objected and answered, and why deals are lost.

These blocks stand in ``Industry.pipeline``; an industry without one has prospects who differ in fit and competitors alone. What
the numbers do is known in ``deals``; their ranges are declared in ``ranges``. Origins are tagged as in ``industries``.
"""

from __future__ import annotations

from dataclasses import dataclass

from crmlab.world.ranges import Block


@dataclass(frozen=True, slots=True, kw_only=True)
class Role(Block):
    """A role in the buying centre of an organisation (Webster & Wind 1972), and what meeting its holder is worth."""

    name: str
    share: float  # of the organisations in which somebody has it
    stage: int  # the first stage, from 1, at which a salesperson can meet them
    meets: float = 0.0  # log-odds to meet them, for a salesperson of mean skill
    worth: float = 0.0  # added to the log-odds of each advance from that stage on, if they are met
    bars: float = 0.0  # log-odds that one who is not met takes off meeting each of the roles that stand behind in the list


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection(Block):
    """A kind of objection: how often it is raised, by whom, and how hard it is to overcome."""

    name: str
    weight: float
    needs: tuple[float, ...] = ()  # factor of the weight for each need; empty: as everywhere
    price: float = 0.0  # on the log weight, of all prices being 100 % higher
    rival: float = 0.0  # on the log weight, per standard deviation of the utility of competitors
    size: float = 0.0  # on the log weight, per standard deviation of the log of the deal's value
    hardness: float = 0.0  # taken off the log-odds to overcome it


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Block):
    """An answer to objections: how often it is given, and what it is worth to each of them."""

    name: str
    weight: float
    worth: tuple[float, ...]  # added to the log-odds to overcome each of the objections
    skill: float = 0.0  # what a standard deviation of the salesperson's skill adds to that worth
    concession: float = 0.0  # share of the deal's value that is given away with it


@dataclass(frozen=True, slots=True, kw_only=True)
class LostReason(Block):
    """A reason that is noted when a deal is lost: its weight at each stage, and with whom it is more frequent."""

    name: str
    stages: tuple[float, ...]
    fit: float = 0.0  # on the log weight, per standard deviation of the fit
    rival: float = 0.0  # likewise of the utility of competitors
    size: float = 0.0  # likewise of the log of the deal's value
    age: float = 0.0  # on the log weight, per usual duration that the last stage took
    objections: tuple[float, ...] = ()  # factor of the weight for each objection that was not overcome; empty: none matters


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline(Block):
    """What makes deals differ. With the values given here it tells more of a prospect and changes nobody's way."""

    # the value of a deal: log-normal
    value: tuple[float, float] = (0.0, 0.0)  # median in currency, standard deviation of the log; median 0: deals have no value
    value_needs: tuple[float, ...] = ()  # factor of the median for each need; empty: as everywhere
    value_fit: float = 0.0  # correlation of the log value with the fit
    value_effect: float = 0.0  # log-odds that a standard deviation of the log value takes off an advance
    price_effect: float = 0.0  # log-odds that all prices being 100 % higher take off an advance
    weighs: tuple[float, ...] = (1.0,) * 8  # factor of what value, prices and distance take off, for each stage
    value_days: float = 0.0  # what it adds to the log of the days of each stage
    value_spend: float = 0.0  # what it adds to the log of the mean amount of later orders
    # time
    shape: float = 1.0  # Weibull shape of the days in a stage: below 1 a stage that has lasted long lasts longer
    stalls: float = 0.0  # log-odds that each usual duration in a stage takes off the advance
    # what shows at the first contact
    distance: tuple[float, float] = (1.0, 0.0)  # mean hours to the nearest branch; log-odds that each takes off an advance
    means: tuple[float, float, float] = (0.0, 0.0, 1.0)  # score 1 to 5: per sd of fit and of log value, spread of the noise
    intent: tuple[float, float, float] = (0.0, 0.0, 1.0)  # score 1 to 5: per sd of fit and of competitors, likewise
    estimate: float = 0.0  # standard deviation of the log error of what a salesperson expects a deal to bring
    # people
    bound: float = 0.0  # log-odds taken off each advance once their salesperson has left without a hand-over
    choice: float = 0.0  # how much skilled salespeople prefer answers of worth: on the log weight, per sd of skill and worth
    roles: tuple[Role, ...] = ()
    objections: tuple[Objection, ...] = ()  # empty: those of the industry, which have no effect and no answer
    answers: tuple[Answer, ...] = ()
    lost_reasons: tuple[LostReason, ...] = ()
