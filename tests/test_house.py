"""Promises about the source itself that no other test would notice."""

import ast
import inspect
import re
from pathlib import Path

import pytest

from sslzoo import methods
from sslzoo.zoo import resolve
from sslzoo.zoo.entry import load_config

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path
    for folder in ("sslzoo", "benchmarks", "scripts", "tests")
    for path in (ROOT / folder).rglob("*.py")
)
PRIVATE = re.compile(r"keras\.(src|_tf_keras)\b|from keras import [\w, ]*\b(src|_tf_keras)\b")
CITED = re.compile(
    r"arXiv:\d{4}\.\d{4,5}|(NeurIPS|ICML|ICLR|CVPR|ICCV|ECCV|AAAI|IJCAI|TPAMI|JMLR)\W+\d{4}"
    r"|doi:10\.\d{4,}/\S+"
)


def test_nothing_uses_the_private_parts_of_keras():
    assert (
        SOURCES
        and [str(path) for path in SOURCES if PRIVATE.search(path.read_text(encoding="utf-8"))]
        == []
    )


@pytest.mark.parametrize(
    "line",
    ["import keras.{}", "from keras.{} import ops", "from keras import ops, {}", "keras.{}.ops"],
)
@pytest.mark.parametrize("part", ["src", "_tf_keras"])
def test_private_parts_are_recognized(line, part):
    assert PRIVATE.search(line.format(part))


def test_no_file_of_the_package_has_more_than_300_lines():
    counts = {
        str(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in (ROOT / "sslzoo").rglob("*.py")
    }
    assert {path: count for path, count in counts.items() if count > 300} == {}


@pytest.mark.parametrize("name", methods.list_methods())
def test_every_method_cites_its_paper(name):
    text = inspect.getdoc(methods.method_class(name))
    assert CITED.search(text), f"{name}: needs an arXiv number, a venue with its year, or a doi:10."


@pytest.mark.parametrize(
    "path", sorted((ROOT / "zoo_configs").glob("*.yaml")), ids=lambda path: path.stem
)
def test_every_entry_of_the_zoo_loads(path):
    assert resolve(path.stem) == path
    load_config(path)


# ---- plain style, of every file of the package ---------------------------------------


def package_files():
    """{path below sslzoo/: its syntax tree}."""
    files = sorted((ROOT / "sslzoo").rglob("*.py"))
    return {
        str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8")) for path in files
    }


def chained_conditionals(tree):
    """Lines of `x if a else y if b else z`, in either order."""
    conditionals = [node for node in ast.walk(tree) if isinstance(node, ast.IfExp)]
    return [
        f"{node.lineno}"
        for node in conditionals
        if any(isinstance(part, ast.IfExp) for part in (node.test, node.body, node.orelse))
    ]


SEVERAL = (ast.Tuple, ast.List)


def assigned(target):
    """The names, attributes and items that a target assigns to; `_` is none."""
    if isinstance(target, SEVERAL):
        return [name for part in target.elts for name in assigned(part)]
    if isinstance(target, ast.Starred):
        return assigned(target.value)
    return [] if isinstance(target, ast.Name) and target.id == "_" else [target]


def takes_a_shape_apart(node):
    """`n, h, w, c = x.shape`, `= ops.shape(x)` or `= shape`, without inner brackets."""
    flat = all(not isinstance(part, SEVERAL) for part in node.targets[0].elts)
    written_out = isinstance(node.value, SEVERAL)
    words = [getattr(part, "attr", getattr(part, "id", "")) for part in ast.walk(node.value)]
    return flat and not written_out and "shape" in words


def wide_assignments(tree):
    """Lines that assign more than two names at once, unless they take a shape apart."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign):
            continue
        names = [name for target in node.targets for name in assigned(target)]
        several = len(node.targets) == 1 and isinstance(node.targets[0], SEVERAL)
        if len(names) > 2 and not (several and takes_a_shape_apart(node)):
            found.append(f"{node.lineno}")
    return found


FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def is_public(name):
    return not name.startswith("_") or (name.startswith("__") and name.endswith("__"))


def public_functions(tree):
    """[(qualified name, function, is it a method)] at the top of a module and of its classes."""
    functions = [(node.name, node, False) for node in tree.body if isinstance(node, FUNCTION)]
    for owner in tree.body:
        if isinstance(owner, ast.ClassDef) and is_public(owner.name):
            methods = [node for node in owner.body if isinstance(node, FUNCTION)]
            functions += [(f"{owner.name}.{node.name}", node, True) for node in methods]
    return [found for found in functions if is_public(found[1].name)]


def is_static(function):
    return any(
        isinstance(mark, ast.Name) and mark.id == "staticmethod" for mark in function.decorator_list
    )


def missing_annotations(tree):
    """Public functions and methods with a parameter or a result that has no annotation."""
    lines = []
    for name, function, is_method in public_functions(tree):
        signature = function.args
        parameters = [*signature.posonlyargs, *signature.args]
        if is_method and not is_static(function):
            parameters = parameters[1:]  # self or cls
        parameters += signature.kwonlyargs
        parameters += [part for part in (signature.vararg, signature.kwarg) if part is not None]
        bare = [parameter.arg for parameter in parameters if parameter.annotation is None]
        if function.returns is None:
            bare.append("return")
        if bare:
            lines.append(f"{function.lineno} {name}({', '.join(bare)})")
    return lines


def missing_examples(tree):
    """Public classes and functions of a module without `>>>` in their docstrings."""
    public = [
        node
        for node in tree.body
        if isinstance(node, (*FUNCTION, ast.ClassDef)) and not node.name.startswith("_")
    ]
    return [
        f"{node.lineno} {node.name}"
        for node in public
        if ">>>" not in (ast.get_docstring(node, clean=False) or "")
    ]


@pytest.mark.parametrize(
    "offenders",
    [chained_conditionals, wide_assignments, missing_annotations, missing_examples],
    ids=lambda function: function.__name__,
)
def test_the_package_is_plain(offenders):
    listed = [
        f"{path}:{line}" for path, tree in package_files().items() for line in offenders(tree)
    ]
    assert not listed, f"{len(listed)} {offenders.__name__}:\n" + "\n".join(listed)


@pytest.mark.parametrize(
    "offenders, source",
    [
        (chained_conditionals, "x = 1 if a else 2 if b else 3"),
        (chained_conditionals, "x = (1 if a else 2) if b else 3"),
        (wide_assignments, "a, b, c = 1, 2, 3"),
        (wide_assignments, "a, b, c = f()"),
        (wide_assignments, "a, *b, self.c = f()"),
        (wide_assignments, "(_, a, b), (_, c, _) = (x.shape for x in f())"),
        (wide_assignments, "a, b, c = x.shape[0], 2, 3"),
        (wide_assignments, "a = b = c = 1"),
        (missing_annotations, "def f(x) -> int: ..."),
        (missing_annotations, "def f(x: int): ..."),
        (missing_annotations, "class A:\n    def __init__(self, **more) -> None: ..."),
        (missing_examples, "class A:\n    '''Words.'''"),
        (missing_examples, "def f():\n    '''Words.'''"),
    ],
)
def test_what_is_not_plain_is_recognized(offenders, source):
    assert offenders(ast.parse(source))
    plain = "def f(x: int, *more: int) -> int:\n    '''>>> f(1)'''\n    a, b = 1, 2\n"
    plain += "a, b, _ = f()\na, *b = f()\nn, h, w, c = x.shape\n"
    assert not offenders(ast.parse(plain))
