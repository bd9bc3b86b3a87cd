"""Lives through a world with a policy."""

from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.renewal.policies import Policy
from benchmarks.renewal.world import Version, World

# The true error of a version just after a period.
Truth = Callable[[Version, int], float]


@dataclass
class Course:
    """What a policy came to.

    Attributes:
        errors: of each period served.
        promotions: how often another version began to serve.
        gains: by how much each promotion lowered the true error, where it is known.
    """

    errors: list[float] = field(default_factory=list)
    promotions: int = 0
    gains: list[float] = field(default_factory=list)

    @property
    def error(self) -> float:
        return sum(self.errors) / len(self.errors)

    @property
    def needless(self) -> int:
        """The promotions that did not lower the true error."""
        return sum(gain <= 0 for gain in self.gains)


def replay(world: World, policy: Policy, *, truth: Truth | None = None) -> Course:
    """Serve each period, then let the policy learn from the period whose truth has become known."""
    course = Course()
    for period in range(world.first, world.periods):
        course.errors.append(world.error(policy.champion, period))
        known = period - world.delay
        if known < world.first or period + 1 == world.periods:
            continue
        before = policy.champion
        policy.learn(known)
        if policy.champion != before:
            course.promotions += 1
            if truth:
                course.gains.append(truth(before, period) - truth(policy.champion, period))
    return course
