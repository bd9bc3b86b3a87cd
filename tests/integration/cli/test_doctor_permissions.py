"""What the doctor finds by simulation, by Service Quotas and by Step Functions' validation."""

import json
from dataclasses import replace

import pytest

from cli.doctor.permissions import deploy_permissions, user_permissions
from cli.doctor.plan import Caller
from cli.doctor.quotas import function_quotas, job_quotas
from cli.doctor.state_machine import definition, state_machine
from cli.findings import failed
from evergreen import names
from evergreen.settings.model_toml import read_settings
from tests.integration.cli.test_doctor_account import described

ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/teams/deployer"
POLICY = f"arn:aws:iam::{ACCOUNT}:policy/evergreen-dev-user"
BOOTSTRAP_ROLES = [
    f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-{name}-{ACCOUNT}-us-east-1"
    for name in ("deploy-role", "file-publishing-role", "lookup-role")
]
PROCESSING, TRAINING = (f"ml.m5.large for {job} job usage" for job in ("processing", "training"))


def role_found(recorded, arn=ROLE):
    role = {"Path": "/", "RoleName": "deployer", "RoleId": "A" * 16, "Arn": arn, "CreateDate": "2026-11-30"}
    recorded.answers("iam", "get_role", {"Role": role}, RoleName="deployer")


def simulated(recorded, action, resource, decision="allowed", *, principal=ROLE, **details):
    result = {"EvalActionName": action, "EvalResourceName": resource, "EvalDecision": decision, **details}
    recorded.answers(
        "iam",
        "simulate_principal_policy",
        {"EvaluationResults": [result]},
        PolicySourceArn=principal,
        ActionNames=[action],
        ResourceArns=[resource],
    )


def test_who_may_take_on_the_roles_of_the_bootstrap_may_deploy(recorded, plan, caller):
    role_found(recorded)
    for role in BOOTSTRAP_ROLES:
        simulated(recorded, "sts:AssumeRole", role)

    (finding,) = deploy_permissions(plan, caller, recorded)
    assert finding.status == "ok"


@pytest.mark.parametrize(
    ("decision", "details", "said"),
    [
        ("implicitDeny", {}, "no policy allows it"),
        ("explicitDeny", {"MatchedStatements": [{"SourcePolicyId": "NoRoles"}]}, "explicitly denied by NoRoles"),
        (
            "implicitDeny",
            {"OrganizationsDecisionDetail": {"AllowedByOrganizations": False}},
            "denied by a policy of the organisation",
        ),
        (
            "implicitDeny",
            {"PermissionsBoundaryDecisionDetail": {"AllowedByPermissionsBoundary": False}},
            "denied by the permissions boundary",
        ),
    ],
)
def test_a_denial_names_the_role_and_who_denies_it(recorded, plan, caller, decision, details, said):
    role_found(recorded)
    simulated(recorded, "sts:AssumeRole", BOOTSTRAP_ROLES[0], decision, **details)
    for role in BOOTSTRAP_ROLES[1:]:
        simulated(recorded, "sts:AssumeRole", role)

    (finding,) = deploy_permissions(plan, caller, recorded)
    assert finding.status == "failed"
    assert finding.found == f"sts:AssumeRole on {BOOTSTRAP_ROLES[0]}: {said}"


def test_without_the_role_for_looking_only_diff_suffers(recorded, plan, caller):
    role_found(recorded)
    for role in BOOTSTRAP_ROLES[:2]:
        simulated(recorded, "sts:AssumeRole", role)
    simulated(recorded, "sts:AssumeRole", BOOTSTRAP_ROLES[2], "implicitDeny")

    (finding,) = deploy_permissions(plan, caller, recorded)
    assert (finding.status, "cdk diff" in finding.remedy) == ("warning", True)


def test_a_role_that_may_not_be_looked_up_is_taken_for_one_without_a_path(recorded, plan, caller):
    recorded.denies("iam", "get_role", "iam:GetRole")
    for role in BOOTSTRAP_ROLES:
        simulated(recorded, "sts:AssumeRole", role, principal=f"arn:aws:iam::{ACCOUNT}:role/deployer")

    assert deploy_permissions(plan, caller, recorded)[0].status == "ok"


def test_a_user_is_simulated_as_itself(recorded, plan):
    user = f"arn:aws:iam::{ACCOUNT}:user/people/me"
    for role in BOOTSTRAP_ROLES:
        simulated(recorded, "sts:AssumeRole", role, principal=user)

    assert deploy_permissions(plan, Caller(arn=user, account=ACCOUNT), recorded)[0].status == "ok"


