"""What is deployed as code: small, complete, and the same bytes from the same content."""

import importlib.metadata
import importlib.util
import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from functools import partial
from pathlib import Path

import pytest

from evergreen import names
from evergreen.contract.contract import Contract
from evergreen.feature_store.views import Typed, View
from infra.packages import build
from infra.packages.function_zip import FEATURE_STORE, function_zip
from infra.packages.job_archive import FEAST_WHEELS, WHEEL_PLATFORMS, job_archive
from infra.packages.large_zip import large_zip
from infra.packages.linked import compile_packages, linked_function

FUNCTIONS = ("predict", "lease", "judge", "promote", "check_drift", "notify", "renew")
# Lambda's limit of a function unpacked, in bytes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
UNPACKED_LIMIT = 250 * 2**20
# Each would add to every cold start.
TOO_SLOW_FOR_PREDICT = ["boto3", "botocore", "numpy", "pandas", "sklearn", "requests", "pydantic", "mlflow"]
# What the training image holds beside what `make lock` leaves out of the wheels.
IN_THE_IMAGE = ("numpy", "pandas", "scikit-learn", "scipy", "joblib", "threadpoolctl", "pyarrow")


@pytest.fixture(scope="module")
def packages():
    """The functions' zips for this machine."""
    return {name: function_zip(name, for_this_machine=True) for name in FUNCTIONS}


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """The jobs' archive, unpacked."""
    folder = tmp_path_factory.mktemp("archive")
    with tarfile.open(job_archive(for_this_machine=False)) as opened:
        opened.extractall(folder)
    return folder


def test_the_predict_package_is_small(packages):
    assert packages["predict"].stat().st_size < 5e6


@pytest.mark.parametrize("build", [partial(function_zip, for_this_machine=True), linked_function])
def test_without_a_feature_store_the_endpoint_carries_nothing_of_one(build):
    with zipfile.ZipFile(build("predict", without=FEATURE_STORE)) as package:
        less = {file for file in package.namelist() if file.startswith(("evergreen/", "functions/"))}
    with zipfile.ZipFile(build("predict")) as package:
        all_of_it = set(package.namelist())

    assert not [file for file in less if "feature_store" in file or "online_store" in file]
    assert less < all_of_it
    assert all(
        file.startswith(FEATURE_STORE) for file in all_of_it - less if file.startswith(("evergreen", "functions"))
    )
    assert "functions/online_store/dynamodb.py" in all_of_it


def modules_after_import(package, folder):
    """Names of all modules that are loaded once a function's handler is imported from its package alone."""
    with zipfile.ZipFile(package) as opened:
        opened.extractall(folder)
    program = (
        f"import sys, json; sys.path.insert(0, {str(folder)!r}); "
        f"import functions.{package.name.partition('-')[0]}.handler; print(json.dumps(list(sys.modules)))"
    )
    environment = {
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        names.MODEL_BUCKET: "bucket",
        names.MODEL_NAME: "model",
        names.CAPTURE_BUCKET: "captures",
        names.TRACKING_URI: "https://mlflow.example.com",
        "POWERTOOLS_SERVICE_NAME": "service",
        "POWERTOOLS_METRICS_NAMESPACE": "Evergreen/test",
    }
    # -I -S: neither the caller's settings nor the packages that are installed here.
    command = [sys.executable, "-I", "-S", "-c", program]
    finished = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_package_holds_all_that_its_handler_imports(packages, tmp_path, name):
    assert f"functions.{name}.handler" in modules_after_import(packages[name], tmp_path)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_links_are_to_the_files_that_a_package_holds_and_to_no_others(packages, tmp_path, name):
    with zipfile.ZipFile(packages[name]) as package:
        held = {file for file in package.namelist() if file.endswith(".py")}
    with zipfile.ZipFile(linked_function(name)) as linked:
        linked.extractall(tmp_path)
    folder = Path((tmp_path / "linked_packages.pth").read_text().strip())
    found = {file for place in (tmp_path, folder) for file in python_files(place)}

    # Packages of which several distributions have files are linked file by file, the others whole.
    assert {file for file in found if not is_left_out(file)} == held


def test_the_endpoints_linked_packages_are_compiled_before_its_first_request():
    compile_packages("predict")

    for file in (Path(sysconfig.get_path("purelib")) / "aws_lambda_powertools").rglob("*.py"):
        assert Path(importlib.util.cache_from_source(str(file))).is_file()


