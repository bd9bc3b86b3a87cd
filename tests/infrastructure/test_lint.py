"""The templates as cfn-lint sees them, by the schemas of every region that they can be deployed to."""

from cfnlint.api import lint
from cfnlint.config import ManualArgs
from cfnlint.helpers import REGIONS

from infra.environments import WITHOUT_MLFLOW_APP

IGNORED = [
    # The CDK itself writes DependsOn for a role that the resource also refers to.
    "W3005",
]


def findings(text, regions):
    # cfn-lint reads the regions from here: those of lint's own parameter are left unread beside a configuration.
    return [str(match) for match in lint(text, config=ManualArgs(ignore_checks=IGNORED, regions=sorted(regions)))]


def test_cfn_lint_finds_nothing_in_any_region(template, template_with_server_and_email):
    assert findings(template.file.read_text(), set(REGIONS) - WITHOUT_MLFLOW_APP) == []
    assert findings(template_with_server_and_email.file.read_text(), REGIONS) == []


def test_cfn_lint_finds_nothing_with_renewal(templates, templates_with_renewal):
    plain, renewing = templates["dev"], templates_with_renewal["dev"]
    assert findings(renewing.file.read_text(), [renewing.environment.region]) == []
    # So one region is enough: the others have all that the plain template is made of.
    types = [{found["Type"] for found in each.document["Resources"].values()} for each in (plain, renewing)]
    assert types[0] == types[1]


def test_cfn_lint_finds_nothing_with_features_in_any_region(templates_with_features):
    text = templates_with_features["dev"].file.read_text()
    assert findings(text, set(REGIONS) - WITHOUT_MLFLOW_APP) == []


def test_cfn_lint_finds_what_a_region_lacks(template):
    found = findings(template.file.read_text(), [template.environment.region, "eu-south-2"])
    assert any("AWS::SageMaker::MlflowApp' does not exist in 'eu-south-2'" in finding for finding in found)


def test_cfn_lint_finds_what_is_wrong(template):
    wrong = template.file.read_text().replace('"RetentionInDays"', '"RetentionDays"')
    assert any("RetentionDays" in finding for finding in findings(wrong, [template.environment.region]))
