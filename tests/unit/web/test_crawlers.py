"""Who is no shopper: all crawlers that are known anywhere, what checks health, and no phone."""

from __future__ import annotations

import crawleruseragents

from app.web import crawlers
from tests.support.cases import each

INSTANCES = [
    agent for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA for agent in entry["instances"]
]
CHECKS_AND_SCRIPTS = [
    "curl/8.5.0",
    "Wget/1.21",
    "python-requests/2.32",
    "Go-http-client/1.1",
    "kube-probe/1.31",
    "GoogleHC/1.0",
    "ELB-HealthChecker/2.0",
    "Amazon-Route53-Health-Check-Service (ref 1b2c)",
    "Consul Health Check",
    "Prometheus/2.53",
    "UptimeRobot/2.0",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0 Safari/537.36",
    "meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)",
    "GoogleOther",
    "Mozilla/5.0 (compatible; NobodyKnowsBot/1.0)",
    "my-Spider 1",
]
SHOPPERS = [
    "",
    "Mozilla/5.0 (Linux; Android 6.0; M BOT 551 Build/MRA58K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/54.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 5.1; M-bot tab 71) AppleWebKit/537.36 Chrome/65.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 10; BOT) AppleWebKit/537.36 Chrome/70.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 4.4.2; ROBOT Build/KOT49H) AppleWebKit/537.36 Chrome/30.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 9; CUBOT_X19 Build/PPR1) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 8.1.0; CUBOT) AppleWebKit/537.36 Chrome/70.0 Mobile Safari/537.36",
    "Dalvik/2.1.0 (Linux; U; Android 6.0; M BOT 551 Build/MRA58K)",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36 Edg/126.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/21F79 [FBAN/FBIOS;FBDV/iPhone14,5]",
    "Mozilla/5.0 (Linux; Android 12; M2102J20SG) AppleWebKit/537.36 Chrome/119.0 Mobile Safari/537.36 Instagram 310.0 Android",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 [Pinterest/iOS]",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 LinkedInApp/9.29",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 16_6) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.43",
    "Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Chrome/119.0 Mobile Safari/537.36 BytedanceWebview/d8a21c6",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 GSA/291.0 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 Silk/112.5 like Chrome/112.0 Safari/537.36",
    "Mozilla/5.0 (SMART-TV; Linux; Tizen 6.0) AppleWebKit/537.36 SamsungBrowser/4.0 TV Safari/537.36",
    "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0)",
    "Opera/9.80 (Android; Opera Mini/36.2/119.132; U; id) Presto/2.12.423 Version/12.16",
]


def is_crawler(agent: str) -> bool:
    crawlers.crawler_list()
    return crawlers.is_crawler([(b"host", b"x"), (b"user-agent", agent.encode())])


def test_every_crawler_that_is_listed_is_one() -> None:
    assert len(INSTANCES) > 2_000
    assert [agent for agent in INSTANCES if not is_crawler(agent)] == []


@each("agent", CHECKS_AND_SCRIPTS)
def test_a_check_or_a_script_is_one(agent: str) -> None:
    assert is_crawler(agent)


@each("agent", SHOPPERS)
def test_a_browser_is_none_whatever_its_phone_is_called(agent: str) -> None:
    assert not is_crawler(agent)


def test_who_gives_no_name_is_none() -> None:
    assert not crawlers.is_crawler([(b"host", b"x")])


def test_of_a_name_without_end_only_its_beginning_is_looked_at() -> None:
    assert is_crawler("x" * (crawlers.MAX_LENGTH - 3) + "bot")
    assert not is_crawler("x" * crawlers.MAX_LENGTH + "bot")


def test_before_the_list_is_read_what_names_itself_is_known() -> None:
    crawlers.crawler_list.cache_clear()
    agents = [b"Mozilla/5.0 (compatible; Googlebot/2.1)", b"facebookexternalhit/1.1", b"Slack/1.0"]
    assert [crawlers.is_crawler([(b"user-agent", agent)]) for agent in agents] == [
        True,
        True,
        False,
    ]
    assert sum(crawlers.is_crawler([(b"user-agent", a.encode())]) for a in INSTANCES) > 1_200