@pytest.mark.parametrize(
    ("arn", "said"),
    [(f"arn:aws:iam::{ACCOUNT}:root", "the root user"), (f"arn:aws:sts::{ACCOUNT}:federated-user/me", "federated")],
)
def test_whom_nobody_can_simulate_is_said(recorded, plan, arn, said):
    (finding,) = deploy_permissions(plan, Caller(arn=arn, account=ACCOUNT), recorded)
    assert finding.status == "skipped"
    assert said in finding.found


@pytest.mark.parametrize("code", ["AccessDenied", "Throttling", "NoSuchEntity"])
def test_where_the_simulation_is_refused_it_is_skipped_with_the_reason(recorded, plan, caller, code):
    role_found(recorded)
    recorded.refuses("iam", "simulate_principal_policy", code)

    (finding,) = deploy_permissions(plan, caller, recorded)
    assert finding.status == "skipped"
    assert "SimulatePrincipalPolicy" in finding.found


def test_before_there_is_a_stack_nobody_is_told_what_its_users_lack(recorded, plan, caller):
    recorded.refuses("cloudformation", "describe_stacks", "ValidationError")

    assert user_permissions(plan, caller, recorded)[0].status == "skipped"


def test_what_a_user_lacks_of_the_stacks_own_policy_is_a_warning_with_the_policy_to_attach(recorded, plan, caller):
    machine, api = (f"arn:aws:{service}:us-east-1:{ACCOUNT}:thing" for service in ("states", "execute-api"))
    statements = [
        {"Effect": "Allow", "Action": "states:StartExecution", "Resource": machine},
        {"Effect": "Allow", "Action": ["execute-api:Invoke"], "Resource": [f"{api}/*/POST/predict"]},
        {"Effect": "Allow", "Action": "cloudwatch:GetDashboard", "Resource": "*"},
    ]
    recorded.answers("cloudformation", "describe_stacks", described("CREATE_COMPLETE", UserPolicy=POLICY))
    role_found(recorded)
    recorded.answers("iam", "get_policy", {"Policy": {"DefaultVersionId": "v1"}}, PolicyArn=POLICY)
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    recorded.answers("iam", "get_policy_version", {"PolicyVersion": {"Document": document}})
    simulated(recorded, "states:StartExecution", machine, "implicitDeny")
    simulated(recorded, "execute-api:Invoke", f"{api}/x/POST/predict")

    (finding,) = user_permissions(plan, caller, recorded)
    assert (finding.status, finding.found) == (
        "warning",
        f"states:StartExecution on {machine}: no policy allows it",
    )
    assert POLICY in finding.remedy


def quota(name, value, code="L-1", service="sagemaker"):
    return {"ServiceCode": service, "QuotaName": name, "QuotaCode": code, "Value": value}


def listed(recorded, *pages, operation="list_service_quotas", service="sagemaker"):
    for number, quotas in enumerate(pages):
        more = {"NextToken": str(number)} if number + 1 < len(pages) else {}
        asked = {"NextToken": str(number - 1)} if number else {}
        recorded.answers("service-quotas", operation, {"Quotas": quotas, **more}, ServiceCode=service, **asked)


def test_the_quotas_of_both_jobs_are_found_on_any_page(recorded, plan):
    listed(recorded, [quota(TRAINING, 4.0), quota("other", 0.0)], [quota(PROCESSING, 1.0)])

    assert [finding.status for finding in job_quotas(plan, recorded)] == ["ok", "ok"]


def test_a_quota_that_is_not_the_accounts_own_is_awss_default(recorded, plan):
    listed(recorded, [quota(TRAINING, 4.0)])
    listed(recorded, [quota(TRAINING, 0.0), quota(PROCESSING, 4.0)], operation="list_aws_default_service_quotas")

    assert [finding.status for finding in job_quotas(plan, recorded)] == ["ok", "ok"]


def test_a_quota_of_zero_fails_with_the_command_that_asks_for_one(recorded, plan):
    listed(recorded, [quota(TRAINING, 0.0, "L-611FA074"), quota(PROCESSING, 4.0)])
    recorded.answers("service-quotas", "list_requested_service_quota_change_history_by_quota", {"RequestedQuotas": []})

    processing, training = job_quotas(plan, recorded)
    assert (processing.status, training.status) == ("ok", "failed")
    assert training.remedy.startswith(
        "aws service-quotas request-service-quota-increase --service-code sagemaker --quota-code L-611FA074 "
        "--desired-value 1 --region us-east-1"
    )


