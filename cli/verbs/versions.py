"""evergreen versions: what has been trained, how good it was, and why it was promoted or not."""

from cli.aws.registry import Registry
from cli.aws.target import EnvironmentName, Local, Target
from cli.console import PlainTable, console


def versions(environment: EnvironmentName = "dev", local: Local = False) -> None:
    """List the versions, the newest first, with Judge's decision about each."""
    show_versions(Registry(Target.choose(environment, local=local)))


def show_versions(registry: Registry) -> None:
    """Print a table of the judged versions."""
    champions = registry.champions()
    table = PlainTable("Version", "Role", "Holdout", "Decision")
    for judged in registry.versions():
        mark = ""
        if champions.present and judged.version == champions.present.version:
            mark = "champion"
        elif any(judged.version == champion.version for champion in champions.readable):
            mark = "was champion"
        table.add_row(judged.version, mark, judged.metric, judged.decision["reason"])
    if table.row_count == 0:
        console.print("Nothing has been trained yet. Run: evergreen train", markup=False)
        return
    console.print(table)
    if champions.is_unreadable:
        console.print(
            "  The champion pointer cannot be read: nothing new is served. Replace it with: evergreen rollback, which "
            "makes the champion before it serve, or evergreen rollback VERSION",
            style="red",
            markup=False,
            soft_wrap=True,
        )
