/* sql_mutator.h: libFuzzer's mutations, made on tokens instead of bytes.
 *
 * A text is cut where PostgreSQL's scanner would cut it.  A mutation replaces, inserts, deletes, moves or doubles
 * tokens and whole groups in parentheses, puts phrases of SQL and names of the fixture in, and wraps a group in a
 * query; a crossover puts a group of one text into another.  So most of what is tried parses. */
#pragma once

#include "policy/scan.h"
#include "protocol/buf.h"

#include <stdlib.h>
#include <string.h>

#define SQL_TOKENS 1500

struct sql_text { /* tokens of a text, and which bracket belongs to which */
    struct slice text;
    int n;
    struct scan_token tokens[SQL_TOKENS];
    int match[SQL_TOKENS]; /* of an opening bracket: its closing one; else -1 */
};

static const char *const sql_names[] = {
    "\"User\"", "\"Workflow\"", "\"Tenant\"", "step", "country", "event", "event_2024", "api_key", "all_workflows", "wf_mv",
    "workflow_names", "wf_log", "id", "email", "password", "level", "\"tenantId\"", "name", "config", "\"userId\"",
    "\"workflowId\"", "body", "code", "at", "payload", "key", "note", "n", "u", "w", "s", "e", "x", "u.id", "w.id", "s.id",
    "u.\"tenantId\"", "w.\"tenantId\"", "w.\"userId\"", "s.\"workflowId\"", "u.*", "w.*", "*", "public.\"User\"",
    "public.\"Workflow\"", "public.step", "partywall_p0", "pg_class", "pg_catalog.pg_type", "excluded", "excluded.id", "u.email",
    "$1", "$2", "$3", "1", "0", "51", "'acme'", "'globex'", "'x'", "NULL", "true", "DEFAULT", "'1'::int", "'{}'::jsonb",
    "E'\\\\'", "$$a$$", "u&\"a\\0062\"", "\"a\"\"b\"", "\"\xc3\xa9\"", "ctid", "tableoid", "xmin",
};

static const char *const sql_phrases[] = {
    "SELECT", "FROM", "WHERE", "AND", "OR", "NOT", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "JOIN", "CROSS JOIN", "NATURAL JOIN",
    "NATURAL LEFT JOIN", "ON true", "ON u.id = w.\"userId\"", "USING (id)", "USING (id) AS j", ",", ", LATERAL", "AS", "AS x(a, b)",
    "AS u(a, b, c, d, e)", "GROUP BY", "GROUP BY ROLLUP (1, 2)", "GROUPING SETS ((1), ())", "HAVING count(*) > 0", "ORDER BY 1",
    "ORDER BY u.id DESC NULLS LAST", "LIMIT 1", "LIMIT (SELECT 1)", "OFFSET 0", "FETCH FIRST ROW ONLY", "FOR UPDATE",
    "FOR UPDATE OF u SKIP LOCKED", "FOR SHARE", "UNION", "UNION ALL", "INTERSECT", "EXCEPT", "VALUES (1, 2)", "TABLE \"User\"",
    "WITH x AS (SELECT 1 AS id)", "WITH RECURSIVE x(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM x WHERE id < 5)",
    "WITH x AS (DELETE FROM \"User\" RETURNING *)", "WITH \"User\" AS (SELECT * FROM \"User\")", "SEARCH DEPTH FIRST BY id SET o",
    "AS MATERIALIZED", "INSERT INTO step", "INSERT INTO \"User\" (id, email, password) VALUES (1, 'a', 'b')",
    "INSERT INTO \"User\" SELECT * FROM \"User\"", "OVERRIDING USER VALUE", "DEFAULT VALUES", "ON CONFLICT DO NOTHING",
    "ON CONFLICT (id) DO UPDATE SET level = excluded.level", "ON CONFLICT ON CONSTRAINT \"User_pkey\" DO UPDATE SET level = 1",
    "RETURNING *", "RETURNING id, \"tenantId\"", "UPDATE \"User\" u SET level = 1", "UPDATE \"Workflow\" SET \"userId\" = 51",
    "SET (level, email) = (SELECT 1, 'x')", "SET \"tenantId\" = 'acme'", "DELETE FROM \"Workflow\" w USING \"User\" u",
    "WHERE CURRENT OF c", "MERGE INTO \"User\" u USING \"Workflow\" w ON u.id = w.\"userId\"",
    "WHEN MATCHED THEN UPDATE SET level = 1", "WHEN MATCHED THEN DELETE",
    "WHEN NOT MATCHED THEN INSERT (id, email, password) VALUES (w.id, 'a', 'b')", "WHEN MATCHED AND true THEN DO NOTHING",
    "COPY \"User\" TO STDOUT", "COPY \"User\" (id, email) FROM STDIN", "COPY (SELECT * FROM \"User\") TO STDOUT", "WITH (FORMAT csv)",
    "EXPLAIN", "EXPLAIN (ANALYZE, COSTS off)", "PREPARE p AS", "PREPARE p(int) AS", "EXECUTE p(1)", "DEALLOCATE p",
    "DECLARE c CURSOR FOR", "FETCH 1 FROM c", "CLOSE c", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT s", "SET TIME ZONE 'UTC'",
    "TABLESAMPLE BERNOULLI (50)", "TABLESAMPLE SYSTEM (50)", "EXISTS (SELECT 1)", "IN (SELECT id FROM \"User\")",
    "= ANY (ARRAY(SELECT id FROM \"User\"))", "NOT IN (1, 2)", "BETWEEN 1 AND 2", "IS NULL", "IS NOT DISTINCT FROM", "LIKE '%'",
    "~ 'x'", "->> 'k'", "::int", "::text", "::\"User\"", "COLLATE \"C\"", "AT TIME ZONE 'UTC'", "OPERATOR(pg_catalog.=)",
    "CASE WHEN true THEN 1 ELSE 1 / 0 END", "COALESCE(NULL, 1)", "count(*)", "count(*) FILTER (WHERE true)", "sum(level) OVER w",
    "row_number() OVER (PARTITION BY u.level ORDER BY u.id ROWS 1 PRECEDING)", "WINDOW w AS (ORDER BY 1)", "string_agg(name, ',')",
    "json_agg(u)", "row_to_json(u)", "ROW(u.*)", "(u).email", "(u.*)", "ARRAY[1, 2]", "ARRAY(SELECT 1)", "generate_series(1, 2) g",
    "unnest(ARRAY[1, 2]) WITH ORDINALITY", "ROWS FROM (generate_series(1, 2))", "jsonb_each_text(config)", "ONLY", "DISTINCT",
    "DISTINCT ON (u.id)", "ALL", "--\n", "/* */", ";", "(", ")", "[", "]", ".", ".*", "u.password", "current_user",
};

