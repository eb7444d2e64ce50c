"""Stages, tests, demonstrates and packages Veduta. Only the standard library is needed to start it.

No painting, no Blender and no training lives here: this file makes environments and folders, and runs programs in them.
    python3 build.py demo           paint the sample terrain in Blender and leave everything in demo/
    python3 build.py test [--all]   run the tests (in every Blender version)
    python3 build.py zip            build the extension for a platform
"""
from __future__ import annotations

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

try:
    import tomllib
except ImportError:  # before Python 3.11
    sys.exit("Veduta's build needs Python 3.11 or later; start it with python3.11.")

ROOT = Path(__file__).resolve().parent
ENVIRONMENTS = ROOT / ".envs"
BUILD = ROOT / "build"
DEMO = ROOT / "demo"
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
RUNTIME = next(requirement for requirement in EXTRAS["paint"] if requirement.startswith("onnxruntime=="))
# The same library and import folder, built with DirectML besides the processor. Its line is RUNTIME's; it has no release of every version.
RUNTIMES = {"windows-x64": "onnxruntime-directml==1.23.0"}
ZIP_LIMIT = 100_000_000  # bytes

# What painting inside Blender never needs.
UNSTAGED = shutil.ignore_patterns("__pycache__", "*.pyc", "training", "export.py", "foreign.py", "discriminator.*", "segmenter_large.*")


@dataclass(frozen=True)
class Blender:
    """One Blender from the package index, the Python it is built for, and the numpy it works with."""

    bpy: str
    python: str
    numpy: str

    @property
    def requirements(self) -> list[str]:
        return [f"bpy=={self.bpy}", self.numpy, "pytest"]


OLDEST = Blender("4.2.23", "3.11", "numpy<2")
NEXT_MAJOR = Blender("5.0.1", "3.11", "numpy<2")
BLENDERS = (
    OLDEST,
    Blender("4.5.15", "3.11", "numpy<2"),
    NEXT_MAJOR,
    Blender("5.1.2", "3.13", "numpy>=2.2"),
    Blender("5.2.3", "3.13", "numpy>=2.2"),
)
PYTHONS = ("3.11", "3.13")  # that a zip carries the runtime for

# Blender's name of a platform -> pip's tag of the runtime's wheels for it.
PLATFORMS = {"linux-x64": "manylinux_2_28_x86_64", "windows-x64": "win_amd64", "macos-arm64": "macosx_13_0_arm64"}


class BuildError(Exception):
    """Something that stops a command; the message is one sentence for whoever started it."""


def say(text: str) -> None:
    print(text, flush=True)


# ---- the extension's tree and its zip ----


def stage(destination: Path, weights: Path = ROOT / "weights") -> Path:
    """Make the extension's tree at `destination`, replacing what is there: add-on, `synth_core` and `weights`. Returns it.

    A missing `weights` folder leaves an empty one, so that the add-on can say what is wrong.
    """
    if destination.exists():
        shutil.rmtree(destination)
    shutil.copytree(ROOT / "blender_addon", destination, ignore=UNSTAGED)
    shutil.copytree(ROOT / "synth_core", destination / "synth_core", ignore=UNSTAGED)
    if weights.is_dir():
        shutil.copytree(weights, destination / "weights", ignore=UNSTAGED)
    else:
        (destination / "weights").mkdir()
    shutil.copy(ROOT / "LICENSE", destination / "LICENSE")
    return destination


