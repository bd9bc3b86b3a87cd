"""How GitHub names a repository to AWS: the beginning of the subject in the tokens of its workflows."""

import re

from evergreen import names


class UnusableRepository(ValueError):
    """What `-c pipeline` names cannot be a repository of GitHub. Nothing is synthesised."""


def subject_of(repository: str) -> str:
    """The beginning of the subject of each token that GitHub issues for workflows of this repository.

    Args:
        repository: OWNER/REPO, or OWNER@ID/REPO@ID where GitHub adds the numbers that outlive a renaming. It does for
            repositories that were made or renamed since July 2026
            (https://docs.github.com/actions/reference/security/oidc).

    Raises:
        UnusableRepository: it has another form, or characters that GitHub does not allow in names.
    """
    if not re.fullmatch(names.REPOSITORY, repository):
        raise UnusableRepository(
            f"-c pipeline={repository} is not a repository of GitHub: expected OWNER/REPO, or OWNER@ID/REPO@ID as "
            "`evergreen github` prints it"
        )
    return f"repo:{repository}"
