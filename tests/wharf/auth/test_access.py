"""Which rule decides, and that what no rule allows is denied."""

from hypothesis import given
from hypothesis import strategies as st

from wharf.auth.access import ANONYMOUS, AccessPolicy, Subject, subject_of
from wharf.config import AccessRule, Robot
from wharf.protocol.globs import matches

ALICE = Subject("alice", frozenset({"builders"}))
BOB = Subject("bob")


def rule(*repositories, actions=("pull",), **who):
    return AccessRule(repositories=list(repositories), actions=list(actions), **who)


def test_without_rules_every_user_may_do_everything_and_nobody_else_anything():
    policy = AccessPolicy(None)
    assert policy.allows(BOB, "any/thing", "delete")
    assert not policy.allows(ANONYMOUS, "any/thing", "pull")
    assert not policy.open_to_anonymous()


def test_without_rules_and_users_everyone_may_do_everything():
    policy = AccessPolicy(None, login=False)
    assert policy.allows(ANONYMOUS, "any/thing", "push")
    assert policy.open_to_anonymous()


def test_an_empty_list_of_rules_allows_nothing():
    assert not AccessPolicy([]).allows(ALICE, "a", "pull")


def test_the_most_specific_pattern_decides_alone():
    policy = AccessPolicy([rule("**", users=["*"]), rule("team/secret", users=["alice"])])
    assert policy.allows(BOB, "team/open", "pull")
    assert policy.allows(ALICE, "team/secret", "pull")
    assert not policy.allows(BOB, "team/secret", "pull")


def test_one_star_is_more_specific_than_two():
    policy = AccessPolicy([rule("team/**", users=["bob"]), rule("team/*", users=["alice"])])
    assert not policy.allows(BOB, "team/app", "pull")
    assert policy.allows(BOB, "team/app/sub", "pull")


def test_rules_with_equally_specific_patterns_add_up():
    policy = AccessPolicy([rule("team/*", users=["bob"]), rule("team/*", users=["alice"], actions=["push"])])
    assert policy.allows(BOB, "team/app", "pull")
    assert policy.allows(ALICE, "team/app", "push")
    assert not policy.allows(ALICE, "team/app", "pull")


def test_what_is_open_to_anonymous_clients_is_open_to_users():
    policy = AccessPolicy([rule("public/**", anonymous=True)])
    assert policy.allows(ANONYMOUS, "public/a", "pull")
    assert policy.allows(BOB, "public/a", "pull")
    assert not policy.allows(ANONYMOUS, "public/a", "push")
    assert policy.open_to_anonymous()


def test_every_user_does_not_mean_anonymous_clients():
    policy = AccessPolicy([rule("**", users=["*"])])
    assert policy.allows(BOB, "a", "pull")
    assert not policy.allows(ANONYMOUS, "a", "pull")


def test_a_group_is_its_members():
    policy = AccessPolicy([rule("**", groups=["builders"])])
    assert policy.allows(subject_of("alice", {"builders": ["alice"], "others": ["bob"]}), "a", "pull")
    assert not policy.allows(subject_of("bob", {"builders": ["alice"], "others": ["bob"]}), "a", "pull")


def test_a_decision_names_the_rule_and_the_pattern():
    policy = AccessPolicy([rule("a/**", users=["x"]), rule("team/*", groups=["builders"])])
    assert policy.decide(ALICE, "team/app", "pull").reason == "rule 2 ('team/*') allows pull to group 'builders'"
    assert (
        "rule 2 ('team/*'), which does not allow push to user 'alice'"
        in policy.decide(ALICE, "team/app", "push").reason
    )
    assert "no rule matches" in policy.decide(ALICE, "other", "pull").reason


def paths(alphabet, longest, most):
    """Parts joined by slashes; an expression for st.from_regex() would take ten times as long."""
    return st.lists(st.text(alphabet, min_size=1, max_size=longest), min_size=1, max_size=most).map("/".join)


NAMES = paths("abc", 2, 4)
PATTERNS = st.builds(str.__add__, st.sampled_from(["", "**/"]), paths("abc*", 3, 3))


@given(NAMES, st.lists(PATTERNS, max_size=4))
def test_nothing_is_allowed_that_no_pattern_matches(name, patterns):
    policy = AccessPolicy([rule(pattern, users=["*"]) for pattern in patterns])
    assert policy.allows(BOB, name, "pull") == any(matches(pattern, name) for pattern in patterns)


@given(NAMES, st.lists(PATTERNS, max_size=4), PATTERNS)
def test_a_rule_for_somebody_else_never_opens_anything(name, patterns, extra):
    before = AccessPolicy([rule(pattern, users=["bob"]) for pattern in patterns])
    after = AccessPolicy([*before.rules, rule(extra, users=["alice"])])
    assert before.allows(BOB, name, "pull") or not after.allows(BOB, name, "pull")


def test_remembered_decisions_are_bounded():
    policy = AccessPolicy([rule("**", users=["*"])])
    for number in range(5000):
        policy.decide(BOB, f"r{number}", "pull")
    assert len(policy._deciding) <= 4096


PULLER = Subject("_pull")


def robots(*repositories, actions=("pull",)):
    return {"_pull": Robot(repositories=list(repositories), actions=list(actions))}


def test_a_robot_may_do_what_it_is_granted_where_there_are_no_rules():
    policy = AccessPolicy(None, robots=robots("**"))
    assert policy.allows(PULLER, "any/thing", "pull")
    assert not policy.allows(PULLER, "any/thing", "push", "delete")
    assert policy.allows(BOB, "any/thing", "delete")


def test_rules_for_users_neither_give_a_robot_anything_nor_take_it_away():
    rules = [rule("**", users=["*", "_pull"], actions=["push"]), rule("team/secret", users=["alice"])]
    policy = AccessPolicy(rules, robots=robots("team/**"))
    assert policy.allows(PULLER, "team/secret", "pull")
    assert not policy.allows(PULLER, "other", "pull", "push")


def test_what_is_open_to_all_is_open_to_a_robot():
    policy = AccessPolicy([rule("public/**", anonymous=True)], robots=robots("team/**"))
    assert policy.decide(PULLER, "public/a", "pull").reason == "rule 1 ('public/**') allows pull to everyone"
    assert not policy.allows(PULLER, "public/a", "push")


def test_a_token_narrows_a_robot_as_it_does_anyone():
    policy = AccessPolicy(None, robots=robots("**", actions=("pull", "push")))
    scoped = Subject("_pull", scope=frozenset({("repository", "a", "pull")}))
    assert policy.allows(scoped, "a", "pull")
    assert not policy.allows(scoped, "a", "push")


def test_a_decision_about_a_robot_names_its_grant():
    policy = AccessPolicy([], robots=robots("a/*"))
    assert policy.decide(PULLER, "a/b", "pull").reason == "robot '_pull' is granted pull in 'a/*'"
    assert (
        policy.decide(PULLER, "a/b", "push").reason
        == "robot '_pull' is granted pull in 'a/*' only, and rules for users do not concern it"
    )
