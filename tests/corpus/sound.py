#!/usr/bin/python3
"""What is allowed runs only what is allowed: random texts of commands, whose words come from everywhere (substitutions, input, names of files,
parameters); what core.readonly allows of them is run, as it is rendered, in the shell that it was allowed for, where every program is a stub that
says how it was called and prints words that do harm where they are read as anything but a word. Each call, quoted whole, must be allowed by
itself; no file may come, go or change. Half of the texts are asked for as SHELL -c TEXT, whose shell gets TEXT as it is written, and are run so.

usage: sound.py SALLYPORT STUB COUNT SEED [SHELL...]

COUNT texts are made, of which about one in four is allowed. As root, shells run as nobody."""
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile

from sound_text import TOOLS, Text

SHELLS = {"bash": ["bash", "--norc", "-c"], "dash": ["dash", "-c"], "zsh": ["zsh", "-f", "-c"], "mksh": ["mksh", "-c"], "busybox": ["busybox", "sh", "-c"]}
# What the world may say: names of files, lines of input, outputs of programs.
WORDS = ["-delete", "-exec", "pwned", ";", "--output=victim", "-ovictim", "-o", "victim", "x", "1", "*", "a b", "$(pwned)", "`pwned`", "a[$(pwned)]", "-i", "w victim",
         "s/x/y/w victim", "e", "/etc/passwd", "-", "--", "=", "~", "{a,b}", "..", "-1", "", "'", '"', ";pwned", "|pwned", "&pwned", ">victim", "PATH=.:.", "LD_PRELOAD=./x", "x=1", "@x", "-s", "-f",
         "+x", "BEGIN{system(\"pwned\")}", "-fprint", "!(a)", "0x10", "08", "x y z", "-c", "pwned x", "-C", "-I", "-e", "-n", "-p", "-v", "-a", "-d", "-s1", "[a]", "?", "\\", "\\n", "a\\", "$x", "${x}",
         "-u", "r", "#", "!", "!!", "x[1]", "PATH", "IFS", "x+=1", "-P", "-t", "-l", "--x", "-x", "[[", "((", "2>victim", "&", "%s", "%n", "a=b c=d", "x\ty", "-exec pwned ;", "x -delete", "-x victim",
         "vPATH", "-vPATH", "PATH=.", "x[$(pwned)]", "PATH[0]", "-aPATH", "-nPATH", "path=(.)"]
PLANTED = ["ls", "cat", "grep", "head", "wc", "date", "id"]  # where a search of the working directory finds them
REAL = ["xargs", "env", "timeout", "nice", "stdbuf", "setsid", "nohup", "ionice"]
FILES = ["-delete", "-exec", "--output=victim", "a b", "x", "y.log", "b.txt", "-i", "=x", "+x", "PATH=.", "$(pwned)", "~", "-n", "{a,b}", "[a]", "x;pwned", "-C", "1", "-1", "a[$(pwned)]", "'", "@x"]


def quote(s):
    return "'" + s.replace("'", "'\\''") + "'"


def evaluate(sallyport, policy, rows):
    """rows of (text, shell): the answers."""
    inp = "".join(json.dumps({"id": str(i), "command": c, "shell": s}) + "\n" for i, (c, s) in enumerate(rows))
    out = subprocess.run([sallyport, "policy", "eval", "--policy", policy, "--jsonl"], input=inp, capture_output=True, text=True).stdout
    answers = [json.loads(line) for line in out.splitlines()]
    assert len(answers) == len(rows), "answers are missing"
    return answers


def call_of(line):
    """What a stub said: its name, what is new in its environment, its arguments."""
    parts = [(w[0], bytes.fromhex(w[1:]).decode(errors="replace")) for w in line.split()]
    return tuple(tuple(s for kind, s in parts if kind == wanted) for wanted in "nea")


