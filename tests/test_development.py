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
