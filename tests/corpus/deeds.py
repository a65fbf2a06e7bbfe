#!/usr/bin/python3
"""Whether what is allowed to run does nothing: every builtin of every shell, and every program of the tables that is installed, with each
option and something to run, to write or to evaluate as its argument. What core.readonly allows of that is run, in a directory of its own.

usage: deeds.py SALLYPORT EFFECTS builtins|programs COUNT SEED

COUNT of the allowed lines are run, drawn by SEED; 0: all of them. A line that changes a file or runs the planted program is printed and
fails the run. As root, programs run as nobody."""
import gzip
import json
import os
import random
import re
import shutil
import string
import subprocess
import sys
import tempfile

SHELLS = {"bash": ["bash", "--norc", "-c"], "dash": ["dash", "-c"], "zsh": ["zsh", "-f", "-c"], "mksh": ["mksh", "-c"], "busybox": ["busybox", "sh", "-c"]}
LIST = {"bash": "compgen -bk", "zsh": "print -l ${(k)builtins}"}
COMMON = """alias bg break cd command continue echo exit export false fc fg getopts hash jobs kill let local print printf pwd read readonly
return set shift sleep test [ times trap true type typeset ulimit umask unalias unset wait whence rename realpath cat global mknod printenv env""".split()
LEAVE = {"exec", "source", ".", "eval", "suspend", "logout", "bye", "log", "yes", "top", "htop", "sleep"}
LETTERS = ["-" + c for c in string.ascii_letters + string.digits]


def builtin_lines(shell):
    names = subprocess.run(SHELLS[shell] + [LIST[shell]], capture_output=True, text=True).stdout.split() if shell in LIST else COMMON
    code = "'a[$(touch ran)]'"
    for name in sorted(set(names) - LEAVE):
        end = " ]" if name == "[" else ""
        for option in ["", "--"] + LETTERS + ["-?", "-@", "-:"] + ["+" + c for c in "aobcxnpruvtU"]:
            for form in ("%s %s", "%s 1 %s", "%s %s 1", "%s x %s", "%s%s"):
                yield name + " " + form % (option, code) + end
            yield "%s %s touch ran" % (name, option)
            yield "%s %s x touch ran" % (name, option)
        if name in ("test", "["):
            for op in "-eq -ne -lt -gt -le -ge -nt -ot -ef = == != < > =~".split():
                yield "%s %s %s 1%s" % (name, code, op, end)
                yield "%s 1 -eq 1 -a 1 %s %s%s" % (name, op, code, end)
        if name in ("printf", "print", "echo"):
            for f in "diouxXcsbqeEfgGaAnQT":
                yield "%s '%%%s' %s" % (name, f, code)
                yield "%s '%%*%s' %s 1" % (name, f, code)


def table_names(path):
    """Programs, and programs with a subcommand, as the tables name them."""
    names, heads = [], []
    for line in open(path):
        m = re.match(r"tool (.*?) :", line)
        if m:
            words = [w.split("|") for w in m.group(1).split(" ")]
            heads = words[0] if len(words) == 1 else []
            names += words[0] if len(words) == 1 else [a + " " + b for a in words[0] for b in words[1]]
        m = re.match(r"\s+(?:subs|safe)\s+(?:read|query)\S*: (.*)", line)
        if m:
            names += [h + " " + s for h in heads for s in m.group(1).split()]
    return [n for n in dict.fromkeys(names) if shutil.which(n.split()[0]) and n.split()[0] not in LEAVE]


def program_lines(names, run):
    for name in names:
        said = run(name.split() + (["-h"] if name.startswith("git ") else ["--help"]), True)
        long = ["--" + x for x in sorted(set(re.findall(r"(?<![\w-])--([a-zA-Z][\w-]*)", said)))][:120]
        for option in LETTERS + long:
            glue = "=" if option.startswith("--") else ""
            for file in ("./planted", "victim", "./planted.so"):
                yield "%s %s %s" % (name, option, file)
                yield "%s %s %s in.txt" % (name, option, file)
                yield "%s %s%s%s in.txt" % (name, option, glue, file)
            yield "%s %s %%(>ran)" % (name, option)
            yield "%s in.txt %s victim" % (name, option)
            yield "%s %s in.txt victim" % (name, option)
        for operands in ("victim", "in.txt victim", "in.txt dir victim", "./planted", "in.gz"):
            yield name + " " + operands