class Place:
    """Where shells run: stubs, a home with files of all kinds, and something to lose."""

    def __init__(self, top, stub, names):
        self.top, self.bin, self.work = top, os.path.join(top, "bin"), os.path.join(top, "work")
        os.makedirs(self.bin)
        os.chmod(top, 0o755)
        shutil.copy(stub, os.path.join(self.bin, "stub"))
        for name in sorted(set(names) | {"pwned", "rm", "sh", "bash"}):
            os.link(os.path.join(self.bin, "stub"), os.path.join(self.bin, name))
        for name in REAL:
            os.symlink(shutil.which(name), os.path.join(self.bin, name))
        self.env = {"PATH": self.bin, "HOME": self.work + "/home", "LC_ALL": "C"}
        with open(top + "/env", "w") as f:
            f.write("".join("%s=%s\0" % kv for kv in self.env.items()))
        self.user = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
        self.make()

    def make(self):
        shutil.rmtree(self.work, ignore_errors=True)
        os.makedirs(self.work + "/home/.x")
        os.makedirs(self.work + "/home/d")
        for name in FILES:
            with open(os.path.join(self.work, "home", name), "w") as f:
                f.write("\n".join(random.Random(name).sample(WORDS, 6)) + "\n")
        with open(os.path.join(self.work, "home", "victim"), "w") as f:
            f.write("precious\n")
        for name in PLANTED:
            with open(os.path.join(self.work, "home", name), "w") as f:
                f.write("#!/bin/sh\n: > ran\n")
            os.chmod(os.path.join(self.work, "home", name), 0o755)
        if self.user:
            subprocess.run(["chown", "-R", "65534:65534", self.work], check=True)
        self.before = self.look()

    def look(self):
        seen = {}
        for d, dirs, files in os.walk(self.work):
            for name in dirs + files:
                st = os.lstat(os.path.join(d, name))
                seen[os.path.join(d, name)] = (st.st_mode, st.st_ino, st.st_size if name in files else 0, st.st_mtime_ns if name in files else 0)
        return seen

    def changed(self):
        now = self.look()
        return sorted(os.path.basename(p) for p in set(now) | set(self.before) if now.get(p) != self.before.get(p))

    def run(self, argv, draw):
        with open(self.top + "/log", "w"):
            pass
        os.chmod(self.top + "/log", 0o666)
        with open(self.top + "/words", "w") as f:
            f.write("".join(w + "\0" for w in draw.sample(WORDS, 12)))
        given = "\n".join(draw.sample(WORDS, 5)) + "\n"
        try:
            subprocess.run(argv, input=given.encode(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=2, cwd=self.work + "/home", env=self.env, **self.user)
        except (subprocess.TimeoutExpired, OSError, ValueError):
            pass
        with open(self.top + "/log") as f:
            return [call_of(line) for line in f]


QUIET = ("PWD=", "OLDPWD=", "SHLVL=", "_=", "COLUMNS=", "LINES=", "LOGNAME=", "USERNAME=", "USER=", "HOST=", "EGID=", "KSH", "SHELL=", "TERM=", "LC_ALL=C",
         "_STDBUF_", "LD_PRELOAD=/usr/libexec/coreutils/libstdbuf.so")  # what the shells and stdbuf set


def asked(call):
    """The call as a text of its own. Behind -- a dash begins no option, though one that is written out is not allowed there, to be on the safe side."""
    name, env, args = call
    if "--" in args:
        end = args.index("--")
        args = args[:end + 1] + tuple("x" if a.startswith("-") else a for a in args[end + 1:])
    sets = [e for e in env if not e.startswith(QUIET) and "=" in e and e.split("=", 1)[0].isidentifier()]
    return " ".join([e.split("=", 1)[0] + "=" + quote(e.split("=", 1)[1]) for e in sorted(sets)] + [*name] + [quote(a) for a in args])


def inner_of(shell, text):
    return ("busybox sh" if shell == "busybox" else shell) + " -c " + quote(text)


class Count:
    def __init__(self):
        self.made = self.ran = self.calls = self.bad = 0
        self.alone = {}  # (call, shell): whether it is allowed by itself

    def finding(self, **what):
        self.bad += 1
        print(json.dumps(what), flush=True)


def run_one(place, evaluate_all, count, shell, text, draw):
    calls = place.run([shutil.which(SHELLS[shell][0])] + SHELLS[shell][1:] + [text], draw)
    count.ran += 1
    count.calls += len(calls)
    new = [c for c in dict.fromkeys(calls) if (c, shell) not in count.alone]
    for call, answer in zip(new, evaluate_all([(asked(c), shell) for c in new])):
        count.alone[(call, shell)] = answer["verdict"] == "allow"
        if answer["verdict"] != "allow":
            count.finding(shell=shell, text=text, ran=asked(call), why=answer["reason"])
    changed = place.changed()
    if changed:
        count.finding(shell=shell, text=text, changed=changed)
        place.make()


def main():
    sallyport, stub, left, draw = sys.argv[1], sys.argv[2], int(sys.argv[3]), random.Random(int(sys.argv[4]))
    shells = [s for s in sys.argv[5:] or SHELLS if shutil.which(SHELLS[s][0])]
    count = Count()
    with tempfile.TemporaryDirectory() as top:
        policy = top + "/policy.yaml"
        with open(policy, "w") as f:
            f.write("version: 1\nprofile: enforce\npacks: [core.readonly]\n")
        place = Place(top, stub, [t for t in TOOLS if t not in REAL])
        while left > 0:
            rows = [(Text(draw, s).text(), s, draw.random() < 0.5) for s in (draw.choice(shells) for _ in range(min(left, 3000)))]
            left -= len(rows)
            count.made += len(rows)
            answers = evaluate(sallyport, policy, [(inner_of(s, text) if inner else text, s) for text, s, inner in rows])
            for (text, shell, inner), answer in zip(rows, answers):
                if answer["verdict"] == "allow":
                    run_one(place, lambda asked_rows: evaluate(sallyport, policy, asked_rows), count, shell, text if inner else answer["canonical"], draw)
    print("sound: %d texts, %d allowed and run, %d calls of programs (%d different), %d findings" % (count.made, count.ran, count.calls, len(count.alone), count.bad))
    return count.bad > 0 or count.calls == 0


sys.exit(main())