static const char *const sql_wraps[][2] = {
    {"(SELECT * FROM ", " x)"}, {"(SELECT id FROM \"User\" u WHERE ", ")"}, {"(", ")"}, {"((", ") AS j(a, b))"},
    {"EXISTS ", ""}, {"NOT ", ""}, {"LATERAL ", " l"}, {"COALESCE(", ", NULL)"}, {"CASE WHEN ", " THEN 1 END"},
    {"WITH x AS ", " SELECT * FROM x"}, {"(TABLE step) UNION ALL ", ""}, {"EXPLAIN ", ""}, {"PREPARE p AS ", ""},
};

#define SQL_COUNT(list) ((int)(sizeof(list) / sizeof *(list)))

static void sql_cut(struct sql_text *t, const uint8_t *data, size_t size)
{
    int open = -1;
    t->text = (struct slice){(const char *)data, size};
    t->n = 0;
    struct scan s = scan_of(t->text.data, size);
    for (struct scan_token one = scan_next(&s); one.kind != SCAN_END && t->n < SQL_TOKENS;
         one = scan_next(&s)) {
        int i = t->n++;
        t->tokens[i] = one;
        t->match[i] = -1;
        if (scan_is_char(t->text.data, &one, '(')) {
            t->match[i] = open; /* for now: the bracket around it */
            open = i;
        } else if (scan_is_char(t->text.data, &one, ')') && open >= 0) {
            int outer = t->match[open];
            t->match[open] = i;
            open = outer;
        }
    }
    for (; open >= 0;) {
        int outer = t->match[open];
        t->match[open] = -1;
        open = outer;
    }
}

struct sql_span { /* tokens [from, to) */
    int from, to;
};

static int sql_random(unsigned *seed, int below)
{
    *seed = *seed * 1103515245u + 12345u;
    return below > 0 ? (int)((*seed >> 8) % (unsigned)below) : 0;
}

/* A group in brackets when there is one, or up to four tokens. */
static struct sql_span sql_pick(const struct sql_text *t, unsigned *seed)
{
    int from = sql_random(seed, t->n);
    if (sql_random(seed, 4)) {
        for (int i = 0; i < t->n; i++) {
            int at = (from + i) % t->n;
            if (t->match[at] > at)
                return (struct sql_span){at, t->match[at] + 1};
        }
    }
    int to = from + 1 + sql_random(seed, 4);
    return (struct sql_span){from, to < t->n ? to : t->n};
}