class Place:
    """A directory with something to lose, made anew after each loss."""

    def __init__(self, top):
        self.top, self.so = top, os.path.join(top, "planted.so")
        subprocess.run(["cc", "-shared", "-fPIC", "-o", self.so, "-x", "c", "-"], check=True, text=True, input='#include <fcntl.h>\n'
                       '__attribute__((constructor)) static void f(void) { open("ran", O_CREAT | O_WRONLY, 0644); }\n')
        self.user = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
        self.make()

    def make(self):
        self.work = os.path.join(self.top, "work")
        shutil.rmtree(self.work, ignore_errors=True)
        os.makedirs(os.path.join(self.work, "dir", "sub"))
        for name, text in (("victim", b"precious\n"), ("in.txt", b"b 2\na 1\n"), ("dir/f", b"x\n"), ("in.gz", gzip.compress(b"x\n")),
                           ("planted", b"#!/bin/sh\n: > ran\n")):
            with open(os.path.join(self.work, name), "wb") as f:
                f.write(text)
        os.chmod(os.path.join(self.work, "planted"), 0o755)
        shutil.copy(self.so, self.work)
        subprocess.run("git init -q . && git add in.txt && git -c user.name=a -c user.email=a@example.com commit -qm one", shell=True, cwd=self.work)
        if self.user:
            subprocess.run(["chown", "-R", "65534:65534", self.work], check=True)
            os.chmod(self.top, 0o755)
        self.before = self.look()

    def look(self):
        """What is there. git may refresh its index when it is asked, and gpg and rpm make their places when they have none."""
        seen = {}
        for d, dirs, files in os.walk(self.work):
            dirs[:] = [name for name in dirs if name not in (".git", ".gnupg", ".rpmdb")]
            for name in dirs + files:
                st = os.lstat(os.path.join(d, name))
                seen[os.path.join(d, name)] = (st.st_mode, st.st_ino, st.st_size if name in files else 0, st.st_mtime_ns if name in files else 0)
        return seen

    def run(self, argv, text=False):
        try:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE if text else subprocess.DEVNULL,
                                  stderr=subprocess.STDOUT if text else subprocess.DEVNULL, timeout=1, cwd=self.work,
                                  env={"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": self.work, "LC_ALL": "C"}, **self.user)
        except (subprocess.TimeoutExpired, OSError, ValueError):
            return ""
        return done.stdout.decode(errors="replace") if text else ""

    def changed(self):
        now = self.look()
        return sorted(os.path.basename(p) for p in set(now) | set(self.before) if now.get(p) != self.before.get(p))


def allowed(sallyport, shell, lines, top):
    policy = os.path.join(top, "policy.yaml")
    with open(policy, "w") as f:
        f.write("version: 1\nprofile: enforce\npacks: [core.readonly]\n")
    rows = "".join(json.dumps({"id": str(i), "command": c, "shell": shell}) + "\n" for i, c in enumerate(lines))
    out = subprocess.run([sallyport, "policy", "eval", "--policy", policy, "--jsonl"], input=rows, capture_output=True, text=True, check=True).stdout
    answers = [json.loads(a) for a in out.splitlines()]
    assert len(answers) == len(lines), "answers are missing"
    return [lines[int(a["id"])] for a in answers if a["verdict"] == "allow"]


def main():
    sallyport, effects, what, count, seed = sys.argv[1:6]
    draw, bad = random.Random(int(seed)), 0
    with tempfile.TemporaryDirectory() as top:
        place = Place(top)
        place.run(["/bin/sh", "-c", ": > ran"])
        assert place.changed() == ["ran"], "a deed is not seen"
        place.make()
        for shell in SHELLS if what == "builtins" else ["bash"]:
            if not shutil.which(SHELLS[shell][0]):
                continue
            names = table_names(effects)
            if int(count):
                names = draw.sample(names, min(len(names), 1 + int(count) // 10))
            lines = builtin_lines(shell) if what == "builtins" else program_lines(names, place.run)
            lines = list(dict.fromkeys(lines))
            every = len(lines)
            if int(count):
                lines = draw.sample(lines, min(every, 6 * int(count)))  # one in five builtin lines is allowed
            may = allowed(sallyport, shell, lines, top)
            part = draw.sample(may, min(len(may), int(count))) if int(count) else may
            deeds = 0
            for line in part:
                place.run(SHELLS[shell] + [line] if what == "builtins" else line.split(" "))
                changed = place.changed()
                if changed:
                    print("  %s: %s: changed %s" % (shell, line, " ".join(changed)))
                    deeds += 1
                    place.make()
            print("%s %s: %d of %d allowed lines do something (%d lines in all)" % (what, shell, deeds, len(part), every), flush=True)
            bad += deeds
    return bad > 0


sys.exit(main())
