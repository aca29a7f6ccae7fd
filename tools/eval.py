"""Composes a set of pages with a model, prints how well it did, and keeps the run.

    python -m tools.eval [--model kimi|claude|house] [--name NAME] [--pages N] [--accept]

The shops are the demo shop and those of tests/corpora/eval, one a language; each is composed for
every kind of shopper. The model is the first that the settings have a key for, else the house.
A run is kept in the data folder and can be set beside another in the workbench. With --accept it
is what later runs of the model are measured by; the status is 1 where one falls behind that.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import islice, product
from pathlib import Path

from app.content.site import SiteContent, read_site
from app.domain.llm import Model
from app.domain.page import StoredPage
from app.domain.persona import PERSONA_TYPES, PageKey, Persona, Signals
from app.generation.job import GeneratorTools, PageJob
from app.generation.rules import House
from app.generation.trace import Trace
from app.llm.budget import Budget
from app.llm.factory import Providers
from app.metrics.registry import Metrics
from app.metrics.tracing import Tracing
from app.pages.generators import build_generator
from app.pages.journal import PageJournal
from app.pages.shells import build_shop_view
from app.pages.site import build_renderer
from app.personas.key import persona_hash
from app.settings import ROOT, Settings, read_settings
from app.storage.kv.sqlite import SqliteKv
from app.workbench.evals import SHARES, Evaluation, Outcome, figures, load, save, shown_figures

SHOPS = (ROOT / "demo" / "catalog.json", *sorted((ROOT / "tests/corpora/eval").glob("*.json")))

MOST_PAGES = len(SHOPS) * len(PERSONA_TYPES)

_WORSE = 0.02
"""By how much a share of the whole may fall before a run counts as worse than another."""


def main(arguments: Sequence[str]) -> int:
    """Evaluate a model; return 1 where it falls behind what was accepted of it before."""
    return asyncio.run(_evaluate(_read(arguments)))


async def _evaluate(options: argparse.Namespace) -> int:
    settings = read_settings(os.environ)
    with tempfile.TemporaryDirectory() as folder:
        kv = SqliteKv(Path(folder) / "kv.sqlite3", time.time)
        await kv.open()
        budget = Budget(settings.spending, kv, time.time)
        providers = Providers(settings, budget, Metrics(), Tracing(""))
        try:
            known = ["house", *providers.by_name]
            source = options.model or known[-1 if len(known) == 1 else 1]
            if source not in known:
                print(f"there is no model {source!r}: {', '.join(known)}", file=sys.stderr)
                return 2
            outcomes = []
            for content, persona in islice(_briefs(settings), options.pages):
                outcomes.append(await _compose(settings, content, persona, providers, source))
                print(".", end="", flush=True)
        finally:
            await providers.aclose()
            await kv.close()
    model = "house" if source == "house" else providers.by_name[source].name
    now = datetime.now(UTC)
    name = options.name or f"{source}-{now:%Y%m%d-%H%M%S}"
    run = Evaluation(name, model, now.isoformat(timespec="seconds"), tuple(outcomes))
    runs = settings.data / "evals"
    save(runs / f"{name}.json", run)
    print(f"\n{_report(run)}\nkept in {runs}")
    return _gate(runs / "accepted" / f"{source}.json", run, accept=options.accept)


def _gate(path: Path, run: Evaluation, *, accept: bool) -> int:
    """Hold a run to the accepted one, which it becomes where it is to; say what came of it."""
    if accept:
        save(path, run)
        print("accepted: later runs are held to it")
        return 0
    accepted = load(path)
    if accepted is None:
        print("nothing is accepted yet to hold it to: ACCEPT=1")
        return 0
    faults = worse(run, accepted)
    for fault in faults:
        print(f"worse than {accepted.name}, which was accepted: {fault}")
    if not faults:
        print(f"as good as {accepted.name}, which was accepted")
    return int(bool(faults))


def worse(new: Evaluation, accepted: Evaluation) -> list[str]:
    """Return in what a run falls behind another: what is admitted, and what is filled.

    Only pages that both have composed say anything of that.
    """
    pages = [{(it.shop, it.persona) for it in run.outcomes} for run in (new, accepted)]
    both = set.intersection(*pages)
    if not both:
        return ["no page of it was composed then"]
    now, before = (
        figures(it for it in run.outcomes if (it.shop, it.persona) in both)
        for run in (new, accepted)
    )
    return [
        f"{name}: {now[name]:.1%}, accepted {before[name]:.1%}"
        for name in SHARES
        if now[name] < before[name] - _WORSE
    ]


def _read(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.eval")
    parser.add_argument("--model", default="")
    parser.add_argument("--name", default="", type=_file_name)
    parser.add_argument("--pages", type=int, choices=range(1, MOST_PAGES + 1), metavar="N")
    parser.add_argument("--accept", action="store_true")
    return parser.parse_args([item for item in arguments if item])


def _file_name(text: str) -> str:
    if Path(text).name != text:
        raise argparse.ArgumentTypeError(f"{text!r} is no name of a file")
    return text


def _briefs(settings: Settings) -> Iterator[tuple[SiteContent, Persona]]:
    """Yield every shop with every kind of shopper, one who likes what the shop begins with."""
    open_shop = cache(lambda path: read_site(settings._replace(catalog=path)))
    for kind, path in product(PERSONA_TYPES, SHOPS):
        content = open_shop(path)
        liked = content.catalogs.default.categories()[:1]
        known = kind != "newcomer"
        signals = Signals(0.0, tuple(liked) if known else ())
        yield content, Persona(kind, 0.8 if known else 0.0, signals)


async def _compose(
    settings: Settings, content: SiteContent, persona: Persona, providers: Providers, source: str
) -> Outcome:
    """Compose a page as the shop does, but for keeping it."""
    library, prompts, shop = content.library, content.prompts, content.catalogs.default
    library.specs.load()
    *_, house = providers.with_house(House(library.plan, prompts.house_in))
    models: list[Model] = [house] if source == "house" else [providers.by_name[source], house]
    renderer, journal = build_renderer(content), PageJournal(time.time)
    view = build_shop_view(shop, content, renderer)
    tools = GeneratorTools(
        journal=journal,
        models_of=lambda _: models,
        deadlines=settings.deadlines,
        parsing=settings.parsing,
    )
    trace = Trace("eval", shop.id, persona.type, time.monotonic)
    key = PageKey("shop_eval", persona_hash(persona))
    job = PageJob(
        "eval", key, shop, persona, view.content, view.fallbacks, trace, library.plan.slots
    )
    journal.open("eval", key.shopper_id)
    await build_generator(content, renderer, tools).compose(job, _forget)
    return outcome(trace, models[0].name, len(library.plan.for_models))


def outcome(trace: Trace, model: str, slots: int) -> Outcome:
    """Read from the trace of a page what the model did, apart from who filled in for it.

    `proposed` and `admitted` count the components of its first answer.
    """
    requests, at_work = 0, ""
    proposed = admitted = filled = 0
    hero: int | None = None
    refusals: Counter[str] = Counter()
    for note in trace.notes:
        if note.what == "asked":
            requests, at_work = requests + 1, note.code
        elif at_work != model or note.what not in {"drawn", "refused"}:
            continue
        else:
            drawn = note.what == "drawn"
            proposed += requests == 1
            admitted += drawn and requests == 1
            filled += drawn
            if drawn and note.where == "hero":
                hero = note.at
            if not drawn:
                refusals[note.code] += 1
    tokens = trace.tokens
    return Outcome(
        trace.shop_id,
        trace.persona_type,
        trace.status,
        proposed,
        admitted,
        filled,
        slots,
        tokens.prompt,
        tokens.completion,
        hero,
        dict(refusals),
    )


async def _forget(_page: StoredPage, _ttl: int, _shared: object) -> bool:
    return True


def _report(run: Evaluation) -> str:
    lines = [f"{run.model}: {len(run.outcomes)} pages"]
    lines += [f"  {name:<30}{value:>10}" for name, value in shown_figures(run.outcomes).items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
