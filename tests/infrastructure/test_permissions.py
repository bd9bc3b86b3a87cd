"""Who may do what, and what must be absent. docs/grants.md lists every grant: see test_grants_table.py."""

import fnmatch

import pytest

from infra.environments import ENVIRONMENTS
from infra.training.addresses import job_prefix, training_jobs

PREDICT = "Prediction/Predict/Role"
LEASE = "Training/Lease/Role"
JUDGE = "Training/Judge/Role"
PROMOTE = "Training/Promote/Role"
MACHINE = "Training/Role"
CHECK = "Monitoring/CheckDrift/Role"
NOTIFY = "Notifier/Notify/Role"
TRAIN = "Training/TrainRole"
JOBS = ("Training/PrepareRole", TRAIN)

# Actions that know no resources, and the condition that narrows them where there is one.
WITHOUT_RESOURCE = {
    "ecr:GetAuthorizationToken": None,
    "cloudwatch:PutMetricData": "cloudwatch:namespace",
    # Step Functions' log delivery: https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html
    "logs:CreateLogDelivery": None,
    "logs:DeleteLogDelivery": None,
    "logs:DescribeLogGroups": None,
    "logs:DescribeResourcePolicies": None,
    "logs:GetLogDelivery": None,
    "logs:ListLogDeliveries": None,
    "logs:PutResourcePolicy": None,
    "logs:UpdateLogDelivery": None,
}


@pytest.fixture
def statements(template):
    return list(template.role_statements())


def granted(statements, who, action):
    """The resources on which a role may do something."""
    return {
        resource
        for statement in statements
        if statement.who == who and action in statement.actions
        for resource in statement.resources
    }


def actions_of(statements, who):
    return {action for statement in statements if statement.who == who for action in statement.actions}


def test_no_grant_is_a_wildcard(statements):
    for statement in statements:
        for action in statement.actions:
            assert "*" not in action, f"{statement.who}: {action}"


def test_only_actions_that_know_no_resources_are_granted_on_all(statements):
    for statement in statements:
        if "*" in statement.resources:
            for action in statement.actions:
                assert action in WITHOUT_RESOURCE, f"{statement.who}: {action}"
                key = WITHOUT_RESOURCE[action]
                assert key is None or any(key in keys for keys in statement.conditions.values())


def test_no_grant_holds_an_unrendered_expression(template):
    # The CDK's own SageMaker task writes the job's name, a JSONata expression, into an ARN.
    for statement in template.role_statements():
        for resource in statement.resources:
            assert "{%" not in resource


def test_each_role_is_assumed_by_one_service(template):
    trusted = {}
    for path, properties in template.properties("AWS::IAM::Role").items():
        (statement,) = properties["AssumeRolePolicyDocument"]["Statement"]
        trusted[path] = statement["Principal"]
        assert (statement["Action"], statement["Effect"]) == ("sts:AssumeRole", "Allow")
        assert "ManagedPolicyArns" not in properties
        assert "Policies" not in properties
    service = {
        **dict.fromkeys((PREDICT, LEASE, JUDGE, PROMOTE, CHECK, NOTIFY), "lambda"),
        "Capture/DeliveryRole": "firehose",
        "Capture/SubscriptionRole": "logs",
        "Monitoring/ScheduleRole": "scheduler",
        **dict.fromkeys((*JOBS, "Tracking/Role"), "sagemaker"),
        MACHINE: "states",
    }
    assert trusted == {path: {"Service": f"{name}.amazonaws.com"} for path, name in service.items()}


# AWS documents that a topic's statement for EventBridge must have no condition: with one, nothing is ever delivered.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
WITHOUT_CONDITION = {("events.amazonaws.com", "sns:Publish")}
# AWS does not document that these say for whom they act when they take on a role.
UNDOCUMENTED = {"Tracking/Role", "Capture/DeliveryRole", PREDICT, LEASE, JUDGE, PROMOTE, CHECK, NOTIFY}


def test_whatever_a_service_is_trusted_with_it_does_for_this_account(template):
    trusts = [
        (path, "sts:AssumeRole", statement.get("Condition", {}))
        for path, properties in template.properties("AWS::IAM::Role").items()
        for statement in properties["AssumeRolePolicyDocument"]["Statement"]
    ]
    grants = [
        (statement.who, action, statement.conditions)
        for statement in template.service_statements()
        for action in statement.actions
    ]
    for service, action, conditions in [*trusts, *grants]:
        keys = {key for condition in conditions.values() for key in condition}
        if (service, action) in WITHOUT_CONDITION or service in UNDOCUMENTED:
            assert not keys
        else:
            assert keys & {"aws:SourceAccount", "aws:SourceArn"}, f"{service}: {action}"


def test_training_writes_below_the_names_of_training_jobs_and_streams_of_its_own(statements, template):
    bundles = f"arn:aws:s3:::models-bucket/models/{template.model}"
    assert TRAIN not in writers(statements, f"{bundles}/another/output/model.tar.gz")
    for who in JOBS:
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            (streams,) = granted(statements, who, action)
            assert streams.endswith(f"Jobs:log-stream:{job_prefix(template.environment.name)}*")


