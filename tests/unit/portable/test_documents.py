"""The document of a portable model: what is refused, by name, and what loading it takes."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    PowerTransformer,
    StandardScaler,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from evergreen import portable
from evergreen.errors import BrokenBundle, UnsupportedEstimator
from evergreen.portable import families
from evergreen.portable.__main__ import document as page
from tests.unit.portable.comparing import loaded, number_table, signal

ROOT = Path(__file__).parents[3]
TABLE = number_table(1, 120, width=2, missing=0, edges=[1.0]).abs()
TARGET = signal(TABLE, 1)


class MyForest(RandomForestRegressor):
    """A user's class, which may do anything."""


MyForest.__name__ = "RandomForestRegressor"


def behind(transformer):
    return make_pipeline(transformer, LinearRegression())


@pytest.mark.parametrize(
    ("estimator", "named"),
    [
        (KNeighborsRegressor(), "KNeighborsRegressor has no portable form; use one of: LinearRegression, Ridge"),
        (MyForest(3), "RandomForestRegressor has no portable form"),
        (StandardScaler(), "StandardScaler has no portable form; use one of"),
        (make_pipeline(LinearRegression()), None),
        (behind(PowerTransformer()), "PowerTransformer has no portable form as a transformer; use one of: Pipeline"),
        (behind(PolynomialFeatures()), "PolynomialFeatures has no portable form as a transformer"),
        (behind(OneHotEncoder(dtype=np.float32)), "OneHotEncoder with dtype=.*float32.*use dtype=numpy.float64"),
        (behind(OrdinalEncoder(dtype=np.int64)), "OrdinalEncoder with dtype=.*int64"),
        (behind(KBinsDiscretizer(3, dtype=np.float32)), "KBinsDiscretizer with dtype=.*use dtype=None"),
        (behind(SimpleImputer(missing_values=-1)), "SimpleImputer with missing_values=-1"),
        (behind(SimpleImputer(missing_values=pd.NA)), "SimpleImputer with missing_values=<NA>"),
        (behind(FunctionTransformer(np.sqrt)), "FunctionTransformer with func='sqrt'.*numpy.log1p"),
        (behind(FunctionTransformer(abs)), "FunctionTransformer with func='abs'"),
        (
            behind(ColumnTransformer([("a", StandardScaler(), ["n0"])], transformer_weights={"a": 2})),
            "ColumnTransformer with transformer_weights",
        ),
        (GradientBoostingRegressor(init=LinearRegression()), "init='LinearRegression'.*init=None or 'zero'"),
        (
            TransformedTargetRegressor(func=np.cbrt, inverse_func=np.square, check_inverse=False),
            "'cbrt', 'square'.*numpy.expm1",
        ),
        (TransformedTargetRegressor(func=abs, inverse_func=abs, check_inverse=False), "'abs', 'abs'"),
        (TransformedTargetRegressor(transformer=StandardScaler()), "transformer='StandardScaler'"),
    ],
)
def test_what_has_no_exact_form_is_refused_with_its_name_and_what_to_use(estimator, named):
    estimator.fit(TABLE, TARGET)
    if named is None:
        assert loaded(estimator).task == "regression"
        return
    with pytest.raises(UnsupportedEstimator, match=named):
        portable.export(estimator)


@pytest.mark.parametrize("estimator", [LinearRegression(), DecisionTreeRegressor(), RandomForestRegressor(2)])
def test_several_targets_are_refused(estimator):
    with pytest.raises(UnsupportedEstimator, match="2 has no portable form; use"):
        portable.export(estimator.fit(TABLE, np.stack([TARGET, TARGET], axis=1)))


@pytest.mark.parametrize("estimator", [DecisionTreeClassifier(), RandomForestClassifier(2)])
def test_several_target_classes_are_refused(estimator):
    targets = np.stack([TARGET > 0, TARGET > 0], axis=1)
    with pytest.raises(UnsupportedEstimator, match="n_outputs_=2"):
        portable.export(estimator.fit(TABLE, targets))


def test_a_linear_classifier_of_several_targets_is_refused():
    targets = np.stack([TARGET > 0, TARGET > 1, TARGET < 0], axis=1).astype(int)
    with pytest.raises(UnsupportedEstimator, match="n_targets=3"):
        portable.export(RidgeClassifier().fit(TABLE, targets))


def test_a_target_of_one_class_is_refused():
    with pytest.raises(UnsupportedEstimator, match=r"classes_=\['a'\].*two or more classes"):
        portable.export(DecisionTreeClassifier().fit(TABLE, ["a"] * len(TABLE)))


def test_an_own_loss_is_refused():
    estimator = HistGradientBoostingRegressor(max_iter=2).fit(TABLE, TARGET)
    estimator.loss = "own"
    with pytest.raises(UnsupportedEstimator, match="loss='own'.*squared_error, absolute_error, quantile, poisson"):
        portable.export(estimator)


