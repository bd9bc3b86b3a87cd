"""What the training state machine tells people, in JSONata: its decision, or its failure, by SNS.

An SNS subject is ASCII of at most 100 characters: a model's name has 40 at most, a version 20.
"""

from typing import Any

from infra.training.addresses import Addresses

# A job's error carries the whole job as JSON, a function's the exception: what a person wants is one line of it.
# A cause that was cut off for its length is no JSON any more, and stands for itself.
_PARSED = (
    "$whole := $substring($failure.cause, 0, 1) = '{' and $substring($failure.cause, -1) = '}';"
    " $parsed := $whole ? $parse($failure.cause) : {};"
    " $kind := $parsed.TrainingJobName ? 'Training' : 'Processing';"
)
# A job that has reached its limit is stopped, and has no reason of its own.
_STOPPED = (
    "'the job was stopped: by its limit of ' & $string($parsed.StoppingCondition.MaxRuntimeInSeconds) & ' seconds,"
    " which is ' & ($kind = 'Training' ? 'train_seconds' : 'prepare_seconds') & ' in infra/environments.py, or by"
    " somebody before'"
)
_WITHOUT_REASON = (
    "'the job gave no reason. Its log: CloudWatch, log group /aws/sagemaker/' & $kind & 'Jobs, streams '"
    " & ($kind = 'Training' ? $parsed.TrainingJobName : $parsed.ProcessingJobName)"
)
# Of a processing job, FailureReason says no more than "AlgorithmError: See job logs for more information", and the
# job's own words are its ExitMessage. A training job has its own words in FailureReason, between what AWS puts there.
_REASON = (
    "$reason := $parsed.ExitMessage ? $parsed.ExitMessage : $parsed.FailureReason;"
    " $reason := $substringBefore($substringAfter($reason, 'AlgorithmError: '), ', exit code: ');"
)
FAILURE_IN_WORDS = (
    f"({_PARSED} {_REASON}"
    " $failure.told ? $failure.told :"
    f" $parsed.TrainingJobStatus = 'Stopped' or $parsed.ProcessingJobStatus = 'Stopped' ? {_STOPPED} :"
    # The last is all that the older of the image's two toolkits leaves of a script that failed without a word.
    f" $contains($reason, 'See job logs for more information') or $contains($reason, 'ExecuteUserScriptError') ?"
    f" {_WITHOUT_REASON} :"
    " $reason ? $reason : $parsed.errorMessage ? $parsed.errorMessage : $failure.cause)"
)

# Promote moves the pointer first, and may fail at what comes after.
_CHAMPION_AFTER_FAILURE = (
    "$champion := $failure.state = 'Promote' ?"
    " 'The champion may have moved already: see evergreen versions. evergreen rollback ' & $version & ' completes it.'"
    " :"
    " 'The champion is unchanged.'; "
)

# What each gate says, and what happens next.
_DECISION_IN_WORDS = (
    "$gates := $join($map($decision.gates, function($gate)"
    " { '\\n  - ' & $gate.name & ': ' & ($gate.passed ? 'passed' : 'FAILED') & ', ' & $gate.reason }));"
    " $next := $decision.promote ? 'The endpoint serves it within a minute, or from the first request after that on.' :"
    " $decision.champion ? 'Version ' & $decision.champion & ' goes on serving.' :"
    " 'No model has been promoted yet: the endpoint answers 503.'; "
)


def failure_message(
    at: Addresses, what: str = "training", *, champion: str = _CHAMPION_AFTER_FAILURE
) -> dict[str, Any]:
    """Of a failed state: which, why in the words of what failed, and what it means for the champion.

    Args:
        what: has failed.
        champion: assigns to $champion what is said of it.
    """
    subject = f"'Evergreen {at.environment}: {what} failed at ' & $failure.state"
    text = (
        f"'{what.title()} version ' & $version & ' of {at.model_name} failed at ' & $failure.state & '.\\n\\n'"
        " & 'Cause: ' & $failure.words & '\\n\\n' & $champion & ' Execution: ' & $states.context.Execution.Id"
    )
    return publication(at, subject=subject, text=text, words=champion)


def decision_message(at: Addresses) -> dict[str, Any]:
    """Of a judged version: whether it was promoted, why, and what to look at."""
    verdict = "($decision.promote ? 'promoted' : 'not promoted')"
    subject = f"'Evergreen {at.environment}: {at.model_name} ' & $version & ' ' & {verdict}"
    text = (
        f"'Version ' & $version & ' of {at.model_name} was ' & {verdict} & '.\\n\\n'"
        " & 'Why: ' & $decision.reason & '\\n\\n' & $decision.summary & '\\n'"
        " & '\\nGates:' & $gates & '\\n\\nWhat happens next: ' & $next"
        f" & '\\n\\nIts model card: evergreen card -e {at.environment} --version ' & $version"
        f" & '\\nAll versions: evergreen versions -e {at.environment}'"
    )
    return publication(at, subject=subject, text=text, words=_DECISION_IN_WORDS)


def publication(at: Addresses, *, subject: str, text: str, words: str) -> dict[str, Any]:
    """The arguments of SNS Publish.

    Args:
        subject, text: JSONata expressions.
        words: assignments that the text needs.
    """
    if at.chat:
        # https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html
        # What stands between angle brackets would be a link, or call a person; the words may quote the table.
        shown = f"$replace($replace({text}, '<', '('), '>', ')')"
        content = f"{{'textType': 'client-markdown', 'title': {subject}, 'description': {shown}}}"
        text = f"$string({{'version': '1.0', 'source': 'custom', 'content': {content}}})"
    return {"TopicArn": at.topic, "Subject": f"{{% {subject} %}}", "Message": f"{{% ({words}{text}) %}}"}
