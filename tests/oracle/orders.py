"""A statement as PostgreSQL might as well have run it: SQL does not say in which order conditions, joins and aggregates
are evaluated, and so not which error comes first, nor whether one that a later step would have spared comes at all.

plans() are settings under which other plans win.  fences() are texts that mean the same: each condition stays where
it is written, for a volatile function keeps the planner from moving it below an aggregate or a join, or from running
it before the one on its left.
"""
from minimise import TOKEN
from wire import reworded

SETTINGS = [(), ("hashjoin", "mergejoin"), ("nestloop", "mergejoin"), ("nestloop", "hashjoin"), ("seqscan",),
            ("indexscan", "indexonlyscan", "bitmapscan"), ("hashagg", "material"), ("sort", "incremental_sort")]
KEYWORDS = [(), ("HAVING",), ("HAVING", "WHERE"), ("HAVING", "WHERE", "ON")]
# What stands behind a condition, outside of brackets and of CASE; the generator writes keywords in capitals.
ENDS = {"WHERE", "GROUP", "HAVING", "WINDOW", "ORDER", "LIMIT", "OFFSET", "FETCH", "UNION", "INTERSECT", "EXCEPT", "FOR",
        "RETURNING", "JOIN", "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL", "INNER", "ON", "WHEN", ",", ")"}


def plans():
    """(statement before, statement after)"""
    for names in SETTINGS:
        for limit in (8, 1):
            on = [f"SET enable_{n} = on" for n in names]
            off = [f"SET enable_{n} = off" for n in names]
            yield ("; ".join([*off, f"SET join_collapse_limit = {limit}", f"SET from_collapse_limit = {limit}"]),
                   "; ".join([*on, "SET join_collapse_limit = 8", "SET from_collapse_limit = 8"]))


def condition_end(tokens, i):
    depth = cases = 0
    while i < len(tokens):
        t = tokens[i]
        if depth == 0 and cases == 0 and t in ENDS:
            break
        depth += (t in "([") - (t in ")]")
        cases += (t == "CASE") - (t == "END")
        i += 1
    return i


def fenced(sql, keywords):
    tokens = TOKEN.findall(sql)
    before, after = {}, {}
    for i, t in enumerate(tokens):
        if t not in keywords:
            continue
        follows = next((x for x in tokens[i + 1:] if not x.isspace()), "")
        behind = next((x for x in reversed(tokens[:i]) if not x.isspace()), "")
        if follows == "CONFLICT" or behind == "DISTINCT" or follows == "CURRENT":
            continue
        before[i] = " CASE WHEN random() >= 0 THEN ("
        end = condition_end(tokens, i + 1)
        after[end] = ") END " + after.get(end, "")
    if not before:
        return sql
    return reworded(sql, "".join(after.get(i, "") + t + before.get(i, "") for i, t in enumerate([*tokens, ""])))


def fences(sql):
    return [fenced(sql, k) for k in KEYWORDS]