static void sql_put(struct buf *b, const struct sql_text *t, int from, int to)
{
    for (int i = from; i < to; i++) {
        if (i > from && t->tokens[i].start > t->tokens[i - 1].end)
            buf_append(b, " ", 1);
        buf_append(b, t->text.data + t->tokens[i].start, t->tokens[i].end - t->tokens[i].start);
    }
}

static void sql_say(struct buf *b, const char *word)
{
    buf_append(b, " ", 1);
    buf_append(b, word, strlen(word));
    buf_append(b, " ", 1);
}

static const char *sql_word(unsigned *seed)
{
    return sql_random(seed, 2) ? sql_names[sql_random(seed, SQL_COUNT(sql_names))]
                               : sql_phrases[sql_random(seed, SQL_COUNT(sql_phrases))];
}

/* ${t} with the tokens of ${hole} replaced by those of ${filling} of ${from}, or (${from} NULL) by a word. */
static void sql_replace(struct buf *b, const struct sql_text *t, struct sql_span hole,
                        const struct sql_text *from, struct sql_span filling, unsigned *seed)
{
    sql_put(b, t, 0, hole.from);
    if (from) {
        buf_append(b, " ", 1);
        sql_put(b, from, filling.from, filling.to);
        buf_append(b, " ", 1);
    } else {
        sql_say(b, sql_word(seed));
    }
    sql_put(b, t, hole.to, t->n);
}

static void sql_mutate_once(struct buf *b, const struct sql_text *t, unsigned *seed)
{
    struct sql_span a = sql_pick(t, seed), c = sql_pick(t, seed);
    int at = sql_random(seed, t->n + 1);
    const char *const *wrap = sql_wraps[sql_random(seed, SQL_COUNT(sql_wraps))];
    switch (sql_random(seed, 8)) {
    case 0: /* another group of the same text in its place */
        sql_replace(b, t, a, t, c, seed);
        break;
    case 1: /* once more, elsewhere */
        sql_replace(b, t, (struct sql_span){at, at}, t, a, seed);
        break;
    case 2: /* without it */
        sql_replace(b, t, a, t, (struct sql_span){0, 0}, seed);
        break;
    case 3:
        sql_put(b, t, 0, a.from);
        sql_say(b, wrap[0]);
        sql_put(b, t, a.from, a.to);
        sql_say(b, wrap[1]);
        sql_put(b, t, a.to, t->n);
        break;
    case 4: /* one token becomes a word */
    case 5:
        at = sql_random(seed, t->n);
        sql_replace(b, t, (struct sql_span){at, at + 1}, NULL, a, seed);
        break;
    case 6: /* all of it within a query */
        sql_say(b, wrap[0]);
        sql_put(b, t, 0, t->n);
        sql_say(b, wrap[1]);
        break;
    default: /* a word between */
        sql_replace(b, t, (struct sql_span){at, at}, NULL, a, seed);
        break;
    }
}

/* Back into libFuzzer's buffer, cut at ${max}. */
static size_t sql_give(struct buf *b, uint8_t *data, size_t max)
{
    struct slice made = buf_peek(b);
    size_t n = made.len < max ? made.len : max;
    if (n)
        memcpy(data, made.data, n);
    buf_release(b);
    return n;
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t n, const uint8_t *two, size_t m,
                                 uint8_t *out, size_t max, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned seed)
{
    static struct sql_text t; /* libFuzzer has one thread */
    if (sql_random(&seed, 12) == 0)
        return LLVMFuzzerMutate(data, size, max);
    for (int rounds = 1 + sql_random(&seed, 3); rounds > 0; rounds--) {
        sql_cut(&t, data, size);
        struct buf b;
        buf_init(&b, (size_t)1 << 20);
        if (t.n == 0)
            sql_say(&b, sql_phrases[sql_random(&seed, SQL_COUNT(sql_phrases))]);
        else
            sql_mutate_once(&b, &t, &seed);
        size = sql_give(&b, data, max);
    }
    return size;
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t n, const uint8_t *two, size_t m,
                                 uint8_t *out, size_t max, unsigned seed)
{
    static struct sql_text a, c;
    sql_cut(&a, one, n);
    sql_cut(&c, two, m);
    if (a.n == 0 || c.n == 0)
        return 0;
    struct buf b;
    buf_init(&b, (size_t)1 << 20);
    sql_replace(&b, &a, sql_pick(&a, &seed), &c, sql_pick(&c, &seed), &seed);
    return sql_give(&b, out, max);
}
