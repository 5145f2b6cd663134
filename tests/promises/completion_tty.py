#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Completion as a person has it: each shell on a terminal of its own, the keys typed,
and the command that it then runs. Prints TAP.

Usage: completion_tty.py PROGRAM   the command that answers __complete
"""

import os
import pty
import select
import sys
import tempfile

SECONDS = 60

# What is typed, and the arguments of the command that is run.
TYPED = [
    ("staticdax unse\t /x", "unseal /x"),
    ("staticdax seal --no-d\t /x", "seal --no-dax /x"),
    ("staticdax seal --mode sw\t /x", "seal --mode swapfile /x"),
    ("staticdax unseal /pmem/sea\t", "unseal /pmem/sealed"),
    ("staticdax --versi\t", "--version"),
]

SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], ". loader/staticdax.bash; PS1='READ''Y> '"),
    "zsh": (
        ["zsh", "-f", "-i"],
        "fpath=($COMPLETIONS $fpath); autoload -U compinit; compinit -u -D;"
        " unsetopt zle_bracketed_paste; PS1='READ''Y> '",
    ),
    "fish": (
        ["fish", "--no-config", "-i"],
        "source loader/staticdax.fish; function fish_prompt; echo -n 'READ''Y> '; end",
    ),
}


class Terminal:
    """A shell on a terminal: what it wrote, and what is typed into it."""

    def __init__(self, command, environment):
        self.text = ""
        pid, self.fd = pty.fork()
        if pid == 0:
            os.execvpe(command[0], command, environment)

    def type(self, keys):
        os.write(self.fd, keys.encode())

    def wait_for(self, text):
        """Reads until text is there; what came is in self.text, whether or not."""
        self.text = ""
        while text not in self.text:
            if not select.select([self.fd], [], [], SECONDS)[0]:
                return False
            try:
                self.text += os.read(self.fd, 4096).decode(errors="replace")
            except OSError:
                return False
        return True


def prepare(directory, program):
    """A command that answers completion, and else says how it was called."""
    path = os.path.join(directory, "staticdax")
    with open(path, "w", encoding="utf-8") as out:
        out.write(
            '#!/bin/sh\nif [ "$1" = __complete ]; then exec "%s" "$@"; fi\necho "RAN<$*>"\n'
            % program
        )
    os.chmod(path, 0o755)
    os.symlink(os.path.abspath("loader/staticdax.zsh"), os.path.join(directory, "_staticdax"))


def main():
    program = os.path.abspath(sys.argv[1])
    number = failed = 0
    with tempfile.TemporaryDirectory() as directory:
        prepare(directory, program)
        environment = dict(
            os.environ,
            PATH=directory + ":" + os.environ["PATH"],
            COMPLETIONS=directory,
            HOME=directory,
            TERM="xterm",
            LC_ALL="C.UTF-8",
        )
        for shell, (command, setup) in SHELLS.items():
            terminal = Terminal(command, environment)
            terminal.type(setup + "\n")
            terminal.wait_for("READY> ")
            for keys, arguments in TYPED:
                terminal.type(keys + "\n")
                number += 1
                good = terminal.wait_for("RAN<") and (
                    ">" in terminal.text.split("RAN<")[1] or terminal.wait_for(">")
                )
                said = terminal.text
                good = good and "RAN<%s>" % arguments in said
                failed += not good
                print(
                    "%sok %d - %s on a terminal: %s"
                    % ("" if good else "not ", number, shell, keys.replace("\t", "<TAB>"))
                )
                if not good:
                    print("# wanted %s, got %r" % (arguments, said))
            os.close(terminal.fd)
    print("1..%d" % number)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