def referred(value):
    """Logical ids that a value refers to."""
    if isinstance(value, dict):
        if "Fn::GetAtt" in value:
            yield value["Fn::GetAtt"][0]
        value = list(value.values())
    for item in value if isinstance(value, list) else ():
        yield from referred(item)


# A schedule takes on its role when it fires.
TAKING_ON_A_ROLE = (
    "AWS::KinesisFirehose::DeliveryStream",
    "AWS::Lambda::Function",
    "AWS::Logs::SubscriptionFilter",
    "AWS::SageMaker::MlflowApp",
    "AWS::StepFunctions::StateMachine",
)


@pytest.mark.parametrize("type_", TAKING_ON_A_ROLE)
def test_whatever_takes_on_a_role_when_it_is_created_waits_for_what_the_role_may_do(template, type_):
    # IAM is told of the policy in a step of its own: until then a check at creation fails, now and then.
    resources = template.document["Resources"]
    found = [resource for resource in resources.values() if resource["Type"] == type_]
    assert found
    for resource in found:
        # Of a state machine, the definition names the roles of the jobs.
        properties = {key: value for key, value in resource["Properties"].items() if key != "DefinitionString"}
        roles = set(referred(properties))
        policies = {
            id_
            for id_, policy in resources.items()
            if policy["Type"] == "AWS::IAM::Policy" and roles & {role["Ref"] for role in policy["Properties"]["Roles"]}
        }
        assert policies
        assert policies <= set(resource.get("DependsOn", []))


def test_predict_reads_models_and_writes_its_log_and_nothing_else(statements, template):
    assert actions_of(statements, PREDICT) == {
        "s3:GetObject",
        "s3:ListBucket",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    }
    assert granted(statements, PREDICT, "s3:GetObject") == {
        *(
            f"arn:aws:s3:::models-bucket/models/{template.model}/*/output/model/{name}.json"
            for name in ("model", "contract", "metrics")
        ),
        f"arn:aws:s3:::models-bucket/champions/{template.model}.json",
    }


def writers(statements, arn):
    """Who may write an object."""
    return {
        statement.who
        for statement in statements
        for resource in statement.resources
        if "s3:PutObject" in statement.actions and may_match(resource, arn)
    }


def test_only_promote_writes_the_champion_pointer(statements, template):
    pointer = f"arn:aws:s3:::models-bucket/champions/{template.model}.json"
    assert writers(statements, pointer) == {PROMOTE}
    assert granted(statements, PROMOTE, "s3:PutObject") == {pointer, "arn:aws:s3:::models-bucket/mlflow/*"}


def may_match(pattern, arn):
    """Whether an IAM resource covers an ARN. In IAM as in fnmatch, * and ? cover slashes too."""
    return fnmatch.fnmatchcase(arn, pattern)


def test_only_the_lease_function_writes_the_lease(statements, template):
    lease = f"arn:aws:s3:::models-bucket/leases/{template.model}.json"
    assert writers(statements, lease) == {LEASE}
    assert granted(statements, LEASE, "s3:PutObject") == {lease}
    pointer = f"arn:aws:s3:::models-bucket/champions/{template.model}.json"
    assert granted(statements, LEASE, "s3:GetObject") == {lease, pointer}
    assert {action.partition(":")[0] for action in actions_of(statements, LEASE)} == {"s3", "logs", "sqs"}


def test_judge_unpacks_bundles_and_writes_its_verdict_beside_them(statements, template):
    job = f"evergreen-{template.environment.name}-20261123-204648-97ae-train-00"
    folder = f"arn:aws:s3:::models-bucket/models/{template.model}/{job}"
    for name in ("decision.json", "model_card.html", "model_card.md"):
        assert JUDGE in writers(statements, f"{folder}/{name}")
        assert writers(statements, f"{folder}/output/model/{name}") == {TRAIN, JUDGE}
    written = granted(statements, JUDGE, "s3:PutObject")
    assert written == {
        *(
            f"arn:aws:s3:::models-bucket/models/{template.model}/{training_jobs(template.environment.name)}/{name}"
            for name in ("decision.json", "model_card.html", "model_card.md", "output/model/*")
        ),
        "arn:aws:s3:::models-bucket/mlflow/*",
    }
    services = {action.partition(":")[0] for action in actions_of(statements, JUDGE)}
    assert services == {"s3", "logs", "sagemaker"}


def test_preparing_reads_contracts_of_bundles_and_nothing_else_of_them(statements, template):
    prepare, _ = JOBS
    contract = f"arn:aws:s3:::models-bucket/models/{template.model}/*/output/model/contract.json"
    assert {on for on in granted(statements, prepare, "s3:GetObject") if "models-bucket" in on} == {contract}
    assert {on for on in granted(statements, prepare, "s3:PutObject") if "models-bucket" in on} == set()


