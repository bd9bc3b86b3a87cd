"""What a renewal tells people, in JSONata: what came of it and why, what it cost, and what happens next."""

from typing import Any

from infra.training.addresses import Addresses
from infra.training.messages import publication

# What was promoted is not called as the renewal is, and stays champion if only the ledger does not hear of it.
CHAMPION_AFTER_FAILURE = (
    "$champion := $failure.state = 'Promote' ?"
    " 'The champion may have moved already: see evergreen versions. evergreen rollback ' & $decision.version"
    " & ' completes it.' :"
    " $decision.promote ? 'Version ' & $decision.version & ' has become champion.' :"
    " 'The champion is unchanged.'; "
    "$champion := $champion & ' The renewal began because of this: ' & $reason & '.'; "
)

_WORDS = (
    "$challengers := $join($map($run.challengers, function($each)"
    " { '\\n  - ' & $each.name & ($each.name = $each.version ? '' : ' (' & $each.version & ')') & ': ' & $each.reason"
    " })); $next := $run.outcome = 'promoted'"
    " ? 'The endpoint serves it within a minute. It is watched: if ' & $begun.champion.version & ' would have done"
    " better on the next rows, it takes its place back.'"
    " : 'Version ' & $begun.champion.version & ' goes on serving.'; "
)


def renewal_message(at: Addresses) -> dict[str, Any]:
    """Of a renewal that has come to its end: promoted, kept or refused."""
    subject = (
        f"'Evergreen {at.environment}: {at.model_name} ' & ($run.outcome = 'promoted'"
        " ? 'renewed by ' & $run.promoted : 'not renewed')"
    )
    text = (
        f"'The renewal ' & $version & ' of {at.model_name} began because of this: ' & $reason & '.\\n\\n'"
        " & 'What came of it: ' & $run.outcome & ($run.outcome = 'promoted' ? ' version ' & $run.promoted : '')"
        " & '.\\nWhy: ' & $run.told"
        " & ($exists($decision.summary) ? '\\n\\n' & $decision.summary : '')"
        " & ($run.challengers ? '\\n\\nChallengers, on ' & $string($run.rows) & ' labelled predictions:' & $challengers"
        " : '')"
        " & '\\n\\nWhat it cost: ' & $formatNumber($run.dollars, '0.00') & ' dollars of jobs'"
        " & '\\n\\nWhat happens next: ' & $next"
        f" & '\\n\\nAll renewals: evergreen renewals -e {at.environment}. To stop them: evergreen pause"
        f" -e {at.environment}'"
    )
    return publication(at, subject=subject, text=text, words=_WORDS)


def untrained_message(at: Addresses) -> dict[str, Any]:
    """Of new data that nothing was trained on."""
    subject = f"'Evergreen {at.environment}: {at.model_name} not trained on new data'"
    text = (
        f"'The data bucket of {at.model_name} has a new version of the data, ' & $new_data & ', and nothing was trained"
        " on it.\\n\\nWhy: ' & $decision.told"
        f" & '\\n\\nWhat happens next: nothing by itself. To train on it: evergreen train -e {at.environment} --data '"
        " & $new_data"
    )
    return publication(at, subject=subject, text=text, words="")
