"""Numbers, moments and countries in the person's language and zone, as filters."""

from django import template

from agency import countries, formats

register = template.Library()

for show in (
    formats.number,
    formats.signed,
    formats.percent,
    formats.day,
    formats.day_short,
    formats.weekday,
    formats.weekday_short,
    formats.day_long,
    formats.weekday_time,
    formats.month,
    formats.month_short,
    formats.month_name,
    formats.month_name_short,
    formats.time,
    formats.day_time,
    formats.moment,
    formats.moment_exact,
    formats.moment_short,
    formats.market_time,
    countries.country_name,
):
    register.filter(show.__name__, show)

register.simple_tag(formats.zone_name, name="zone_name")
