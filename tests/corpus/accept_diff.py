#!/usr/bin/python3
"""Accept or refuse: our parser against `SHELL -n` on mutated corpus lines.

usage: accept_diff.py SHPARSE CORPUS SHELL COUNT SEED [-v]

Prints a row: how many texts both accept, both refuse, only we accept, only the shell accepts (apart: those that we leave out
on purpose or that pass a limit). Only-we-accept over one in 200 fails the run."""
import json
import os
import random
import re
import subprocess
import sys
import tempfile

SHELLS = {"bash": ["bash", "--norc", "-n"], "dash": ["dash", "-n"], "mksh": ["mksh", "-n"], "zsh": ["zsh", "-f", "-n"],
          "busybox": ["busybox", "sh", "-n"]}
TOKENS = ["(", ")", "{", "}", ";", "&", "&&", "||", "|", "<", ">", "<<E\n", "\nE\n", "'", '"', "`", "$(", "$((", "))", "${", "}", "\\", "\n", " ",
          "if", "then", "fi", "else", "elif", "do", "done", "for", "in", "while", "case", "esac", ";;", "!", "[[", "]]", "((", "time", "function", "f()",
          "=", "+=", "=(", "[", "]", "*", "?", "~", "#", "$", "$x", "${x:-", "a", "1", "2>", ">&", "<(", "|&", "&>", "-", ":", ",", "..", "\\\n", "select",
          "until", "coproc", "declare x=(", "export ", "$'", "<<<", "@(", "=~", "==", "-f", "\t"]


def mutate(r, text, other):
    parts = re.findall(r"[A-Za-z0-9_]+|\s+|[^A-Za-z0-9_\s]", text)
    for _ in range(r.randint(1, 3)):
        k = r.randrange(len(parts) + 1) if parts else 0
        how = r.randrange(6)
        if how == 0 and parts:
            del parts[min(k, len(parts) - 1)]
        elif how == 1:
            parts.insert(k, r.choice(TOKENS))
        elif how == 2 and parts:
            parts[min(k, len(parts) - 1)] = r.choice(TOKENS)
        elif how == 3 and len(parts) > 1:
            j = r.randrange(len(parts))
            k = min(k, len(parts) - 1)
            parts[j], parts[k] = parts[k], parts[j]
        elif how == 4 and parts:
            j = min(len(parts), k + r.randint(1, 4))
            parts[k:k] = parts[k:j]
        else:
            words = re.findall(r"[A-Za-z0-9_]+|\s+|[^A-Za-z0-9_\s]", other)
            if words:
                j = r.randrange(len(words))
                parts[k:k] = words[j:j + r.randint(1, 5)]
    return "".join(parts)


def shell_accepts(shell, text, path):
    """bash: with or without extglob, which a text may turn on."""
    with open(path, "wb") as f:
        f.write(text.encode())
    accepts = run_n(SHELLS[shell] + [path])
    if shell == "bash" and not accepts:
        accepts = run_n(SHELLS[shell] + ["-O", "extglob", path])
    return accepts


def run_n(argv):
    try:
        p = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=10)
    except subprocess.TimeoutExpired:
        return None
    if argv[0] == "zsh" and p.stderr == b"":
        return True  # the exit code of `! true`
    # bash says what is wrong in [[ ]] and ends 0 all the same.
    return p.returncode == 0 and b"syntax error" not in p.stderr and b"unexpected" not in p.stderr and b"conditional" not in p.stderr


def main():
    shparse, corpus, shell, count, seed = sys.argv[1:6]
    verbose = "-v" in sys.argv
    r = random.Random(int(seed))
    lines = [json.loads(x)["command"] for x in open(corpus, encoding="utf-8")]
    lines = [x for x in lines if len(x) < 400]
    texts = []
    while len(texts) < int(count):
        t = mutate(r, r.choice(lines), r.choice(lines))
        if t.strip() and "\0" not in t:
            texts.append(t)
    given = "".join(json.dumps({"id": str(k), "command": t, "shell": shell}) + "\n" for k, t in enumerate(texts))
    out = subprocess.run([shparse, "jsonl"], input=given.encode(), stdout=subprocess.PIPE, check=True).stdout.decode().splitlines()
    rows = {"both accept": 0, "both refuse": 0, "only we accept": 0, "only the shell accepts": 0, "of these left out or limited": 0}
    with tempfile.TemporaryDirectory() as d:
        for t, o in zip(texts, map(json.loads, out)):
            ours, theirs = o["ok"], shell_accepts(shell, t, os.path.join(d, "t"))
            if theirs is None:
                continue
            if ours == theirs:
                rows["both accept" if ours else "both refuse"] += 1
                continue
            left_out = not ours and ("left out on purpose" in o["error"] or "constructs inside" in o["error"])
            rows["only we accept" if ours else "only the shell accepts"] += 1
            rows["of these left out or limited"] += left_out
            if verbose and not left_out:
                print("ONLY WE" if ours else "ONLY THEY", json.dumps(t), "" if ours else f"({o['line']}:{o['column']} {o['error']})")
    print(f"{shell:8}", ", ".join(f"{k} {v}" for k, v in rows.items()))
    return rows["only we accept"] * 200 > int(count)


sys.exit(main())