def test_what_was_asked_for_already_is_not_asked_for_again(recorded, plan):
    listed(recorded, [quota(TRAINING, 0.0), quota(PROCESSING, 4.0)])
    asked = [{"Status": "DENIED", "DesiredValue": 8.0}, {"Status": "CASE_OPENED", "DesiredValue": 1.0}]
    recorded.answers(
        "service-quotas", "list_requested_service_quota_change_history_by_quota", {"RequestedQuotas": asked}
    )

    _, training = job_quotas(plan, recorded)
    assert (training.status, training.remedy[:47]) == ("failed", "1 was asked for and is CASE_OPENED: wait for AW")


def test_an_instance_that_the_region_does_not_know_is_a_warning(recorded, plan):
    listed(recorded, [quota(TRAINING, 4.0)])
    listed(recorded, [quota("other", 1.0)], operation="list_aws_default_service_quotas")

    processing, _ = job_quotas(plan, recorded)
    assert processing.status == "warning"
    assert PROCESSING in processing.found


@pytest.mark.parametrize(("at_once", "verdict"), [(1000.0, "ok"), (10.0, "warning")])
def test_few_functions_at_once_are_a_warning(recorded, plan, at_once, verdict):
    listed(recorded, [quota("Concurrent executions", at_once, "L-B99A9384", "lambda")], service="lambda")
    if verdict == "warning":
        recorded.denies("service-quotas", "list_requested_service_quota_change_history_by_quota", "servicequotas:List")

    (finding,) = function_quotas(plan, recorded)
    assert finding.status == verdict
    assert ("--quota-code L-B99A9384 --desired-value 1000" in finding.remedy) == (verdict == "warning")


def validated(recorded, result, *diagnostics):
    recorded.answers(
        "stepfunctions", "validate_state_machine_definition", {"result": result, "diagnostics": diagnostics}
    )


def test_a_definition_that_the_service_accepts_is_fine(recorded, plan, caller):
    validated(recorded, "OK")

    (finding,) = state_machine(plan, caller, recorded)
    assert finding.status == "ok"


def test_a_model_that_renews_itself_has_two_definitions(recorded, plan, caller, tmp_path):
    toml = tmp_path / "model.toml"
    toml.write_text(f"{plan.settings_file.read_text()}\n[renewal]\nenabled = true\nwindows = ['all']\n")
    for result in ("OK", "FAIL"):
        validated(recorded, result)

    (finding,) = state_machine(replace(plan, settings_file=toml), caller, recorded)
    assert finding.status == "failed"
    assert "of the renewal workflow" in finding.found


def test_a_model_with_a_feature_store_has_two_definitions(recorded, plan, caller, checkout):
    for result in ("OK", "FAIL"):
        validated(recorded, result)

    with_features = replace(plan, settings_file=checkout / "features" / "model.toml")
    (finding,) = state_machine(with_features, caller, recorded)
    assert finding.status == "failed"
    assert "of the feature_store workflow" in finding.found


def test_an_error_of_the_definition_fails_and_a_warning_does_not(recorded, plan, caller):
    common = {"message": "Why", "location": "/States/Train"}
    validated(
        recorded,
        "FAIL",
        {"severity": "ERROR", "code": "SCHEMA_VALIDATION_FAILED", **common},
        {"severity": "WARNING", "code": "NO_PATH", **common},
    )

    error, warning = state_machine(plan, caller, recorded)
    assert (error.status, warning.status) == ("failed", "warning")
    assert error.found == "SCHEMA_VALIDATION_FAILED at /States/Train: Why"


def test_the_result_counts_whatever_the_severities_are(recorded, plan, caller):
    validated(recorded, "FAIL", {"severity": "WARNING", "code": "NEW", "message": "Why"})

    assert failed(state_machine(plan, caller, recorded))


def test_the_definition_names_the_callers_account_and_the_server_of_ones_own(plan, caller, monkeypatch):
    monkeypatch.setenv(names.TRACKING_URI, "https://mlflow.example.com")
    settings = read_settings(plan.settings_file)
    states = json.loads(definition(plan, caller, settings))["States"]

    assert states["Train"]["Arguments"]["Environment"][names.TRACKING_URI] == "https://mlflow.example.com"
    assert f"arn:aws:iam::{ACCOUNT}:role/" in states["Train"]["Arguments"]["RoleArn"]
