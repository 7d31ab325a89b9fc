"""Takeover after takeover, planned and not, under pushes and pulls through both: what was acknowledged stays."""

import itertools

ROUNDS = 4


def test_nothing_acknowledged_is_lost_whichever_of_two_is_active_and_however_that_one_ends(hosts):
    active, standing = hosts.pair()
    with hosts.traffic(active, "one") as one, hosts.traffic(standing, "two", kept=True) as two:
        for planned in itertools.islice(itertools.cycle((True, False)), ROUNDS):
            if planned:
                active.tell_to_end()
                assert active.ended() == 0
            else:
                active.kill()
            hosts.wait_until(standing.active, standing.log)
            through = one if one.host is standing else two
            through.goes_on()
            active.start()
            active, standing = standing, active
            for each in (one, two):
                each.goes_on()
    for each, host in ((one, active), (two, standing)):
        each.require_whole(host)
        assert not [failure for failure in each.failures if "404" in failure]  # it hung up, at worst
    active.kill()
    standing.kill()
    hosts.require_sound()
