"""What definitions of features no longer give of what a model was trained with."""

from collections.abc import Collection, Iterator, Sequence

from evergreen.feature_store.views import Typed, View

DEFINED, TRAINED = "the definitions have", "the model was trained with"


def broken_by(defined: Sequence[View], trained: Sequence[View], features: Collection[str]) -> list[str]:
    """Each difference that would take a stored feature from the model, or give it another one; both sides are named.

    What is new in the definitions, and what the model does not take, breaks nothing. How old a value may be is part of
    the contract, and stays as it was trained.

    Args:
        defined: the views as they are now.
        trained: the views of the model's contract.
        features: the names of all features of the contract.
    """
    views = {view.name: view for view in defined}
    found = []
    for view in trained:
        taken = [feature for feature in view.features if feature.name in features]
        if not taken:
            continue
        if view.name not in views:
            found.append(f"{DEFINED} no view {view.name}, and {TRAINED} its {_list(taken)}")
        else:
            found += _of_view(view, taken, views[view.name])
    return found


def _of_view(trained: View, taken: Sequence[Typed], defined: View) -> Iterator[str]:
    if set(trained.keys) != set(defined.keys):
        yield (
            f"{DEFINED} the join keys {_list(defined.keys, types=True)} in the view {trained.name}, and {TRAINED} "
            f"{_list(trained.keys, types=True)}"
        )
    types = {feature.name: feature.type for feature in defined.features}
    for feature in taken:
        if feature.name not in types:
            yield f"{DEFINED} no feature {feature.name} in the view {trained.name}, and {TRAINED} it as {feature.type}"
        elif types[feature.name] != feature.type:
            yield (
                f"{DEFINED} {feature.name} of the view {trained.name} as {types[feature.name]}, and {TRAINED} "
                f"{feature.type}"
            )


def _list(columns: Sequence[Typed], *, types: bool = False) -> str:
    return ", ".join(f"{each.name} ({each.type})" if types else each.name for each in columns)