def python_files(folder):
    """What Python can import from a folder, links followed, as paths in it."""
    for path, folders, files in os.walk(folder, followlinks=True):
        folders[:] = [each for each in folders if each != "__pycache__"]
        yield from (str((Path(path) / file).relative_to(folder)) for file in files if file.endswith(".py"))


def is_left_out(file):
    """Whether a zip goes without it."""
    return file.partition("/")[0] in build.WITH_TESTS and "/tests/" in file


def test_the_endpoint_starts_without_the_code_of_a_feature_store(tmp_path):
    package = function_zip("predict", for_this_machine=True, without=FEATURE_STORE)

    assert "functions.predict.handler" in modules_after_import(package, tmp_path)


def test_a_model_of_before_is_served_when_the_feature_store_is_switched_off(tmp_path):
    with zipfile.ZipFile(linked_function("predict", without=FEATURE_STORE)) as package:
        package.extractall(tmp_path)
    view = View(name="city_sales", keys=(Typed("city", "string"),), features=(Typed("sales", "double"),))
    contract = Contract(task="regression", target="price", features=(), stored=(view,))
    program = (
        "import sys; from evergreen.contract.contract import Contract; "
        "read = Contract.from_json(sys.argv[1].encode()); assert (read.target, read.stored) == ('price', ()), read"
    )
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {program}"]
    ran = subprocess.run([*command, contract.to_json().decode()], capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stderr


def test_predict_loads_nothing_that_makes_cold_starts_slow(packages, tmp_path):
    modules = modules_after_import(packages["predict"], tmp_path)
    assert not [module for module in modules if "feature_store" in module or "online_store" in module]
    loaded = {module.partition(".")[0] for module in modules}
    assert "aws_lambda_powertools" in loaded
    assert loaded & set(TOO_SLOW_FOR_PREDICT) == set()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_packages_for_lambda_fit_it_and_are_compiled_for_it(name):
    with zipfile.ZipFile(function_zip(name, for_this_machine=False)) as package:
        assert sum(entry.file_size for entry in package.infolist()) < UNPACKED_LIMIT
        compiled = [entry.filename for entry in package.infolist() if entry.filename.endswith(".so")]
    for file in compiled:
        # mypyc names its modules <hash>__mypyc.cpython-312-x86_64-linux-gnu.so; what a wheel links to is of no Python.
        assert re.search(r"\.(cpython-312-x86_64-linux-gnu|abi3)\.so$|^[^/]+\.libs/", file), file


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_module_comes_with_bytecode_that_needs_no_look_at_its_source(packages, name):
    with zipfile.ZipFile(packages[name]) as package:
        files = set(package.namelist())
        compiled = {importlib.util.cache_from_source(file) for file in files if file.endswith(".py")}
        assert compiled - files == set()
        for file in compiled:
            # PEP 552: the second word of the header says how the bytecode is validated; 1 is by an unchecked hash.
            assert package.read(file)[4:8] == b"\x01\x00\x00\x00"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_same_function_is_packed_to_the_same_bytes(packages, name):
    first = packages[name].read_bytes()
    # Past the cache, which would hand out the same file.
    assert function_zip.__wrapped__(name, for_this_machine=True).read_bytes() == first


def test_the_same_jobs_are_packed_to_the_same_bytes():
    first = job_archive.__wrapped__(for_this_machine=False).read_bytes()
    assert job_archive.__wrapped__(for_this_machine=False).read_bytes() == first


def test_the_archive_holds_the_jobs_and_what_they_share_and_nothing_else_of_ours(archive):
    assert {path.name for path in archive.iterdir()} == {"evergreen", "training", "wheels", "requirements.txt"}
    assert (archive / "training" / "train.py").is_file()
    assert not [path for path in archive.rglob("*") if path.suffix == ".pyc"]


def test_in_the_training_image_nothing_is_fetched_from_an_index(archive, tmp_path):
    assert "--no-index" in (archive / "requirements.txt").read_text().splitlines()
    # As the container does it: in the archive's folder, with its requirements.txt.
    used = installed_in_the_image(archive, tmp_path, "-r", "requirements.txt")

    wheels = {path.name for path in (archive / "wheels").glob("*.whl")}
    assert {"mlflow_skinny", "sagemaker_mlflow"} <= {wheel.partition("-")[0] for wheel in used & wheels}
    # A wheel that nothing needs would only make every job start later.
    assert wheels - used == set()


def test_feast_and_all_that_it_needs_come_with_the_archive_of_the_jobs_that_use_it(tmp_path):
    folder = tmp_path / "archive"
    with tarfile.open(job_archive(for_this_machine=False, feast=True)) as opened:
        opened.extractall(folder)
    wheels = folder / FEAST_WHEELS
    # As training/install_feast.py does it.
    options = ("--no-index", "--find-links", str(wheels), "-r", str(wheels / "requirements.txt"))

    used = installed_in_the_image(folder, tmp_path, *options)

    assert {"feast", "duckdb", "boto3"} <= {wheel.partition("-")[0] for wheel in used}
    assert {path.name for path in wheels.glob("*.whl")} - used == set()
    assert {path.name for path in folder.iterdir()} == {"evergreen", "training", "features", FEAST_WHEELS}


def test_the_client_of_a_mirror_comes_with_the_archive_only_where_runs_are_mirrored(archive, tmp_path):
    assert not (archive / names.WANDB_WHEELS).exists()
    folder = tmp_path / "archive"
    with tarfile.open(job_archive(for_this_machine=False, wandb=True)) as opened:
        opened.extractall(folder)
    wheels = folder / names.WANDB_WHEELS
    # As training/mirroring/mirror.py does it.
    options = ("--no-index", "--find-links", str(wheels), "-r", str(wheels / "requirements.txt"))

    used = installed_in_the_image(folder, tmp_path, *options)

    assert "wandb" in {wheel.partition("-")[0] for wheel in used}
    assert {path.name for path in wheels.glob("*.whl")} - used == set()
    assert (folder / "requirements.txt").read_text() == (archive / "requirements.txt").read_text()


def installed_in_the_image(archive, folder, *options):
    """The wheels that pip would install there, without an index."""
    image = folder / "image"
    image.mkdir()
    # pip holds markers against the Python that runs it: before 3.12, dask needs the last one.
    for package in (*IN_THE_IMAGE, "importlib-metadata"):
        stub_wheel(image, package, importlib.metadata.version(package))
    platforms = [argument for platform in WHEEL_PLATFORMS for argument in ("--platform", platform)]
    command = [sys.executable, "-m", "pip", "install", "--isolated", "--disable-pip-version-check", "--quiet"]
    command += ["--dry-run", "--report", str(folder / "report.json"), "--target", str(folder / "target")]
    command += ["--only-binary=:all:", "--python-version", build.PYTHON_VERSION, *platforms]
    # pip install holds Requires-Python against the Python that runs it, whatever --python-version says.
    command += ["--ignore-requires-python", "--find-links", str(image), *options]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    finished = subprocess.run(command, cwd=archive, env=environment, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr

    chosen = json.loads((folder / "report.json").read_text())["install"]
    assert all(item["download_info"]["url"].startswith("file://") for item in chosen)
    return {item["download_info"]["url"].rpartition("/")[2] for item in chosen}


def stub_wheel(folder, package, version):
    """An empty package of that name and version: what the image has installed already."""
    name = package.replace("-", "_")
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: stub\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


def test_the_drift_check_finds_its_packages_in_the_second_zip_and_nowhere_else(packages, tmp_path):
    """Unpacked as the function does it, with neither the checkout nor what is installed in it in reach."""
    for package, folder in (
        (packages["check_drift"], "function"),
        (large_zip("check_drift", for_this_machine=True), "large"),
    ):
        with zipfile.ZipFile(package) as opened:
            opened.extractall(tmp_path / folder)
    program = (
        f"import sys; sys.path[:0] = [{str(tmp_path / 'function')!r}, {str(tmp_path / 'large')!r}]; "
        "import functions.check_drift.check, pyarrow.parquet; print(functions.check_drift.check.__file__)"
    )
    command = [sys.executable, "-I", "-S", "-c", program]
    finished = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.startswith(str(tmp_path / "function"))


def test_the_second_zip_is_compiled_where_it_is_imported_and_fits_the_functions_storage():
    with zipfile.ZipFile(large_zip("check_drift", for_this_machine=True)) as opened:
        files = {entry.filename: entry.file_size for entry in opened.infolist()}
    # Packed and unpacked at the same time: see infra/monitoring/drift_check.py.
    assert sum(files.values()) < 1.5 * 2**30
    for module in ("evidently/core/report.py", "pandas/core/frame.py", "scipy/stats/_stats_py.py"):
        assert importlib.util.cache_from_source(module) in files
    # All of them would take a minute to compile, and most are never imported.
    assert sum(file.endswith(".pyc") for file in files) < sum(file.endswith(".py") for file in files) / 2
    assert not any("/tests/" in file for file in files if file.startswith(("pandas", "scipy", "numpy", "sklearn")))
