"""The merchant's rules at any moment and for any persona: what holds, what changes, and why."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.catalog.merchandising import next_change, rules_at
from app.catalog.standing import standings
from app.domain.merchandising import Rule
from app.workbench.gallery.fixtures import read_persona
from app.workbench.gallery.states import CHOICES, read_view_options, shop_of
from app.workbench.reload.manager import ContentReloader
from app.workbench.responses import page
from app.workbench.templates import Templates

_MINUTE = 60


def rules_page(live: ContentReloader, templates: Templates) -> Route:
    """Return the page of the rules of a moment, and of where each product stands by them."""

    async def rules(request: Request) -> Response:
        options = read_view_options(request.scope["query_string"])
        shop, moment = shop_of(live, options), options.moment
        holding = rules_at(shop, options.persona, moment)
        persona = read_persona({"persona": options.persona}, shop)
        change = next_change(shop, moment)
        shops = live.version.content.catalogs.shops.values()
        return page(
            templates.draw(
                "rules",
                options=options._replace(at=_said(moment), state="finished"),
                personas=CHOICES["persona"],
                shops={item.id: item.name for item in shops},
                rules=[(rule.line, rule.action, _what(rule)) for rule in holding],
                others=len(shop.rules) - len(holding),
                standings=standings(shop, persona, holding),
                change=_said(change + _MINUTE - 1) if change else "",
            )
        )

    return Route("/rules", rules)


def _said(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M")


def _what(rule: Rule) -> str:
    parts = (f"{rule.amount:g}" if rule.amount else "", ", ".join(rule.products))
    what = " of ".join(filter(None, parts))
    return f"{what} in {rule.slot}" if rule.slot else what
