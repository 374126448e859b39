#include "conf/tree.h"

#include "conf/file.h"
#include "conf/limits.h"

#include <glob.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* One file being read: libyaml's events make nodes below `open`. */
struct reader {
    struct diag *d;
    const struct diag_file *file;
    struct tree_node *root;
    struct tree_node *open; /* the container whose children come next */
    const char *name;       /* in a mapping: the key read, its value comes next */
    struct diag_place name_at;
    int depth;
};

/* All files of one configuration. */
struct load {
    struct diag *d;
    const char *dir;   /* of the main file; includes are relative to it */
    const char *shown; /* the same as diagnoses name it: "" or with a slash at its end */
    struct tree_node *root;
    unsigned nfiles;
};

/* -- nodes -- */

static struct diag_place place(const struct diag_file *file, yaml_mark_t mark)
{
    return (struct diag_place){file, (int)mark.line + 1, (int)mark.column + 1};
}

static void attach(struct tree_node *parent, struct tree_node *n)
{
    n->parent = parent;
    n->next = NULL;
    n->index = parent->count++;
    if (parent->last)
        parent->last->next = n;
    else
        parent->first = n;
    parent->last = n;
}

static struct tree_node *node_new(struct reader *r, enum tree_kind kind, yaml_mark_t mark)
{
    struct tree_node *n = conf_arena_alloc(r->d->arena, sizeof *n);
    if (!n)
        return NULL;
    n->kind = kind;
    n->at = n->name_at = place(r->file, mark);
    if (r->name) {
        n->name = r->name;
        n->name_at = r->name_at;
        r->name = NULL;
    }
    if (r->open)
        attach(r->open, n);
    else
        r->root = n;
    return n;
}

/* -- events -- */

static int refuse(struct reader *r, yaml_mark_t mark, const char *text)
{
    struct diag_place at = place(r->file, mark);
    diag_add(r->d, &at, NULL, "%s", text);
    return -1;
}

static bool expects_key(const struct reader *r)
{
    return r->open && r->open->kind == TREE_MAPPING && !r->name;
}

static int on_scalar(struct reader *r, const yaml_event_t *e)
{
    const char *value = (const char *)e->data.scalar.value;
    size_t len = e->data.scalar.length;
    bool plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (e->data.scalar.tag)
        return refuse(r, e->start_mark, "tags are not supported");
    if (memchr(value, '\0', len))
        return refuse(r, e->start_mark, "a text must not contain a NUL character");
    char *text = conf_arena_text(r->d->arena, value, len);
    if (expects_key(r)) {
        r->name = text;
        r->name_at = place(r->file, e->start_mark);
        return text ? 0 : -1;
    }
    struct tree_node *n = node_new(r, TREE_TEXT, e->start_mark);
    if (!n || !text)
        return -1;
    n->text = text;
    n->len = len;
    n->null = plain && (len == 0 || strcmp(text, "~") == 0 || strcasecmp(text, "null") == 0);
    return 0;
}

static int on_open(struct reader *r, const yaml_event_t *e, enum tree_kind kind)
{
    const yaml_char_t *tag =
        kind == TREE_MAPPING ? e->data.mapping_start.tag : e->data.sequence_start.tag;
    if (tag)
        return refuse(r, e->start_mark, "tags are not supported");
    if (expects_key(r))
        return refuse(r, e->start_mark, "a key must be a text");
    if (++r->depth > LIMIT_CONF_DEPTH)
        return refuse(r, e->start_mark, "nested too deeply");
    struct tree_node *n = node_new(r, kind, e->start_mark);
    r->open = n;
    return n ? 0 : -1;
}

static int on_event(struct reader *r, const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_SCALAR_EVENT:
        return on_scalar(r, e);
    case YAML_MAPPING_START_EVENT:
        return on_open(r, e, TREE_MAPPING);
    case YAML_SEQUENCE_START_EVENT:
        return on_open(r, e, TREE_SEQUENCE);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        r->depth--;
        r->open = r->open->parent;
        return 0;
    case YAML_ALIAS_EVENT:
        return refuse(r, e->start_mark,
                      "aliases are not supported (a literal * stands in quotes: \"*\")");
    case YAML_DOCUMENT_START_EVENT:
        return r->root ? refuse(r, e->start_mark, "a file holds one document only") : 0;
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
    case YAML_STREAM_END_EVENT:
    case YAML_NO_EVENT:
        break;
    }
    return 0;
}

/* libyaml's own complaint, with a word on the one that everybody meets: an unquoted `*`. */
static int refuse_syntax(struct reader *r, const yaml_parser_t *p)
{
    yaml_mark_t mark = p->problem_mark;
    const char *context = p->context ? p->context : "";
    const char *hint = strstr(context, "alias") ? " (a literal * stands in quotes: \"*\")" : "";
    struct diag_place at = place(r->file, mark);
    if (p->error == YAML_MEMORY_ERROR)
        return -1;
    if (p->error == YAML_READER_ERROR)
        diag_add(r->d, &at, NULL, "%s at byte %zu", p->problem, p->problem_offset);
    else
        diag_add(r->d, &at, NULL, "%s%s%s%s", context, *context ? ", " : "",
                 p->problem ? p->problem : "invalid YAML", hint);
    return -1;
}

