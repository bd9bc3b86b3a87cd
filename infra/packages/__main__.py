"""Builds all packages side by side: python -m infra.packages [--for-this-machine] [--renewal] [--features]
[--protocols] [--wandb]. Prints each when it is done.

What a synth looks up in the SageMaker SDK is looked up here too, for the same reason: it takes seconds, once.

A synth builds the same, one after the other, and takes what it finds.
"""

import argparse
import importlib
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial

from infra.environments import ENVIRONMENTS
from infra.packages.build import CHECKOUT, PackagingError
from infra.packages.function_zip import function_zip, left_out
from infra.packages.job_archive import job_archive
from infra.packages.large_zip import large_zip
from infra.packages.linked import compile_packages, linked_function, linked_packages
from infra.packages.training_image import training_image

# What only a stack with [renewal] has.
_OF_RENEWAL = "renew"
_ENDPOINT = "predict"


def builds(
    *,
    for_this_machine: bool,
    renewal: bool = False,
    features: bool = False,
    protocols: bool = False,
    wandb: bool = False,
) -> dict[str, Callable[[], object]]:
    """What there is to build, by what it is called. What takes longest comes first."""
    functions = CHECKOUT / "functions"
    large = sorted(file.parent.name for file in functions.glob("*/packages.txt"))
    small = sorted(functions.glob("*/requirements.txt"), key=lambda file: (-len(file.read_text()), file))
    names = [name for file in small if (name := file.parent.name) != _OF_RENEWAL or renewal]
    if for_this_machine:
        build_large, build_function = linked_packages, linked_function
    else:
        build_large, build_function = large_zip, function_zip
    lacks = left_out(features=features, protocols=protocols)
    return {
        "CDK": _import_cdk,
        **{f"packages of {name}": partial(build_large, name) for name in large},
        **{name: partial(build_function, name, without=lacks if name == _ENDPOINT else ()) for name in names},
        **({f"bytecode of {_ENDPOINT}": partial(compile_packages, _ENDPOINT)} if for_this_machine else {}),
        "job": partial(job_archive, for_this_machine=for_this_machine, wandb=wandb),
        **({"job with Feast": partial(job_archive, for_this_machine=for_this_machine, feast=True)} if features else {}),
        "address of the training image": _training_images,
    }


def _import_cdk() -> None:
    """The first import of the CDK unpacks and compiles it, which takes half of a first synth."""
    importlib.import_module("aws_cdk")


def _training_images() -> None:
    """In one process, which imports the SDK once."""
    for environment in ENVIRONMENTS:
        training_image(environment.region, environment.job_instance)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.packages", description="Build all packages.")
    parser.add_argument("--for-this-machine", action="store_true", help="for the Python that runs this, not Lambda's")
    parser.add_argument("--renewal", action="store_true", help="for a stack with [renewal], too")
    parser.add_argument("--features", action="store_true", help="for a stack with [features], too")
    parser.add_argument("--protocols", action="store_true", help="for a stack with [endpoint] protocols, too")
    parser.add_argument("--wandb", action="store_true", help="for a stack with [tracking] wandb, too")
    wanted = builds(**vars(parser.parse_args()))
    with ProcessPoolExecutor() as pool:
        built = {pool.submit(build): name for name, build in wanted.items()}
        try:
            for count, future in enumerate(as_completed(built), 1):
                future.result()
                print(f"{count} of {len(built)}: {built[future]}", flush=True)
        except PackagingError as error:
            pool.shutdown(cancel_futures=True)
            sys.exit(str(error))


if __name__ == "__main__":
    main()
