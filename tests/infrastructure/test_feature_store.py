"""[features]: what it adds to the stack; without it there is nothing of it."""

import dataclasses
import json
import zipfile

from app import of_the_stack
from evergreen import names
from infra.packages.function_zip import FEATURE_STORE, function_zip
from tests.infrastructure.conftest import SETTINGS, WITH_FEATURES, differences, synthesise
from tests.infrastructure.test_resource_types import faults

TABLE = "Features/Online/Table city_market"
MACHINE = "Features/StateMachine"


def test_without_features_nothing_in_the_template_speaks_of_them(template, template_with_server_and_email):
    for variant in (template, template_with_server_and_email):
        text = variant.file.read_text().lower()
        assert "dynamodb" not in text
        assert "feast" not in text
        assert "features/" not in text
        assert "feature_" not in text


def test_with_features_nothing_else_is_changed_than_what_must_be(template, template_with_features):
    found, new = differences(template, template_with_features)
    variables = ("Properties", "Environment", "Variables")
    statements = ("Properties", "PolicyDocument", "Statement")
    predict = "Prediction/Predict/Function/Resource"
    assert found == {
        (predict, *variables, names.FEATURE_PROJECT),
        (predict, *variables, names.FEATURE_KEY_VERSION),
        (predict, *variables, names.FEATURES_MISSING),
        (predict, "Properties", "Code", "S3Key"),
        ("Training/Judge/Function/Resource", *variables, names.FEATURE_PROJECT),
        ("Training/Judge/Role/DefaultPolicy/Resource", *statements),
        ("Prediction/Predict/Role/DefaultPolicy/Resource", *statements),
        ("Training/PrepareRole/DefaultPolicy/Resource", *statements),
        ("Training/StateMachine/Resource", "Properties", "DefinitionString", "Fn::Join"),
        ("User/Policy/Resource", *statements),
        ("Overview/Resource/Resource", "Properties", "DashboardBody", "Fn::Join"),
    }
    assert all(path.startswith("Features/") for path in new)
    outputs = template_with_features.document["Outputs"].keys() - template.document["Outputs"].keys()
    assert outputs == {names.OUTPUT_FEATURE_WORKFLOW, names.OUTPUT_FEATURE_PROJECT}


def test_a_table_is_what_feast_would_make_of_the_view(template_with_features):
    table = template_with_features.resources("AWS::DynamoDB::Table")[TABLE]
    project = names.feature_project(SETTINGS.name, template_with_features.environment.name)
    assert table["Properties"]["TableName"] == names.online_table(project, "city_market")
    assert table["Properties"]["KeySchema"] == [{"AttributeName": "entity_id", "KeyType": "HASH"}]
    assert table["Properties"]["BillingMode"] == "PAY_PER_REQUEST"
    # It can be written again from the history.
    assert table["DeletionPolicy"] == "Delete"


def alarms(template):
    found = template.properties("AWS::CloudWatch::Alarm")
    prefix = f"evergreen-{template.environment.name} "
    return {
        alarm["AlarmName"].removeprefix(prefix): alarm for path, alarm in found.items() if path.startswith("Features/")
    }


def test_each_view_has_its_alarms_and_the_endpoint_one(template_with_features):
    found = alarms(template_with_features)
    assert found.keys() == {"features unread", "feature skew city_market", "features late city_market"}
    usual = template_with_features.properties("AWS::CloudWatch::Alarm")["Alarms/Drift"]
    for name, metric in (
        ("feature skew city_market", names.FEATURE_SKEW),
        ("features late city_market", names.FEATURES_LATE),
    ):
        alarm = found[name]
        assert alarm["MetricName"] == metric
        dimensions = {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
        assert dimensions == {"service": names.FEATURES_SERVICE, "view": "city_market"}
        assert (alarm["Statistic"], alarm["Threshold"], alarm["ComparisonOperator"]) == (
            *("Maximum", 0),
            "GreaterThanThreshold",
        )
        assert alarm["Namespace"] == usual["Namespace"]
    assert found["features unread"]["MetricName"] == names.FEATURE_READ_FAILURES
    assert found["features unread"]["TreatMissingData"] == "notBreaching"
    for alarm in found.values():
        assert (alarm["AlarmActions"], alarm["OKActions"]) == (usual["AlarmActions"], usual["OKActions"])
        assert alarm["AlarmDescription"].count(": ") >= 1


def test_a_view_whose_values_go_stale_has_an_alarm_on_their_age(tmp_path):
    features = of_the_stack(WITH_FEATURES).features
    views = {"a": 86_400, "A": 3600, "b": 0}
    changes = dataclasses.replace(features, views=tuple(views), ttl_seconds=views)
    found = alarms(synthesise(tmp_path, features=changes)["dev"])
    stale = {name: alarm for name, alarm in found.items() if name.startswith("features stale")}
    assert {name: alarm["Threshold"] for name, alarm in stale.items()} == {
        "features stale a": 86_400,
        "features stale A": 3600,
    }
    assert {alarm["MetricName"] for alarm in stale.values()} == {names.FEATURE_LAG_SECONDS}


def test_the_job_knows_where_predictions_are_recorded_and_how_often_it_runs(template_with_features):
    request = template_with_features.state_machine(MACHINE)["States"]["Materialise"]["Arguments"]
    assert request["Environment"][names.CAPTURE_BUCKET] == "capture-bucket"
    assert request["Environment"][names.FEATURES_EVERY_HOURS] == str(WITH_FEATURES.features.every_hours)


def test_judge_may_look_at_tables_that_are_not_made_yet(template_with_features):
    looking = [each for each in template_with_features.role_statements() if "dynamodb:Scan" in each.actions]
    assert [(each.who, each.actions) for each in looking] == [("Training/Judge/Role", ("dynamodb:Scan",))]
    project = names.feature_project(SETTINGS.name, template_with_features.environment.name)
    assert looking[0].resources[0].endswith(f":table/{project}.*")


def test_what_is_granted_is_of_the_kind_that_each_action_knows(template_with_features):
    statements = (*template_with_features.role_statements(), *template_with_features.user_statements())
    assert [fault for statement in statements for fault in faults(statement)] == []


def test_the_workflow_is_valid(template_with_features, faults_of):
    assert faults_of(template_with_features.state_machine(MACHINE)) == ""


def test_the_jobs_that_join_and_write_get_the_archive_with_feast_and_training_does_not(template_with_features):
    training = template_with_features.state_machine()["States"]
    writing = template_with_features.state_machine(MACHINE)["States"]["Materialise"]["Arguments"]
    assert "features/data/" in training["Prepare"]["Arguments"]["ProcessingInputs"]
    assert "features/data/" in writing["ProcessingInputs"]
    for request in (training["Prepare"]["Arguments"], writing):
        command = request["AppSpecification"]["ContainerEntrypoint"][-1]
        assert "training.install_feast" in command
        # SageMaker takes no more.
        assert len(command) <= 256
    assert "feast" not in json.dumps(training["Train"])


def test_the_endpoints_zip_has_the_reader_only_with_features():
    def folders(package):
        return {name.rpartition("/")[0] for name in zipfile.ZipFile(package).namelist()}

    assert set(FEATURE_STORE) <= folders(function_zip("predict"))
    assert set(FEATURE_STORE).isdisjoint(folders(function_zip("predict", without=FEATURE_STORE)))


def test_the_endpoints_zip_stays_small():
    assert function_zip("predict").stat().st_size < 5_000_000
