"""What a test asks of the passwords that clients log in with."""

from wharfinger.decide.htpasswd import parse


def lines(here):
    """The lines of people; the operator's own robots have some too."""
    return [line for line in parse(here.data("team-htpasswd", "htpasswd")) if not line.user.startswith("_")]


def works(here, user, password):
    """Whether somebody can log in."""
    return any(
        line.user == user and here.mint.verify(password, line.hash) and (not line.expires or line.expires > here.now)
        for line in lines(here)
    )


def start(world, **auth):
    """A Registry with these users, at rest."""
    here = world({"auth": auth} if auth else {})
    here.settle()
    return here
