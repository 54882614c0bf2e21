"""The files that people have: the right table is read, or one line names the option that decides.

Most tests read without training. The last ones run the whole command on small files.
"""

import io
import re
import sys
import zipfile
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skl_lstm import cli, forecast
from skl_lstm.cli import missing, tables
from skl_lstm.cli.arguments import parse_args, reading_of
from skl_lstm.cli.errors import CommandError
from skl_lstm.cli.files import load_model

QUICK = ["--timesteps", "2", "--units", "2", "--epochs", "1", "--folds", "2", "--no-plot"]


class File(NamedTuple):
    """A file, the options to read it with, and the expected table or part of the message."""

    content: str | bytes
    expected: Any
    options: str = ""


def by_time(name, times, **columns):
    return pd.DataFrame(columns, pd.DatetimeIndex(times, name=name), dtype=float)


def in_order(**columns):
    return pd.DataFrame(columns, dtype=float)


def panel(names, rows, **columns):
    labels = [(*row[:-1], pd.Timestamp(row[-1])) for row in rows]
    return pd.DataFrame(columns, pd.MultiIndex.from_tuples(labels, names=names), dtype=float)


TWO_DAYS = ["2024-01-30", "2024-01-31"]
AMBIGUOUS_DATE = (
    "column 'day' has dates such as '03/04/2024', and no day above 12 shows whether the day or the "
    "month comes first; use --dayfirst, --no-dayfirst (the month first) or --time-format"
)
AMBIGUOUS_NUMBER = (
    "column 'load' has numbers such as '1,234', whose comma can separate decimals or thousands; "
    "name the decimal mark with --decimal ',' or --decimal '.'"
)
PANEL = "site;day;load\nb;31.01.2024;4\na;31.01.2024;2\na;30.01.2024;1\nb;30.01.2024;3\n"
PANEL_ROWS = [("a", "2024-01-30"), ("a", "2024-01-31"), ("b", "2024-01-30"), ("b", "2024-01-31")]

