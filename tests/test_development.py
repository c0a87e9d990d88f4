"""Development beside what a firm knows of itself; each part has tests of its own in `test_development_*`."""

import pandas as pd
import pytest
from world_firms import firm

from crmlab import development


@pytest.mark.parametrize("name", ["manufacturer-v1", "homebuilder-v1"])
def test_log_of_a_firm_is_its_events_and_ends_as_the_firm_says(name):
    made = firm(name, customers=300, seed=1)
    written = made["stage_events"]
    log = development.stage_log(written.sample(frac=1, random_state=1))
    assert log.rejected.empty
    columns = list(log.table.columns)
    expected = written[columns].sort_values(["prospect_id", "step"], kind="stable", ignore_index=True)
    pd.testing.assert_frame_equal(log.table, expected, check_dtype=False)
    prospects = made["prospects"].set_index("prospect_id").loc[log.deals.prospect_id]
    assert (log.deals.status.to_numpy() == prospects.outcome.to_numpy()).all()
    assert (log.deals.began.to_numpy() == prospects.created.to_numpy()).all()
    pd.testing.assert_series_equal(
        log.deals.closed, prospects.closed.reset_index(drop=True), check_names=False, check_dtype=False
    )


def test_share_won_is_what_the_firm_knows_and_shares_of_the_closed_alone_are_too_low():
    """Each new deal's chance at its entry is in the truth; winning takes longer than losing, so the closed alone mislead."""
    made = firm("manufacturer-v1", customers=1000, seed=3)
    truth = made.truth["prospects"]
    log = development.stage_log(
        made["stage_events"][made["stage_events"].prospect_id.isin(truth.prospect_id)], until="2024-06-30"
    )
    chance = truth.set_index("prospect_id").chance.loc[log.deals.prospect_id].mean()
    won = development.time_in_stage(log).table.query("ending == 'won'").iloc[-1]
    closed = development.conversion(log).table.iloc[-1].share
    assert won.share == pytest.approx(chance, abs=4 * won.std_error)
    assert closed < won.share
    assert abs(won.share - chance) < abs(closed - chance)
