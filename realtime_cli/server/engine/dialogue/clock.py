"""Time and date, here and in the places that people name."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

_ALSO = {
    "America/New_York": "new york city,boston,washington,philadelphia,miami,atlanta,orlando,pittsburgh",
    "America/Chicago": "dallas,houston,austin,minneapolis,new orleans,nashville,texas",
    "America/Denver": "salt lake city",
    "America/Los_Angeles": "san francisco,seattle,san diego,las vegas,portland,hollywood,california",
    "America/Toronto": "ottawa,montreal,quebec",
    "America/Sao_Paulo": "rio,rio de janeiro,brasilia,brazil",
    "America/Argentina/Buenos_Aires": "argentina",
    "Europe/London": "england,scotland,wales,manchester,edinburgh,glasgow,liverpool,birmingham,oxford",
    "Europe/Berlin": "germany,munich,hamburg,frankfurt,cologne,stuttgart,dresden,leipzig",
    "Europe/Paris": "france,lyon,marseille,nice,strasbourg",
    "Europe/Rome": "italy,milan,naples,venice,florence,turin",
    "Europe/Madrid": "spain,barcelona,seville,valencia",
    "Europe/Zurich": "switzerland,geneva,basel,bern",
    "Europe/Amsterdam": "netherlands,holland,rotterdam,the hague",
    "Europe/Vienna": "austria,salzburg",
    "Europe/Stockholm": "sweden,gothenburg",
    "Europe/Oslo": "norway,bergen",
    "Europe/Warsaw": "poland,krakow",
    "Europe/Kyiv": "ukraine,kiev",
    "Europe/Moscow": "saint petersburg",
    "Asia/Tokyo": "japan,osaka,kyoto",
    "Asia/Shanghai": "china,beijing,shenzhen",
    "Asia/Kolkata": "india,mumbai,bombay,delhi,new delhi,bangalore,chennai,calcutta,hyderabad",
    "Asia/Dubai": "abu dhabi,emirates",
    "Asia/Ho_Chi_Minh": "saigon,vietnam",
    "Asia/Bangkok": "hanoi,thailand",
    "Asia/Seoul": "korea",
    "Africa/Johannesburg": "cape town,south africa,durban,pretoria",
    "Australia/Sydney": "canberra,australia",
    "Pacific/Auckland": "new zealand,wellington",
    "Pacific/Honolulu": "hawaii",
    "UTC": "utc,gmt,greenwich",
}
_NO_CITIES = frozenset(
    ["easter", "center", "central", "north", "south", "west", "east", "eastern", "pacific", "mountain"]
)
_DAY = re.compile(
    r"\b(what|which|tell me|today is|give me|current)\b.*\b(day|date|weekday|month|year)\b|^(the )?date\b"
)
_TIME = re.compile(
    r"\bwhat time\b|\bthe time\b|\bcurrent time\b|\btime is it\b|\btime in\b|\bwhat is the clock\b"
    r"|\bhow late is it\b|^time\b|\btime (right )?now\b"
)


@cache
def places() -> dict[str, str]:
    """Lower-case city or country to IANA zone; the zones' own cities and the ones above."""
    found = {}
    zones = (resources.files("tzdata") / "zones").read_text(encoding="utf-8")
    for zone in sorted(zones.split()):  # not available_timezones, which opens the file of each
        area, _, rest = zone.partition("/")
        city = rest.rsplit("/")[-1].replace("_", " ").lower()
        if area in ("Africa", "America", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"):
            found[city] = zone
    for zone, names in _ALSO.items():
        found |= dict.fromkeys(names.split(","), zone)
    return {name: zone for name, zone in found.items() if len(name) > 2 and name not in _NO_CITIES}


def find_place(normalised: str) -> tuple[str, str] | None:
    """The longest known place in the text, as ("New York", "America/New_York")."""
    padded = f" {normalised} "
    named = [name for name in places() if f" {name} " in padded or f" {name}'s " in padded]
    if not named:
        return None
    longest = max(named, key=len)
    return longest.title(), places()[longest]


def asks_time(normalised: str) -> bool:
    return bool(_TIME.search(normalised)) and "time zone" not in normalised


def asks_date(normalised: str) -> bool:
    return bool(_DAY.search(normalised))


def time_sentence(normalised: str, now: datetime) -> str:
    """ "It is 2:05 PM in Tokyo."; a place that nobody knows is said to be unknown."""
    place = find_place(normalised)
    if place is not None:
        return f"It is {hour_and_minute(now.astimezone(ZoneInfo(place[1])))} in {place[0]}."
    unknown = re.search(r"\btime (?:is it )?in ([a-z ]+?)(?: right now| now| please)?$", normalised)
    if unknown and unknown[1] not in ("here", "the moment"):
        return f"I do not know which time zone {unknown[1].title()} is in. Here it is {hour_and_minute(now)}."
    return f"It is {hour_and_minute(now)}."


def date_sentence(normalised: str, now: datetime) -> str:
    """ "Today is Sunday, May 3rd, 2026."; tomorrow and yesterday as well."""
    place = find_place(normalised)
    moment = now.astimezone(ZoneInfo(place[1])) if place else now
    if "tomorrow" in normalised:
        return f"Tomorrow is {day(moment + timedelta(days=1))}."
    if "yesterday" in normalised:
        return f"Yesterday was {day(moment - timedelta(days=1))}."
    return f"Today is {day(moment)}{f' in {place[0]}' if place else ''}."


def hour_and_minute(moment: datetime) -> str:
    return f"{moment.hour % 12 or 12}:{moment:%M} {'AM' if moment.hour < 12 else 'PM'}"


def day(moment: datetime) -> str:
    ending = "th" if 10 <= moment.day <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(moment.day % 10, "th")
    return f"{moment:%A}, {moment:%B} {moment.day}{ending}, {moment.year}"
