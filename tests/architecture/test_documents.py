"""The documents: short where they should be, without a dead link, and every decision in the index."""

from __future__ import annotations

import re
from pathlib import Path

from app.settings import ROOT
from tests.architecture.test_rooms import FLOORS
from tools import settings_table

LONGEST_README = 120
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
RECORDS = sorted(ROOT.glob("docs/decisions/[0-9]*.md"))

LIVING = [path for path in DOCUMENTS if path.name != "CHANGELOG.md"]
"""The documents that speak of what is there now."""

TARGETS = re.findall(r"^([\w.$()/-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)

SET_UP = (
    "components/pictures",
    "tools/bench/results",
    "worker/.build",
    "worker/node_modules",
    "worker/public",
)
"""What is made by commands, and need not be there yet."""

LINK = re.compile(r"""\]\(([^)\s]+)\)|(?:src|href)="([^"]+)\"""")
RECORD = re.compile(
    r"# (?P<number>\d+)\. (?P<title>.+)\n\n"
    r"- Date: (?P<date>\d{4}-\d\d-\d\d)\n"
    r"- Status: (?P<status>proposed|accepted|superseded by \d+)\n\n## Context\n"
)


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= LONGEST_README


def test_every_link_leads_somewhere() -> None:
    links = [(path, link) for path in DOCUMENTS for link in _links(path)]
    dead = [f"{path.relative_to(ROOT)}: {link}" for path, link in links if not _leads(path, link)]
    assert len(links) > len(DOCUMENTS)
    assert dead == []


def test_every_document_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        if path.suffix == ".md" and path not in reached:
            reached.add(path)
            waiting += [(path.parent / link.partition("#")[0]).resolve() for link in _links(path)]
    assert reached >= set(DOCUMENTS)


def test_the_table_of_settings_is_what_the_code_says() -> None:
    assert settings_table.DOCUMENT.read_text() == settings_table.document(), "run `make docs`"


def test_every_path_that_is_named_is_there() -> None:
    folders = "app|components|demo|docs|migrations|prompts|requirements|static|tests|tools|worker"
    named = _named(rf"(?<![\w/.])((?:{folders})/[\w./*-]*)")
    gone = [at for at, path in named if not path.startswith(SET_UP) and not any(ROOT.glob(path))]
    assert len(named) > len(LIVING)
    assert gone == []


def test_every_make_target_that_is_named_can_be_made() -> None:
    named = _named(r"\bmake ([\w./-]+)")
    assert len(named) > len(LIVING)
    assert [at for at, target in named if target not in TARGETS] == []


def test_the_commit_hooks_run_every_linter() -> None:
    linters = [target for target in TARGETS if target.endswith(("lint", "types"))]
    hooks = re.findall(r"entry: (.*)", (ROOT / ".pre-commit-config.yaml").read_text())
    assert sorted(hooks) == sorted(f"make --silent {target}" for target in linters)


def test_what_is_said_to_hold_the_claim_of_an_old_test_is_there() -> None:
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    text = (ROOT / "docs/moved-tests.md").read_text()
    held = [row.rpartition("| ")[2] for row in text.splitlines() if row.startswith("| test")]
    files = {name for cell in held for name in re.findall(r"tests/[\w/]+\.py", cell)}
    names = {name for cell in held for name in re.findall(r"\btest_\w+(?!\w*\.py)\b", cell)}
    assert files
    assert names
    assert [name for name in sorted(files) if not (ROOT / name).is_file()] == []
    assert [name for name in sorted(names) if f"def {name}(" not in tests] == []
    told = re.findall(r"^\| (test_\w+) \|", text, re.MULTILINE)
    before = (ROOT / "tests/corpora/tests_before_the_move.txt").read_text().split()
    assert told == sorted(name for name in before if f"def {name}(" not in tests)


def test_a_hook_runs_for_every_script_whose_types_it_checks() -> None:
    hook = (ROOT / ".pre-commit-config.yaml").read_text().partition("id: worker-types")[2]
    (pattern,) = re.findall(r"files: (.*)", hook)
    scripts = [*ROOT.glob("worker/src/**/*.ts"), *ROOT.glob("static/*.js")]
    scripts += ROOT.glob("app/workbench/static/*.js")
    names = [path.relative_to(ROOT).as_posix() for path in scripts]
    assert [name for name in names if not re.search(pattern, name)] == []


def test_the_order_of_the_rooms_is_told_as_it_is() -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    order = text.partition("## Who may use whom")[2].split("```")[1]
    assert tuple(" ".join(floor.split()) for floor in order.split("<")) == FLOORS


def test_every_room_is_described() -> None:
    described = re.findall(
        r"^\| `(\w+)/` \|", (ROOT / "docs/architecture.md").read_text(), re.MULTILINE
    )
    assert set(described) >= {path.parent.name for path in (ROOT / "app").glob("*/__init__.py")}


def test_every_decision_has_a_date_and_a_status_and_is_in_the_index() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text().splitlines()
    rows = [line for line in index if line.startswith("| ") and "](" in line]
    expected = []
    for path in RECORDS:
        record = RECORD.match(path.read_text())
        assert record, f"{path.name} needs a number, a date and a status"
        assert path.name.startswith(f"{int(record['number']):04}-")
        link = f"[{record['title']}]({path.name})"
        expected.append(f"| {record['number']} | {link} | {record['date']} | {record['status']} |")
    assert rows == expected


def _named(pattern: str) -> list[tuple[str, str]]:
    """Return where the code in documents matches, and what the pattern's group is there."""
    return [
        (f"{path.relative_to(ROOT)}: {name}", name)
        for path in LIVING
        for code in re.findall(r"```.*?```|`[^`\n]*`", path.read_text(), flags=re.DOTALL)
        for name in re.findall(pattern, code)
    ]


def _links(path: Path) -> list[str]:
    """Return the relative links of a document, examples in code left out."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text(), flags=re.DOTALL)
    found = (first or second for first, second in LINK.findall(text))
    return [link for link in found if not re.match(r"[a-z]+:", link)]


def _leads(path: Path, link: str) -> bool:
    name, _, anchor = link.partition("#")
    target = (path.parent / name).resolve() if name else path
    return target.exists() and (not anchor or anchor in _anchors(target))


def _anchors(path: Path) -> set[str]:
    """Return the addresses of a document's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