static int read_events(struct reader *r, const char *text, size_t len)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return -1;
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    int rc = 0;
    for (bool more = true; more && rc == 0;) {
        yaml_event_t e;
        if (!yaml_parser_parse(&parser, &e)) {
            rc = refuse_syntax(r, &parser);
            break;
        }
        more = e.type != YAML_STREAM_END_EVENT;
        rc = on_event(r, &e);
        yaml_event_delete(&e);
    }
    yaml_parser_delete(&parser);
    return rc;
}

/* -- several files -- */

static const struct diag_file *file_new(struct load *l, const char *path, const char *brief)
{
    struct diag_file *f = conf_arena_alloc(l->d->arena, sizeof *f);
    if (!f)
        return NULL;
    f->path = conf_arena_text(l->d->arena, path, strlen(path));
    f->brief = conf_arena_text(l->d->arena, brief, strlen(brief));
    f->order = l->nfiles++;
    return f->path && f->brief ? f : NULL;
}

static struct tree_node *read_text(struct load *l, const struct diag_file *file, const char *text,
                                   size_t len)
{
    struct reader r = {.d = l->d, .file = file};
    struct diag_place top = {file, 1, 1};
    if (read_events(&r, text, len) < 0)
        return NULL;
    if (!r.root)
        diag_add(l->d, &top, NULL, "the file is empty");
    else if (r.root->kind == TREE_MAPPING)
        return r.root;
    else
        diag_add(l->d, &r.root->at, NULL, "the file must be a mapping of keys");
    return NULL;
}

static struct tree_node *read_file(struct load *l, const struct diag_file *file, const char *path)
{
    const char *why;
    size_t len;
    struct diag_place top = {file, 1, 1};
    char *text = conf_file_read(l->d->arena, path, LIMIT_CONF_FILE_BYTES, &len, &why);
    if (text)
        return read_text(l, file, text, len);
    diag_add(l->d, &top, NULL, "could not read the file: %s", why);
    return NULL;
}

static void include_file(struct load *l, const struct tree_node *n, const char *path)
{
    size_t skip = strlen(l->dir);
    const char *brief =
        strncmp(path, l->dir, skip) == 0 && path[skip] == '/' ? path + skip + 1 : path;
    if (l->nfiles >= LIMIT_CONF_FILES) {
        tree_fault(l->d, n, "too many files: at most %d", LIMIT_CONF_FILES);
        return;
    }
    const char *shown =
        brief == path ? path : conf_arena_format(l->d->arena, "%s%s", l->shown, brief);
    const struct diag_file *file = shown ? file_new(l, shown, brief) : NULL;
    struct tree_node *root = file ? read_file(l, file, path) : NULL;
    for (struct tree_node *c = root ? root->first : NULL, *next; c; c = next) {
        next = c->next;
        if (strcmp(c->name, "include") == 0)
            tree_fault_name(l->d, c, "an included file must not include others");
        else
            attach(l->root, c);
    }
}

static void include(struct load *l, const struct tree_node *n)
{
    if (n->kind != TREE_TEXT || n->null)
        return; /* the schema's check tells */
    char *pattern = conf_file_below(l->d->arena, l->dir, n->text);
    glob_t found;
    int rc = pattern ? glob(pattern, 0, NULL, &found) : GLOB_NOSPACE;
    if (rc == GLOB_NOMATCH && !strpbrk(n->text, "*?["))
        tree_fault(l->d, n, "no such file: %s", diag_quote(l->d, n->text));
    else if (rc != 0 && rc != GLOB_NOMATCH)
        tree_fault(l->d, n, "could not look for %s", diag_quote(l->d, n->text));
    for (size_t i = 0; rc == 0 && i < found.gl_pathc; i++)
        include_file(l, n, found.gl_pathv[i]);
    if (rc == 0)
        globfree(&found);
}

/* -- each key once -- */

static int by_name(const void *a, const void *b)
{
    const struct tree_node *x = *(struct tree_node *const *)a, *y = *(struct tree_node *const *)b;
    int order = strcmp(x->name, y->name);
    return order ? order : x->index < y->index ? -1 : 1;
}

static void join(struct tree_node *into, struct tree_node *from)
{
    for (struct tree_node *c = from->first, *next; c; c = next) {
        next = c->next;
        attach(into, c);
    }
}

/* Drop ${again} in favour of ${first}: joined when they are mappings of different files, else a
 * fault. */
