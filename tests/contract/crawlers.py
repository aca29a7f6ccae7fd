"""Vectors of user agents: who is a crawler."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import crawleruseragents

from app.web.crawlers import MAX_LENGTH, crawler_list, is_crawler

_LISTED = crawleruseragents.CRAWLER_USER_AGENTS_DATA
_AGENTS = (
    "",
    "Mozilla/5.0 (Linux; Android 6.0; M BOT 551 Build/MRA58K) Chrome/54.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 10; BOT) Chrome/70 Mobile Safari/537.36",
    "Dalvik/2.1.0 (Linux; U; Android 6.0; M BOT 551 Build/MRA58K)",
    "Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/126.0 Safari/537.36",
    "curl/8.5.0",
    "kube-probe/1.31",
    "ELB-HealthChecker/2.0",
    "Mozilla/5.0 (compatible; NobodyKnowsBot/1.0)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 9; CUBOT_X19) Chrome/90",
    "Mozilla/5.0 (Linux; Android 12; CUBOT NOTE 20) Chrome/90",
    "Mozilla/5.0 (Linux; Android 12; Cubot/1) Chrome/90",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0)",
    "Mozilla/5.0 (compatible; YandexBot/3.0)",
    "facebookexternalhit/1.1",
    "WhatsApp/2.23.20.0",
    "WhatsApp",
    "Slackbot-LinkExpanding 1.0",
    "Twitterbot/1.0",
    "Bytespider",
    "my-Spider 1",
    "ABOT",
    "robot",
    "bottle",
    "about",
    "bot_",
    "bot_x",
    "botx",
    "BOT;",
    "a bot-like thing",
    "x" * (MAX_LENGTH - 3) + "bot",
    "x" * (MAX_LENGTH - 2) + "bot",
    "x" * (MAX_LENGTH - 3) + "bottle",
    *(listed["instances"][0] for listed in _LISTED[::20] if listed["instances"]),
)


def named(agent: str) -> bool:
    """Say whether this user agent is a crawler's."""
    crawler_list()
    return is_crawler([(b"user-agent", agent.encode())])


def vectors() -> list[Mapping[str, Any]]:
    """Return user agents with what they are."""
    return [
        {"name": f"{agent!r:.60} {at}", "agent": agent, "crawler": named(agent)}
        for at, agent in enumerate(_AGENTS)
    ]