def host_platform() -> str:
    """Blender's name of the platform this runs on. Raises BuildError where no zip is made for it."""
    name = {"Linux": "linux", "Windows": "windows", "Darwin": "macos"}.get(platform.system(), platform.system().lower())
    name += "-" + {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(platform.machine().lower(), platform.machine().lower())
    if name not in PLATFORMS:
        raise BuildError(f"No zip is made for {name}; choose one of {', '.join(PLATFORMS)} by --platform.")
    return name


def zip_path(platform_name: str) -> Path:
    """Where the zip for a platform is built."""
    version = tomllib.loads((ROOT / "blender_addon" / "blender_manifest.toml").read_text("utf-8"))["version"]
    return BUILD / f"veduta-{version}-{platform_name}.zip"


def runtime_wheel(python: str, platform_name: str) -> Path:
    """ONNX Runtime's wheel for a Python and a platform, downloaded once. It needs numpy alone, which Blender has."""
    folder = BUILD / "wheels" / platform_name
    abi, runtime = "cp" + python.replace(".", ""), RUNTIMES.get(platform_name, RUNTIME)
    pattern = f"{runtime.replace('-', '_').replace('==', '-')}-{abi}-*.whl"
    have = list(folder.glob(pattern))
    if not have:
        say(f"downloading {runtime} for Python {python} on {platform_name}")
        call([blender_python(OLDEST), "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--implementation", "cp",
              "--python-version", python, "--abi", abi, "--platform", PLATFORMS[platform_name], "--dest", str(folder), runtime])
        have = list(folder.glob(pattern))
    return have[0]


def make_zip(platform_name: str) -> Path:
    """Build and validate the extension's zip for a platform with Blender's own builder. Raises BuildError."""
    if not (ROOT / "weights" / "manifest.json").is_file():
        raise BuildError("There are no weights to package: weights/manifest.json is missing. Restore the folder, or run the export.")
    tree = stage(BUILD / "veduta")
    (tree / "wheels").mkdir()
    wheels = [shutil.copy(runtime_wheel(python, platform_name), tree / "wheels") for python in PYTHONS]
    manifest = tree / "blender_manifest.toml"
    names = ", ".join(f'"./wheels/{Path(wheel).name}"' for wheel in wheels)
    filled = manifest.read_text("utf-8").replace("wheels = []", f'wheels = [{names}]\nplatforms = ["{platform_name}"]')
    manifest.write_text(filled, "utf-8")

    target = zip_path(platform_name)
    python = blender_python(OLDEST)
    builder = next(python.parent.parent.glob("lib*/**/bl_pkg/cli/blender_ext.py"))
    call([python, "-I", builder, "build", "--source-dir", tree, "--output-filepath", target])
    call([python, "-I", builder, "validate", target])
    size = target.stat().st_size
    say(f"{target.relative_to(ROOT)}: {size / 1e6:.1f} MB")
    if size >= ZIP_LIMIT:
        raise BuildError(f"The zip has {size / 1e6:.1f} MB, but the extensions platform takes less than {ZIP_LIMIT / 1e6:.0f}.")
    return target


# ---- environments ----


def call(command: list, **options) -> None:
    """Run a program to its end. Raises BuildError when it fails."""
    code = subprocess.run([str(word) for word in command], **options).returncode
    if code:
        raise BuildError(f"This failed with exit status {code}: {' '.join(str(word) for word in command)}")


def find_python(version: str) -> Path:
    """A Python of `version` ("3.11"): this one, one on PATH, or one that pyenv has. Raises BuildError."""
    on_path = shutil.which(f"python{version}")
    kept_by_pyenv = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python3"))
    for candidate in (sys.executable, on_path, *kept_by_pyenv):
        if candidate and _version_of(candidate) == version:
            return Path(candidate)
    raise BuildError(f"Python {version} is not on this machine; install it so that `python{version}` runs.")


def _version_of(python: str | Path) -> str:
    """ "3.11" for a Python 3.11; empty for what doesn't run (a shim of a version that isn't there)."""
    done = subprocess.run([str(python), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True)
    return done.stdout.strip()


def environment(name: str, python_version: str, requirements: list[str]) -> Path:
    """The Python of a virtual environment with `requirements`, made when no finished one with the same ones is there."""
    key = hashlib.sha256("\n".join([python_version, *sorted(requirements)]).encode()).hexdigest()[:8]
    folder = ENVIRONMENTS / f"{name}-{key}"
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    finished = folder / "finished"
    if not finished.exists():
        say(f"making the environment {folder.relative_to(ROOT)}: {', '.join(requirements)}")
        started = time.monotonic()
        call([find_python(python_version), "-m", "venv", "--clear", folder])
        call([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements])
        finished.touch()
        say(f"made in {time.monotonic() - started:.0f} s")
    return python


def core_python() -> Path:
    """The Python of the environment that paints with both engines, trains and exports."""
    return environment("core", "3.11", sorted({*EXTRAS["paint"], *EXTRAS["train"], *EXTRAS["test"]}))


def blender_python(blender: Blender) -> Path:
    """The Python of an environment with one Blender, and without ONNX Runtime: that comes from the zip, or by `with_runtime`."""
    return environment(f"blender-{blender.bpy}", blender.python, blender.requirements)


def with_runtime(blender: Blender) -> dict[str, str]:
    """Environment variables under which a Blender from the package index finds ONNX Runtime, unpacked from the zip's own wheel."""
    wheel = runtime_wheel(blender.python, host_platform())
    folder = ENVIRONMENTS / wheel.stem
    if not folder.exists():
        unfinished = folder.with_name(folder.name + ".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(unfinished)
        unfinished.rename(folder)
    return {**os.environ, "PYTHONPATH": str(folder)}


# ---- commands ----


def demo(_: argparse.Namespace) -> None:
    """Paint the sample terrain in Blender and leave file, label map, painting and render in demo/."""
    python, variables = blender_python(OLDEST), with_runtime(OLDEST)
    call([python, ROOT / "scripts" / "demo.py", DEMO], env=variables)


def test(options: argparse.Namespace) -> None:
    """Run the tests; every part runs even when one before it failed. Raises BuildError when any did."""
    build_target = make_zip(host_platform())
    parts = [("core", core_python(), ["tests/core", "tests/process", "tests/training"], dict(os.environ))]
    for blender in BLENDERS if options.all else (OLDEST,):
        parts.append((f"add-on in Blender {blender.bpy}", blender_python(blender), ["tests/addon"], with_runtime(blender)))
    for blender in BLENDERS if options.all else (OLDEST, NEXT_MAJOR):
        parts.append((f"{build_target.name} in Blender {blender.bpy}", blender_python(blender), ["tests/package"], dict(os.environ)))

    failed = []
    for name, python, folders, variables in parts:
        say(f"\n== {name}")
        started = time.monotonic()
        code = subprocess.run([str(python), "-m", "pytest", *folders], cwd=ROOT, env=variables).returncode
        say(f"== {name}: {'passed' if code == 0 else 'FAILED'} in {time.monotonic() - started:.0f} s")
        if code:
            failed.append(name)
    if failed:
        raise BuildError(f"Tests failed: {', '.join(failed)}.")


def package(options: argparse.Namespace) -> None:
    """Build the extension's zip."""
    make_zip(options.platform or host_platform())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar="command")
    commands.add_parser("demo", help=demo.__doc__).set_defaults(run=demo)
    tests = commands.add_parser("test", help=test.__doc__)
    tests.add_argument("--all", action="store_true", help="in every Blender version, not the oldest and the next major one only")
    tests.set_defaults(run=test)
    zips = commands.add_parser("zip", help=package.__doc__)
    zips.add_argument("--platform", choices=PLATFORMS, help="default: this machine's")
    zips.set_defaults(run=package)
    options = parser.parse_args()
    started = time.monotonic()
    try:
        options.run(options)
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    say(f"done in {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
