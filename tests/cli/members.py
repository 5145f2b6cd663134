#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Prints which members the manual gives each JSON object.

Usage: mandoc -Tutf8 -O width=1000 staticdax.8 | members.py

A line is KIND, a tab and MEMBER, where KIND is the heading of a paragraph of the
section JSON, or of one of monitor's. Members are what stands there in bold up to the
first full stop. In parentheses, members of a nested object follow "array of" or
"null, or"; their KIND ends in "/" and the name of the member. Other words in bold
are values.
"""

import re
import sys

BOLD = re.compile(r"((?:(.)\x08\2)+)")
TOKEN = re.compile(r"<(?P<bold>[^<>]*)>|(?P<paren>[()])|(?P<stop>\.(?=\s|$))|(?P<text>[^<>().]+|.)")


def plain(line):
    """Bold in angle brackets, and no other font."""
    line = line.replace("<", "(").replace(">", ")")
    line = BOLD.sub(lambda m: "<" + m.group(1)[::3] + ">", line)
    return re.sub(r".\x08", "", line)


def members(kind, text):
    depth = 0
    nested = False
    last = before = ""
    for token in TOKEN.finditer(text):
        if token["paren"]:
            depth += 1 if token["paren"] == "(" else -1
            if depth == 1 and token["paren"] == "(":
                nested = False
                before = ""
        elif token["stop"] and not depth:
            return
        elif token["bold"] and not depth:
            last = token["bold"]
            print(f"{kind}\t{last}")
        elif token["bold"] and depth == 1:
            nested = nested or re.match(r"(array of|null, or)\b", before)
            if nested:
                print(f"{kind}/{last}\t{token['bold']}")
        elif depth == 1:
            before += token["text"] or ""


def main():
    inside = False
    heading = ""
    for line in map(plain, sys.stdin):
        line = line.rstrip()
        if not line.startswith(" "):
            inside = line == "<JSON>" if line else inside
            continue
        indent = len(line) - len(line.lstrip())
        line = line.strip()
        if not inside:
            continue
        event = re.match(r"(<[a-z]+>(?: and <[a-z]+>)*): ", line)
        inline = re.match(r"(\S+) +(<.*)", line) if indent < 14 else None
        if event:
            members("monitor " + re.sub(r"[<>]", "", event[1]), line[event.end():])
        elif inline:
            members(inline[1], inline[2])
        elif indent >= 14:
            members(heading, line)
        elif line.startswith("Every document, and every line"):
            print("every document\tversion")
        else:
            heading = line


main()
