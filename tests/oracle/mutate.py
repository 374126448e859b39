#!/usr/bin/python3
"""Statements made from the parts of others, for oracle.py: groups in parentheses, names and operators swapped.

    mutate.py SEED COUNT < statements.sql > mutated.sql
"""
import random
import re
import sys

TOKEN = re.compile(r"\$(\w*)\$.*?\$\1\$|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[A-Za-z_]\w*|\d+|::|<>|<=|>=|\|\||[-+*/=<>~!@#%^&|]+|\s+|.")


def tokens(sql):
    return [m.group(0) for m in TOKEN.finditer(sql)]


def groups(toks):
    """Spans of balanced parentheses."""
    stack, spans = [], []
    for i, t in enumerate(toks):
        if t == "(":
            stack.append(i)
        elif t == ")" and stack:
            spans.append((stack.pop(), i + 1))
    return spans


def main():
    r = random.Random(int(sys.argv[1]))
    pool = [tokens(line.rstrip("\n")) for line in sys.stdin if line.strip() and not line.startswith("--")]
    parts = [t[a:b] for t in pool for a, b in groups(t)]
    subqueries = [p for p in parts if len(p) > 2 and p[1].upper() in ("SELECT", "WITH", "VALUES", "TABLE")]
    words = sorted({t for toks in pool for t in toks if re.match(r'["A-Za-z_]', t)})
    print(f"-- mutated {sys.argv[1]}")
    for _ in range(int(sys.argv[2])):
        t = list(r.choice(pool))
        for _ in range(r.choice((1, 1, 2, 3))):
            spans = groups(t)
            kind = r.randrange(6)
            if kind == 0 and spans:
                a, b = r.choice(spans)
                t[a:b] = r.choice(parts)
            elif kind == 1 and spans:
                a, b = r.choice(spans)
                t[a:b] = r.choice(subqueries)
            elif kind == 2:
                numbers = [i for i, x in enumerate(t) if x.isdigit() or x.startswith("'")]
                if numbers:
                    t[r.choice(numbers)] = "".join(r.choice(subqueries))
            elif kind == 3:
                places = [i for i, x in enumerate(t) if re.match(r'["A-Za-z_]', x)]
                if places:
                    t[r.choice(places)] = r.choice(words)
            elif kind == 4:
                other = r.choice(pool)
                a, b = r.randrange(len(t) + 1), r.randrange(len(other))
                t = t[:a] + [" "] + other[b:]
            else:
                i = r.randrange(max(len(t), 1))
                del t[i:i + r.choice((1, 1, 2, 4))]
        sql = "".join(t).replace("\n", " ").strip()
        if sql and not sql.startswith("--") and not re.match(r"\s*(begin|commit|rollback|end|abort|start|savepoint|copy)\b", sql, re.I):
            print(sql)


if __name__ == "__main__":
    main()
