#!/usr/bin/python3
"""The shapes that row security is known to break on, each run as shapes.sql of a world says.

A line is a statement; lines up to a blank one are one session, unless the first of them leaves no transaction and
nothing prepared.  `! ` before it: must be refused.  `<<< ` behind it: what COPY reads.

    shapes.py [WORLD [PATTERN]]
"""
import re
import sys

from through import HERE, Pair, harness, same_results

WORDS = re.compile(r"globex|s-gil|s-gus|g\.test|7777|\bGil\b|\bGus\b|theirs|nobody", re.I)
OPENS = re.compile(r"\s*(begin|prepare)\b", re.I)


def cases(path):
    """(group, line number, statements): each statement (refused, text, what COPY reads)."""
    group, session, at = "", [], 0
    for number, line in enumerate([*path.read_text().splitlines(), ""], 1):
        if line.startswith("-- ") or not line.strip():
            if session:
                yield group, at, session
            group, session = line[3:] if line.startswith("-- ") else group, []
            continue
        refused, text = line.startswith("! "), line.removeprefix("! ")
        text, _, data = text.partition(" <<< ")
        data = data.encode().decode("unicode_escape").encode() if data else None
        if not session:
            at = number
        session.append((refused, text, data))
        if not OPENS.match(session[0][1]):
            yield group, at, session
            session = []


def messages(answer):
    return {n["MESSAGE_PRIMARY"] for n in answer.notices}


def judge_one(pair, refused, text, data):
    """None, or what is wrong."""
    a = pair.through.run(text, data)
    leaked = [w for w in set(WORDS.findall(a.told())) if w.lower() not in text.lower() + str(data).lower()]
    if leaked:
        return f"told {leaked}: {a} {a.notices}"
    if refused:
        return None if a.error else f"was not refused: {a}"
    b = pair.direct.run(text, data)
    if a.state() != b.state() or not same_results(text, a, b):
        return f"{a}\n    alone {b}"
    if not messages(a) <= messages(b):
        return f"noticed {messages(a) - messages(b)}"
    return None


def judge(pair, session):
    found = []
    for refused, text, data in session:
        wrong = judge_one(pair, refused, text, data)
        if not pair.through.alive():
            wrong = f"the session died: {wrong}"
        if wrong:
            found.append(f"{text}\n    {wrong}")
    for s in (pair.through, pair.direct):
        s.rest()
        s.run("DEALLOCATE ALL")
    return found + pair.effects()


def run(postgres, world="world", pattern=""):
    """Differences as texts; how many statements."""
    pair = Pair(postgres, world, f"shapes_{world}")
    found, n = [], 0
    try:
        for group, number, session in cases(HERE / world / "shapes.sql"):
            if not re.search(pattern, group + " " + " ".join(text for _, text, _ in session)):
                continue
            n += len(session)
            found += [f"{group}, line {number}: {one}" for one in judge(pair, session)]
    finally:
        pair.close()
    return found, n


def main():
    postgres = harness.Postgres()
    try:
        found, n = run(postgres, *sys.argv[1:])
    finally:
        postgres.remove()
    print("\n".join(found))
    print(f"{n} statements, {len(found)} differences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
