"""evergreen reproduce: train a version again from its lineage, and compare the digests of the models."""

import tempfile
import tomllib
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer

from cli.aws.registry import Registry
from cli.aws.target import CHECKOUT, EnvironmentName, Local, Target
from cli.console import Steps, console
from cli.data.storage import DataStorage
from cli.reproduction import Original, Reproduction, code_of, run_module
from evergreen.errors import CommandFailed


def reproduce(
    version: Annotated[str, typer.Argument(help="The model's version; see evergreen versions.")],
    environment: EnvironmentName = "dev",
    local: Local = False,
) -> None:
    """Train a version again from its data, settings and code, and say whether the model is the same."""
    target = Target.choose(environment, local=local)
    judged = Registry(target).find(version)
    if renewal := judged.decision.get("renewal"):
        raise CommandFailed(
            f"{version} was fitted by a renewal to a window of its data ({renewal['window']}), and only what "
            "`evergreen train` has made can be trained again"
        )
    original = Original.read(target, judged)
    if original.commit is None:
        console.print(
            f"  The code of {version} is in no commit (git_commit is {original.lineage['git_commit']}): "
            "it is trained with the present code.",
            style="yellow",
            markup=False,
            soft_wrap=True,
        )
    with tempfile.TemporaryDirectory(prefix="evergreen-") as folder:
        result = _train_again(original, DataStorage(target), Path(folder), Steps())
    if result.digest == original.digest:
        console.print(
            f"[green]The same model:[/] {version} has the digest {original.digest[:16]} again.", soft_wrap=True
        )
        return
    console.print(
        f"[red]Another model:[/] the digest is {result.digest[:16]}, {version} has {original.digest[:16]}.",
        soft_wrap=True,
    )
    differences = result.differences(original)
    for sentence in differences or ["Nothing that the lineage records differs, so the training is not deterministic."]:
        console.print(f"  {sentence}", markup=False, soft_wrap=True)
    raise typer.Exit(1)


def _train_again(original: Original, storage: DataStorage, folder: Path, steps: Steps) -> Reproduction:
    settings, base = folder / "model.toml", folder / "opt-ml"
    with steps.step("Fetch its data and its model.toml") as step:
        storage.download_settings(original.lineage["settings_sha256"], settings)
        # The training writes the table's name into its summary. Only these keys are read here: the version's own
        # code knows the others.
        trained = tomllib.loads(settings.read_text())
        if service := trained.get("features", {}).get("service"):
            raise CommandFailed(
                f"{original.version} was trained with the stored features of {service!r}, and of these no version is "
                "kept: the history goes on. The rows that it was fitted to are those of prepared_sha256 in its lineage"
            )
        name = PurePosixPath(trained["data"]["path"]).name
        storage.download(original.lineage["data_version"], folder / "data" / name, step.progress)
    with code_of(original, CHECKOUT, folder / "code") as code:
        with steps.step("Prepare"):
            run_module(
                "training.prepare",
                *("--data", str(folder / "data" / name), "--settings", str(settings)),
                *("--output", str(folder / "prepared")),
                code=code,
                base=base,
            )
        with steps.step("Train"):
            run_module(
                "training.train",
                *("--prepared", str(folder / "prepared"), "--settings", str(settings)),
                *("--output", str(folder / "bundle"), "--version", original.version),
                *("--git_commit", original.lineage["git_commit"]),
                code=code,
                base=base,
            )
    return Reproduction.read(folder / "bundle")
