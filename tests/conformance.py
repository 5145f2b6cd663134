#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes docs/conformance.md of what the contract test recorded.

Usage: conformance.py LOG...

Each LOG is the output of one machine, named KERNEL-PART.tap. Of the contract's the
lines that begin with "# record" are read (tests/hooks/record.h), of the PARTS with
programs that nobody here wrote the names of the tests, of others nothing. The page
goes to standard output. The same answers give the same page. Fails if a test of the logs failed;
warns of lines in tests/hooks/differences that nothing needs, since a kernel that
was not run may need them.
"""

import fnmatch
import os
import re
import sys
from collections import defaultdict

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PARTS = {
    "programs-ext4-dax": "programs on ext4 DAX",
    "programs-xfs-dax": "programs on XFS DAX",
    "programs-xfs": "programs on XFS",
    "filesystems": "the filesystems' own tools, without DAX",
    "attach": "what the kernel does by itself with a file it was given",
    "nfs": "NFS server, client on the same machine",
}
FILESYSTEMS = ["ext2", "ext4", "ext4-dax", "xfs", "xfs-dax"]


class Records:
    """What the logs say, by kind."""

    def __init__(self):
        self.releases = {}  # kernel -> release
        self.groups = {}  # title -> operations, in the order of the tables
        self.classes = defaultdict(dict)  # operation -> filesystem -> class
        self.neighbours = set()
        self.cells = defaultdict(dict)  # (mode, operation, state) -> place -> answer
        self.skips = defaultdict(set)  # (operation, why) -> places
        self.ways = defaultdict(dict)  # (way, operation) -> place and mode -> (near, sealed)
        self.missing_ways = defaultdict(set)
        self.mounts = defaultdict(dict)  # (mode, name) -> place -> answer
        self.reasons = defaultdict(set)  # operation -> numbers
        self.differences = set()  # (mode, operation, sealed, swapfile)
        self.count = defaultdict(int)  # kernel -> cells
        self.programs = defaultdict(dict)  # part -> (deny or allow, name) -> kernels

    def op(self, _, fs, title, name, op_class, neighbour):
        operations = self.groups.setdefault(title, [])
        if name not in operations:
            operations.append(name)
        self.classes[name][fs] = op_class
        if neighbour:
            self.neighbours.add(name)

    def cell(self, kernel, fs, mode, name, state, answer, why):
        self.count[kernel] += 1
        if fs.endswith("-32bit"):
            self.way_of_32bit(kernel, fs, mode, name, state, answer)
            return
        if answer == "skip":
            self.skips[name, why].add((kernel, fs))
            return
        self.cells[mode, name, state][kernel, fs] = answer

    def way_of_32bit(self, kernel, fs, mode, name, state, answer):
        place = kernel, fs[: -len("-32bit")], mode
        near, sealed = self.ways["32-bit program", name].get(place, (None, None))
        if state == "near":
            near = answer
        elif state == "sealed":
            sealed = answer
        self.ways["32-bit program", name][place] = near, sealed

    def way(self, kernel, fs, mode, way, name, near, sealed):
        self.count[kernel] += 2
        self.ways[way, name][kernel, fs, mode] = near, sealed

    def no_way(self, kernel, fs, _mode, way, why):
        self.missing_ways[way, why].add((kernel, fs))

    def mount(self, kernel, fs, mode, name, answer):
        self.count[kernel] += 1
        self.mounts[mode, name][kernel, fs] = answer

    def difference(self, _kernel, _fs, mode, name, sealed, swapfile, reason):
        self.reasons[name].add(int(reason))
        self.differences.add((mode, name, sealed, swapfile))


    def test(self, kernel, part, line):
        """Of a pair the one on the sealed file; the other says that the program works at all."""
        found = re.match(r"ok \d+ - (?:(deny|allow)_)?(\w+?)(_when_sealed)?$", line)
        if found and (found[1] or found[3]) and "when_unsealed" not in line:
            kernels = self.programs[part].setdefault((found[1] or "allow", found[2]), [])
            if kernel not in kernels:
                kernels.append(kernel)


def kernel_and_part(path):
    kernel, _, part = os.path.basename(path).removesuffix(".tap").partition("-")
    return kernel, part


def is_wanted(path):
    part = kernel_and_part(path)[1]
    return part in PARTS or part.startswith("contract-")


def read_log(records, path):
    kernel, part = kernel_and_part(path)
    with open(path, errors="replace") as log:
        for line in log:
            if line.startswith("not ok"):
                sys.exit(f"{path}: {line.rstrip()}: nothing is written about a failed run")
            if part in PARTS:
                records.test(kernel, part, line.rstrip())
            if not line.startswith("# record\t"):
                continue
            kind, *fields = line.rstrip("\n").split("\t")[1:]
            if kind == "kernel":
                records.releases[kernel] = fields[0]
            else:
                getattr(records, kind.replace(" ", "_"))(kernel, *fields)


def read_reasons():
    """The reasons in order, and the lines that name what each is for."""
    reasons, lines = [], []
    with open(os.path.join(ROOT, "tests/hooks/differences")) as differences:
        for line in differences:
            line = line.strip()
            if line.startswith("="):
                reasons.append(line[1:].strip())
            elif line and not line.startswith("#"):
                mode, sealed, swapfile, *patterns = line.split()
                lines += [(mode, sealed, swapfile, p) for p in patterns]
    return reasons, lines


def warn_of_unused(records, lines):
    def needed(mode, sealed, swapfile, pattern):
        return any(
            mode in ("any", d[0]) and (sealed, swapfile) == d[2:] and fnmatch.fnmatch(d[1], pattern)
            for d in records.differences
        )

    for line in lines:
        if not needed(*line):
            print("tests/hooks/differences: nothing needs", *line, file=sys.stderr)


def name_filesystems(names):
    """A set of filesystems, with ext4 and XFS standing for both of a kind."""
    left, text = set(names), []
    if {"ext2"} <= left:
        text.append("ext2")
    for short, title in (("ext4", "ext4"), ("xfs", "XFS")):
        both = {short, short + "-dax"}
        if both <= left:
            text.append(title)
        elif short in left:
            text.append(title + " without DAX")
        elif short + "-dax" in left:
            text.append(title + " DAX")
    return ", ".join(text)


class Places:
    """Says where an answer was given, in few words."""

    def __init__(self, kernels):
        self.kernels = kernels

    def name(self, places, universe):
        by_fs = defaultdict(set)
        for kernel, fs in places:
            by_fs[fs].add(kernel)
        all_kernels = {kernel for kernel, _ in universe}
        all_fs = {fs for _, fs in universe}
        alike = defaultdict(set)
        for fs, kernels in by_fs.items():
            alike[tuple(k for k in self.kernels if k in kernels)].add(fs)
        text = []
        for kernels, filesystems in sorted(alike.items(), key=lambda i: sorted(i[1])):
            where = "" if filesystems == all_fs else name_filesystems(filesystems)
            when = "" if set(kernels) == all_kernels else ", ".join(kernels)
            text.append(f"{where} on {when}" if where and when else where or "on " + when)
        return "; ".join(text)

    def answers(self, by_place):
        """The most frequent answer, then the others with their places."""
        places_of = defaultdict(set)
        for place, answer in by_place.items():
            places_of[answer].add(place)
        if not places_of:
            return "-"
        order = sorted(places_of, key=lambda a: (-len(places_of[a]), a))
        text = [show(order[0])]
        for answer in order[1:]:
            text.append(f"{show(answer)} ({self.name(places_of[answer], by_place)})")
        return ", ".join(text)


def show(answer):
    return answer if answer in ("ok", "varies") else f"`{answer}`"


def sealed_column(records, places, name):
    static = records.cells["static", name, "sealed"]
    swapfile = records.cells["swapfile", name, "sealed"]
    text = places.answers(static)
    other = places.answers(swapfile)
    if swapfile and {p: a for p, a in static.items() if p in swapfile} != swapfile:
        text += f"; mode swapfile: {other}"
    if name in records.neighbours:
        text += "; neighbours too"
    return text


def operations_section(records, places, out):
    every = {fs for by_place in records.cells.values() for _, fs in by_place}
    for title, names in records.groups.items():
        out.append(f"### {title}\n")
        out.append("| Operation | Unsealed | Active swapfile | Sealed | Why other |")
        out.append("|---|---|---|---|---|")
        for name in names:
            plain = records.cells["", name, "plain"]
            if not plain:
                continue
            tried = {fs for _, fs in plain}
            only = "" if tried == every else f" ({name_filesystems(tried)})"
            swap = places.answers(records.cells["", name, "swapfile"])
            why = ", ".join(f"[{n}](#reasons)" for n in sorted(records.reasons[name]))
            out.append(
                f"| `{name}`{only} | {places.answers(plain)} | {swap} | "
                f"{sealed_column(records, places, name)} | {why} |"
            )
        out.append("")


def direct_answer(records, name, place):
    """Of the kernel itself, else of others if they agree."""
    kernel, fs, mode = place
    by_place = records.cells[mode, name, "sealed"]
    if (kernel, fs) in by_place:
        return by_place[kernel, fs]
    others = {answer for (_, other), answer in by_place.items() if other == fs}
    return others.pop() if len(others) == 1 else None


def way_rows(records, way):
    """Operations of a way that answer otherwise than directly, by what they answer."""
    rows, total = defaultdict(set), set()
    for (name_of_way, name), by_place in records.ways.items():
        if name_of_way != way:
            continue
        for place, (near, sealed) in by_place.items():
            direct = direct_answer(records, name, place)
            total.add((name, place))
            if direct is None or sealed == direct or "varies" in (sealed, direct):
                continue
            if sealed == near and near != "ok":
                rows["the way's own " + show(sealed)].add(name)
            else:
                rows[f"{show(sealed)} for {show(str(direct))}"].add(name)
    return total, rows


def ways_section(records, out):
    out.append("| Way | Filesystems | Operations | Other than directly |")
    out.append("|---|---|---|---|")
    for way in dict.fromkeys(way for way, _ in records.ways):
        total, rows = way_rows(records, way)
        filesystems = {place[1] for _, place in total}
        text = []
        for answer, names in sorted(rows.items()):
            listed = ", ".join(f"`{name}`" for name in sorted(names))
            text.append(f"{answer}: {listed if len(names) < 9 else f'{len(names)} operations'}")
        out.append(
            f"| {way} | {name_filesystems(filesystems)} | {len({n for n, _ in total})} | "
            f"{'; '.join(text) or 'nothing'} |"
        )
    for (way, why), _ in sorted(records.missing_ways.items()):
        out.append(f"| {way} | not tried: {why} | | |")
    out.append("")


def mounts_section(records, places, out):
    names = []
    for _, name in records.mounts:
        if name not in names:
            names.append(name)
    out.append("| Operation | Sealed | Mode swapfile | Audited |")
    out.append("|---|---|---|---|")
    for name in names:
        columns = [
            places.answers(fold_dax(records.mounts[mode, name]))
            for mode in ("static", "swapfile", "audit")
        ]
        out.append(f"| `{name}` | {' | '.join(columns)} |")
    out.append("")


def programs_section(records, out):
    out.append("| With | Refused | Works |")
    out.append("|---|---|---|")
    for part, title in PARTS.items():
        tests = records.programs.get(part, {})
        every = max(tests.values(), key=len, default=[])
        columns = {"deny": [], "allow": []}
        for (verdict, name), kernels in tests.items():
            where = "" if kernels == every else f" (on {', '.join(kernels)})"
            columns[verdict].append(f"`{name}`{where}")
        title += f" (on {', '.join(every)})" if every else ": not run"
        out.append(f"| {title} | {', '.join(columns['deny'])} | {', '.join(columns['allow'])} |")
    out.append("")


def fold_dax(by_place):
    """The filesystem made for it is the same whichever the test ran on."""
    return {
        (kernel, "xfs" if fs.startswith("xfs") else "ext4"): answer
        for (kernel, fs), answer in by_place.items()
    }


def skips_section(records, places, out):
    universe = {(k, f) for k in records.releases for f in FILESYSTEMS}
    for (name, why), where in sorted(records.skips.items()):
        out.append(f"* `{name}`, {places.name(where, universe) or 'everywhere'}: {why}")
    if not records.skips:
        out.append("Nothing: every operation was tried wherever its filesystem has it.")
    out.append("")


def kernels_section(records, out):
    out.append("| Kernel | Release | Filesystems | Operations | Cells |")
    out.append("|---|---|---|---|---|")
    for kernel, release in records.releases.items():
        filesystems = {
            fs
            for (mode, _, _), by in records.cells.items()
            for k, fs in by
            if mode == "static" and k == kernel
        }
        operations = {
            name for (_, name, _), by in records.cells.items() if any(k == kernel for k, _ in by)
        }
        out.append(
            f"| {kernel} | {release} | {name_filesystems(filesystems)} | "
            f"{len(operations)} | {records.count[kernel]} |"
        )
    out.append("")


def page(records, reasons):
    places = Places(list(records.releases))
    out = [
        "<!-- SPDX-License-Identifier: GPL-2.0-or-later -->",
        "<!-- made by `make conformance`; do not edit -->",
    ]
    with open(os.path.join(ROOT, "tests/conformance.in")) as template:
        for line in template:
            section = line.strip()
            if section == "@KERNELS@":
                kernels_section(records, out)
            elif section == "@OPERATIONS@":
                operations_section(records, places, out)
            elif section == "@REASONS@":
                out += [f"{n}. {text}" for n, text in enumerate(reasons, 1)] + [""]
            elif section == "@WAYS@":
                ways_section(records, out)
            elif section == "@MOUNTS@":
                mounts_section(records, places, out)
            elif section == "@PROGRAMS@":
                programs_section(records, out)
            elif section == "@SKIPS@":
                skips_section(records, places, out)
            elif not section.startswith("<!--"):
                out.append(line.rstrip("\n"))
    return "\n".join(out).rstrip("\n") + "\n"


def kernel_order(path):
    """As in tests/vm/kernels."""
    with open(os.path.join(ROOT, "tests/vm/kernels")) as kernels:
        names = [line.split()[0] for line in kernels if line.strip() and line[0] != "#"]
    kernel = kernel_and_part(path)[0]
    return names.index(kernel) if kernel in names else len(names), path


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    records = Records()
    for path in sorted(filter(is_wanted, sys.argv[1:]), key=kernel_order):
        read_log(records, path)
    reasons, lines = read_reasons()
    warn_of_unused(records, lines)
    sys.stdout.write(page(records, reasons))


main()
