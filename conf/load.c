/* conf_load: file -> tree -> checks -> snapshot; everything wrong is found before anything is given
 * up. */
#include "conf/load.h"

#include "conf/build.h"
#include "conf/file.h"
#include "conf/schema.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* The only mutable thing without an owner: loads happen on any thread, and epochs must differ. */
static uint64_t next_epoch(void)
{
    static _Atomic uint64_t last;
    return atomic_fetch_add(&last, 1) + 1;
}

static struct conf *build(struct conf_arena *keep, struct diag *d, const char *path,
                          const char *dir, const struct tree_node *root)
{
    struct conf *c = conf_arena_alloc(keep, sizeof *c);
    struct build b = {.conf = c, .arena = keep, .diag = d, .dir = dir, .root = root};
    if (!c)
        return NULL;
    c->arena = keep;
    c->refs = 1;
    const char *slash = strrchr(path, '/');
    c->path = conf_file_below(keep, dir, slash ? slash + 1 : path);
    schema_check(d, root);
    build_daemon(&b);
    build_backends(&b);
    build_policy(&b);
    build_tenants(&b);
    if (!conf_arena_failed(keep)) /* all names are there to be searched */
        build_logins(&b);
    if (d->n || conf_arena_failed(keep) || conf_arena_failed(d->arena))
        return NULL;
    c->epoch = next_epoch();
    return c;
}

/* ${text} NULL: read ${path}. */
static struct conf *load(const char *path, const char *text, size_t len, struct conf_errors *errors)
{
    struct conf_arena *keep = conf_arena_new(), *work = conf_arena_new();
    struct diag d = {.arena = work};
    struct conf *c = NULL;
    *errors = (struct conf_errors){0};
    if (keep && work) {
        const char *dir = conf_file_folder(work, path);
        const struct tree_node *root = !text ? tree_load(&d, path)
                                       : dir ? tree_load_text(&d, path, dir, text, len)
                                             : NULL;
        if (root && dir)
            c = build(keep, &d, path, dir, root);
    }
    if (!c) {
        diag_take(&d, path, errors);
        conf_arena_free(keep);
    }
    conf_arena_free(work);
    return c;
}

struct conf *conf_load(const char *path, struct conf_errors *errors)
{
    return load(path, NULL, 0, errors);
}

struct conf *conf_load_text(const char *path, const char *text, size_t len,
                            struct conf_errors *errors)
{
    return load(path, text, len, errors);
}

void conf_errors_release(struct conf_errors *e)
{
    for (size_t i = 0; i < e->n; i++)
        free(e->lines[i]);
    free(e->lines);
    *e = (struct conf_errors){0};
}
