"""Every problem has a name of its own and a remedy."""

from wharf.verify.findings import Problem


def test_every_problem_has_a_name_of_its_own_and_a_remedy():
    assert len({problem.code for problem in Problem}) == len(Problem)
    assert all(problem.code[0].isupper() and problem.code.isalpha() for problem in Problem)
    assert all(problem.remedy for problem in Problem)
