"""docs/grants.md lists every grant of the template, those of [renewal] by themselves, and nothing else."""

import re

import pytest

from evergreen import names

ENFORCED, AWS_ONLY = "enforced locally", "AWS only"
ALWAYS, RENEWAL, PEOPLE = "Who may do what", "With `[renewal]`", "People and pipelines"
FEATURES = "With `[features]`"


@pytest.fixture(scope="session")
def rows(checkout):
    """The table's rows: role or service, actions, resource and condition, where it is checked, and why."""
    return table(checkout, ALWAYS, cells=5)


@pytest.fixture(scope="session")
def rows_of_people(checkout):
    """Those of the managed policy: actions, resource and condition, and which verbs need it."""
    return [["`people`", *row] for row in table(checkout, PEOPLE, cells=3)]


@pytest.fixture(scope="session")
def rows_of_renewal(checkout):
    """What the same two lists get by [renewal], in the form of the first."""
    return table(checkout, RENEWAL, cells=5)


@pytest.fixture(scope="session")
def rows_of_people_with_renewal(checkout):
    return [["`people`", *row] for row in table(checkout, RENEWAL, cells=3)]


@pytest.fixture(scope="session")
def rows_of_features(checkout):
    """What the same two lists get by [features], in the form of the first."""
    return table(checkout, FEATURES, cells=5)


@pytest.fixture(scope="session")
def rows_of_people_with_features(checkout):
    return [["`people`", *row] for row in table(checkout, FEATURES, cells=3)]


def table(checkout, heading, *, cells):
    """The rows below a heading that have so many cells."""
    (section,) = re.findall(
        rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)",
        (checkout / "docs" / "grants.md").read_text(),
        re.MULTILINE | re.DOTALL,
    )
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in rows if len(row) == cells]


def in_code(cell):
    return tuple(re.findall(r"`([^`]+)`", cell))


def grants_of(rows):
    """One (who, action, (resource, *condition)) for each action of each row."""
    return [(in_code(who)[0], action, in_code(on)) for who, actions, on, *_ in rows for action in in_code(actions)]


def grants_in(template):
    """The same of a template's roles and services."""
    return grants_by((*template.role_statements(), *template.service_statements()), template)


def grants_by(statements, template):
    """The same of statements, with names in angle brackets for what differs between models and environments."""
    for statement in statements:
        condition = tuple(
            word
            for keys in statement.conditions.values()
            for key, value in keys.items()
            for word in (key, *((value,) if isinstance(value, str) else value))
        )
        for action in statement.actions:
            for resource in statement.resources:
                yield statement.who, action, tuple(symbolic(word, template) for word in (resource, *condition))


def symbolic(text, template):
    text = re.sub(r"^arn:aws:[^:]*:[^:]*:[^:]*:", "", text)
    text = re.sub(r"cdk-[a-z0-9]+-assets-[^/]*", "<assets>", text)
    text = re.sub(r"[0-9a-f]{64}\.gz", "<archive>", text)
    text = re.sub(r"[0-9a-f]{64}\.zip", "<packages>", text)
    text = text.replace(f"Evergreen/{template.environment.name}", "Evergreen/<environment>")
    text = text.replace(names.feature_project(template.model, template.environment.name), "<project>")
    text = re.sub(rf"evergreen-{template.environment.name}(?=[- /]|$)", "evergreen-<environment>", text)
    return text.replace(template.model, "<model>").replace("111122223333", "<account>")


def test_every_grant_is_in_the_table(rows, template):
    listed = set(grants_of(rows))
    assert [grant for grant in grants_in(template) if grant not in listed] == []


def test_the_policy_for_people_is_listed_as_it_is(rows_of_people, template):
    granted = list(grants_by(template.user_statements(), template))
    assert sorted(granted) == sorted(grants_of(rows_of_people))
    all_ = {action for _, action, (resource, *_) in granted if resource == "*"}
    assert all_ == {"cloudwatch:DescribeAlarms", "cloudwatch:GetMetricData", "cloudwatch:ListMetrics"}


def test_every_row_is_granted(rows, template):
    granted = set(grants_in(template))
    assert [grant for grant in grants_of(rows) if grant not in granted] == []


def test_no_grant_is_listed_twice(rows, rows_of_renewal, rows_of_features):
    listed = grants_of([*rows, *rows_of_renewal, *rows_of_features])
    assert sorted(listed) == sorted(set(listed))


def test_with_renewal_just_the_grants_of_its_own_table_come_in_addition(
    rows_of_renewal, template, template_with_renewal
):
    before, after = set(grants_in(template)), set(grants_in(template_with_renewal))
    assert before - after == set()
    assert sorted(after - before) == sorted(grants_of(rows_of_renewal))


def test_with_renewal_people_may_do_just_what_its_own_table_says_in_addition(
    rows_of_people_with_renewal, template, template_with_renewal
):
    before, after = (set(grants_by(each.user_statements(), each)) for each in (template, template_with_renewal))
    assert before - after == set()
    assert sorted(after - before) == sorted(grants_of(rows_of_people_with_renewal))


def test_with_features_just_the_grants_of_their_own_table_come_in_addition(
    rows_of_features, template, template_with_features
):
    before, after = set(grants_in(template)), set(grants_in(template_with_features))
    assert before - after == set()
    assert sorted(after - before) == sorted(grants_of(rows_of_features))


def test_with_features_people_may_do_just_what_their_own_table_says_in_addition(
    rows_of_people_with_features, template, template_with_features
):
    before, after = (set(grants_by(each.user_statements(), each)) for each in (template, template_with_features))
    assert before - after == set()
    assert sorted(after - before) == sorted(grants_of(rows_of_people_with_features))


def test_with_a_tracking_server_nothing_more_is_granted(rows, template_with_server_and_email):
    assert set(grants_in(template_with_server_and_email)) < set(grants_of(rows))


def test_what_the_embedded_cloud_does_not_enforce_has_a_reason(rows, rows_of_renewal, rows_of_features):
    for who, actions, _, checked, reason in (*rows, *rows_of_renewal, *rows_of_features):
        assert checked in (ENFORCED, AWS_ONLY), f"{who} {actions}"
        assert bool(reason) == (checked == AWS_ONLY), f"{who} {actions}"


def test_no_reason_is_given_for_a_grant_to_read_or_write_what_the_embedded_cloud_holds(
    rows, rows_of_renewal, rows_of_features
):
    # Its functions and jobs call S3 under their own roles: the only S3 grants that cannot be tried there are those of
    # MLflow's artifacts, those of Firehose and of the state machines, to list what a manifest names, and what only
    # AWS's own service may call.
    unused = {"`s3:GetBucketLocation`", "`s3:AbortMultipartUpload` `s3:ListMultipartUploadParts`"}
    untried = [
        row
        for row in (*rows, *rows_of_renewal, *rows_of_features)
        if row[3] == AWS_ONLY and "`s3:" in row[1] and "mlflow/" not in row[2] and "Delivery" not in row[0]
        if row[1] not in unused and row[0] not in ("`Tracking/Role`", "`Training/Role`", "`Renewal/Role`")
        if not ("`s3:ListBucket`" in row[1] and re.search(r"`(data|dvc|captures|predictions|feedback)/\*`", row[2]))
    ]
    assert untried == []
