"""The templates as cfn-lint sees them, in the regions that they are for."""

from cfnlint.api import lint
from cfnlint.config import ManualArgs

IGNORED = [
    # The CDK itself writes DependsOn for a role that the resource also refers to.
    "W3005",
]


def findings(text, region):
    return [str(match) for match in lint(text, regions=[region], config=ManualArgs(ignore_checks=IGNORED))]


def test_cfn_lint_finds_nothing(template, template_with_server_and_email):
    for variant in (template, template_with_server_and_email):
        assert findings(variant.file.read_text(), variant.environment.region) == []


def test_cfn_lint_finds_what_is_wrong(template):
    wrong = template.file.read_text().replace('"RetentionInDays"', '"RetentionDays"')
    assert any("RetentionDays" in finding for finding in findings(wrong, template.environment.region))
