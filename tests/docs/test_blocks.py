"""The documentation's blocks are found, run as a reader would run them, and none is forgotten."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def runner():
    path = ROOT / "docs" / "run_blocks.py"
    spec = importlib.util.spec_from_file_location("run_blocks", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["run_blocks"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["run_blocks"]


PAGE = """# A page

<!-- setup
echo made > file.txt
-->
```sh
export WORD=kept
mkdir -p deeper && cd deeper
```

```python
import os

number = 3
```

```text
not a program
```

```bash
# needs: VASP
exit 1
```

```sh
test "$WORD" = kept
test "$(cat ../file.txt)" = made
```

<!-- run by: another script -->
```sh
exit 1
```

```python
assert number == 3 and os.path.basename(os.getcwd()) == "deeper"
```
"""


def run(runner, path: Path, text: str):
    path.write_text(text, encoding="utf-8")
    return [runner.run_part(part) for part in runner.parts(path)]


def test_a_page_runs_in_order_with_its_state_kept(runner, tmp_path) -> None:
    (page,) = run(runner, tmp_path / "page.md", PAGE)
    assert page.problem == ""
    assert page.ran == 5
    assert page.skipped == ("line 22: needs VASP", "line 33: run by another script")


@pytest.mark.parametrize(
    ("block", "words"),
    [
        ("```sh\nfalse\n```\n", "exit code 1"),
        ("```sh\nfalse | true\n```\n", "exit code 1"),
        ("```sh\necho $UNSET_NAME\n```\n", "UNSET_NAME"),
        ("```python\nraise ValueError('this one')\n```\n", "this one"),
    ],
)
def test_a_block_that_fails_is_named_with_its_line(runner, tmp_path, block, words) -> None:
    (page,) = run(runner, tmp_path / "page.md", f"# Page\n\n{block}")
    assert "page.md:4: " in page.problem
    assert words in page.problem


def test_independent_blocks_do_not_see_each_other(runner, tmp_path) -> None:
    text = f"{runner.INDEPENDENT}\n```sh\ntouch a\n```\n```sh\ntest ! -e a\n```\n"
    assert [page.problem for page in run(runner, tmp_path / "page.md", text)] == ["", ""]


def test_an_extra_is_needed_only_where_it_is_missing(runner, tmp_path) -> None:
    text = "```sh\n# needs: qdstruct[nothing]\nexit 1\n```\n"
    assert run(runner, tmp_path / "page.md", text)[0].skipped
    present = "```sh\n# needs: qdstruct[fits]\ntrue\n```\n"
    installed = importlib.util.find_spec("lmfit") is not None
    assert run(runner, tmp_path / "page.md", present)[0].ran == int(installed)


def test_no_command_of_the_documentation_is_outside_a_labelled_block(runner) -> None:
    for path in runner.pages():
        text = path.read_text(encoding="utf-8")
        for fence in re.finditer(r"^```\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            before = text[: fence.start()].count("\n```") + text.startswith("```")
            if before % 2 == 0:
                assert not re.search(r"^(qdstruct|pip) ", fence[1], re.MULTILINE), path


def test_few_blocks_are_left_out_and_each_says_why(runner) -> None:
    found = [
        block
        for path in runner.pages()
        for block in runner.blocks(path.read_text(encoding="utf-8"))
    ]
    skipped = [block.skipped for block in found if block.skipped]
    nowhere = [reason for reason in skipped if not reason.startswith("run by")]
    assert len(nowhere) < len(found) / 5
    for reason in skipped:
        assert re.fullmatch(r"run by \.ci/run|needs \w.{3,}", reason)
