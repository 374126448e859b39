/* transfer_file.c: `partywall import` of a file that `partywall export` made; see transfer_import.h. */
#include "daemon/transfer_import.h"
#include "protocol/sqlstate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int out_of_memory(struct err *err)
{
    return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

struct file {
    FILE *in;
    const char *path;
    char *line;
    size_t size, number;
    ssize_t len;
};

static int broken(const struct file *f, const char *what, struct err *err)
{
    return err_set(err, "22P04", "%s:%zu: %s", f->path, f->number, what);
}

/* 1: there is one, without its end; 0: none. */
static int next_line(struct file *f)
{
    f->len = getline(&f->line, &f->size, f->in);
    f->number++;
    if (f->len > 0 && f->line[f->len - 1] == '\n')
        f->line[--f->len] = '\0';
    return f->len >= 0;
}

/* "name" at ${*at}, which moves behind it; in its place a C string.  NULL: there is none. */
static char *read_name(char **at)
{
    if (**at != '"')
        return NULL;
    char *name = *at + 1, *to = name, *p = name;
    for (; *p && !(p[0] == '"' && p[1] != '"'); p++) {
        if (*p == '"')
            p++;
        *to++ = *p;
    }
    if (!*p)
        return NULL;
    *at = p + 1;
    *to = '\0';
    return name;
}

static bool skip(char **at, const char *text)
{
    size_t n = strlen(text);
    if (strncmp(*at, text, n) != 0)
        return false;
    *at += n;
    return true;
}

/* COPY "schema"."table" (: ${*at} is then behind that. */
static bool read_head(struct file *f, char **ret_schema, char **ret_table, char **at)
{
    *at = f->line;
    return skip(at, "COPY ") && (*ret_schema = read_name(at)) != NULL && skip(at, ".") &&
           (*ret_table = read_name(at)) != NULL && skip(at, " (");
}

static struct slice unescape(char *from, size_t len)
{
    static const char letters[] = "bfnrtv", meant[] = "\b\f\n\r\t\v";
    size_t n = 0;
    if (len == 2 && from[0] == '\\' && from[1] == 'N')
        return (struct slice){0};
    for (size_t i = 0; i < len; i++) {
        if (from[i] != '\\' || i + 1 == len) {
            from[n++] = from[i];
            continue;
        }
        const char *letter = strchr(letters, from[++i]);
        from[n++] = letter && *letter ? meant[letter - letters] : from[i];
    }
    return (struct slice){from, n};
}

static int read_columns(struct import *x, struct file *f, char *at, struct err *err)
{
    char *name;
    do {
        if ((name = read_name(&at)) == NULL)
            return broken(f, "a column's name is missing", err);
        if (!x->skipped && import_column(x, name, err) < 0)
            return -1;
    } while (skip(&at, ", "));
    return skip(&at, ") FROM stdin;") ? 0 : broken(f, "this is no COPY of an export", err);
}

static int read_rows(struct import *x, struct file *f, struct err *err)
{
    struct slice *values = calloc(IMPORT_COLUMNS_MAX + 1, sizeof *values);
    int rc = values ? 0 : out_of_memory(err);
    while (rc == 0) {
        if (!next_line(f)) {
            rc = broken(f, "the file ends within a table", err);
            break;
        }
        if (strcmp(f->line, "\\.") == 0)
            break;
        size_t n = 0;
        for (char *at = f->line, *end; at && n <= IMPORT_COLUMNS_MAX; at = end ? end + 1 : NULL) {
            end = memchr(at, '\t', (size_t)(f->line + f->len - at));
            values[n++] = unescape(at, (size_t)((end ? end : f->line + f->len) - at));
        }
        if (!x->skipped)
            rc = import_row(x, values, n, err);
    }
    free(values);
    return rc == 0 && !x->skipped ? import_flush(x, err) : rc;
}

static int read_tables(struct import *x, struct file *f, struct err *err)
{
    static const char *const harmless[] = {"", "--", "SET ", "BEGIN;"};
    char *schema, *table, *at;
    while (next_line(f)) {
        if (strcmp(f->line, "COMMIT;") == 0)
            return 0;
        if (read_head(f, &schema, &table, &at)) {
            if (import_table(x, schema, table, err) < 0 || read_columns(x, f, at, err) < 0 ||
                read_rows(x, f, err) < 0)
                return -1;
            x->at++;
            continue;
        }
        bool known = f->len == 0;
        for (size_t i = 1; i < sizeof harmless / sizeof harmless[0]; i++)
            known = known || strncmp(f->line, harmless[i], strlen(harmless[i])) == 0;
        if (!known)
            return broken(f, "this is not a line of an export", err);
    }
    return broken(f, "the file ends too soon", err);
}

/* Whose it is, and which tables come when. */
static int look_through(struct import *x, struct file *f, struct err *err)
{
    char *schema, *table, *at;
    bool within = false;
    if (!next_line(f) || strcmp(f->line, "-- partywall export 1") != 0)
        return broken(f, "this is no export of partywall", err);
    if (!next_line(f) || strncmp(f->line, "-- tenant: ", 11) != 0)
        return broken(f, "the tenant is missing", err);
    struct slice tenant = unescape(f->line + 11, (size_t)f->len - 11);
    if (tenant.len != strlen(x->o->tenant) || memcmp(tenant.data, x->o->tenant, tenant.len) != 0)
        return broken(f, "it is another tenant's; --tenant is its name in the file, --as the new one", err);
    while (next_line(f)) {
        if (within)
            within = strcmp(f->line, "\\.") != 0;
        else if ((within = read_head(f, &schema, &table, &at)) && import_order(x, schema, table, err) < 0)
            return -1;
    }
    rewind(f->in);
    f->number = 0;
    return 0;
}

int import_file(struct import *x, struct err *err)
{
    struct file f = {.path = x->o->path};
    f.in = fopen(f.path, "re");
    if (!f.in)
        return err_set(err, SQLSTATE_IO_ERROR, "could not open \"%s\": %s", f.path, strerror(errno));
    int rc = look_through(x, &f, err);
    if (rc == 0)
        rc = read_tables(x, &f, err);
    fclose(f.in);
    free(f.line);
    return rc;
}
