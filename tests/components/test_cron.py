"""Cron expressions, as Image Builder's guide has them."""

from __future__ import annotations

import pytest

from components.cron import EXAMPLE, checked

FIELDS = "minutes, hours, day of the month, month, day of the week, year"


@pytest.mark.parametrize(
    "text",
    [
        EXAMPLE,
        "cron(0 0 * * ? *)",
        "cron(0/15 8-18 ? * mon-fri *)",
        "cron(59 23 31 12 ? 2199)",
        "cron(0 0 1,15 jan,JUL ? 1970-2030)",
        "cron(5 0 ? * 1 *)",
        "cron(5 0 ? * 7,sun *)",
        "cron(0 3 L * ? *)",
        "cron(0 3 LW * ? *)",
        "cron(0 3 15W * ? *)",
        "cron(0 3 ? * 6L *)",
        "cron(0 3 ? * L *)",
        "cron(0 3 ? * friL *)",
        "cron(0 3 ? * tue#2 *)",
        "cron(*/5 */2 ? */3 2#5 *)",
    ],
)
def test_an_expression_that_aws_takes_is_taken(text: str) -> None:
    assert checked(text) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("daily", "it is not cron(...); write one such as cron(0 3 ? * sun *)"),
        ("0 3 ? * sun *", "it is not cron(...); write one such as cron(0 3 ? * sun *)"),
        ("rate(1 day)", "it is not cron(...); write one such as cron(0 3 ? * sun *)"),
        ("cron(0 3 * * *)", f"it has 5 fields and not six with one space between them; write {FIELDS}"),
        ("cron(0 0 3 ? * sun *)", f"it has 7 fields and not six with one space between them; write {FIELDS}"),
        ("cron()", f"it has 0 fields and not six with one space between them; write {FIELDS}"),
        ("cron(0  3 ? * sun *)", "its six fields need one space between them, and none around them"),
        ("cron( 0 3 ? * sun *)", "its six fields need one space between them, and none around them"),
        ("cron(60 3 ? * sun *)", "'60' is no minutes; take 0 to 59, with , - * and /"),
        ("cron(0 24 ? * sun *)", "'24' is no hours; take 0 to 23, with , - * and /"),
        ("cron(0 3 0 * ? *)", "'0' is no day of the month; take 1 to 31, with , - * and /"),
        ("cron(0 3 32W * ? *)", "'32W' is no day of the month; take 1 to 31, with , - * and /"),
        ("cron(0 3 ? 13 sun *)", "'13' is no month; take 1 to 12, or jan to dec, with , - * and /"),
        ("cron(0 3 ? * 8 *)", "'8' is no day of the week; take 1 to 7, or sun to sat, with , - * and /"),
        ("cron(0 3 ? * 0 *)", "'0' is no day of the week; take 1 to 7, or sun to sat, with , - * and /"),
        ("cron(0 3 ? * so *)", "'so' is no day of the week; take 1 to 7, or sun to sat, with , - * and /"),
        ("cron(0 3 ? * 2#6 *)", "'2#6' is no day of the week; take 1 to 7, or sun to sat, with , - * and /"),
        ("cron(0 3 ? * sun 1969)", "'1969' is no year; take 1970 to 2199, with , - * and /"),
        ("cron(0 3 ? * sun 2200)", "'2200' is no year; take 1970 to 2199, with , - * and /"),
        ("cron(1,,2 3 ? * sun *)", "'' is no minutes; take 0 to 59, with , - * and /"),
        ("cron(0/0 3 ? * sun *)", "'0/0' is no minutes; take 0 to 59, with , - * and /"),
        ("cron(0/60 3 ? * sun *)", "'0/60' is no minutes; take 0 to 59, with , - * and /"),
        ("cron(0/x 3 ? * sun *)", "'0/x' is no minutes; take 0 to 59, with , - * and /"),
        ("cron(0- 3 ? * sun *)", "'0-' is no minutes; take 0 to 59, with , - * and /"),
        ("cron(? 3 ? * sun *)", "'?' is no minutes; take 0 to 59, with , - * and /"),
        ("cron(0 3 * * sun *)", "of day of the month and day of the week one is ?, and only one"),
        ("cron(0 3 ? * ? *)", "of day of the month and day of the week one is ?, and only one"),
    ],
)
def test_another_is_refused_with_what_is_wrong(text: str, says: str) -> None:
    with pytest.raises(ValueError, match="is no cron expression") as refused:
        checked(text)
    assert str(refused.value) == f"'{text}' is no cron expression of AWS's: {says}"


def test_a_refusal_is_one_line_whatever_was_given() -> None:
    with pytest.raises(ValueError, match="is no cron expression") as refused:
        checked("cron(0 3\n? * sun *)" + "x" * 500)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 200
