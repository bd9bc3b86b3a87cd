"""What a deployment needs of `cdk bootstrap`, as the doctor has it."""

from cli.doctor.bootstrap import NEEDED, PARAMETER


def test_the_doctor_asks_for_the_version_that_the_templates_rule_asks_for(template):
    (assertion,) = template.document["Rules"]["CheckBootstrapVersion"]["Assertions"]
    (too_old, parameter) = assertion["Assert"]["Fn::Not"][0]["Fn::Contains"]

    assert [int(version) for version in too_old] == list(range(1, NEEDED))
    assert template.document["Parameters"][parameter["Ref"]]["Default"] == PARAMETER