def test_only_training_uploads_the_archive_of_a_bundle(statements, template):
    job = f"evergreen-{template.environment.name}-20261123-204648-97ae-train-00"
    archive = f"arn:aws:s3:::models-bucket/models/{template.model}/{job}/output/model.tar.gz"
    assert writers(statements, archive) == {TRAIN}


def test_nobody_may_delete_or_change_buckets_and_their_policies(statements):
    used = {action for statement in statements for action in statement.actions if action.startswith("s3:")}
    writing = {"s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}
    assert used == {"s3:GetObject", "s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads", *writing}


def test_the_check_writes_its_results_and_changes_neither_captures_nor_models(statements):
    assert granted(statements, CHECK, "s3:PutObject") == {"arn:aws:s3:::capture-bucket/checks/*"}
    assert {action.partition(":")[0] for action in actions_of(statements, CHECK)} == {"s3", "logs", "sqs"}


def test_the_notifier_reads_results_and_publishes_to_the_topic_alone(statements, template):
    topic = f"arn:aws:sns:{template.environment.region}:111122223333:notifications-topic"
    assert granted(statements, NOTIFY, "s3:GetObject") == {"arn:aws:s3:::capture-bucket/checks/*"}
    assert granted(statements, NOTIFY, "sns:Publish") == {topic}
    assert {action.partition(":")[0] for action in actions_of(statements, NOTIFY)} == {"s3", "logs", "sqs", "sns"}


def test_only_firehose_writes_captures(statements):
    for prefix in ("predictions", "feedback"):
        assert writers(statements, f"arn:aws:s3:::capture-bucket/{prefix}/x") == {"Capture/DeliveryRole"}


def test_jobs_and_functions_start_nothing(statements):
    for who in (PREDICT, LEASE, JUDGE, PROMOTE, CHECK, *JOBS):
        services = {action.partition(":")[0] for action in actions_of(statements, who)}
        assert not services & {"states", "sns", "lambda", "iam", "events"}
        sagemaker = {action for action in actions_of(statements, who) if action.startswith("sagemaker:")}
        assert sagemaker <= {"sagemaker:CallMlflowAppApi"}


def test_the_state_machine_touches_jobs_of_its_own_environment_only(statements, template):
    environment = template.environment
    jobs = f"arn:aws:sagemaker:{environment.region}:111122223333:"
    prefix = job_prefix(environment.name)
    for kind, resource in (("TrainingJob", "training-job"), ("ProcessingJob", "processing-job")):
        for verb in ("Create", "Describe", "Stop"):
            assert granted(statements, MACHINE, f"sagemaker:{verb}{kind}") == {f"{jobs}{resource}/{prefix}*"}
    assert granted(statements, MACHINE, "sagemaker:AddTags") == {
        f"{jobs}training-job/{prefix}*",
        f"{jobs}processing-job/{prefix}*",
    }


def test_no_environments_prefix_covers_anothers_jobs():
    prefixes = [job_prefix(environment.name) for environment in ENVIRONMENTS]
    for prefix in prefixes:
        assert [other for other in prefixes if other.startswith(prefix)] == [prefix]


def test_the_state_machine_hears_of_a_jobs_end(statements, template):
    # Without these three actions on the two rules, .sync tasks are refused when the machine is created.
    rules = f"arn:aws:events:{template.environment.region}:111122223333:rule/StepFunctionsGetEventsForSageMaker"
    for action in ("events:PutTargets", "events:PutRule", "events:DescribeRule"):
        assert granted(statements, MACHINE, action) == {f"{rules}TrainingJobsRule", f"{rules}ProcessingJobsRule"}


def test_the_state_machine_calls_its_own_functions_and_its_topic(statements, template):
    here = f"{template.environment.region}:111122223333"
    functions = {f"arn:aws:lambda:{here}:function:training-{name}-function" for name in ("lease", "judge", "promote")}
    assert granted(statements, MACHINE, "lambda:InvokeFunction") == functions
    assert granted(statements, MACHINE, "sns:Publish") == {f"arn:aws:sns:{here}:notifications-topic"}


def test_roles_are_passed_to_sagemaker_only_and_only_the_jobs_own(statements):
    passing = [statement for statement in statements if any("PassRole" in action for action in statement.actions)]
    assert [statement.who for statement in passing] == [MACHINE]
    (statement,) = passing
    assert set(statement.resources) == {
        "arn:aws:iam::111122223333:role/training-preparerole",
        "arn:aws:iam::111122223333:role/training-trainrole",
    }
    assert statement.conditions == {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}


def test_jobs_may_pull_their_image_and_no_other(statements, template):
    image = template.state_machine()["States"]["Train"]["Arguments"]["AlgorithmSpecification"]["TrainingImage"]
    registry, _, tagged = image.partition("/")
    account, _, _, region, *_ = registry.split(".")
    for who in JOBS:
        for action in ("ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"):
            assert granted(statements, who, action) == {
                f"arn:aws:ecr:{region}:{account}:repository/{tagged.partition(':')[0]}"
            }
