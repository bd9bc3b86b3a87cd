"""Service Quotas and the validation of definitions in the embedded cloud, by clients of AWS."""

import json

import pytest
from botocore.exceptions import ClientError

from local.environments import QUOTAS
from local.services.quotas import answer

TRAINING = "ml.m5.large for training job usage"
DEFINITION = {"QueryLanguage": "JSONata", "StartAt": "Only", "States": {"Only": {"Type": "Pass", "End": True}}}


def by_name(quotas, operation, service="sagemaker"):
    pages = list(quotas.get_paginator(operation).paginate(ServiceCode=service))
    return len(pages), {quota["QuotaName"]: quota for page in pages for quota in page["Quotas"]}


def test_quotas_come_in_pages_and_one_has_a_default_only(aws):
    quotas = aws.client("service-quotas")

    pages, applied = by_name(quotas, "list_service_quotas")
    assert pages > 1
    assert (applied[TRAINING]["Value"], applied[TRAINING]["QuotaCode"]) == (4, "L-611FA074")
    _, defaults = by_name(quotas, "list_aws_default_service_quotas")
    assert "ml.m5.large for processing job usage" in defaults.keys() - applied.keys()


def test_concurrency_is_that_of_a_new_account(aws):
    quotas = aws.client("service-quotas")

    one = quotas.get_service_quota(ServiceCode="lambda", QuotaCode="L-B99A9384")["Quota"]
    assert (one["QuotaName"], one["Value"], one["Unit"]) == ("Concurrent executions", 10, "None")
    assert quotas.get_aws_default_service_quota(ServiceCode="lambda", QuotaCode="L-B99A9384")["Quota"]["Value"] == 1000


@pytest.mark.parametrize(("service", "code"), [("lambda", "L-UNKNOWN"), ("no-service", "L-B99A9384")])
def test_a_quota_that_is_not_there_is_refused_as_aws_refuses_it(aws, service, code):
    with pytest.raises(ClientError, match="NoSuchResourceException"):
        aws.client("service-quotas").get_service_quota(ServiceCode=service, QuotaCode=code)


def test_without_the_permission_nobody_looks(aws):
    client = aws.as_caller(**aws.session_of(aws.role()))("service-quotas")

    with pytest.raises(ClientError, match="servicequotas:ListServiceQuotas"):
        client.list_service_quotas(ServiceCode="sagemaker")


def test_a_setting_gives_the_zeros_of_a_newer_account(monkeypatch):
    monkeypatch.setenv(QUOTAS, json.dumps({TRAINING: 0}))

    first, second = (
        answer("ListServiceQuotas", {"ServiceCode": "sagemaker", **more})["Quotas"] for more in ({}, {"NextToken": "2"})
    )
    values = {quota["QuotaName"]: quota["Value"] for quota in (*first, *second)}
    assert values[TRAINING] == 0


def validated(aws, definition):
    text = definition if isinstance(definition, str) else json.dumps(definition)
    return aws.client("stepfunctions").validate_state_machine_definition(definition=text)


def test_a_definition_that_could_run_is_accepted(aws):
    answered = validated(aws, DEFINITION)

    assert (answered["result"], answered["diagnostics"], answered["truncated"]) == ("OK", [], False)


@pytest.mark.parametrize(
    ("definition", "code"),
    [
        ("{", "INVALID_JSON_DESCRIPTION"),
        ({"StartAt": "Only"}, "SCHEMA_VALIDATION_FAILED"),
        ({**DEFINITION, "StartAt": "Other"}, "MISSING_TRANSITION_TARGET"),
        ({**DEFINITION, "States": {"Only": {"Type": "Pass", "Next": "Gone"}}}, "MISSING_TRANSITION_TARGET"),
        ({**DEFINITION, "States": {"Only": {"Type": "Pass"}}}, "SCHEMA_VALIDATION_FAILED"),
        (
            {**DEFINITION, "States": {"Only": {"Type": "Pass", "Output": "{% $sum( %}", "End": True}}},
            "SCHEMA_VALIDATION_FAILED",
        ),
    ],
)
def test_a_definition_that_could_not_is_refused_with_its_place(aws, definition, code):
    answered = validated(aws, definition)

    assert answered["result"] == "FAIL"
    assert [(each["severity"], each["code"]) for each in answered["diagnostics"]] == [("ERROR", code)]