FILES = {
    # Separators, decimal marks and thousands.
    "comma and point": File(
        "day,load\n2024-01-30,1.5\n2024-01-31,2.25\n", by_time("day", TWO_DAYS, load=[1.5, 2.25])
    ),
    "semicolon, decimal comma, day first": File(
        "Tag;Last;Wärme\n30.01.2024;1,5;-3\n31.01.2024;2,25;,5\n",
        by_time("Tag", TWO_DAYS, Last=[1.5, 2.25], Wärme=[-3, 0.5]),
    ),
    "semicolon, decimal point, month first": File(
        "day;load\n01/30/2024;1.5\n01/31/2024;2.25\n", by_time("day", TWO_DAYS, load=[1.5, 2.25])
    ),
    "tab, decimal comma, year first": File(
        "day\tload\n2024/01/30\t1,5\n2024/1/31\t2,25\n", by_time("day", TWO_DAYS, load=[1.5, 2.25])
    ),
    "tab, decimal point, day first": File(
        "day\tload\n30-01-2024\t1.5\n31-01-2024\t2.25\n", by_time("day", TWO_DAYS, load=[1.5, 2.25])
    ),
    "bar": File("a|b\n1|2.5\n3|4\n", in_order(a=[1, 3], b=[2.5, 4])),
    "comma, quoted decimal commas": File(
        'a,b\n"1,5",2\n"2,25",3\n', in_order(a=[1.5, 2.25], b=[2, 3])
    ),
    "quoted text with separators": File(
        'load,note\n1,"rain, snow"\n2,"he said ""no"""\n',
        pd.DataFrame({"load": [1.0, 2.0], "note": ["rain, snow", 'he said "no"']}),
    ),
    "English thousands": File(
        'a,b\n"1,234.5",12\n"1,234,567",3\n', in_order(a=[1234.5, 1234567], b=[12, 3])
    ),
    "German thousands": File(
        "a;b\n1.234,5;12\n1.234.567;3\n", in_order(a=[1234.5, 1234567], b=[12, 3])
    ),
    "spaces and no-break spaces for thousands": File(
        "a;b\n1 234,5;1\u202f234\n12\u00a0345;7\n", in_order(a=[1234.5, 12345], b=[1234, 7])
    ),
    "Swiss thousands": File("a;b\n1'234.5;1’234\n2;3\n", in_order(a=[1234.5, 2], b=[1234, 3])),
    "thousands or decimals": File("load;heat\n1,234;5\n2,345;6\n", AMBIGUOUS_NUMBER),
    "thousands by option": File(
        "load;heat\n1,234;5\n2,345;6\n", in_order(load=[1234, 2345], heat=[5, 6]), "--decimal ."
    ),
    "decimals by option": File(
        "load;heat\n1,234;5\n2,345;6\n", in_order(load=[1.234, 2.345], heat=[5, 6]), "--decimal ,"
    ),
    "decimals by another column": File(
        "load;heat\n1,234;5,5\n2,345;6\n", in_order(load=[1.234, 2.345], heat=[5.5, 6])
    ),
    "decimals by a leading zero": File(
        "load;heat\n1,234;0,345\n", in_order(load=[1.234], heat=[0.345])
    ),
    "thousands by another column": File(
        "load;heat\n1.234;5,5\n2.345;6\n", in_order(load=[1234, 2345], heat=[5.5, 6])
    ),
    "points between commas are decimal points": File(
        "load,heat\n1.234,5\n2.345,6\n", in_order(load=[1.234, 2.345], heat=[5, 6])
    ),
    "points between commas, beside decimal commas": File(
        'v,heat\n1.234,"1,12"\n2.345,"2,5"\n',
        "column 'v' has numbers such as '1.234', whose point can separate decimals or thousands; "
        "name the decimal mark with --decimal",
    ),
    "words that are numbers in Python": File(
        "load,heat\nNAN,1\n2,2\n", pd.DataFrame({"load": ["NAN", "2"], "heat": [1.0, 2.0]})
    ),
    "minus signs": File(
        "a;b\n\u22121,5;\u22122\n3;\u22121 234\n", in_order(a=[-1.5, 3], b=[-2, -1234])
    ),
    "points between semicolons": File(
        "load;heat\n1.234;5\n2.345;6\n", "has numbers such as '1.234', whose point can separate"
    ),
    "other marks decide in both ways": File(
        "a;b;c\n1,5;1.5;1.234\n", "column 'c' has numbers such as '1.234', whose point can"
    ),
    "exponents and infinity": File(
        "a,b\n1e3,inf\n-2.5E-1,-Infinity\n", in_order(a=[1e3, -0.25], b=[np.inf, -np.inf])
    ),
    "two separators": File(
        "a;b|c\n1;2|4\n",
        "the columns can be separated by semicolon or bar; name the separator with --sep",
    ),
    "separator by option": File(
        "a;b|c\n1;2|4\n", pd.DataFrame({"a;b": ["1;2"], "c": [4.0]}), "--sep |"
    ),
    "spaces by option": File("a b\n1 2\n3 4\n", in_order(a=[1, 3], b=[2, 4]), "--sep s"),
    "tab by name": File("a,b\tc\n1,5\t2\n", pd.DataFrame({"a,b": [1.5], "c": [2.0]}), "--sep tab"),
    # Encodings.
    "UTF-8 with a mark": File("Wärme,b\n1,2\n".encode("utf-8-sig"), in_order(Wärme=[1], b=[2])),
    "Unicode text of Excel": File(
        "Tag\tWärme\n30.01.2024\t1,5\n31.01.2024\t2,25\n".encode("utf-16"),
        by_time("Tag", TWO_DAYS, Wärme=[1.5, 2.25]),
    ),
    "UTF-16, big end first": File(
        "\ufeffWärme\tb\r\n1\t2\r\n".encode("utf-16-be"), in_order(Wärme=[1], b=[2])
    ),
    "Windows-1252": File("Wärme;€\n1,5;2\n".encode("cp1252"), in_order(Wärme=[1.5], **{"€": [2]})),
    "encoding by option": File(
        "é,b\n1,2\n".encode("cp437"), in_order(é=[1], b=[2]), "--encoding cp437"
    ),
    "wrong encoding by option": File(
        "é,b\n1,2\n".encode("cp1252"),
        "the text is not utf-8; name its encoding with --encoding",
        "--encoding utf-8",
    ),
    "neither UTF-8 nor Windows-1252": File(b"a,b\n\x81,2\n", "name its encoding with --encoding"),
    "UTF-16 without a mark": File(
        "a,b\n1,2\n".encode("utf-16-le"), "if it is text, name its encoding with --encoding"
    ),
    # Times.
    "months": File(
        "month,load\n2024-02,1\n2024-01,2\n",
        by_time("month", ["2024-01-01", "2024-02-01"], load=[2, 1]),
    ),
    "quarters": File(
        "q,load\n2024Q1,1\n2024-Q2,2\n", by_time("q", ["2024-01-01", "2024-04-01"], load=[1, 2])
    ),
    "names of months": File(
        'day,load\n"Jan 30, 2024",1\n"January 31, 2024",2\n', by_time("day", TWO_DAYS, load=[1, 2])
    ),
    "names of months, day first": File(
        "day,load\n30-Jan-2024,1\nWed 31 jan 2024,2\n", by_time("day", TWO_DAYS, load=[1, 2])
    ),
    "clock of 12 hours": File(
        "day;load\n1/30/2024 12:00 AM;1\n1/30/2024 1:30:15 p.m.;2\n",
        by_time("day", ["2024-01-30 00:00", "2024-01-30 13:30:15"], load=[1, 2]),
    ),
    "midnight as 24:00": File(
        "day;load\n30.01.2024 23:00;1\n30.01.2024 24:00;2\n",
        by_time("day", ["2024-01-30 23:00", "2024-01-31 00:00"], load=[1, 2]),
    ),
    "hour 25": File(
        "day,load\n2024-01-30 25:00,1\n", "contains '2024-01-30 25:00', which is not a date"
    ),
    "later than 24:00": File(
        "day,load\n2024-01-30 24:30,1\n", "'2024-01-30 24:30', which is not a date"
    ),
    "hour 13 of 12": File(
        "day,load\n2024-01-30 13:00 PM,1\n", "'2024-01-30 13:00 PM', which is not"
    ),
    "day or month first": File("day,load\n03/04/2024,1\n04/04/2024,2\n", AMBIGUOUS_DATE),
    "day first by option": File(
        "day,load\n03/04/2024,1\n", by_time("day", ["2024-04-03"], load=[1]), "--dayfirst"
    ),
    "month first by option": File(
        "day,load\n03/04/2024,1\n", by_time("day", ["2024-03-04"], load=[1]), "--no-dayfirst"
    ),
    "order by format": File(
        "day,load\n03/04/2024,1\n",
        by_time("day", ["2024-03-04"], load=[1]),
        "--time-format %m/%d/%Y",
    ),
    "both orders are the same": File(
        "day,load\n01/01/2024,1\n02/02/2024,2\n",
        by_time("day", ["2024-01-01", "2024-02-02"], load=[1, 2]),
    ),
    "orders mixed": File(
        "day,load\n30.01.2024,1\n01.31.2024,2\n",
        "dates with the day first and dates with the month first: '30.01.2024' and '01.31.2024'",
    ),
    "wrong order by option": File(
        "day,load\n30.01.2024,1\n",
        "'30.01.2024', which is not a date; correct it, or",
        "--no-dayfirst",
    ),
    "two digits for the year": File(
        "day,load\n30.01.24,1\n",
        "two digits for the year, such as '30.01.24', which can be read in",
    ),
    "two digits by option": File(
        "day,load\n30.01.24,1\n31.12.99,2\n",
        by_time("day", ["1999-12-31", "2024-01-30"], load=[2, 1]),
        "--dayfirst",
    ),
    "no such day": File("day,load\n31.02.2024,1\n", "contains '31.02.2024', which is not a date"),
    "one offset": File(
        "t,load\n2024-01-30T01:00:00+01:00,1\n2024-01-30T02:00:00.5+01:00,2\n",
        by_time(
            "t",
            pd.to_datetime(
                ["2024-01-30T01:00:00+01:00", "2024-01-30T02:00:00.5+01:00"], format="ISO8601"
            ),
            load=[1, 2],
        ),
    ),
    "offsets of summer and winter": File(
        "t,load\n2024-03-31 01:00+01:00,1\n2024-03-31 03:00+02:00,2\n",
        by_time(
            "t", pd.DatetimeIndex(["2024-03-31 00:00", "2024-03-31 01:00"], tz="UTC"), load=[1, 2]
        ),
    ),
    "offsets in some rows": File(
        "t,load\n2024-01-30T01:00Z,1\n2024-01-30T02:00,2\n",
        "times with an offset to UTC and times without",
    ),
    "short form of ISO": File(
        "t,load\n20240130T0100,1\n20240130T020030,2\n",
        by_time("t", ["2024-01-30 01:00", "2024-01-30 02:00:30"], load=[1, 2]),
    ),
    "seconds since 1970": File(
        "t,load\n1706572800,1\n1706659200,2\n",
        by_time("t", TWO_DAYS, load=[1, 2]),
        "--time-column t",
    ),
    "milliseconds since 1970": File(
        "t,load\n1706572800000,1\n", by_time("t", TWO_DAYS[:1], load=[1]), "--time-column t"
    ),
    "seconds since 1970 by option": File(
        "t,load\n86400,1\n",
        by_time("t", ["1970-01-02"], load=[1]),
        "--time-column t --time-format s",
    ),
    "numbers are no times by themselves": File(
        "t,load\n1706572800,1\n1706659200,2\n", in_order(t=[1706572800, 1706659200], load=[1, 2])
    ),
    "days as integers": File(
        "t,load\n20240130,1\n20240131,2\n", by_time("t", TWO_DAYS, load=[1, 2]), "--time-column t"
    ),
    "integers that are no days": File(
        "t,load\n20241340,1\n", "numbers such as '20241340'; name their form", "--time-column t"
    ),
    "hours as integers or seconds": File(
        "t,load\n2024011000,1\n2024011001,2\n",
        "which can be times in the form s or %Y%m%d%H; use --time-format s or --time-format "
        "%Y%m%d%H",
        "--time-column t",
    ),
    "hours as integers by option": File(
        "t,load\n2024013000,1\n2024013100,2\n",
        by_time("t", TWO_DAYS, load=[1, 2]),
        "--time-column t --time-format %Y%m%d%H",
    ),
    "minutes with two digits for the year": File(
        "t,load\n2403011200,1\n", "the form s or %y%m%d%H%M; use", "--time-column t"
    ),
    "seconds that look like the year 17": File(
        "t,load\n1710101012,1\n", by_time("t", ["2024-03-10 20:03:32"], load=[1]), "--time-column t"
    ),
    "months as integers": File(
        "t,load\n202401,1\n202402,2\n",
        by_time("t", ["2024-01-01", "2024-02-01"], load=[1, 2]),
        "--time-column t",
    ),
    "six digits with a day": File(
        "t,load\n240301,1\n240302,2\n",
        "in the form %y%m%d; use --time-format %y%m%d",
        "--time-column t",
    ),
    "six digits by option": File(
        "t,load\n240130,1\n240131,2\n",
        by_time("t", TWO_DAYS, load=[1, 2]),
        "--time-column t --time-format %y%m%d",
    ),
    "six digits in both forms": File(
        "t,load\n200103,1\n200104,2\n",
        "the form %Y%m or %y%m%d; use --time-format %Y%m or",
        "--time-column t",
    ),
    "years": File("t,load\n1700,1\n", by_time("t", ["1700-01-01"], load=[1]), "--time-column t"),
    "a format that does not exist": File(
        "t,load\n30.01.2024,1\n",
        "--time-format '%Q' is not a form of times: 'Q' is a bad directive in format '%Q'; use a",
        "--time-format %Q",
    ),
    "a word of pandas as format": File(
        "t,load\n03/04/2024,1\n", "'mixed' is not a form of times", "--time-format mixed"
    ),
    "other integers": File(
        "t,load\n1,1\n2,2\n",
        "does not contain dates, but numbers such as '1'; name their form with --time-format",
        "--time-column t",
    ),
    "a format that does not match": File(
        "t,load\n30.01.2024,1\n",
        "'30.01.2024', which is not a time in the form '%Y' of --time-format",
        "--time-format %Y",
    ),
    "offset in a format": File(
        "t,load\n30.01.2024 01:00 +0100,1\n",
        by_time("t", pd.DatetimeIndex(["2024-01-30"], tz="UTC"), load=[1]),
        "--time-column t --time-format %d.%m.%Y_%H:%M_%z",
    ),
    "text as time": File(
        "t,load\n2024-01-30,1\nlater,2\n",
        "column 't' does not contain dates in one form, but '2024-01-30' and 'later'; name their "
        "form with --time-format, or another column with --time-column",
        "--time-column t",
    ),
    "two forms of times": File(
        "t,load\n30.01.2024,1\n2024-01-31,2\n",
        "dates in one form, but '30.01.2024' and '2024-01-31'",
        "--time-column t",
    ),
    "no time at all": File(
        "t,load\nnow,1\nlater,2\n",
        "column 't' does not contain dates, but values such as 'now'; name their form with",
        "--time-column t",
    ),
    "two columns of dates": File(
        "day,due,load\n2024-01-30,2024-02-01,1\n",
        "the columns day, due hold dates; name the time of the rows with --time-column",
    ),
    "a total in the time": File(
        "day,load\n2024-01-30,1\n2024-01-31,2\nTotal,3\n",
        "column 'day' holds dates, but 'Total' in row 3 below the header; correct or delete the "
        "row, or name another column with --time-column, or use --no-time-column",
    ),
    "a total without a name": File(
        "day,load\n2024-01-30,1\n2024-01-31,2\n,3\n", "'day' holds dates, but no value in row 3"
    ),
    "a bad date beside other dates": File(
        "day,updated,load\n2024-01-30,2024-02-01,1\nlater,2024-02-01,2\n",
        "column 'day' holds dates, but 'later' in row 2",
    ),
    "a bad date in a column that is not used": File(
        "day,updated,load\n2024-01-30,2024-02-01,1\n2024-01-31,?,2\n",
        by_time("day", TWO_DAYS, load=[1, 2]).assign(updated=["2024-02-01", "?"])[
            ["updated", "load"]
        ],
        "--time-column day",
    ),
    "one of two columns of dates": File(
        "day,due,load\n2024-01-30,2024-02-01,1\n",
        by_time("day", TWO_DAYS[:1], load=[1]).assign(due="2024-02-01")[["due", "load"]],
        "--time-column day",
    ),
    "order of the file": File(
        "day,load\n2024-01-31,1\n2024-01-30,2\n",
        pd.DataFrame({"day": ["2024-01-31", "2024-01-30"], "load": [1.0, 2.0]}),
        "--no-time-column",
    ),
    "missing time": File(
        "day,load\n2024-01-30,1\n,2\n", "column 'day' has 1 missing dates;", "--time-column day"
    ),
    "repeated time": File(
        "day,load\n2024-01-30,1\n2024-01-30,2.5\n",
        "contains 2024-01-30 00:00:00 more than once; keep one row for each time, or name the "
        "columns of the series with --series",
    ),
    "day and hour in two columns": File(
        "date,hour,load\n" + "".join(f"{d},{h},1.5\n" for d in TWO_DAYS for h in (0, 1)),
        "more than once; if 'hour' is the time of the day, use --time-column date hour",
    ),
    "day and hour by option": File(
        "date,hour,load\n2024-01-30,9,1\n2024-01-30,10,2\n2024-01-30,24,3\n",
        by_time(
            "date hour",
            ["2024-01-30 09:00", "2024-01-30 10:00", "2024-01-31 00:00"],
            load=[1, 2, 3],
        ),
        "--time-column date hour",
    ),
    "day and hours with minutes by option": File(
        "date,hour,load\n2024-01-30,0,1\n2024-01-30,930,2\n2024-01-30,2400,3\n",
        by_time(
            "date hour",
            ["2024-01-30 00:00", "2024-01-30 09:30", "2024-01-31 00:00"],
            load=[1, 2, 3],
        ),
        "--time-column date --time-column hour",
    ),
    "hours, or hours with minutes": File(
        "date,hour,load\n2024-01-30,100,1\n2024-01-30,15,2\n",
        "column 'hour' cannot be the time of day: '15' and '100' can be hours, minutes or seconds; "
        "write them in one form, such as 14:00 or 1400",
        "--time-column date hour",
    ),
    "hours with minutes and seconds by option": File(
        "date,hour,load\n2024-01-30,070509,1\n",
        by_time("date hour", ["2024-01-30 07:05:09"], load=[1]),
        "--time-column date hour",
    ),
    "five digits for the time of day": File(
        "date,hour,load\n2024-01-30,70509,1\n",
        "'70509' and '70509' can be hours, minutes or seconds; write them in one form",
        "--time-column date hour",
    ),
    "day of eight digits and hour by option": File(
        "YYYYMMDD,HH,load\n20240130,1,1\n20240130,24,2\n",
        by_time("YYYYMMDD HH", ["2024-01-30 01:00", "2024-01-31 00:00"], load=[1, 2]),
        "--time-column YYYYMMDD HH",
    ),
    "hours beside a day in another form": File(
        "date,hour,load\n30 janv. 2024,1,1\n",
        "does not contain dates, but values such as '30 janv. 2024 1'; name their form",
        "--time-column date hour",
    ),
    "a column named as the time of day": File(
        "Datum;Uhrzeit;Last\n30.01.2024;7.30;1\n30.01.2024;8.30;2\n",
        "more than once; if 'Uhrzeit' is the time of the day, use --time-column Datum Uhrzeit",
    ),
    "clocks of the sunrise in several series": File(
        "day,site,sunrise,load\n"
        + "".join(f"{d},{s},7:{m},{m}\n" for d in TWO_DAYS for s, m in [("a", 45), ("b", 44)]),
        "more than once; if 'sunrise' is the time of the day, use --time-column day sunrise; if "
        "'site' names the series, use --series site",
    ),
    "a format whose digits are not separated": File(
        "day,time,load\n240130,100,1\n240130,1300,2\n",
        "column 'day time' contains '240130 100', which is not a time in the form '%y%m%d %H%M'",
        "--time-column day time --time-format %y%m%d_%H%M",
    ),
    "day and hour of several series": File(
        "date,hour,site,load\n"
        + "".join(f"{d},{h},{s},1.5\n" for d in TWO_DAYS for h in (0, 1) for s in "ab"),
        "if 'hour' is the time of the day, use --time-column date hour",
    ),
    "time with an hour in another column": File(
        "t,hour,site,load\n"
        + "".join(f"2024-01-30 0{h}:00,{h},{s},1.5\n" for h in (0, 1) for s in "ab"),
        "more than once; if 'site' names the series, use --series site",
    ),
    "day and clock in two columns": File(
        "date;t;load\n30.01.2024;0:00;1\n30.01.2024;12:30;2,5\n31.01.2024;0:00;3\n",
        by_time("date t", ["2024-01-30", "2024-01-30 12:30", "2024-01-31"], load=[1, 2.5, 3]),
    ),
    "day and clock, one row for each day": File(
        "Uhrzeit;Datum;Last\n12:00;30.01.2024;1,5\n12:00:30;31.01.2024;2\n",
        by_time("Datum Uhrzeit", ["2024-01-30 12:00", "2024-01-31 12:00:30"], Last=[1.5, 2]),
    ),
    "day and the clock of something else": File(
        "day,sunrise,load\n2024-01-30,7:45,1\n2024-01-31,7:44,2\n",
        by_time("day", TWO_DAYS, load=[1, 2]).assign(sunrise=["7:45", "7:44"])[["sunrise", "load"]],
    ),
    "day and clock, day only by option": File(
        "day,time,load\n2024-01-30,7:45,1\n2024-01-31,7:44,2\n",
        by_time("day", TWO_DAYS, load=[1, 2]).assign(time=["7:45", "7:44"])[["time", "load"]],
        "--time-column day",
    ),
    "day at midnight and clock": File(
        "day,time,load\n1/30/2024 0:00,7:45 AM,1\n1/30/2024 0:00,1:00 PM,2\n",
        by_time("day time", ["2024-01-30 07:45", "2024-01-30 13:00"], load=[1, 2]),
    ),
    "time and another clock": File(
        "day,time,load\n2024-01-30 07:45,1:00,1\n2024-01-30 07:50,2:00,2\n",
        by_time("day", ["2024-01-30 07:45", "2024-01-30 07:50"], load=[1, 2]).assign(
            time=["1:00", "2:00"]
        )[["time", "load"]],
    ),
    "day and two clocks": File(
        "Datum;von;bis am Tag;Last\n30.01.2024;0:00;0:15;1\n30.01.2024;0:15;0:30;2\n",
        "more than once; if 'von' is the time of the day, use --time-column Datum von",
    ),
    "day and clock by option": File(
        "day,from,to,load\n2024-01-30,0:00,0:15,1\n2024-01-30,0:15,0:30,2\n",
        by_time("day from", ["2024-01-30 00:00", "2024-01-30 00:15"], load=[1, 2]).assign(
            to=["0:15", "0:30"]
        )[["to", "load"]],
        "--time-column day from",
    ),
    "the same column twice by option": File(
        "day,load\n2024-01-30,1\n",
        by_time("day", TWO_DAYS[:1], load=[1]),
        "--time-column day --time-column day",
    ),
    "clock before the day by option": File(
        "day,time,load\n2024-01-30,7:45,1\n",
        "column 'time day' does not contain dates, but values such as '7:45 2024-01-30'; name",
        "--time-column time day",
    ),
    "day and clock in a format": File(
        "day,time,load\n240130,745,1\n240130,1300,2\n",
        by_time("day time", ["2024-01-30 07:45", "2024-01-30 13:00"], load=[1, 2]),
        "--time-column day time --time-format %y%m%d_%H%M",
    ),
    "day and clock of series": File(
        "site,day,time,load\n"
        + "".join(f"{s},2024-01-30,{h}:00,{h}\n" for s in "ab" for h in (7, 8)),
        panel(
            ["site", "day time"],
            [(s, f"2024-01-30 0{h}:00") for s in "ab" for h in (7, 8)],
            load=[7, 8, 7, 8],
        ),
        "--series site",
    ),
    "a missing clock, found": File(
        "day,time,load\n2024-01-30,7:45,1\n2024-01-30,,2\n",
        "more than once; if 'time' is the time of the day, use --time-column day time",
    ),
    "a missing clock": File(
        "day,time,load\n2024-01-30,7:45,1\n2024-01-30,,2\n",
        "column 'day time' has 1 missing dates; fill them in",
        "--time-column day time",
    ),
    "a series that is the clock": File(
        "day,time,load\n2024-01-30,7:45,1\n",
        "column 'time' cannot be both --series and --time-column",
        "--time-column day time --series time",
    ),
    "a column with the name of two": File(
        "day,time,day time\n2024-01-30,7:45,1\n2024-01-30,7:50,1\n",
        "the columns day, time cannot be joined, because another one is named 'day time'; rename "
        "it in the file",
    ),
    "year, month, day and hour": File(
        "No,year,month,day,hour,load\n1,2024,1,30,23,1\n2,2024,1,31,0,2\n",
        by_time(
            "year month day hour", ["2024-01-30 23:00", "2024-01-31 00:00"], No=[1, 2], load=[1, 2]
        ),
    ),
    "year, month and day": File(
        "Day,Month,Year,load\n30,1,2024,1\n31,1,2024,2\n",
        by_time("Year Month Day", TWO_DAYS, load=[1, 2]),
    ),
    "year to second": File(
        "year,month,day,hour,minute,second,load\n2024,1,30,7,5,9,1\n",
        by_time("year month day hour minute second", ["2024-01-30 07:05:09"], load=[1]),
    ),
    "year, month, day, and hour with minutes": File(
        "year,month,day,hour,load\n2024,1,30,0,1\n2024,1,30,930,2\n",
        by_time("year month day hour", ["2024-01-30 00:00", "2024-01-30 09:30"], load=[1, 2]),
    ),
    "year, month, day and clock by option": File(
        "Jahr,Monat,Tag,Zeit,load\n2024,1,30,9:30,1\n",
        by_time("Jahr Monat Tag Zeit", ["2024-01-30 09:30"], load=[1]),
        "--time-column Jahr Monat Tag Zeit",
    ),
    "two digits for the year in a column": File(
        "year,month,day,load\n24,1,30,1\n",
        "values such as '24 1 30'; name their form with --time-format",
    ),
    "year and month alone": File(
        "year,month,load\n2024,1,5\n", in_order(year=[2024], month=[1], load=[5])
    ),
    "year and month by option": File(
        "year,month,load\n2024,1,5\n2024,02,6\n",
        by_time("year month", ["2024-01-01", "2024-02-01"], load=[5, 6]),
        "--time-column year month",
    ),
    "year, month, day and a date": File(
        "date,year,month,day\n2024-01-30,2024,1,30\n",
        by_time("date", TWO_DAYS[:1], year=[2024], month=[1], day=[30]),
    ),
    "names of months are no parts": File(
        "year,month,day,load\n2024,Jan,30,1\n",
        pd.DataFrame({"year": [2024.0], "month": ["Jan"], "day": [30.0], "load": [1.0]}),
    ),
    "year, month and a day that is missing": File(
        "year,month,day,load\n2024,2,30,1\n", "'2024-02-30', which is not a date; correct it"
    ),
    "year, month and day of many rows": File(
        "year,month,day,load\n2024,1,30,1.5\n2024,1,30,2\n",
        "column 'year month day' contains 2024-01-30 00:00:00 more than once; keep one row for "
        "each time, or name the columns of the series with --series, or those of the times with "
        "--time-column, or use --no-time-column for rows in the order of the file",
    ),
    "year, month and day as numbers": File(
        "year,month,day\n2024,1,30\n2024,1,30\n",
        in_order(year=[2024, 2024], month=[1, 1], day=[30, 30]),
        "--no-time-column",
    ),
    "day and hour without such a name": File(
        "date,h,load\n" + "".join(f"{d},{h},1.5\n" for d in TWO_DAYS for h in (0, 1)),
        "if 'h' names the series, use --series h; if it is the hour, use --time-column date h",
    ),
    "hour that clocks repeat": File(
        "t,load\n27.10.2024 01:00,1\n27.10.2024 02:00,2\n27.10.2024 02:00,3.5\n",
        "contains 2024-10-27 02:00:00 more than once; this hour is repeated when clocks are set "
        "back; write the times in UTC, or with their offsets to UTC, such as 02:00+01:00",
    ),
    # Series.
    "repeated time in a panel": File(
        PANEL,
        "column 'day' contains 2024-01-31 00:00:00 more than once; if 'site' names the series, use "
        "--series site",
    ),
    "panel": File(PANEL, panel(["site", "day"], PANEL_ROWS, load=[1, 2, 3, 4]), "--series site"),
    "numbers as names of series": File(
        "id,day,load\n007,2024-01-30,1\n10,2024-01-30,2\n",
        panel(["id", "day"], [("007", "2024-01-30"), ("10", "2024-01-30")], load=[1, 2]),
        "--series id",
    ),
    "two levels of series": File(
        "a,b,day,load\nx,1,2024-01-30,1\nx,2,2024-01-30,2\n",
        panel(["a", "b", "day"], [("x", "1", "2024-01-30"), ("x", "2", "2024-01-30")], load=[1, 2]),
        "--series a b",
    ),
    "repeated time in a series": File(
        PANEL + "a;30.01.2024;9\n",
        "contains 2024-01-30 00:00:00 more than once for a; keep one row",
        "--series site",
    ),
    "second level needed": File(
        "a,b,day,load\n" + "".join(f"x,{b},2024-01-{day},1.5\n" for b in "pq" for day in (30, 31)),
        "more than once for x; if 'b' names the series, use --series a b",
        "--series a",
    ),
    "series without a name": File(
        "s,day,load\n,2024-01-30,1\n",
        "column 's' of --series has 1 missing value; fill",
        "--series s",
    ),
    "series without times": File(
        "s,load\na,1\n", "--series needs the times of the rows", "--series s"
    ),
    "series of times": File(
        "day,load\n2024-01-30,1\n",
        "cannot be both --series and --time-column",
        "--series day --time-column day",
    ),
    "series like a column of the report": File(
        "model,day,load\na,2024-01-30,1\n",
        "a column of --series cannot be named 'model'",
        "--series model",
    ),
    "series that are not there": File(
        "day,load\n2024-01-30,1\n",
        "no column 'site'; the columns are: day, load; name it with --series",
        "--series site",
    ),
    # Headers and lines.
    "no header": File(
        "1,2\n3,4\n", "the first line, '1,2', holds values and no names of columns; use --no-header"
    ),
    "no header, with dates": File(
        "30.01.2024;1,5\n31.01.2024;2\n", "use --no-header if the file has no header"
    ),
    "no header by option": File(
        "30.01.2024;1,5\n31.01.2024;2\n", by_time("c0", TWO_DAYS, c1=[1.5, 2]), "--no-header"
    ),
    "names that are numbers": File("1,2\n3,4\n", in_order(**{"1": [3], "2": [4]}), "--header"),
    "line of Excel": File("sep=;\na;b\n1,5;2\n", in_order(a=[1.5], b=[2])),
    "empty lines": File("\n\na,b\n\n1,2\n\n3,4\n\n", in_order(a=[1, 3], b=[2, 4])),
    "empty rows at the end": File("a;b\n1;2\n3;\n;\n;\n", in_order(a=[1, 3], b=[2, np.nan])),
    "trailing separators": File("a;b;\n1;2;\n3;4;\n", in_order(a=[1, 3], b=[2, 4])),
    "trailing separators of rows": File("a;b\n1;2;\n3;4;\n", in_order(a=[1, 3], b=[2, 4])),
    "spaces around cells": File("a , b\n 1 ,  2\n 3 , \n", in_order(a=[1, 3], b=[2, np.nan])),
    "lines of an old Mac": File("a,b\r1,2\r3,4\r", in_order(a=[1, 3], b=[2, 4])),
    "line break in a cell": File('"a\nb",c\n1,2\n', in_order(**{"a\nb": [1], "c": [2]})),
    "names without a header": File(
        ",a\n0,1\n1,2\n", in_order(**{"Unnamed: 0": [0, 1], "a": [1, 2]})
    ),
    "repeated names": File(
        "a,b,a\n1,2,3\n", "the header has several columns named a; rename all but one"
    ),
    "more cells than names": File("a,b\n1,2,3\n", "the header has 2 names, but rows have 3 cells"),
    "more cells in a late row": File(
        "a,b\n" + 300 * "1,2\n" + "1,2,3\n", "the header has 2 names, but rows have 3 cells"
    ),
    "trailing separators of late rows": File(
        "a,b\n" + 300 * "1,2\n" + "1,2,\n", in_order(a=301 * [1], b=301 * [2])
    ),
    "title before the header": File(
        "Report, Berlin\ndate;v\n2024-01-01;0,5\n",
        "most rows contain a semicolon, but the first line does not; leave out the lines above the "
        "header with --skip-above 1, or name the separator with --sep",
    ),
    "title before the header, by option": File(
        "Report, Berlin\ndate;v\n2024-01-30;0,5\n",
        by_time("date", TWO_DAYS[:1], v=[0.5]),
        "--skip-above 1",
    ),
    "title before commas": File(
        "Report\n\nday,load\n2024-01-30,0.5\n",
        "most rows contain a comma, but the first line does not; leave out the lines above the "
        "header with --skip-above 2",
    ),
    "title before commas, by option": File(
        "Report\n\nday,load\n2024-01-30,0.5\n",
        by_time("day", TWO_DAYS[:1], load=[0.5]),
        "--skip-above 2",
    ),
    "title with a separator": File(
        "Station,Berlin\nday,load\n2024-01-30,1\n2024-01-31,2\n",
        "line 2, 'day | load', holds no number and no date, unlike the lines below it; if it holds "
        "the names of the columns, use --skip-above 1; if it holds units, use --skip-below 1",
    ),
    "title by option, after the line of Excel": File(
        "sep=;\nStation;Berlin\nday;load\n30.01.2024;1,5\n",
        by_time("day", TWO_DAYS[:1], load=[1.5]),
        "--skip-above 2",
    ),
    "data of a station": File(
        "latitude,longitude,elevation\n52.5,13.4,38\n\ntime,load\n2024-01-30,1\n2024-01-31,2\n",
        "line 4, 'time | load', holds no number and no date, unlike the lines below it; if it "
        "holds the names of the columns, use --skip-above 3",
    ),
    "data of a station, by option": File(
        "latitude,longitude,elevation\n52.5,13.4,38\n\ntime,load\n2024-01-30,1\n2024-01-31,2\n",
        by_time("time", TWO_DAYS, load=[1, 2]),
        "--skip-above 3",
    ),
    "fewer cells above the header": File(
        "Station;Berlin\nHeight;38\nday;load;heat\n30.01.2024;1;2\n31.01.2024;1,5;2\n",
        "line 3, 'day | load | heat', holds no number and no date, unlike the lines below it; if "
        "it holds the names of the columns, use --skip-above 2",
    ),
    "units below the header": File(
        "day;heat;wind\n;°C;\n30.01.2024;1,5;2\n31.01.2024;2;3\n",
        "line 2, ' | °C | ', holds no number and no date, unlike the lines below it; if it holds "
        "the names of the columns, use --skip-above 1; if it holds units, use --skip-below 1",
    ),
    "units below the header, by option": File(
        "day;heat;wind\n\n;°C;\n30.01.2024;1,5;2\n31.01.2024;2;3\n",
        by_time("day", TWO_DAYS, heat=[1.5, 2], wind=[2, 3]),
        "--skip-below 1",
    ),
    "a line of a logger": File(
        '"TOA5","CR1000","v 3"\n"TIMESTAMP","RECORD","T"\n"TS","RN","C"\n"","","Avg"\n'
        '"2024-01-30 00:00:00",0,1.5\n"2024-01-30 00:10:00",1,2.5\n',
        by_time("TIMESTAMP", ["2024-01-30 00:00", "2024-01-30 00:10"], RECORD=[0, 1], T=[1.5, 2.5]),
        "--skip-above 1 --skip-below 2",
    ),
    "units in one column": File(
        "load\nkWh\n1\n\n2\n", in_order(load=[1, np.nan, 2]), "--skip-below 1"
    ),
    "text in the first row only": File(
        "name,load\nfoo,NA\nbar,1\n",
        pd.DataFrame({"name": ["foo", "bar"], "load": [np.nan, 1.0]}),
    ),
    "a row of text in the middle": File(
        "note,load\nfair,1\nfoul,x\nfair,2\n",
        pd.DataFrame({"note": ["fair", "foul", "fair"], "load": ["1", "x", "2"]}),
    ),
    "comments": File(
        "# Station Berlin\n\n#height;38\nday;load\n30.01.2024;1,5\n",
        by_time("day", TWO_DAYS[:1], load=[1.5]),
    ),
    "the last comment is the header": File(
        "# Berlin, 38 m\n# day,load\n2024-01-30,1.5\n",
        by_time("# day", TWO_DAYS[:1], load=[1.5]),
    ),
    "the last comment with a name is the header": File(
        "# Berlin\n#\n# day,load\n#\n2024-01-30,1.5\n2024-01-31,2\n",
        "line 4, '#', holds no number and no date, unlike the lines below it",
    ),
    "an empty comment below the header": File(
        "# Berlin\n#\n# day,load\n#\n2024-01-30,1.5\n",
        by_time("# day", TWO_DAYS[:1], load=[1.5]),
        "--skip-below 1",
    ),
    "a row in place of the units": File(
        "day,load\n2024-01-30,1.5\n2024-01-31,2\n",
        "line 2, '2024-01-30 | 1.5', holds values like those of line 3, but --skip-below 1 leaves "
        "it out; if it is a row of the table, use a smaller number, such as --skip-below 0; if "
        "not, delete it in the file",
        "--skip-below 1",
    ),
    "units with a number": File(
        "day,load\nUTC,10\n2024-01-30,1.5\n",
        by_time("day", TWO_DAYS[:1], load=[1.5]),
        "--skip-below 1",
    ),
    "comments without a header": File(
        "# Berlin, 38 m\n2024-01-30,1.5\n", by_time("c0", TWO_DAYS[:1], c1=[1.5]), "--no-header"
    ),
    "a name with a sharp": File("#,load\n1,2\n", in_order(**{"#": [1], "load": [2]})),
    "comments that are kept by option": File(
        "#a,load\nb,c\n", pd.DataFrame({"#a": ["b"], "load": ["c"]}), "--skip-above 0"
    ),
    "all lines left out": File("a,b\n1,2\n", "the file is empty", "--skip-above 9"),
    "title of one word": File(
        "Report\nday\tv\n2024-01-30\t0,5\n", "most rows contain a tab, but the first line does not"
    ),
    "no header, with a date and text": File(
        "2024-01-30,Berlin,0.5\n2024-01-31,Berlin,0.75\n",
        "the first line contains '2024-01-30', a date like those below it, so it may hold values; "
        "use --no-header if the file has no header, or --header if it has",
    ),
    "months as names": File(
        "site,2024-01,2024-02\na,1,2\n",
        pd.DataFrame({"site": ["a"], "2024-01": [1.0], "2024-02": [2.0]}),
    ),
    "spreadsheet": File(b"PK\x03\x04\0\0\xff", "but a spreadsheet or an archive; save it as CSV"),
    "old spreadsheet": File(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", "save it as CSV"),
    "words that mean missing": File(
        "day,load,heat\n2024-01-30,NA, null \n2024-01-31,n/a,1\n",
        by_time("day", TWO_DAYS, load=[np.nan, np.nan], heat=[np.nan, 1]),
    ),
    "missing word as time": File(
        "day,load\n2024-01-30,1\nNA,2\n", "column 'day' has 1 missing dates;", "--time-column day"
    ),
    "Namibia as name of a series": File(
        "country,day,load\nNA,2024-01-30,1\nDE,2024-01-30,NA\n",
        panel(["country", "day"], [("DE", "2024-01-30"), ("NA", "2024-01-30")], load=[np.nan, 1]),
        "--series country",
    ),
    "quote without an end": File('a,b\n1,2\n"3,4\n', "cannot read "),
    "empty file": File("", "the file is empty"),
    "empty file with a separator": File("", "the file is empty", "--sep ;"),
    "lines without text": File("\n \n", "the file is empty"),
    "one column": File("load\n1\n2.5\n", in_order(load=[1, 2.5])),
    "one column, decimal commas": File("load\n1,5\n2,25\n", in_order(load=[1.5, 2.25])),
    "one column, a gap": File("load\n1\n\n2\n\n", in_order(load=[1, np.nan, 2])),
    "wide": File(
        "day;"
        + ";".join(f"x{i}" for i in range(300))
        + "\n30.01.2024;"
        + ";".join(["1,5"] * 300)
        + "\n",
        by_time("day", TWO_DAYS[:1], **{f"x{i}": [1.5] for i in range(300)}),
    ),
}


def arguments_of(path, options):
    """Parse options as the command does. In a word, s is a space and _ a space in a format."""
    words = [" " if word == "s" and "--sep" in options else word for word in options.split()]
    return parse_args(["fit", str(path), *[word.replace("_", " ") for word in words]])


def read(path, options="", remarks=None):
    remark = (lambda text: None) if remarks is None else remarks.append
    return tables.read_table(path, reading_of(arguments_of(path, options)), remark=remark).rows


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_read_or_one_line_names_the_option_that_decides(tmp_path, name):
    content, expected, options = FILES[name]
    path = tmp_path / "file.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    if isinstance(expected, str):
        with pytest.raises(CommandError) as error:
            read(path, options)
        assert expected in str(error.value)
        assert "\n" not in str(error.value)
        return
    table = read(path, options)
    if table.index.nlevels == 1 and isinstance(table.index, pd.DatetimeIndex):
        table.index = table.index.as_unit("ns")
        expected = expected.set_axis(expected.index.as_unit("ns"))
    pd.testing.assert_frame_equal(
        table, expected, check_index_type=False, check_dtype=False, check_column_type=False
    )


def remarks_on(tmp_path, content, options=""):
    path, remarks = tmp_path / "file.csv", []
    path.write_bytes(content.encode())
    read(path, options, remarks)
    return remarks


def test_remarks_say_what_was_found(tmp_path):
    assert remarks_on(tmp_path, "day;load\n30.01.2024;1\n") == [
        "the time of the rows is column 'day'",
        "dates in 'day' have the day first",
    ]
    assert remarks_on(tmp_path, "day;load\n30.01.2024;1\n", "--time-column day --dayfirst") == []
    assert remarks_on(tmp_path, "t,load\n31.03.2024 01:00+01:00,1\n31.03.2024 03:00+02:00,2\n") == [
        "the time of the rows is column 't'",
        "dates in 't' have the day first; times in 't' have different offsets, and are converted "
        "to UTC",
    ]


def test_a_remark_says_that_other_columns_decided_the_decimal_mark(tmp_path):
    assert remarks_on(tmp_path, "load;heat\n1.234;5,5\n2.345;6\n") == [
        "'load' is read with decimal commas, because other columns have them"
    ]
    assert remarks_on(tmp_path, "load;heat\n1.234;5,5\n", "--decimal ,") == []
    assert remarks_on(tmp_path, "load,heat\n1.234,5\n") == []


@pytest.mark.parametrize(
    ("content", "column"),
    [
        ("timestamp,load\n1706572800,1\n", "timestamp"),
        ("when,load\n2024-01-30,1\nlater,2\nagain,3\n", "when"),
        ("date,load\n2024-01-30,1\n,2\n,3\n", "date"),
    ],
)
def test_without_times_a_remark_names_the_column_that_may_hold_them(tmp_path, content, column):
    (remark,) = remarks_on(tmp_path, content)
    assert remark.startswith("the rows are read in the order of the file, because no column holds")
    assert remark.endswith(f"if {column!r} is their time, use --time-column {column}")
    assert remarks_on(tmp_path, content, "--no-time-column") == []
    assert remarks_on(tmp_path, "load,heat\n1,2\n") == []


def test_without_times_a_remark_names_the_columns_of_years_months_and_days(tmp_path):
    expected = (
        "the rows are read in the order of the file, because no column holds dates only; if the "
        "columns {} are their time, use --time-column {}"
    )
    for names in ["Jahr Monat Tag Stunde", "year month", "year month day"]:
        columns = names.split()
        head, row = ",".join([*columns, "load"]), ",".join(["2024", *columns[1:], "1"])
        assert remarks_on(tmp_path, f"{head}\n{row}\n") == [
            expected.format(", ".join(columns), names)
        ]
    assert remarks_on(tmp_path, "year,load\n2024,1\n") == []


@pytest.mark.parametrize("suffix", [".gz", ".zip", ".bz2", ".xz"])
def test_compressed_files_are_read(tmp_path, suffix):
    expected = in_order(a=[1, 3], b=[2, 4])
    expected.to_csv(tmp_path / f"file.csv{suffix}", index=False)
    pd.testing.assert_frame_equal(read(tmp_path / f"file.csv{suffix}"), expected)


def test_damaged_compressed_files_are_refused(tmp_path):
    for suffix in (".gz", ".zip", ".bz2", ".xz"):
        path = tmp_path / f"file.csv{suffix}"
        path.write_bytes(b"a,b\n1,2\n")
        with pytest.raises(CommandError, match="cannot read "):
            read(path)
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.csv", "a\n1\n")
        archive.writestr("b.csv", "b\n1\n")
    with pytest.raises(CommandError, match="it holds 2 files, but one was expected"):
        read(tmp_path / "two.zip")


NUMBERS = st.floats(-1e6, 1e6).map(lambda x: round(x, 3))


def written(number, decimal, thousands):
    """Return a number as text in a notation, in quotes."""
    mark = {"other": "." if decimal == "," else ","}.get(thousands, thousands)
    return f'"{number:,}"'.translate(str.maketrans({",": mark, ".": decimal}))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=6),
    start=st.datetimes(pd.Timestamp("1990-01-01"), pd.Timestamp("2030-01-01")),
    separator=st.sampled_from([",", ";", "\t", "|"]),
    decimals=st.tuples(*[st.sampled_from([".", ","])] * 2),
    thousands=st.tuples(*[st.sampled_from(["", " ", "'", "other"])] * 2),
    order=st.sampled_from(["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
)
def test_a_written_table_is_read_as_it_was_or_refused(
    tmp_path, rows, start, separator, decimals, thousands, order, encoding
):
    times = pd.date_range(start.replace(microsecond=0), periods=len(rows), freq="36h", name="Tag")
    expected = pd.DataFrame(rows, times, columns=["Wärme", "Last"])
    columns = [
        [written(row[i], decimals[i], thousands[i]) for row in rows] for i in range(len(decimals))
    ]
    lines = [
        separator.join([f"{time:{order} %H:%M:%S}", *cells])
        for time, *cells in zip(times, *columns, strict=True)
    ]
    path = tmp_path / "file.csv"
    head = separator.join(["Tag", *expected])
    path.write_bytes("\n".join([head, *lines]).encode(encoding))
    remarks, known, refusal = [], [0, 1], ""
    try:
        table = read(path, "", remarks)
    except CommandError as error:
        refusal = str(error)
        day = "--dayfirst" if order.startswith("%d") else "--no-dayfirst"
        table = read(path, f"{day} --decimal {decimals[0]}")
        known = [i for i in known if decimals[i] == decimals[0]]
    assert not refusal or re.search("--(decimal|dayfirst)", refusal)
    if decimals[0] != decimals[1]:
        known = [i for i in known if f"{expected.columns[i]!r} is read" not in " ".join(remarks)]
    pd.testing.assert_frame_equal(
        table[expected.columns[known]],
        expected.iloc[:, known],
        check_index_type=False,
        check_freq=False,
    )


# Parquet.


@pytest.fixture
def write_parquet(tmp_path):
    """A function that writes a Parquet file, and returns its path."""

    def write(table):
        table.to_parquet(tmp_path / "file.parquet")
        return tmp_path / "file.parquet"

    return write


def test_parquet_files_keep_their_types(write_parquet):
    table = pd.DataFrame(
        {
            "day": pd.to_datetime(["2024-01-31", "2024-01-30"]),
            "load": [2, 1],
            "note": ["1,234", "x"],
        }
    )
    expected = table[::-1].set_index("day")
    pd.testing.assert_frame_equal(read(write_parquet(table)), expected, check_index_type=False)
    path = write_parquet(table.set_index("day"))
    pd.testing.assert_frame_equal(read(path), expected, check_index_type=False)


def test_parquet_files_hold_series_and_other_kinds_of_dates(write_parquet):
    days = pd.to_datetime(["2024-01-30", "2024-01-31"])
    table = pd.DataFrame({"site": [1, 1], "day": days.date, "load": [1.0, 2.0]})
    expected = panel(["site", "day"], [("1", "2024-01-30"), ("1", "2024-01-31")], load=[1, 2])
    read_table = read(write_parquet(table), "--series site")
    assert list(read_table.index) == list(expected.index)
    text = table.assign(day=["30.01.2024", "31.01.2024"])
    assert list(read(write_parquet(text), "--series site").index) == list(expected.index)
    seconds = table.assign(day=[1706572800, 1706659200])
    path = write_parquet(seconds)
    assert list(read(path, "--series site --time-column day").index) == list(expected.index)


def test_parquet_files_hold_dates_and_times_of_day(write_parquet):
    times = pd.to_datetime(["2024-01-30 07:00", "2024-01-30 07:30:00.5"], format="ISO8601")
    table = pd.DataFrame({"day": times.date, "at": times.time, "load": [1.0, 2.0]})
    expected = by_time("day at", times, load=[1, 2])
    for day in (table["day"], pd.to_datetime(table["day"]), table["day"].map(str)):
        for clock in (table["at"], table["at"].map(str)):
            path = write_parquet(table.assign(day=day, at=clock))
            result = read(path)
            assert list(result.index) == list(expected.index)
            assert result.index.name == "day at"
    parts = {name: getattr(times, name).astype("int8") for name in ("month", "day", "hour")}
    path = write_parquet(pd.DataFrame({"year": times.year.astype(float), **parts})[:1])
    assert list(read(path).index) == [times[0]]
    path = write_parquet(pd.DataFrame({"day": times, "at": table["at"], "load": [1.0, 2.0]}))
    assert list(read(path).index) == list(times)


def test_parquet_files_without_pyarrow_are_refused(tmp_path, write_parquet, monkeypatch):
    path = write_parquet(pd.DataFrame({"load": [1.0]}))
    for package in ("pyarrow", "fastparquet"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(CommandError) as error:
        read(path)
    assert str(error.value) == (
        f"cannot read {path}: reading Parquet needs pyarrow; install it with: pip install pyarrow"
    )


def test_damaged_parquet_files_are_refused(tmp_path):
    path = tmp_path / "file.parquet"
    path.write_bytes(b"load\n1\n")
    with pytest.raises(CommandError, match="cannot read "):
        read(path)


# Missing values.

GAPS = panel(
    ["site", "day"],
    [(site, f"2024-01-{day}") for site in "ab" for day in (10, 11, 14, 15)],
    load=[1, np.nan, 4, 5, 10, 11, 14, np.nan],
)


@pytest.mark.parametrize(
    ("how", "rows", "values"),
    [
        ("previous", range(8), [1, 1, 4, 5, 10, 11, 14, 14]),
        ("drop", [0, 2, 3, 4, 5, 6], [1, 4, 5, 10, 11, 14]),
    ],
)
def test_missing_values_are_filled_within_each_series(how, rows, values):
    filled = missing.fill_missing(GAPS, ["load"], how)
    pd.testing.assert_frame_equal(
        filled.table, GAPS.iloc[list(rows)].assign(load=np.array(values, float))
    )
    assert "(load 2)" in filled.remark


def test_interpolation_is_linear_in_time():
    filled = missing.fill_missing(GAPS[:7], ["load"], "interpolate")
    assert filled.table["load"].tolist() == [1, 1.75, 4, 5, 10, 11, 14]  # a day of four
    assert filled.remark == (
        "1 missing value filled (load 1), also from later values, which are not known at the time "
        "of a forecast"
    )
    one = missing.fill_missing(GAPS.loc["a"], ["load"], "interpolate")
    assert one.table["load"].tolist() == [1, 1.75, 4, 5]
    two = pd.concat({"x": GAPS[:7]}, names=["region"])
    filled = missing.fill_missing(two, ["load"], "interpolate")
    assert filled.table["load"].tolist() == [1, 1.75, 4, 5, 10, 11, 14]
    rows = missing.fill_missing(in_order(load=[1, np.nan, 3]), ["load"], "interpolate")
    assert rows.table["load"].tolist() == [1, 2, 3]


def test_held_out_rows_are_not_filled_from_later_values():
    table = in_order(load=[1, np.nan, 3, np.nan, 5, np.nan, 7, np.nan])
    filled = missing.fill_missing(table, ["load"], "interpolate", cut=3)
    assert filled.table["load"].tolist() == [1, 2, 3, 3, 5, 5, 7, 7]
    assert filled.remark.endswith("; in the held-out rows, by the value before")
    cut = pd.Timestamp("2024-01-11")
    filled = missing.fill_missing(GAPS, ["load"], "interpolate", cut=cut)
    assert filled.table["load"].tolist() == [1, 1, 4, 5, 10, 11, 14, 14]
    assert filled.table.index.equals(GAPS.index)
    filled = missing.fill_missing(GAPS, ["load"], "interpolate", cut=pd.Timestamp("2024-01-14"))
    assert filled.table["load"].tolist() == [1, 1.75, 4, 5, 10, 11, 14, 14]


@settings(max_examples=50, deadline=None)
@given(
    values=st.lists(st.floats(-9, 9) | st.just(np.nan), min_size=8, max_size=8),
    later=st.floats(10, 20),
    cut=st.integers(0, 6),
)
def test_what_held_out_rows_contain_does_not_depend_on_later_rows(values, later, cut):
    values = [0.0, *values]
    known = missing.fill_missing(in_order(load=values), ["load"], "interpolate", cut).table
    for row in range(cut + 1, len(values)):
        changed = in_order(load=[*values[:row], *[later] * (len(values) - row)])
        filled = missing.fill_missing(changed, ["load"], "interpolate", cut).table
        pd.testing.assert_frame_equal(filled[:row], known[:row])


@pytest.mark.parametrize(
    ("table", "how", "message"),
    [
        (
            GAPS,
            None,
            r"missing values in load \(2\), the first at a 2024-01-11 00:00:00; use --fill "
            "previous, --fill interpolate or --fill drop",
        ),
        (
            GAPS,
            "interpolate",
            "column 'load' has 1 missing value that --fill interpolate cannot fill, the first at "
            "b 2024-01-15 00:00:00, because there is no value on both sides in the series; use "
            "--fill previous or --fill drop",
        ),
        (
            GAPS[1:],
            "previous",
            "the first at a 2024-01-11 00:00:00, because there is no value before",
        ),
    ],
)
def test_missing_values_that_cannot_be_filled_are_refused(table, how, message):
    with pytest.raises(CommandError, match=message):
        missing.fill_missing(table, ["load"], how)


def test_a_column_of_numbers_and_text_shows_its_first_text(tmp_path):
    path = tmp_path / "file.csv"
    path.write_text("load,heat\n1,1\n-,2\n")
    with pytest.raises(CommandError, match=r"column 'load' is not numeric; .*: heat; '-' is"):
        tables.choose_target(read(path), "load", from_csv=True)


def test_a_remark_names_columns_of_numbers_with_single_texts(tmp_path):
    path, remarks = tmp_path / "file.csv", []
    path.write_text("load;heat;note;both\n1;1;fair;1.5\n2;-;foul;1,5\n3;2;3;2\n")
    series = tables.select_features(read(path), "load", None, remark=remarks.append)
    assert list(series) == ["load"]
    assert remarks == [
        "column 'heat' is left out: '-' is not a number",
        "column 'both' is left out: its numbers are in several notations, such as '1,5' and '1.5'",
    ]
    path.write_text("load;wind\n1;2,5\n")
    with pytest.raises(CommandError, match="its numbers are in another notation than the option"):
        tables.choose_target(read(path, "--decimal ."), "wind", from_csv=True)


def test_the_target_is_not_found_by_elimination(tmp_path):
    path, remarks = tmp_path / "file.csv", []
    path.write_text("date,share,price,note,id\n2024-01-30,5%,$10.50,x,1\n2024-01-31,6%,,y,2\n")
    table = read(path)
    with pytest.raises(CommandError) as error:
        tables.choose_target(table, None, from_csv=True)
    assert str(error.value) == (
        "choose the column to forecast with --target, one of: id; 'share': '5%' is not a number; "
        "'price': '$10.50' is not a number"
    )
    assert tables.choose_target(table, "id", from_csv=True) == "id"
    assert list(tables.select_features(table, "id", None, remark=remarks.append)) == ["id"]
    assert remarks == [
        "column 'share' is left out: '5%' is not a number",
        "column 'price' is left out: '$10.50' is not a number",
    ]
    path.write_text("day,due,load\n2024-01-30,2024-02-01,1\n")
    table = read(path, "--time-column day")
    assert tables.choose_target(table, None, from_csv=True) == "load"


@pytest.mark.parametrize(
    ("content", "target", "message"),
    [
        ("v\n1\n-\n", None, "no column is numeric; the columns are: v; 'v': '-' is not a number"),
        (
            "v,w,x,y\n-,-,-,a\n",
            "y",
            "no column is numeric; the columns are: v, w, x, y; 'y': 'a' is not a number",
        ),
        ("day\n2024-01-30\n", None, "no column is numeric; all are times or series"),
        ("day,v\n", None, "the table has no rows"),
    ],
)
def test_tables_without_numbers_are_refused_with_the_reason(tmp_path, content, target, message):
    path = tmp_path / "file.csv"
    path.write_text(content)
    with pytest.raises(CommandError) as error:
        tables.choose_target(read(path), target, from_csv=True)
    assert str(error.value) == message


def test_a_feature_of_text_is_refused_if_no_column_is_numeric(tmp_path):
    with pytest.raises(CommandError) as error:
        tables.read_features(pd.DataFrame({"v": ["-"]}), ["v"])
    assert str(error.value) == (
        "column 'v' is not numeric; no column is numeric; '-' is not a number"
    )


# The whole command.


def noise(rows, seed=0):
    return np.random.default_rng(seed).normal(size=rows).round(3)


def run(capsys, *argv):
    """Run a command that must succeed; return its standard output and standard error."""
    assert cli.main([*map(str, argv)]) == 0
    return capsys.readouterr()


def test_a_file_of_a_german_spreadsheet_is_fitted_and_forecast(tmp_path, capsys):
    days = pd.date_range("2024-01-01", periods=80)
    table = pd.DataFrame({"Tag": days.strftime("%d.%m.%Y"), "Wärme": noise(80)})
    path = tmp_path / "datei.csv"
    table.to_csv(path, sep=";", decimal=",", index=False, encoding="cp1252")
    out, err = run(capsys, "fit", path, *QUICK, "--save", tmp_path / "m.skops")
    assert err == ""
    assert out.startswith(
        "The text is not UTF-8, and read as Windows-1252; --encoding names another.\n"
        "The time of the rows is column 'Tag'.\nDates in 'Tag' have the day first.\n80 rows of 1 "
        "feature, forecasting 'Wärme' 1 step ahead; tuning on 64 rows, the last 15 held out.\n"
    )
    out, err = run(capsys, "forecast", tmp_path / "m.skops", path, "--steps", 2, "--dayfirst",
                   "--encoding", "cp1252")  # fmt: skip
    assert err == ""
    assert [line.split(",")[0] for line in out.splitlines()] == ["Tag", "2024-03-21", "2024-03-22"]
    bare, _ = run(capsys, "--csv", path, *QUICK)
    fitted, _ = run(capsys, "fit", path, *QUICK)
    assert bare.splitlines()[-6:] == fitted.splitlines()[-6:]


def write_panel(path, sites=("north", "south"), rows=60, **columns):
    days = pd.date_range("2024-01-01", periods=rows)
    parts = [
        pd.DataFrame(
            {"site": site, "day": days, "load": noise(rows, seed), "heat": noise(rows, seed + 9)}
        )
        for seed, site in enumerate(sites)
    ]
    table = pd.concat(parts, ignore_index=True).assign(**columns)
    table.sample(frac=1, random_state=0).to_csv(path, index=False)
    return table


def test_many_series_are_fitted_predicted_and_forecast(tmp_path, capsys):
    path, model = tmp_path / "panel.csv", tmp_path / "m.skops"
    write_panel(path)
    argv = ["fit", path, "--series", "site", "--target", "load", "--horizon", 2]
    plot = tmp_path / "plot.png"
    out, err = run(capsys, *argv, *QUICK, "--plot", plot, "--save", model)
    assert err == ""
    # 11 of 58 times are held out, and the one before them, because its targets reach into them.
    assert (
        "120 rows in 2 series of 2 features, forecasting 'load' 2 steps ahead; "
        "tuning on 92 rows, the last 22 held out."
    ) in out
    assert "Held-out tail, 22 rows" in out
    assert plot.read_bytes().startswith(b"\x89PNG")

    rows = read(path, "--series site")[["load", "heat"]]
    saved = load_model(model)
    assert (saved.reading.series, saved.reading.time_columns) == (("site",), ("day",))
    out, err = run(capsys, "predict", model, path)
    assert err == ""
    predicted = pd.read_csv(io.StringIO(out))
    assert list(predicted) == ["site", "day", "load+1", "load+2"]
    assert predicted["site"].tolist() == ["north"] * 60 + ["south"] * 60
    np.testing.assert_allclose(predicted[["load+1", "load+2"]], saved.pipeline.predict(rows))

    out, err = run(capsys, "forecast", model, path)
    assert err == ""
    coming = pd.read_csv(io.StringIO(out))
    assert coming["day"].tolist() == ["2024-03-01", "2024-03-02"] * 2
    expected = forecast(saved.pipeline, rows, target="load")
    np.testing.assert_allclose(coming["load"], expected["load"])


def test_known_values_are_of_each_series_or_of_all(tmp_path, capsys):
    path, model = tmp_path / "panel.csv", tmp_path / "m.skops"
    write_panel(path)
    run(capsys, "fit", path, "--series", "site", "--target", "load", *QUICK, "--save", model)
    coming = {"day": ["2024-03-01", "2024-03-02"], "heat": [1.0, 1.0]}
    pd.DataFrame(coming).to_csv(tmp_path / "all.csv", index=False)
    each = [pd.DataFrame({"site": site, **coming}) for site in ("north", "south")]
    pd.concat(each).to_csv(tmp_path / "each.csv", index=False)
    argv = ["forecast", model, path, "--steps", 3, "--known"]
    assert run(capsys, *argv, tmp_path / "all.csv") == run(capsys, *argv, tmp_path / "each.csv")


def test_gaps_are_filled_and_their_targets_are_not_scored(tmp_path, capsys):
    path, model = tmp_path / "gaps.csv", tmp_path / "m.skops"
    table = write_panel(path)
    table.loc[[10, 55], "load"] = np.nan
    table.loc[110, "heat"] = np.nan
    table.to_csv(path, index=False)
    argv = ["fit", path, "--series", "site", "--target", "load", *QUICK]
    assert cli.main([*map(str, argv)]) == 1
    assert "missing values in load (2), heat (1), the first at north" in capsys.readouterr().err
    out, err = run(capsys, *argv, "--fill", "previous", "--save", model)
    assert err == ""
    assert "3 missing values filled (load 2, heat 1).\n" in out
    assert (
        "The targets of 1 row to tune on are filled; 1 of 22 held-out rows have filled targets, "
        "and are not scored.\n"
    ) in out
    assert "Held-out tail, 21 rows" in out

    assert cli.main(["predict", str(model), str(path)]) == 1
    assert "use --fill previous, --fill interpolate or --fill drop" in capsys.readouterr().err
    out, err = run(capsys, "predict", model, path, "--fill", "drop")
    assert err.splitlines()[0] == (
        "skl-lstm: note: 3 rows with missing values left out (load 2, heat 1)"
    )
    assert out.count("\n") == 118
    _, err = run(capsys, "forecast", model, path, "--fill", "previous")
    assert err == "skl-lstm: note: 3 missing values filled (load 2, heat 1)\n"


def test_held_out_rows_are_scored_without_their_future(tmp_path, capsys):
    path, days = tmp_path / "gaps.csv", pd.date_range("2024-01-01", periods=60, name="day")
    load = noise(60)
    load[[20, 47, 52]] = np.nan
    pd.DataFrame({"load": load}, days).to_csv(path)
    argv = ["fit", path, "--horizon", 2, *QUICK, "--fill", "interpolate"]
    out, err = run(capsys, *argv)
    assert err == ""
    assert (
        "3 missing values filled (load 3), also from later values, which are not known at the time "
        "of a forecast; in the held-out rows, by the value before.\n"
    ) in out
    # Row 46 has filled targets, too, but is neither a training row nor held out.
    assert "The targets of 3 rows to tune on are filled; 2 of 11 held-out rows" in out


def test_notes_have_no_advice_for_python(tmp_path, capsys):
    days = pd.date_range("2024-01-01", periods=60, name="day")
    pd.DataFrame({"load": noise(60)}, days).to_csv(tmp_path / "a.csv")
    run(capsys, "fit", tmp_path / "a.csv", *QUICK, "--save", tmp_path / "m.skops")
    late = days[:6:2] + pd.Timedelta("500D")
    pd.DataFrame({"load": noise(3)}, late).to_csv(tmp_path / "b.csv")
    _, err = run(capsys, "predict", tmp_path / "m.skops", tmp_path / "b.csv")
    assert "windows are padded" in err
    assert not re.search(r"pd\.|max_gap|\bfit\b|\bX\b", err)


@pytest.mark.parametrize("option", ["--no-header", "--header", "--no-dayfirst", "--dayfirst"])
def test_options_of_files_are_named_as_they_were_given(capsys, option):
    with pytest.raises(SystemExit):
        parse_args([option])
    assert f"error: {option} requires --csv" in capsys.readouterr().err


def test_a_forecast_from_a_missing_value_names_the_option(tmp_path, capsys):
    path, model = tmp_path / "panel.csv", tmp_path / "m.skops"
    table = write_panel(path)
    run(capsys, "fit", path, "--series", "site", "--target", "load", *QUICK, "--save", model)
    for column, reason in [("load", "The last row of series 'north' has no value of 'load'. "),
                           ("heat", "Input X contains NaN. ")]:  # fmt: skip
        table.assign(**{column: table[column].mask(table.index == 59)}).to_csv(path, index=False)
        assert cli.main(["forecast", str(model), str(path)]) == 1
        message = capsys.readouterr().err
        assert message.startswith(f"skl-lstm: error: cannot forecast: {reason}")
        assert message.endswith("Use --fill previous or --fill drop.\n")


def test_held_out_rows_with_filled_targets_only_are_refused(tmp_path, capsys):
    path = tmp_path / "gaps.csv"
    days = pd.date_range("2024-01-01", periods=60, name="day")
    pd.DataFrame({"load": noise(60)}, days).mask(np.arange(60)[:, None] >= 40).to_csv(path)
    assert cli.main(["fit", str(path), *QUICK, "--fill", "previous"]) == 1
    assert capsys.readouterr().err == (
        "skl-lstm: error: all held-out rows have filled values of 'load' as targets; use --fill "
        "drop, or a larger --test-size\n"
    )


def test_too_few_times_of_a_panel_are_refused(tmp_path, capsys):
    path = tmp_path / "panel.csv"
    write_panel(path, rows=6)
    argv = ["fit", str(path), "--series", "site", "--target", "load", *QUICK]
    assert cli.main([*argv, "--timesteps", "9"]) == 1
    assert "5 times with a future of 1 step are too few: " in capsys.readouterr().err
