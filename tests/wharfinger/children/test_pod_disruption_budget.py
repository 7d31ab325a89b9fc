"""PodDisruptionBudget NAME."""

from wharfinger.children.pod_disruption_budget import pod_disruption_budget


def test_it_is_as_written_down(owner, golden):
    golden("pod_disruption_budget", pod_disruption_budget(owner))
