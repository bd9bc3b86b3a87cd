"""What a pipeline writes into a comment, from what the CDK and Judge have said."""

from cli.pipeline import comment
from cli.pipeline.infrastructure import comment_on

GATE = {"name": "champion", "passed": True, "reason": "mape 7.52% beats 12.2% of the champion", "numbers": {}}
DIFF = """
IAM Statement Changes
┌───┬──────────┐
│ + │ s3:Get   │
└───┴──────────┘

Resources
[+] AWS::IAM::Policy Tracking/Role/DefaultPolicy TrackingRoleDefaultPolicyDFF46164
[~] AWS::S3::Bucket Data/Bucket DataBucketE6B0FAA8 replace
 └─ [-] BucketName (requires replacement)
[~] AWS::CloudWatch::Alarm Alarms/PredictionErrors AlarmsPredictionErrors443199C5
 └─ [~] Threshold
[-] AWS::SNS::Topic Topic/Old TopicOld1 destroy

✨  Number of stacks with differences: 1
""".splitlines()


def decision(*, promote=True, mape=0.0752, reason=None):
    return {
        "version": "20261124-172350-eb16",
        "promote": promote,
        "reason": reason or GATE["reason"],
        "gates": [GATE],
        "metrics": {
            "metric": "mape",
            "holdout": {"rmse": 20100.0, "mape": mape, "r2": None},
            "baseline": {"rmse": 50000.0, "mape": 0.24},
        },
    }


def row(text, name):
    (found,) = [line for line in text.splitlines() if line.startswith(f"| {name} ")]
    return [cell.strip() for cell in found.strip("|").split("|")]


def test_the_metrics_stand_beside_those_of_the_base():
    text = comment.of_training(decision(), decision(mape=0.122), base_name="origin/main", notes=["One note."])

    assert text.startswith("## Training: the model would be promoted\n")
    assert row(text, "metric") == ["metric", "here", "origin/main", "baseline"]
    assert row(text, r"\*\*mape\*\*".replace("\\", "")) == ["**mape**", "7.52%", "12.2%", "24%"]
    assert row(text, "r2") == ["r2", "", "", ""]
    assert "| champion | yes | mape 7.52% beats 12.2% of the champion |" in text
    assert text.rstrip().endswith("- One note.")


def test_a_model_that_is_not_promoted_is_said_to_be_none_first():
    text = comment.of_training(decision(promote=False), None, base_name="main", notes=[])

    assert text.startswith("## Training: the model would not be promoted\n")
    assert row(text, "metric") == ["metric", "here", "baseline"]


def test_what_a_table_holds_is_no_markup_in_a_comment():
    wrong = decision(reason="city <img src=x onerror=alert(1)> [click](http://example.com) is `new` to @octocat")
    wrong["gates"] = [{**GATE, "reason": wrong["reason"]}]
    text = comment.of_training(wrong, None, base_name="<b>main", notes=["**bold**"])

    assert "<img" not in text.replace(r"\<img", "")
    assert "[click]" not in text.replace(r"\[click\]", "")
    assert r"\*\*bold\*\*" in text
    # Nor does it call anybody.
    assert "@octocat" not in text


def test_a_failure_is_quoted_whatever_stands_in_it():
    text = comment.of_no_training("it says ``` and <b>", failed=True)

    assert text.startswith("## Training: it failed\n")
    assert "````text\nit says ``` and <b>\n````" in text


def test_the_infrastructure_is_counted_and_what_is_lost_stands_first():
    text = comment_on(DIFF, stack="evergreen-dev", against="what is deployed")

    assert text.startswith("## Infrastructure: 1 new, 2 changed, 1 removed\n")
    assert (
        "**Replaced or removed:**\n\n- `~` `AWS::S3::Bucket` `Data/Bucket`\n- `-` `AWS::SNS::Topic` `Topic/Old`\n"
        in text
    )
    assert "**Permissions:**\n\n- `+` `AWS::IAM::Policy` `Tracking/Role/DefaultPolicy`\n" in text
    assert "└─ [~] Threshold" in text
    assert text.index("**Replaced or removed:**") < text.index("**Permissions:**") < text.index("<details>")


def test_new_code_is_told_apart_from_a_change_of_what_there_is():
    old, new = "a" * 64, "b" * 64
    lines = [
        "Resources",
        "[~] AWS::IAM::Policy Training/PrepareRole/DefaultPolicy TrainingPrepareRoleDefaultPolicy91304C86",
        " └─ [~] PolicyDocument",
        f'            [-]       "/{old}.gz"',
        f'            [+]       "/{new}.gz"',
        "[~] AWS::Lambda::Function Prediction/Predict/Function PredictionPredictFunction6B0D888E",
        " ├─ [~] Code",
        f" │       ├─ [-] {old}.zip",
        f" │       └─ [+] {new}.zip",
        " └─ [~] MemorySize",
        "     ├─ [-] 512",
        "     └─ [+] 1024",
        "",
        "Outputs",
    ]
    text = comment_on(lines, stack="evergreen-dev", against="what is deployed")

    assert text.startswith("## Infrastructure: 1 changed, 1 with new code only\n")
    assert "**All but new code:**\n\n- `~` `AWS::Lambda::Function` `Prediction/Predict/Function`\n" in text
    assert "**Permissions:**" not in text


def test_no_change_is_said_in_a_line():
    lines = ["There were no differences", "", "", "✨  Number of stacks with differences: 0", ""]
    text = comment_on(lines, stack="evergreen-dev", against="the template of origin/main")

    assert text == "## Infrastructure: no change\n\n`evergreen-dev` is as the template of origin/main.\n"


def test_a_change_of_an_output_alone_is_no_silence():
    lines = ["Outputs", "[~] Output SourceDigest SourceDigest: {}", "", "✨  Number of stacks with differences: 1"]
    text = comment_on(lines, stack="evergreen-dev", against="what is deployed")

    assert text.startswith("## Infrastructure: no resource changes\n")
    assert "Output SourceDigest" in text


def test_two_results_fit_into_one_comment_of_github():
    long = comment_on(["x" * 200] * 5000, stack="evergreen-dev", against="what is deployed")
    failed = comment.of_no_training("y" * 100_000, failed=True)

    assert len(long) + len(failed) < 65_536
    assert "(cut: the rest is in the log of the job)" in long
    # The block is closed, so that what follows is not part of it.
    assert long.rstrip().endswith("```\n\n</details>")


def test_a_version_has_its_gates():
    text = comment.of_gates(decision())

    assert text.startswith("## Version 20261124-172350-eb16\n")
    assert "**Promoted**" in text
