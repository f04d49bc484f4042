"""What the documents and docstrings show runs as shown."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

import fashioncnn
from fashioncnn.cli.main import main
from fashioncnn.datasets import fashion_mnist

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
CODE = [ROOT / "docs" / name for name in ("architecture.md", "numerics.md", "performance.md")]
TREE = [path for folder in ("csrc", "fashioncnn", "tests", "tools", "benchmarks", "conformance")
        for path in [ROOT / folder, *(ROOT / folder).rglob("*")]]
MODULES = sorted(module.name for module in pkgutil.walk_packages(fashioncnn.__path__, "fashioncnn.")
                 if not module.name.endswith("__main__"))


@pytest.fixture(autouse=True)
def _on_the_sample_in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fashion_mnist, "load_data", fashion_mnist.load_sample)
    yield
    fashioncnn.set_num_threads(0)


def blocks(path, language):
    """(number of the first line, text) of every fenced block in `language`."""
    text = path.read_text(encoding="utf-8")
    for match in re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield text.count("\n", 0, match.start(1)), match.group(1)


def run_doctest(source, names, title, line):
    test = doctest.DocTestParser().get_doctest(source, names, title, str(title), line)
    report = []
    result = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=report.append, clear_globs=False)
    assert result.failed == 0, "".join(report)
    return test.globs


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_python_in_documents_runs(path):
    names = {}
    for line, source in blocks(path, "python"):
        if ">>>" in source:
            names = run_doctest(source, names, path, line)
        else:
            exec(compile("\n" * line + source, path, "exec"), names)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_commands_in_documents_run(path, tmp_path):
    image = pytest.importorskip("PIL.Image").fromarray(fashion_mnist.load_sample()[1][0][0])
    image.save(tmp_path / "sneaker.png")
    for _, source in blocks(path, "console"):
        for command in re.findall(r"^\$ fashioncnn (.*)$", source, re.MULTILINE):
            assert main(shlex.split(command)) == 0, command


def test_documents_print_errors_whole():
    for path in DOCUMENTS:
        cut = re.findall(r"^\w+Error: .*\.\.\..*$", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert cut == [], path.name


def test_make_targets_in_documents_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for path in DOCUMENTS:
        named = set(re.findall(r"(?:^|`)make\s+([a-z-]+)", path.read_text(), re.MULTILINE))
        assert named <= targets, f"{path.name}: {named - targets}"


def test_links_between_documents_lead_somewhere():
    for path in DOCUMENTS:
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def spans_of(path):
    """The text of every code span outside of blocks."""
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`([^`]+)`", text)


def are_missing(names):
    """Those of the files and folders that are not in the tree; the first folders of a path may be left out."""
    known = [f"/{path.relative_to(ROOT)}" for path in (*TREE, *ROOT.glob("*"), ROOT / "build")]
    return [name for name in names if not any(path.endswith("/" + name.strip("/")) for path in known)]


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.name)
def test_files_in_documents_exist(path):
    files = [span for span in spans_of(path) if re.fullmatch(r"[\w./]+", span) and re.search(r"/|\.(c|h|pyi?)$", span)]
    assert files
    assert are_missing(files) == []


def test_folders_in_the_house_exist():
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    lines = [re.split(" {3,}", line)[0] for line in re.findall(r"^ {4,}(\S.*)$", text, re.MULTILINE)]
    named = [name for line in lines for name in re.findall(r"(?<!\S)[a-z_/]+/(?!\S)", line)]
    assert {"csrc/", "network/", "tests/c/", "conformance/"} <= set(named)
    assert are_missing(named) == []


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.name)
def test_names_in_documents_exist(path):
    sources = [path for path in (*TREE, ROOT / "setup.py") if path.suffix in (".c", ".h", ".py", ".pyi")]
    words = {word for source in sources for word in re.findall(r"\w+", source.read_text(encoding="utf-8"))}
    names = [re.sub(r"\(.*", "", span).strip("@") for span in spans_of(path)
             if re.fullmatch(r"@?[A-Za-z_][\w.]*(\(.*\))?", span)]
    assert names
    assert {word for name in names for word in name.split(".")} - words == set()


def test_the_readme_counts_keras_tests_as_the_table_does():
    counts = r"([\d,]+) in scope ([\d,]+) pass, ([\d,]+) need something absent and ([\d,]+) are wrong"
    table = (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")
    scope, passed, absent, wrong = re.search(counts.replace(" in", " tests in"), table).groups()
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert f"{scope} that concern a trainer of convolutional networks: {passed} pass, {wrong} are wrong, and " \
           f"{absent} need something that is absent" in readme


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples_run(name):
    module = importlib.import_module(name)
    names = module.__dict__ | {"np": np, "keras": fashioncnn, "__name__": "__main__"}
    for test in doctest.DocTestFinder(exclude_empty=True).find(module, globs=names):
        report = []
        result = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=report.append)
        assert result.failed == 0, "".join(report)


def test_the_tutorial_runs_as_it_is_typed(capsys, monkeypatch):
    (train, train_labels), (test, test_labels) = fashion_mnist.load_sample()
    whole = (train[np.arange(60_000) % len(train)], train_labels[np.arange(60_000) % len(train)])
    whole_test = (test[np.arange(10_000) % len(test)], test_labels[np.arange(10_000) % len(test)])
    monkeypatch.setattr(fashion_mnist, "load_data", lambda: (whole, whole_test))
    source = (ROOT / "examples" / "fashion_cnn.py").read_text(encoding="utf-8")
    assert "epochs=5" in source
    exec(compile(source.replace("epochs=5", "epochs=1"), "fashion_cnn.py", "exec"), {})
    output = capsys.readouterr().out
    assert "225,034" in output
    assert float(re.search(r"test accuracy: (\S+)", output).group(1)) > 0.75


@pytest.mark.parametrize("import_line", ["import fashioncnn as tf", "import fashioncnn\ntf = fashioncnn"])
def test_a_tensorflow_tutorial_finds_its_names(import_line):
    source = f"""{import_line}
mnist = tf.keras.datasets.fashion_mnist
(x, y), _ = mnist.load_data()
model = tf.keras.models.Sequential([tf.keras.layers.Flatten(input_shape=(28, 28)),
                                    tf.keras.layers.Dense(10, activation="softmax")])
model.compile(optimizer=tf.keras.optimizers.Adam(), loss=tf.keras.losses.SparseCategoricalCrossentropy())
model.fit(x / 255.0, y, epochs=1, verbose=0)
"""
    exec(source, {})