static void settle(struct diag *d, struct tree_node *first, struct tree_node *again)
{
    if (first->kind == TREE_MAPPING && again->kind == TREE_MAPPING &&
        first->at.file != again->at.file)
        join(first, again);
    else
        tree_fault_name(d, again, "given twice, first at %s:%d:%d", first->name_at.file->path,
                        first->name_at.line, first->name_at.column);
    again->name = NULL;
}

static void settle_names(struct diag *d, struct tree_node *map)
{
    struct tree_node **sorted = conf_arena_array(d->arena, map->count, sizeof *sorted);
    size_t n = 0;
    if (!sorted)
        return;
    for (struct tree_node *c = map->first; c; c = c->next)
        sorted[n++] = c;
    qsort(sorted, n, sizeof *sorted, by_name);
    for (size_t i = 1, first = 0; i < n; i++) {
        if (strcmp(sorted[first]->name, sorted[i]->name) == 0)
            settle(d, sorted[first], sorted[i]);
        else
            first = i;
    }
    struct tree_node *c = map->first;
    map->first = map->last = NULL;
    map->count = 0;
    for (struct tree_node *next; c; c = next) {
        next = c->next;
        if (c->name)
            attach(map, c);
    }
}

/* The depth is bounded by LIMIT_CONF_DEPTH. */
static void settle_all(struct diag *d, struct tree_node *n)
{
    if (n->kind == TREE_MAPPING)
        settle_names(d, n);
    for (struct tree_node *c = n->first; c; c = c->next)
        settle_all(d, c);
}

static struct tree_node *load_rest(struct load *l, size_t errors_before)
{
    const struct tree_node *inc = l->root ? tree_get(l->root, "include") : NULL;
    for (const struct tree_node *c = inc && inc->kind == TREE_SEQUENCE ? inc->first : inc; c;
         c = inc->kind == TREE_SEQUENCE ? c->next : NULL)
        include(l, c);
    if (!l->root || l->d->n != errors_before)
        return NULL;
    settle_all(l->d, l->root);
    return l->root;
}

static const char *shown_folder(struct diag *d, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? conf_arena_text(d->arena, path, (size_t)(slash - path) + 1) : "";
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

struct tree_node *tree_load_text(struct diag *d, const char *path, const char *dir,
                                 const char *text, size_t len)
{
    size_t before = d->n;
    struct load l = {.d = d, .dir = dir, .shown = shown_folder(d, path)};
    const struct diag_file *file = file_new(&l, path, base_name(path));
    if (!file || !l.shown)
        return NULL;
    l.root = read_text(&l, file, text, len);
    return load_rest(&l, before);
}

struct tree_node *tree_load(struct diag *d, const char *path)
{
    size_t before = d->n;
    struct load l = {.d = d, .shown = shown_folder(d, path)};
    const struct diag_file *file = file_new(&l, path, base_name(path));
    if (!file || !l.shown)
        return NULL;
    l.root = read_file(&l, file, path);
    l.dir = conf_file_folder(d->arena, path);
    return l.dir ? load_rest(&l, before) : NULL;
}

/* -- use -- */

const struct tree_node *tree_get(const struct tree_node *map, const char *name)
{
    if (!map || map->kind != TREE_MAPPING)
        return NULL;
    for (const struct tree_node *c = map->first; c; c = c->next)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

const char *tree_text(const struct tree_node *map, const char *name)
{
    const struct tree_node *n = tree_get(map, name);
    return n && n->kind == TREE_TEXT && !n->null ? n->text : NULL;
}

const char *tree_dotted(struct diag *d, const struct tree_node *n)
{
    const struct tree_node *chain[LIMIT_CONF_DEPTH + 2];
    size_t depth = 0;
    for (; n && n->parent && depth < LIMIT_CONF_DEPTH + 2; n = n->parent)
        chain[depth++] = n;
    const char *ret = "";
    while (ret && depth-- > 0) {
        const struct tree_node *c = chain[depth];
        if (c->name)
            ret = conf_arena_format(d->arena, "%s%s%.63s", ret, *ret ? "." : "", c->name);
        else
            ret = conf_arena_format(d->arena, "%s[%zu]", ret, c->index + 1);
    }
    return ret ? ret : "";
}

static void fault(struct diag *d, const struct diag_place *at, const struct tree_node *n,
                  const char *format, va_list args) __attribute__((format(printf, 4, 0)));
static void fault(struct diag *d, const struct diag_place *at, const struct tree_node *n,
                  const char *format, va_list args)
{
    char text[512];
    vsnprintf(text, sizeof text, format, args);
    diag_add(d, at, tree_dotted(d, n), "%s", text);
}

void tree_fault(struct diag *d, const struct tree_node *n, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fault(d, &n->at, n, format, args);
    va_end(args);
}

void tree_fault_name(struct diag *d, const struct tree_node *n, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fault(d, &n->name_at, n, format, args);
    va_end(args);
}
