/* explain_format.c: see explain_format.h. */
#include "daemon/store/explain_format.h"

#include "daemon/store/types.h"
#include "daemon/store/ident.h"

#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 64 };

struct writer {
    const struct explain_shown *s;
    struct buf *out;
    int level;  /* of indentation, two blanks each */
    bool first; /* nothing stands before the next in its group (JSON) */
    bool same_line; /* the next property follows "- " (YAML) */
};

static void indent(struct writer *w)
{
    for (int i = 0; i < w->level; i++)
        buf_append(w->out, "  ", 2);
}

/* The line of a member begins. */
static void begin_line(struct writer *w)
{
    if (w->s->format == EXPLAIN_JSON) {
        ident_format(w->out, w->first ? "\n" : ",\n");
        indent(w);
    } else if (w->s->format == EXPLAIN_XML) {
        indent(w);
    } else if (w->same_line) {
        w->same_line = false;
    } else {
        ident_format(w->out, "\n");
        indent(w);
    }
    w->first = false;
}

static void xml_tag(struct writer *w, const char *name, const char *before, const char *after)
{
    ident_format(w->out, "<%s", before);
    for (; *name; name++)
        buf_append(w->out, *name == ' ' ? "-" : name, 1);
    ident_format(w->out, "%s", after);
}

static void xml_text(struct writer *w, const char *text)
{
    for (; *text; text++) {
        if (*text == '<')
            ident_format(w->out, "&lt;");
        else if (*text == '>')
            ident_format(w->out, "&gt;");
        else if (*text == '&')
            ident_format(w->out, "&amp;");
        else
            buf_append(w->out, text, 1);
    }
}

/* ${quoted}: a text, else it is written as it is. */
static void property(struct writer *w, const char *name, const char *value, bool quoted)
{
    begin_line(w);
    if (w->s->format == EXPLAIN_XML) {
        xml_tag(w, name, "", ">");
        xml_text(w, value);
        xml_tag(w, name, "/", ">\n");
        return;
    }
    ident_format(w->out, w->s->format == EXPLAIN_JSON ? "\"%s\": " : "%s: ", name);
    if (quoted)
        types_json_string((struct slice){value, strlen(value)}, w->out);
    else
        ident_format(w->out, "%s", value);
}

/* A group of members: ${name} NULL in a list; ${list}: its members have no names. */
static void open_group(struct writer *w, const char *name, const char *xml_name, bool list)
{
    begin_line(w);
    if (w->s->format == EXPLAIN_XML)
        xml_tag(w, xml_name, "", ">\n");
    else if (w->s->format == EXPLAIN_JSON && name)
        ident_format(w->out, "\"%s\": %s", name, list ? "[" : "{");
    else if (w->s->format == EXPLAIN_JSON)
        ident_format(w->out, list ? "[" : "{");
    else if (name)
        ident_format(w->out, "%s: ", name);
    else {
        ident_format(w->out, "- ");
        w->same_line = true;
    }
    w->level++;
    w->first = true;
}

static void close_group(struct writer *w, const char *xml_name, bool list)
{
    w->level--;
    w->first = false;
    if (w->s->format == EXPLAIN_JSON) {
        ident_format(w->out, "\n");
        indent(w);
        ident_format(w->out, list ? "]" : "}");
    } else if (w->s->format == EXPLAIN_XML) {
        indent(w);
        xml_tag(w, xml_name, "/", ">\n");
    }
}

static void node(struct writer *w, size_t at, const char *name, const char *type, int depth);

/* The children of ${parent}, if there are any. */
static void children(struct writer *w, int parent, int depth)
{
    bool any = false;
    for (size_t i = 0; i < w->s->n; i++) {
        if (w->s->nodes[i].parent != parent)
            continue;
        if (!any)
            open_group(w, "Plans", "Plans", true);
        any = true;
        node(w, i, NULL, w->s->nodes[i].text, depth);
    }
    if (any)
        close_group(w, "Plans", true);
}

/* Node ${at}; SIZE_MAX: the one that all are below. */
static void node(struct writer *w, size_t at, const char *name, const char *type, int depth)
{
    open_group(w, name, "Plan", false);
    property(w, "Node Type", type, true);
    if (!name)
        property(w, "Parent Relationship", "Member", true);
    property(w, "Parallel Aware", "false", false);
    property(w, "Async Capable", "false", false);
    if (depth < DEPTH_MAX)
        children(w, at == SIZE_MAX ? 0 : w->s->nodes[at].id, depth + 1);
    close_group(w, "Plan", false);
}

static void add_time(struct writer *w, const char *name, int64_t us)
{
    char text[32];
    snprintf(text, sizeof text, "%.3f", (double)us / 1000);
    if (us >= 0)
        property(w, name, text, false);
}

void explain_write(const struct explain_shown *s, struct buf *out)
{
    struct writer w = {.s = s, .out = out, .first = true, .same_line = true};
    size_t roots = 0;
    for (size_t i = 0; i < s->n; i++)
        roots += s->nodes[i].parent == 0;
    if (s->format == EXPLAIN_JSON)
        ident_format(out, "[");
    else if (s->format == EXPLAIN_XML)
        ident_format(out, "<explain xmlns=\"http://www.postgresql.org/2009/explain\">\n");
    w.level = s->format == EXPLAIN_YAML ? 0 : 1;
    open_group(&w, NULL, "Query", false);
    if (roots == 1)
        node(&w, 0, "Plan", s->nodes[0].text, 0);
    else
        node(&w, SIZE_MAX, "Plan", roots ? "Query" : "Result", 0);
    add_time(&w, "Planning Time", s->planning_us);
    if (s->analyze) {
        open_group(&w, "Triggers", "Triggers", true);
        close_group(&w, "Triggers", true);
    }
    add_time(&w, "Execution Time", s->execution_us);
    close_group(&w, "Query", false);
    if (s->format == EXPLAIN_JSON)
        ident_format(out, "\n]");
    else if (s->format == EXPLAIN_XML)
        ident_format(out, "</explain>");
}