def test_two_kinds_of_missing_text_in_one_column_are_refused():
    table = pd.DataFrame({"city": np.array(["a", None, np.nan, "b"], dtype=object)})
    estimator = make_pipeline(OneHotEncoder(), LinearRegression()).fit(table, [1, 2, 3, 4])
    with pytest.raises(UnsupportedEstimator, match="'city'.*None and nan"):
        portable.export(estimator)


def test_a_model_that_does_not_know_its_features_names_is_refused():
    with pytest.raises(UnsupportedEstimator, match="fit it on a DataFrame"):
        portable.export(LinearRegression().fit(TABLE.to_numpy(), TARGET))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 99}, "format 99; this version reads format 1 and 2"),
        ({"features": ["a", "b"]}, "fitted on"),
        ({"scorer": {"family": "oracle"}}, "family oracle; this version knows linear"),
        ({"steps": [{"family": "oracle"}]}, "family oracle"),
        ({"scorer": {"family": "trees"}}, "not a portable model: KeyError"),
        ({"links": ["magic"]}, "not a portable model: KeyError"),
        ({"steps": None}, "not a portable model: TypeError"),
    ],
)
def test_a_document_of_another_kind_is_refused(change, message):
    document = {**portable.export(LinearRegression().fit(TABLE, TARGET)), **change}
    with pytest.raises(BrokenBundle, match=message):
        portable.load(document, ["n0", "n1"])


def test_features_in_another_order_are_refused():
    document = portable.export(LinearRegression().fit(TABLE, TARGET))
    with pytest.raises(BrokenBundle, match="fitted on"):
        portable.load(document, ["n1", "n0"])


@pytest.mark.parametrize("tree", [{"columns": [0], "values": [1.0]}, {"columns": [-1, -1], "values": [1.0, 2.0]}])
def test_a_tree_with_branches_missing_or_left_over_is_refused(tree):
    document = portable.export(DecisionTreeRegressor().fit(TABLE, TARGET))
    document["scorer"]["tree"] = tree
    with pytest.raises(BrokenBundle, match="not a portable model"):
        portable.load(document, ["n0", "n1"])


def test_the_same_fitted_estimator_gives_the_same_document_byte_for_byte():
    def exported():
        estimator = make_pipeline(StandardScaler(), RandomForestRegressor(5, random_state=0)).fit(TABLE, TARGET)
        return json.dumps(portable.export(estimator), allow_nan=False)

    assert exported() == exported()


def test_a_tree_of_one_chain_hundreds_of_splits_deep_is_exported_and_scored():
    table = pd.DataFrame({"n0": np.arange(500.0)})
    estimator = DecisionTreeRegressor().fit(table, np.arange(500) % 2)
    model = loaded(estimator)

    assert estimator.get_depth() > 400
    assert [model.predict(row) for row in table.to_numpy().tolist()] == estimator.predict(table).tolist()


def test_every_family_is_in_the_table_and_every_module_of_it_says_what_it_supports():
    assert set(families.supported("export")) >= {"Pipeline", "LinearRegression", "RandomForestClassifier"}
    assert set(families.supported("export_step")) >= {"Pipeline", "OneHotEncoder", "SimpleImputer"}
    for name in families.FAMILIES:
        assert all(note for note in families.family(name).SUPPORTED.values()), name


def test_the_page_about_portable_models_is_up_to_date():
    assert (ROOT / "docs" / "portable.md").read_text() == page(), "run: python -m evergreen.portable > docs/portable.md"


def test_scoring_imports_neither_numpy_nor_scikit_learn_nor_families_that_it_does_not_need(tmp_path):
    table = TABLE.assign(city="a")
    columns = ColumnTransformer([("hot", OneHotEncoder(), ["city"])], remainder=StandardScaler())
    estimator = make_pipeline(columns, LogisticRegression()).fit(table, TARGET > 0)
    (tmp_path / "model.json").write_text(json.dumps(portable.export(estimator)))
    script = f"""
import json, sys
before = set(sys.modules)
from evergreen import portable
model = portable.load(json.load(open({str(tmp_path / "model.json")!r})), ["n0", "n1", "city"])
print(json.dumps([model.predict([1.0, 2.0, "a"]), sorted(set(sys.modules) - before)]))
"""
    answer = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    label, modules = json.loads(answer.stdout)

    assert label is bool(estimator.predict(pd.DataFrame({"n0": [1.0], "n1": [2.0], "city": ["a"]}))[0])
    outside = {name.partition(".")[0] for name in modules} - set(sys.stdlib_module_names) - {"evergreen"}
    assert not {name for name in outside if not name.startswith("_")}
    assert "evergreen.portable.linear" in modules
    assert "evergreen.portable.forests" not in modules


def test_a_classifiers_labels_keep_their_types():
    for labels in (["no", "yes"], [0, 1], [False, True], [1.0, 2.0]):
        estimator = HistGradientBoostingClassifier(max_iter=1).fit(TABLE, np.array(labels)[(TARGET > 0).astype(int)])
        model = loaded(estimator)
        assert model.task == "binary"
        assert [(label, type(label)) for label in model.classes] == [(label, type(label)) for label in labels]
